"""Columns of PostgreSQL: which types are read and as what, and the conversion of what ADBC hands over as text."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from launderette.pipelines.databases import selecting
from launderette.pipelines.databases.addresses import quoted
from launderette.pipelines.run.artifacts import LaunderError

AS_TEXT = ("bpchar", "inet", "cidr", "macaddr", "macaddr8", "citext", "timetz", "xml", "money", "bit", "varbit")
NATIVE = (
    *("bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "name", "char"),
    *("date", "time", "timestamp", "timestamptz", "uuid", "oid"),
)
DROPPED = "dropped"  # in place of a type: a column whose values stay in the database
ADVICE_BY_TYPE = {  # of types that are refused, and what may be done
    "bytea": "select encode(column, 'hex') in source.query",
    "json": "select the values in it as columns in source.query",
    "jsonb": "select the values in it as columns in source.query",
    "interval": "select extract(epoch from column) in source.query",
}
FIRST_DAY, LAST_DAY = -719_162, 2_932_896  # since 1970: the years 1 to 9999
DAY_TICKS = 86_400_000_000  # microseconds
KNOWN_TICKS = {  # ticks of Arrow that Python has a date or a time for
    "date": (FIRST_DAY, LAST_DAY),
    "time": (0, DAY_TICKS - 1),
    **dict.fromkeys(("timestamp", "timestamptz"), (FIRST_DAY * DAY_TICKS, (LAST_DAY + 1) * DAY_TICKS - 1)),
}
VARHDRSZ = 4  # what PostgreSQL adds to a type modifier
INFINITE = ("nan", "inf", "-inf", "NaN", "Infinity", "-Infinity")  # as ADBC, and as PostgreSQL writes a NUMERIC
MAX_DIGITS = 38  # of Arrow's decimal128


@dataclass(frozen=True)
class TableColumn:
    """A column as it is selected: its name, the name of its type in the database, precision and scale of a NUMERIC, the
    labels of an enum.
    """

    name: str
    type: str
    arrow: pa.DataType
    precision: int | None = None
    scale: int = 0
    labels: tuple[str, ...] = ()

    @property
    def is_loose(self) -> bool:
        """Whether it is a number without a stated precision."""
        return self.type == "numeric" and self.precision is None

    @property
    def selected(self) -> str:
        """What is selected for it."""
        name = f"source.{quoted(self.name)}"
        if self.type == DROPPED:
            return f"NULL::text AS {quoted(self.name)}"
        if self.type == "numeric" and self.precision is None:
            return f"{name}::float8 AS {quoted(self.name)}"
        if self.type == "oid":  # without a sign, which ADBC gives it
            return f"{name}::int8 AS {quoted(self.name)}"
        if self.type == "inet":  # whose cast to text never leaves a netmask out
            return f"abbrev({name}) AS {quoted(self.name)}"
        return f"{name}::text AS {quoted(self.name)}" if self.labels or self.type in AS_TEXT else name

    @property
    def digits(self) -> str:
        """What is selected to learn the digits before and after the point that its finite values need."""
        name = f"source.{quoted(self.name)}"
        finite = f"FILTER (WHERE {name} NOT IN ('NaN', 'Infinity', '-Infinity'))"
        return f"max(length(trunc(abs({name}))::text)) {finite}, max(scale({name})) {finite}"

    def measured(self, whole: int | None, scale: int | None) -> "TableColumn":
        """Return the column with the precision that its values need; as floating point where that is too much."""
        digits = (whole or 1) + (scale or 0)
        return self.as_float() if digits > MAX_DIGITS else replace(self, precision=MAX_DIGITS, scale=scale or 0)

    def dropped(self) -> "TableColumn":
        """Return the column as one that is there by its name alone."""
        return replace(self, type=DROPPED, labels=())

    def as_float(self) -> "TableColumn":
        """Return the column as one of floating point."""
        return replace(self, precision=None)

    @property
    def read_as(self) -> pa.DataType:
        """The type of Arrow in which it is kept."""
        if self.labels:
            return pa.dictionary(pa.int16(), pa.string())
        if self.type == "numeric":
            return pa.float64() if self.precision is None else pa.decimal128(self.precision, self.scale)
        return pa.string() if self.type in (*AS_TEXT, DROPPED) else pa.int64() if self.type == "oid" else self.arrow


def of_field(field: pa.Field) -> TableColumn:
    """Return the column that a field of ADBC's schema describes."""
    facts = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    type_ = facts.get("POSTGRESQL:type", str(field.type))
    modifier = int(facts.get("POSTGRESQL:typmod", -1))
    column = TableColumn(field.name, type_, field.type)
    if type_ != "numeric" or modifier < 0:
        return column
    precision, scale = (modifier - VARHDRSZ) >> 16, (((modifier - VARHDRSZ) & 0x7FF) ^ 1024) - 1024
    precision, scale = max(precision, scale) - min(scale, 0), max(scale, 0)
    return replace(column, precision=precision, scale=scale) if precision <= MAX_DIGITS else column


