"""Beginnings of words by which the numbers of people's papers, and days of birth, are called in many languages."""

import unicodedata

LETTERS = str.maketrans("łıøđæ", "liode")  # that no accent makes


def plain(text: str) -> str:
    """Write a text in small letters without accents."""
    if text.isascii():
        return text.casefold()
    split = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in split if not unicodedata.combining(c))).translate(LETTERS)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Papers are called by the beginning of a word, by that of what issues them beside a word for numbers or with one at its
# end (skattenr), or by what they permit beside a word for that.
PAPER_STEMS = _set(
    "passpo passap pasapo passep paspo pasport pasipo paszpo utlevel putovn паспорт пасош διαβατηρ fuhrersch "
    "fuehrersch rijbewij korkort koerekort korekort forerkort ajokort juhilo juhiluba ehliyet jogositv habilitac"
)
ISSUER_STEMS = _set(
    "passi passn pasnr tax fisc steuer skatt veron maksu vergi porez danov danoc davcn даноч данъч подат налог podat "
    "nalog adoaz φορολ tatim mokesc nodok soliq impuest impot tribut contribuy contribui pajak belasting insur health "
    "hlth nhs medicare medical socins kranken versich mutuel assur segur sigort social sozial ziekenf zorgverz sygesik "
    "forsakr forsikr sairaus kela haigek ravikind zdrav zdrow здрав osigur осигур ubezp pojist poisten biztos sgk bpjs "
    "sugurt sanat salud saude salute shendet ασφαλ chifa vitale isapre bima policyhold"
)
WHOLE_ISSUERS = _set("pas pass pp sante sus eps soc med ins vero skat permis")
DRIVING_STEMS = _set("driv drvr drv conduc condui cond manej guida vozac vozn vodic ridic возач водит водій drejt")
LICENCE_STEMS = _set("lic permi perm leje dozvol дозвол patent carnet")
NUMBER_NAMES = _set(
    "nr no nbr num number nummer numer numero nro numri nomor nomeris numurs namba nomba raqam raqami cislo br broj "
    "stevilka szam card karta kart kort carte carnet tarjeta бр број номер αρ αριθμος"
)
NUMBER_ENDINGS = ("nr", "no", "nbr", "num", "nummer", "numer", "numero", "number")
NAME_LINKS = _set("s de di do da of ya la le the for y et i")
OF_BIRTH = _set("dob bday ddn geb nac nasc naiss nar rodj szul ur fodt datelindja")  # in names of columns of dates
BIRTH_STEMS = (
    *("birth", "geburt", "geboren", "naissan", "nacimien", "nascimen", "nascit", "urodz", "naroz", "rodjen", "szulet"),
    *("syntym", "fodsel", "fodels", "dogum", "naster", "gimim", "dzims", "lindj", "рожд", "народж", "γενν", "जन्म"),
)


def of_papers(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a name that speak of papers and their number, none where it says more: num_health_visits."""
    papers, driving, licences = (
        [word for word in words if word.startswith(tuple(of))] for of in (PAPER_STEMS, DRIVING_STEMS, LICENCE_STEMS)
    )
    issued = [word for word in words if word.startswith(tuple(ISSUER_STEMS)) or word in WHOLE_ISSUERS]
    numbers = [word for word in words if word in NUMBER_NAMES]
    found = (*papers, *issued, *driving, *licences, *numbers)
    if papers:
        return found
    told = (issued and (numbers or issued[-1].endswith(NUMBER_ENDINGS))) or (driving and licences)
    return found if told and NAME_LINKS.issuperset(set(words) - set(found)) else ()


def of_birth(words: tuple[str, ...]) -> bool:
    """Tell whether one of the words is of being born, whole or cut off."""
    return any(word in OF_BIRTH or word.startswith(BIRTH_STEMS) for word in words)
