"""Tables on the command line: conditions as people write them, and files by their suffix."""

from pathlib import Path

import pandas as pd

from pipelines.run.artifacts import LaunderError, whole, write_frame

SUFFIXES = (".csv", ".parquet", ".jsonl")


def condition(text: str) -> tuple[str, str | None]:
    """Return column and value of `income=>50K`, cut at the first `=`; an empty value means a missing one."""
    column, found, value = text.partition("=")
    if not found or not column:
        raise LaunderError("expected a condition such as --where 'income=>50K', found one without '='; write COLUMN=VALUE")
    return column.strip(), value or None


def check_suffix(path: Path) -> None:
    """Raise LaunderError for a file that `write` has no format for."""
    if path.suffix.lower() not in SUFFIXES:
        raise LaunderError(f"expected a file ending in {', '.join(SUFFIXES)} as --output, found {path.name!r}; choose one of these")


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a table whole or not at all, in the format that the suffix names."""
    check_suffix(path)
    if path.suffix.lower() == ".parquet":
        write_frame(frame, path)
        return
    with whole(path) as aside:
        if path.suffix.lower() == ".csv":
            frame.to_csv(aside, index=False, lineterminator="\n", encoding="utf-8")
        else:
            frame.to_json(aside, orient="records", lines=True, date_format="iso", force_ascii=False)
