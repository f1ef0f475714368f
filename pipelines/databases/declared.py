"""What the declaration of a column of SQLite says of its values: a type, if all of them keep to it."""

import re

import pyarrow as pa
import pyarrow.compute as pc

EXACT_DIGITS = 15  # of a decimal that SQLite keeps as a number
FIXED_POINT = re.compile(r"(?:DECIMAL|NUMERIC) ?\( ?(\d+) ?, ?(\d+) ?\)")
FIRST_DATE = "0001-01-01"  # that Python has
CLOCKS = {  # texts that SQLite's own functions write
    "DATE": (pa.date32(),),
    **dict.fromkeys(("DATETIME", "TIMESTAMP", "TIMESTAMPTZ"), (pa.timestamp("us"), pa.timestamp("us", "UTC"))),
}


def types(declaration: str, stored: pa.DataType) -> list[pa.DataType]:
    """Return the types that a declaration in capitals may mean for values that are stored as those of another."""
    if stored == pa.string():
        return list(CLOCKS.get(declaration, ()))
    if stored == pa.int64() and declaration in ("BOOLEAN", "BOOL"):
        return [pa.bool_()]
    if (found := FIXED_POINT.fullmatch(declaration)) and 0 < int(found[2]) <= int(found[1]) <= EXACT_DIGITS:
        return [pa.decimal128(int(found[1]), int(found[2]))]
    return []


def is_kept(array: pa.Array, type_: pa.DataType) -> bool:
    """Tell whether all values are the same in a type: no day that there is not, no digit more."""
    try:
        cast = converted(array, type_)
    except pa.ArrowInvalid:
        return False
    if pa.types.is_decimal(type_):
        return pc.all(pc.equal(pc.round(array, type_.scale), array)).as_py() is not False
    if pa.types.is_boolean(type_):
        return cast.cast(array.type).equals(array)
    return not pc.any(pc.less(array, FIRST_DATE)).as_py()


def converted(array: pa.Array, type_: pa.DataType) -> pa.Array:
    """Return values in a type that they keep to."""
    if pa.types.is_decimal(type_):
        array = array.cast(pa.float64())
    return array if array.type == type_ else array.cast(type_)
