"""Make a table of ugly columns, as people hand them on, and the page that shows what Launderette makes of each.

    python -m benchmarks.ugly_columns --table ugly.csv
    python -m benchmarks.ugly_columns --page docs/ugly_columns.md

The page comes from reading, protection and encoding alone, without training: what comes back are the encoded rows,
each column shuffled by itself and decoded again.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from generators.data.schema import Schema
from generators.encoding import encoder
from generators.formats import date_format
from pipelines.config import load
from pipelines.modalities import tabular

ROWS = 600
EXAMPLES = 3  # values shown of a column, before and after
RUN = "launder run ugly.csv --set budget.steps=300"
START = datetime(2018, 1, 1)
BEFORE, BEHIND = ("Alt", "Neu", "Ober", "Unter", "Bad", "Sankt"), ("dorf", "heim", "burg", "stadt", "berg", "tal", "au")
TOWNS = [f"{a}{b}" for a in BEFORE for b in BEHIND]
SKILLS = np.array(["Excel", "Python", "SQL", "Tableau", "SAP", "Docker"])
Make = Callable[[np.random.Generator], list[object]]

HEAD = """# Ugly columns

A table of {rows} rows and {columns} columns of our own making, in the shapes in which people hand tables on, and what
Launderette makes and says of each without being told anything.
`python -m benchmarks.ugly_columns --page docs/ugly_columns.md` makes the table and writes this page;
`--table ugly.csv` writes the table.

What comes back are the encoded rows, each column, or part of one, shuffled by itself and decoded: nothing was trained
for this page up to its last section. Values are shown because they are made up. `columns:` in the configuration states
another kind of a column, and the format of dates and numbers.

| column | what is ugly | values in the file | kind | values that come back |
|---|---|---|---|---|
{shown}
## What was said

`launder init`, `launder fit`, `launder run` and the report say this, with the line of YAML that changes it. The columns
that are not named here come back as they were written.

{said}
## The whole run

