"""Addresses: which ones are databases, what may stand in one, names of tables, and where its secrets come from."""

import re
from pathlib import Path, PurePath
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.secrets import is_reference, secret

SCHEME = re.compile(r"([a-z][a-z0-9]*)(?:\+[a-z0-9_]+)?://", re.IGNORECASE)
STORAGES = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az", "abfss": "az"}  # by scheme
OBJECT_SCHEMES = tuple(STORAGES)
FILE_SCHEMES = ("file", *OBJECT_SCHEMES, "adl", "http", "https", "ftp", "sftp", "hdfs")
POSTGRESQL, SQLITE = ("postgresql", "postgres"), "sqlite"
POSTGRESQL_PORT = 5432
FILE_DATABASES = ("sqlite", "duckdb")
CREDENTIALS = re.compile(r"://(?:[^/@\s]+@|[^/?@\s]*:[^?@\s]*@)")  # a password may hold a slash
SECRET_OPTIONS = ("user", "password", "passwd", "pwd", "sslpassword", "token", "access_token", "secret")
NAME_PART = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')


def scheme_of(text: str) -> str:
    """Return the scheme of an address in small letters and without a driver, "" for a path."""
    found = SCHEME.match(text)
    return found[1].lower() if found else ""


def is_database(text: str) -> bool:
    """Tell whether a text is the address of a database: one of any scheme that is none of files."""
    return scheme_of(text) not in ("", *FILE_SCHEMES)


def is_objects(text: str) -> bool:
    """Tell whether a text is the address of objects in a storage."""
    return scheme_of(text) in OBJECT_SCHEMES


def as_source(text: str) -> dict[str, str]:
    """Return the section `source` that a text alone stands for."""
    return {"uri": text} if is_database(text) else {"path": text}


def holds_credentials(text: str) -> bool:
    """Tell whether a user or a password stands in an address."""
    options = parse_qsl(urlsplit(text).query)
    return bool(CREDENTIALS.search(text)) or any(key.lower() in SECRET_OPTIONS for key, _ in options)


def shown(uri: str) -> str:
    """Return an address for sentences: without its options."""
    return uri.partition("?")[0]


def sqlite_path(uri: str) -> Path:
    """Return the file that an address of SQLite names."""
    return Path(uri.partition(":///")[2].partition("?")[0])


def resolved(value: str | None, key: str) -> str | None:
    """Return what a reference to a secret stands for, any other text as it is. LaunderError where there is none."""
    return secret(value, key) if value is not None and is_reference(value) else value


def with_credentials(uri: str, user: str | None, password: str | None, section: str) -> str:
    """Return an address with what `user` and `password` of a section stand for, for a driver alone: never to be
    shown.
    """
    user, password = resolved(user, f"{section}.user"), resolved(password, f"{section}.password")
    if user is None and password is None:
        return uri
    scheme, _, rest = uri.partition("://")
    secret = "" if password is None else f":{quote(password, safe='')}"
    return f"{scheme}://{quote(user or '', safe='')}{secret}@{rest}"


def table_parts(name: str) -> tuple[str, ...]:
    """Return the parts of a table's name, such as public and people; a part in double quotes may hold a dot.

    LaunderError for what is no name.
    """
    parts, at = [], 0
    while found := NAME_PART.match(name, at):
        parts.append(found[1].replace('""', '"') if found[1] else found[2].strip())
        at = found.end() + 1
        if found.end() == len(name):
            return tuple(parts)
        if name[found.end()] != ".":
            break
    raise LaunderError('expected the name of a table such as public.people or public."a.b", found another text')


def table_of(uri: str, name: str) -> tuple[str, ...]:
    """Return what is the same for two names of one table: its database, its schema and its own name."""
    parts = table_parts(name)
    if scheme_of(uri) != SQLITE:
        return *_server(uri), *("public", *parts)[-2:]
    return str(sqlite_path(uri).resolve()), *("main", *(part.lower() for part in parts))[-2:]


def _server(uri: str) -> tuple[str, ...]:
    """Return what is the same for two spellings of one database: scheme, host in small letters, port, name, options."""
    found, scheme = urlsplit(uri), scheme_of(uri)
    usual = POSTGRESQL_PORT if scheme in POSTGRESQL else ""
    scheme = POSTGRESQL[0] if scheme in POSTGRESQL else scheme
    host, port = (found.hostname or "").rstrip("."), str(found.port or usual)
    return scheme, host, port, unquote(found.path).rstrip("/"), *sorted(map(str, parse_qsl(found.query)))


def is_within(inner: str, outer: str) -> bool:
    """Tell whether a place is another one or inside of it: both among objects of one storage, or both paths."""
    return PurePath(_path_of(inner)).is_relative_to(_path_of(outer))


def _path_of(place: str) -> str:
    """Return a path as it is, and a place among objects as storage:/bucket/key."""
    storage = STORAGES.get(scheme_of(place))
    return f"{storage}:/{shown(place).partition('://')[2]}" if storage else place


def quoted(*parts: str) -> str:
    """Return a name as SQL writes it: every part in double quotes."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)
