"""Labels of images: the column that holds them, the classes that folders stand for; none is lost without a word."""

import re
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from launderette.pipelines.run.artifacts import LaunderError

LABEL_COLUMN = "label"
USUAL_LABEL_COLUMNS = (
    LABEL_COLUMN,
    "labels",
    "class",
    "classes",
    "category",
    "y",
    "target",
    "cls",
    "fine_label",
    "class_name",
    "label_name",
    "class_label",
)
LIKELY_LABEL_COLUMN = re.compile(
    r"(^|[_\W])(labels?|class(es)?|categor(y|ies)|targets?|species|diagnosis|breed)([_\W]|$)", re.IGNORECASE
)
SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev", "holdout", "eval", "evaluation"}


def labelled(table: pd.DataFrame, label: str | None, known: Sequence[str] = ()) -> tuple[pd.DataFrame, Counter]:
    """Give the column of labels the name `label`, and count what is to be said of the choice.

    It is the one asked for, else the first with a usual name, else the one that the source says holds classes (`known`)
    or whose name speaks of labels. LaunderError where the one asked for is missing, or several speak of labels.
    """
    if label is not None and label not in table:
        raise LaunderError(
            f"expected the column {label!r} with the labels of the images, found none; name another in score.target"
        )
    name = label or _chosen([str(name) for name in table], known)
    if name is None:
        return table, Counter({"further columns, none of them labels (score.target names one)": len(table.columns)})
    others = table if name == LABEL_COLUMN or LABEL_COLUMN not in table else table.drop(columns=LABEL_COLUMN)
    usual = label is not None or name.lower() in USUAL_LABEL_COLUMNS[:7]
    return others.rename(columns={name: LABEL_COLUMN}), Counter(
        {} if usual else {f"labels taken from the column {name!r}": len(table)}
    )


def _chosen(names: list[str], known: Sequence[str]) -> str | None:
    for usual in USUAL_LABEL_COLUMNS:
        if found := [name for name in names if name.lower() == usual]:
            return found[0]
    likely = [name for name in names if name in known] or [name for name in names if LIKELY_LABEL_COLUMN.search(name)]
    if len(likely) > 1:
        raise LaunderError(
            f"expected one column of labels, found {', '.join(map(repr, likely))}; name one in score.target"
        )
    return likely[0] if likely else None


def classes(folders: Sequence[tuple[str, ...]]) -> tuple[list[str | None], Counter]:
    """Return the class of each image by the folders above it, None for one in no folder, and count splits that were
    joined.

    A folder that all share, and folders called train and test, are no classes: those below them are.
    """
    folders = _below_common(list(folders))
    joined: Counter[str] = Counter()
    tops = {path[0] for path in folders if path}
    if tops and all(folders) and {top.lower() for top in tops} <= SPLITS:
        joined[f"folders of splits, read as one collection ({', '.join(sorted(tops))})"] = len(tops)
        folders = [path[1:] for path in folders]
    return [path[0] if path else None for path in folders], joined


def _below_common(folders: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Leave out the folders that all images share, as far as several are left below."""
    below = folders
    while all(below) and len({path[0] for path in below}) == 1:
        below = [path[1:] for path in below]
    return below if len(set(below)) > 1 and all(below) else folders