"""


def amounts(rng: np.random.Generator) -> np.ndarray:
    """Return ROWS amounts of money, to the cent."""
    return rng.lognormal(7, 1, ROWS).round(2)


def swapped(text: str) -> str:
    """Write 1,234.50 as 1.234,50."""
    return text.translate(str.maketrans(",.", ".,"))


def days(rng: np.random.Generator, form: str, language: str = "") -> list[object]:
    """Return ROWS moments of eight years, written in `form`."""
    moments = [START + timedelta(milliseconds=int(ms)) for ms in rng.integers(0, 8 * 365 * 86_400_000, ROWS)]
    return [date_format.write(moment, form, language=language) for moment in moments]


def some(rng: np.random.Generator, values: list[object], share: float, *instead: object) -> list[object]:
    """Put one of `instead` in place of a share of the values."""
    gone = rng.random(ROWS) < share
    return [instead[k % len(instead)] if gone[k] else value for k, value in enumerate(values)]


def among(values: list[object], instead: object, times: int = 1) -> list[object]:
    """Put `instead` in place of so many values, as far apart as can be: those of other customers."""
    places = set(range(0, len(values), len(values) // times))
    return [instead if k in places else value for k, value in enumerate(values)]


COLUMNS: dict[str, tuple[str, Make]] = {  # name: what is ugly about it, and its values
    "salary": ("dollars, thousands by commas", lambda rng: [f"${x:,.2f}" for x in amounts(rng)]),
    "umsatz": ("euros behind, decimal comma, points", lambda rng: [swapped(f"{x:,.2f} €") for x in amounts(rng)]),
    "lohn": ("Swiss francs, apostrophes", lambda rng: [f"CHF {x:,.2f}".replace(",", "'") for x in amounts(rng)]),
    "revenue": (
        "thousands and millions by letters",
        lambda rng: [f"${x / 1e3:.1f}M" if x >= 1e3 else f"${x:.0f}K" for x in amounts(rng)],
    ),
    "balance": (
        "accountants' brackets for minus",
        lambda rng: [f"({-x:.2f})" if x < 0 else f"{x:.2f}" for x in rng.normal(0, 90, ROWS)],
    ),
    "raise": ("percent signs", lambda rng: [f"{x:.1f}%" for x in rng.normal(3, 1, ROWS)]),
    "gewicht": ("a unit, decimal comma", lambda rng: [swapped(f"{x:.1f} kg") for x in rng.normal(75, 9, ROWS)]),
    "temperature": ("Unicode minus", lambda rng: [f"{x:.1f}".replace("-", "\u2212") for x in rng.normal(0, 9, ROWS)]),
    "change": ("a sign before every number", lambda rng: [f"{x:+.2f}" for x in rng.normal(size=ROWS)]),
    "blood_value": (
        "words among numbers",
        lambda rng: some(rng, [f"{x:.2f}" for x in rng.normal(5, 1, ROWS)], 0.2, "k.A."),
    ),
    "day": ("one day that never was", lambda rng: among(days(rng, "%Y-%m-%d"), "2021-02-30")),
    "datum": ("German days, padded or not", lambda rng: among(days(rng, "%d.%m.%Y"), "3.5.2021", 30)),
    "geburtstag": ("months in German", lambda rng: days(rng, "%-d. %B %Y", "de")),
    "visit": ("AM and PM", lambda rng: days(rng, "%m/%d/%Y %I:%M %p")),
    "sent": (
        "milliseconds and a UTC offset",
        lambda rng: [f"{text}+02:00" for text in days(rng, "%Y-%m-%dT%H:%M:%S.%3f")],
    ),
    "created_at": ("seconds since 1970", lambda rng: [int(text) for text in days(rng, "%s")]),
    "month": ("YYYYMM as a whole number", lambda rng: [int(text) for text in days(rng, "%Y%m")]),
    "quarter": ("quarters", lambda rng: days(rng, "%YQ%q")),
    "opens": ("times of day", lambda rng: days(rng, "%-I:%M %p")),
    "mixed": (
        "days, timestamps and German days in one column",
        lambda rng: [
            (iso, stamp, german)[k % 3]
            for k, (iso, stamp, german) in enumerate(
                zip(days(rng, "%Y-%m-%d"), days(rng, "%Y-%m-%d %H:%M"), days(rng, "%d.%m.%Y"), strict=True)
            )
        ],
    ),
    "logged": ("the time of day inside of the date", lambda rng: days(rng, "%a %b %d %H:%M:%S %Y")),
    "woche": ("calendar weeks by name", lambda rng: days(rng, "KW %V/%G")),
    "shift_ends": (
        "times beyond midnight",
        lambda rng: [f"{x // 60}:{x % 60:02d}" for x in rng.integers(300, 1700, ROWS)],
    ),
    "stay": ("lengths in two units", lambda rng: [f"{x // 60}h {x % 60}m" for x in rng.integers(5, 3000, ROWS)]),
    "gestation": ("weeks and days", lambda rng: [f"{x // 7}+{x % 7}" for x in rng.normal(275, 12, ROWS).astype(int)]),
    "nace": ("codes that a number would cut", lambda rng: rng.choice(["01.11", "10.71", "62.01"], ROWS).tolist()),
    "pressure": (
        "two numbers in one",
        lambda rng: [f"{a}/{b}" for a, b in zip(rng.integers(95, 180, ROWS), rng.integers(55, 110, ROWS), strict=True)],
    ),
    "aktiv": ("words for true and false", lambda rng: ["ja" if x else "nein" for x in rng.random(ROWS) < 0.7]),
    "source": ("one value throughout", lambda rng: ["export"] * ROWS),
    "remark": ("nothing at all", lambda rng: [None] * ROWS),
    "dose": (
        "nearly nothing",
        lambda rng: [f"{x:.1f}" if k % 75 == 0 else None for k, x in enumerate(rng.normal(9, 2, ROWS))],
    ),
    "customer_no": (
        "a number of a person, six rows each, some missing",
        lambda rng: some(rng, np.repeat(rng.permutation(90_000)[: ROWS // 6] + 10_000.0, 6).tolist(), 0.05, None),
    ),
    "email": (
        "addresses, some missing",
        lambda rng: some(rng, [f"u{x}@mail.org" for x in rng.permutation(ROWS)], 0.3, None),
    ),
    "session": ("UUIDs", lambda rng: [str(uuid.UUID(bytes=rng.bytes(16), version=4)) for _ in range(ROWS)]),
    "iban": ("account numbers with check digits", lambda rng: [iban(x) for x in rng.integers(0, 10**18, ROWS)]),
    "town": ("many labels, few rows each", lambda rng: rng.choice(TOWNS, ROWS, p=_falling(len(TOWNS))).tolist()),
    "tags": ("lists as text", lambda rng: [str(sorted({*rng.choice(list("abc"), 2).tolist()})) for _ in range(ROWS)]),
    "skills": (
        "sets of labels",
        lambda rng: ["; ".join(SKILLS[rng.random(len(SKILLS)) < 0.4]) or None for _ in range(ROWS)],
    ),
    "energy": ("numbers near the end of float64", lambda rng: (rng.normal(size=ROWS) * 1e300).tolist()),
    "plz": ("codes with leading zeros", lambda rng: [f"{x:05d}" for x in rng.choice([1067, 4109, 10115, 80331], ROWS)]),
    "price": (
        "amounts in two currencies",
        lambda rng: [f"{'$€'[k]}{a:,.2f}" for k, a in zip(rng.integers(0, 2, ROWS), amounts(rng), strict=True)],
    ),
    "mass": (
        "kilograms and pounds",
        lambda rng: [
            f"{a:.0f} kg" if metric else f"{2.2 * a:.0f} lbs"
            for metric, a in zip(rng.random(ROWS) < 0.7, rng.normal(75, 12, ROWS), strict=True)
        ],
    ),
}


def iban(number: int) -> str:
    """Return a German IBAN with its check digits (ISO 7064, mod 97-10)."""
    account = f"{number:018d}"
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"


def _falling(n: int) -> np.ndarray:
    weights = 1 / np.arange(1, n + 1)
    return weights / weights.sum()


def table(seed: int = 0) -> pd.DataFrame:
    """Return the table: a column per entry of COLUMNS, and `outcome`, which depends on one of them."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: make(rng) for name, (_, make) in COLUMNS.items()})


