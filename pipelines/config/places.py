"""The places of a configuration: where the data are read from, and where releases go to."""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from launderette.pipelines.config.sections import Reference, Section
from launderette.pipelines.databases import addresses
from launderette.pipelines.secrets import is_reference

OUTPUT = "laundered"  # below the folder the command runs in
LOGIN_BESIDE = "set user: env:NAME and password: env:NAME beside it"
CREDENTIALS_FOUND = "expected an address without a user or a password, found one with them; leave them out, and"


class Login(Section):
    """Who asks a database or a storage, by references such as `env:PGPASSWORD`; a user may also be written out. Without
    them, the driver's own rules hold (PGUSER, PGPASSWORD, ~/.pgpass, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY).
    """

    SECTION: ClassVar[str] = "source"  # where it stands in a configuration

    user: str | None = None
    password: str | None = None

    @field_validator("password")
    @classmethod
    def _reference(cls, password: str | None) -> str | None:
        if password is not None and not is_reference(password):
            raise ValueError(
                "expected a reference such as env:PGPASSWORD as password, found another text; a "
                "configuration is no place for a secret"
            )
        return password


class Database(Login):
    """A database: its address without a user or a password, and references to these."""

    uri: str | None = None

    @field_validator("uri")
    @classmethod
    def _no_credentials(cls, uri: str | None) -> str | None:
        if uri is not None and not addresses.is_database(uri):
            raise ValueError("expected the address of a database such as postgresql://host/name under uri")
        if uri is not None and addresses.holds_credentials(uri):
            raise ValueError(f"{CREDENTIALS_FOUND} for a database {LOGIN_BESIDE}")
        return uri


class Source(Database):
    """Where the data are: a path, and how its text is written (delimiter, header and encoding only for CSV), or a
    table or a query of a database. A path may be an address of objects, such as s3://bucket/people.csv. `rows` is how
    many rows are learned from, drawn at random; None for all that resources.memory holds.
    """

    path: str = ""  # of a copy, once a database or objects are read
    table: str | None = None  # such as public.people
    query: str | None = None  # a SELECT in place of a table
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    header: bool | Literal[2, 3] | None = None  # whether the first line, or how many, name the columns; None to tell
    sheet: str | None = None  # of an Excel workbook with several
    encoding: str = "utf-8"
    missing: tuple[str, ...] | None = None  # texts that mean "no value"; None for the usual ones
    rows: int | None = Field(None, gt=0)

    @field_validator("path")
    @classmethod
    def _no_credentials_in_path(cls, path: str) -> str:
        if "://" in path and addresses.holds_credentials(path):
            how = LOGIN_BESIDE if addresses.is_objects(path) else "give them to the program that reads it"
            raise ValueError(f"{CREDENTIALS_FOUND} {how}")
        return path

    @field_validator("delimiter", mode="before")
    @classmethod
    def _tab(cls, delimiter: Any) -> Any:
        return "\t" if delimiter in ("tab", "\\t") else delimiter

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.path) == bool(self.uri):
            found = "both; keep one" if self.uri else "neither; add one"
            raise ValueError(f"expected path or uri under source, found {found}")
        logins = () if addresses.is_objects(self.path) else ("user", "password")
        asked = [key for key in ("table", "query", *logins) if getattr(self, key) is not None]
        if self.path and asked:
            raise ValueError(f"expected source.{asked[0]} with source.uri of a database only, found a path")
        if self.uri and bool(self.table) == bool(self.query):
            found = "both; keep one" if self.table else "neither; set source.table, such as public.people"
            raise ValueError(f"expected source.table or source.query for a database, found {found}")
        text = [key for key in ("delimiter", "header", "sheet", "missing") if getattr(self, key) is not None]
        if self.uri and text:
            raise ValueError(f"expected source.{text[0]} for files only, found a database; remove it")
        return self

    @property
    def address(self) -> str:
        """The path or the address."""
        return self.uri or self.path

    @property
    def is_remote(self) -> bool:
        """Whether it has to be copied here first: a database, or objects."""
        return self.uri is not None or addresses.is_objects(self.path)


class Target(Database):
    """A table of a database that a release goes into too: behind a view that is repointed, or as the rows of a table
    that people read directly.
    """

    SECTION: ClassVar[str] = "publish.table"

    name: str  # such as public.people
    how: Literal["view", "rows"] = "view"

    @property
    def is_file(self) -> bool:
        """Whether the database is a file of SQLite."""
        return addresses.scheme_of(self.uri or "") == addresses.SQLITE

    @model_validator(mode="after")
    def _supported(self) -> Self:
        if addresses.scheme_of(self.uri or "") not in (*addresses.POSTGRESQL, addresses.SQLITE):
            raise ValueError(
                "expected uri: postgresql://host/name or sqlite:///path under publish.table, found another database; "
                "release into a file and load that one there"
            )
        if self.is_file and addresses.sqlite_path(self.uri or "").name in ("", ":memory:"):
            raise ValueError("expected a path such as sqlite:///staging.db under publish.table.uri, found none")
        if self.is_file and (self.user or self.password):
            raise ValueError("expected neither user nor password under publish.table for SQLite, found one; remove it")
        return self


class Bucket(Login):
    """A place among objects, such as s3://bucket/people, that releases go to too."""

    SECTION: ClassVar[str] = "publish.objects"

    uri: str

    @field_validator("uri")
    @classmethod
    def _objects(cls, uri: str) -> str:
        if not addresses.is_objects(uri):
            raise ValueError("expected an address such as s3://bucket/people under publish.objects, found another")
        if addresses.holds_credentials(uri):
            raise ValueError(f"{CREDENTIALS_FOUND} {LOGIN_BESIDE}")
        return uri.rstrip("/")

    @property
    def address(self) -> str:
        """The address."""
        return self.uri


class Publish(Section):
    """Where releases go, in which format, and how many are kept (None for all)."""

    to: str = OUTPUT
    format: Literal["parquet", "csv", "folder"] = "parquet"  # folder: PNG files by label, csv: tables
    keep: int | None = Field(None, gt=0)
    sign: Reference | None = None  # the key that manifests are signed by: a secret, or an Ed25519 key in PEM
    table: Target | None = None
    objects: Bucket | None = None

    @model_validator(mode="after")
    def _typed(self) -> Self:
        if self.table and self.format != "parquet":
            raise ValueError("expected publish.format: parquet beside publish.table, whose types come from it")
        return self