def with_enums(columns: Iterable[TableColumn], known: Iterable[tuple[int, str, list[str]]]) -> list[TableColumn]:
    """Return the columns with the labels of those that are enums; `known` are types by number and name, and their
    labels. Of two types that share a name in two schemas, a column may have the labels of both.
    """
    labels: dict[str, dict[str, None]] = {}
    for oid, name, found in known:
        for key in (name, f"unnamed<oid:{oid}>"):  # the second for a type that is younger than the connection
            labels.setdefault(key, {}).update(dict.fromkeys(found))
    return [replace(column, labels=tuple(labels.get(column.type, ()))) for column in columns]


def check(columns: Sequence[TableColumn]) -> None:
    """Raise LaunderError for a name that is there twice, or for a type that there is no kind for."""
    selecting.checked([column.name for column in columns])
    for column in columns:
        if not column.labels and column.type not in (*NATIVE, *AS_TEXT, "numeric", DROPPED):
            what = "an array" if column.type.startswith("_") else f"the type {column.type}"
            raise selecting.refused(column.name, what, *filter(None, [ADVICE_BY_TYPE.get(column.type)]))


def schema(columns: Iterable[TableColumn]) -> pa.Schema:
    """Return the types in which the columns are kept."""
    return pa.schema([pa.field(column.name, column.read_as) for column in columns])


def convert(batch: pa.RecordBatch, columns: Sequence[TableColumn], lost: Counter) -> pa.RecordBatch:
    """Return a batch in the types in which its columns are kept, and count in `lost` by column what becomes missing:
    numbers and times that are not finite, for which ADBC hands over others, and those outside the years 1 to 9999.
    """
    arrays = []
    for at, column in enumerate(columns):
        plain = _plain_array(batch.column(at), column)
        if (odd := _odd(plain, column)) is not None and (count := pc.sum(odd).as_py()):
            lost[column.name] += count
            plain = pc.if_else(odd, pa.scalar(None, plain.type), plain)
        arrays.append(_cast(plain, column))
    return pa.record_batch(arrays, schema(columns))


def _cast(array: pa.Array, column: TableColumn) -> pa.Array:
    try:
        return array if array.type == column.read_as else array.cast(column.read_as)
    except pa.ArrowInvalid:  # its text quotes a value
        raise LaunderError(
            f"expected values of the type {column.read_as} in column {column.name!r}, found others; cast it in "
            "source.query"
        ) from None


def lost_sentences(lost: Counter) -> list[str]:
    """Return what is to be said of values that became missing."""
    return [
        f"{count:,} value{'s' * (count > 1)} of column {name!r} became missing: "
        "infinite, not a number, or outside the years 1 to 9999."
        for name, count in sorted(lost.items())
    ]


def _plain_array(array: pa.Array, column: TableColumn) -> pa.Array:
    if column.labels:
        labels = pa.array(column.labels, pa.string())
        return pa.DictionaryArray.from_arrays(pc.index_in(array, labels).cast(pa.int16()), labels)
    return array.storage if column.type == "numeric" and isinstance(array, pa.ExtensionArray) else array


def _odd(array: pa.Array, column: TableColumn) -> pa.Array | None:
    """Return which values have to become missing; None for a type that has none of them."""
    if column.type == "numeric" and column.precision is not None:
        return pc.is_in(array, pa.array(INFINITE, array.type))
    if column.type not in KNOWN_TICKS:
        return None
    low, high = KNOWN_TICKS[column.type]
    ticks = array.cast(pa.int32()).cast(pa.int64()) if column.type == "date" else array.cast(pa.int64())
    return pc.or_(pc.less(ticks, low), pc.greater(ticks, high))
