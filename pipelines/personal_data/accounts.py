r"""User names as systems write them: `@anna`, `CORP\anna`, `anna#1234`, an entry of a directory, the page or the folder
of a user.
"""

import re
from collections.abc import Sequence

HANDLE = r"@\w[\w.-]{2,}"
IN_DOMAIN = r"[A-Za-z][\w.-]*\\[\w.-]{2,}"  # of Windows
TAGGED = r"[\w.]{2,32}#\d{4}"
ENTRY = r"(?:uid|cn|sAMAccountName)=[^,=]+(?:,\s?\w+=[^,=]+)*"  # of LDAP
USER_PLACES = (
    r"(?:in|u|users?|people|profiles?|members?|authors?|accounts?|home|~)"  # in an address, before who it is of
)
NETWORKS = (
    r"(?:twitter|x|instagram|facebook|fb|tiktok|github|gitlab|t|vk|pinterest|threads|snapchat|xing|linkedin|line)"
)
USER_PAGE = (
    rf"(?:https?://)?(?:[\w-]+\.)+\w+(?:/\S*)?(?:/{USER_PLACES}/|/[@~]|[?&](?:user|username|login|uid|member|profile)=)"
    r"[\w.%@+-]{2,}\S*"
    rf"|(?:https?://)?(?:www\.|m\.)?{NETWORKS}\.(?:com|me|net|app)/[\w.%@+-]{{2,}}/?"
    rf"|(?:\w:)?[\\/](?:home|Users)[\\/][\w. -]{{2,}}\S*|u/[\w-]{{3,}}"
)
WRITTEN_ACCOUNT = re.compile("|".join((HANDLE, IN_DOMAIN, TAGGED, ENTRY, USER_PAGE)))

LONGEST_ACCOUNT = 300  # of an address


def written_share(texts: Sequence[str]) -> float:
    """Return the share of texts that are user names by how they are written."""
    return sum(len(text) <= LONGEST_ACCOUNT and bool(WRITTEN_ACCOUNT.fullmatch(text)) for text in texts) / max(
        1, len(texts)
    )
