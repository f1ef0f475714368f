"""Recall and precision of the detection of personal data, per column: `python -m benchmarks.personal_data --rows 400`.

Locales are none of those whose lists of names the detection learns from. A column counts as found where its kind is
the right one; first, last and full names are one kind for `kinds of names alike`.
"""

import argparse
from collections import Counter

from benchmarks.personal_data.clubs import EIGHTH, NINTH
from benchmarks.personal_data.exports import FIFTH, SIXTH, export_tables
from benchmarks.personal_data.headers import CHOOSING, SECOND, THIRD
from benchmarks.personal_data.institutions import LOCAL, institution_tables
from benchmarks.personal_data.journeys import TENTH, journey_tables
from benchmarks.personal_data.mixed import mixed_tables
from benchmarks.personal_data.registers import LOCAL as SEVENTH
from benchmarks.personal_data.registers import register_tables
from benchmarks.personal_data.tables import MEASURED_LOCALES, PEOPLE_KINDS, Labelled, tables
from launderette.generators.data.inference import infer
from launderette.pipelines.personal_data import detection, name_shapes

MIXED = {
    "choosing": CHOOSING,
    "second": SECOND,
    "third": THIRD,
    "fourth": LOCAL,
    "fifth": FIFTH,
    "sixth": SIXTH,
    "seventh": SEVENTH,
    "eighth": EIGHTH,
    "ninth": NINTH,
    "tenth": TENTH,
}
# else mixed_tables
MAKERS = {
    **{"fourth": institution_tables, "fifth": export_tables, "sixth": export_tables},
    **{"seventh": register_tables, "eighth": register_tables, "ninth": register_tables},
    "tenth": journey_tables,
}
NAMES = ("name", "first_name", "last_name")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--wrong", action="store_true", help="list what was missed and what was taken wrongly")
    parser.add_argument("--locales", nargs="+", help="names of locales that Faker has, or that headers.py has")
    parser.add_argument(
        "--mixed",
        choices=MIXED,
        help="short, glued and numbered names, several forms, gaps; mended with, or (third) never",
    )
    asked = parser.parse_args()
    make = MAKERS.get(asked.mixed, mixed_tables) if asked.mixed else tables
    locales = asked.locales or (list(MIXED[asked.mixed]) if asked.mixed else MEASURED_LOCALES)
    assert not set(locales) & set(name_shapes.LISTED_LOCALES)
    labelled = list(make(locales, asked.rows, asked.seed))
    schemas = [infer(table.frame) for table in labelled]
    found = [detection.find(table.frame, schema) for table, schema in zip(labelled, schemas, strict=True)]
    told = [{name: finding.kind for name, finding in one.items()} for one in found]
    print(
        "| column names | recall | precision | right kind | never learnt | columns of people | of things |"
        "\n|---|---|---|---|---|---|---|"
    )
    for words, wanted in (("telling", True), ("numbered", False), ("both", None)):
        of = [k for k, table in enumerate(labelled) if wanted in (None, table.telling)]
        _line(words, [(labelled[k], told[k], {column.name for column in schemas[k].identifiers}) for k in of])
    _kinds(labelled, told)
    if asked.wrong:
        for table, one in zip(labelled, told, strict=True):
            wrong = {n: (k, one.get(n, "")) for n, k in table.kinds.items() if bool(k) != (n in one)}
            print(table.locale, "telling" if table.telling else "numbered", wrong)


def _line(words: str, pairs: list[tuple[Labelled, dict[str, str], set[str]]]) -> None:
    """Print a line of the table; identifiers that are not told as personal are never learnt either."""
    columns = [(name, kind, told, made_up) for table, told, made_up in pairs for name, kind in table.kinds.items()]
    people = sum(bool(kind) for _, kind, *_ in columns)
    hits = sum(bool(kind) and name in told for name, kind, told, _ in columns)
    right = sum(bool(kind) and told.get(name) == kind for name, kind, told, _ in columns)
    covered = sum(bool(kind) and (name in told or name in made_up) for name, kind, told, made_up in columns)
    taken = sum(len(told) for _, told, _ in pairs)
    share = f"{hits / people:.3f} | {hits / max(1, taken):.3f} | {right / people:.3f} | {covered / people:.3f}"
    print(f"| {words} | {share} | {people} | {len(columns) - people} |")


def _kinds(labelled: list[Labelled], told: list[dict[str, str]]) -> None:
    missed: Counter[str] = Counter()
    for table, one in zip(labelled, told, strict=True):
        missed.update(kind for name, kind in table.kinds.items() if kind and name not in one)
    print(
        "Missed of",
        len(labelled),
        "tables:",
        ", ".join(f"{kind} {missed[kind]}" for kind in PEOPLE_KINDS if missed[kind]) or "none",
    )


if __name__ == "__main__":
    main()