def look(path: Path) -> tuple[Schema, pd.DataFrame, list[str]]:
    """Return schema, rows as they come back, and all that was said, of a table read as `launder run` reads it."""
    config = load(str(path))
    with tempfile.TemporaryDirectory() as folder:
        found = tabular.ingest(config, Path(folder) / "ingested")
        protected = tabular.protect(found.data, found.schema, config)
    return found.schema, shuffled(protected.data, found.schema), [*found.notes, *protected.notes]


def shuffled(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Return rows encoded and decoded again, the tokens of each column in an order of their own."""
    rng, encoded = np.random.default_rng(0), encoder.fit(frame, schema)
    tokens = encoded.encode(frame)
    for places in encoded.layout.places:
        tokens[:, places] = tokens[np.ix_(rng.permutation(len(tokens)), places)]
    return encoded.decode(tokens, rng.random((len(tokens), len(encoded.known))))


def page(schema: Schema, back: pd.DataFrame, notes: list[str], real: pd.DataFrame) -> str:
    """Return the page as far as it needs no training, of what `look` found in the texts of the table."""
    shown = [
        f"| `{name}` | {what} | {_examples(real[name])} | {schema.column(name).kind} | {_examples(back[name])} |\n"
        for name, (what, _) in COLUMNS.items()
    ]
    return HEAD.format(rows=ROWS, columns=len(COLUMNS), shown="".join(shown), said="".join(f"- {n}\n" for n in notes))


def _examples(values: pd.Series) -> str:
    texts = pd.Series(["" if pd.isna(value) else str(value) for value in values])
    return ", ".join(f"`{text}`" if text else "*missing*" for text in texts.drop_duplicates()[:EXAMPLES])


def run(folder: Path) -> str:
    """Return what `launder run ugly.csv`, started in `folder`, prints after what it says of the columns."""
    command = [sys.executable, "-m", "launderette", *RUN.split()[1:]]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    found = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    lines = [line.rstrip() for line in found.stdout.replace(f"{folder}/", "").splitlines()]
    verdict = next(k for k, line in enumerate(lines) if line.split()[:1] == ["gate"])
    return "\n".join([f"$ {RUN}", "...", *lines[verdict:]])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--table", type=Path, help="where to write the table")
    options.add_argument("--page", type=Path, help="where to write the page, with a whole run at its end")
    asked = options.parse_args()
    if asked.table:
        table().to_csv(asked.table, index=False)
    if asked.page:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ugly.csv"
            table().to_csv(path, index=False)
            text = page(*look(path), pd.read_csv(path, dtype=str))
            asked.page.write_text(f"{text}```\n{run(Path(folder))}\n```\n", encoding="utf-8")


if __name__ == "__main__":
    main()
