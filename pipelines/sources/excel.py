"""Excel workbooks: one sheet, written out as delimited text in memory, so that it is read as every other table of
people is.
"""

import csv
import datetime
import io
import re
import warnings
import zipfile
from typing import Any

from launderette.pipelines.run.artifacts import CHUNK_BYTES, LaunderError
from launderette.pipelines.sources.parts import Part, stream

MERGED = re.compile(r'<mergeCell ref="([A-Z]+)(\d+):[A-Z]+(\d+)"')
VALUELESS_FORMULA = re.compile(  # a formula of which no program has stored the value
    r'<c r="([A-Z]+)(\d+)"[^>]*>\s*<f(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>'
)
LONGEST_CELL = 20_000  # letters, of a formula with what stands around it
CELL_ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")  # in place of the values of formulas
DAMAGED = (
    KeyError,
    ValueError,
    OSError,
    EOFError,
    zipfile.BadZipFile,
    SyntaxError,
    IndexError,
    AttributeError,
    TypeError,
)


def as_text(part: Part, sheet: str | None) -> Part:
    """Return the sheet called `sheet`, or the only one with values, as UTF-8 text with commas.

    LaunderError where there is no such sheet, several hold values, or the workbook is damaged.
    """
    found = {name: text for name, text in _sheets(part, sheet) if text}
    if sheet is not None and sheet not in found:
        raise LaunderError(f"expected the sheet {sheet!r} with values in {part.name}, found none; check source.sheet")
    if not found:
        raise LaunderError(f"expected a sheet with values in {part.name}, found none; write the data to it again")
    if len(found) != 1:
        raise LaunderError(
            f"expected one sheet with values in {part.name}, found {len(found)}; name the one to read by --set "
            "source.sheet=NAME"
        )
    ((_, text),) = found.items()
    return Part(part.name, lambda: io.BytesIO(text), packed=True)


def _sheets(part: Part, sheet: str | None) -> list[tuple[str, bytes]]:
    import openpyxl  # takes a while

    try:
        with warnings.catch_warnings(action="ignore"), stream(part) as file:  # openpyxl's quote styles and values
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            asked = [one for one in book.worksheets if sheet == one.title or (sheet is None and _is_shown(one))]
            return [(one.title, _text(one)) for one in asked]
    except LaunderError:
        raise
    except DAMAGED as error:
        if getattr(error, "errno", None):
            raise
        raise LaunderError(
            f"expected a whole Excel workbook at {part.name}, found one that is cut off or damaged; save it again"
        ) from None


def _is_shown(sheet: Any) -> bool:
    return sheet.sheet_state == "visible"


def _text(sheet: Any) -> bytes:
    """Write the cells of a sheet as CSV, without the empty columns and rows around them. LaunderError for formulas
    whose values are not in the file: their cells would be read as empty.
    """
    if uncomputed := _found(sheet, VALUELESS_FORMULA):
        letters = min((one[0] for one in uncomputed), key=lambda found: (len(found), found))
        cells = "1 formula" if len(uncomputed) == 1 else f"{len(uncomputed):,} formulas"
        raise LaunderError(
            f"expected the values of formulas in the sheet {sheet.title!r}, found {cells} without one, as in column "
            f"{letters}; open the workbook in Excel or LibreOffice and save it, which works them out"
        )
    rows = [row for row in _filled(sheet) if any(value not in (None, "") for value in row)]
    width = max(map(len, rows), default=0)
    columns = [_column([row[at] if at < len(row) else None for row in rows]) for at in range(width)]
    used = [at for at, column in enumerate(columns) if any(column)]
    out = io.StringIO(newline="")
    if used:
        csv.writer(out, lineterminator="\n").writerows(zip(*columns[used[0] : used[-1] + 1], strict=True))
    return out.getvalue().encode()


def _filled(sheet: Any) -> list[list[Any]]:
    """Return the values of all rows, those of a cell that is merged over several rows in each of them."""
    from openpyxl.utils import column_index_from_string

    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    for letters, *ends in _found(sheet, MERGED):
        at, first, last = column_index_from_string(letters) - 1, *map(int, ends)
        for row in rows[first:last]:
            row[at : at + 1] = rows[first - 1][at : at + 1]
    return rows


def _found(sheet: Any, form: re.Pattern[str]) -> set[tuple[str, ...]]:
    """Return what a form finds in the file of a sheet: of merged cells, which stand behind all rows, the first column,
    the first and the last row.
    """
    found, before = set(), ""
    with sheet._get_source() as file:  # openpyxl tells them of sheets that it holds in memory alone
        while chunk := file.read(CHUNK_BYTES):
            text = before + chunk.decode("latin-1")
            found.update(form.findall(text))
            before = text[-LONGEST_CELL:]
    return found


def _column(values: list[Any]) -> list[str]:
    """Return the cells of a column as text; dates without a time of day where none of them has one."""
    timed = any(isinstance(value, datetime.datetime) and value.time() != datetime.time() for value in values)
    return [_cell(value, timed) for value in values]


def _cell(value: Any, timed: bool) -> str:
    if value is None or value in CELL_ERRORS:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ") if timed else value.date().isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):  # as Excel shows it, hours beyond a day too
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return repr(value) if isinstance(value, float) else str(value)
