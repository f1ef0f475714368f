"""Agreement: do the labels of synthetic rows go with the rest of the row as those of real rows do?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd

from launderette.evaluation import chance, entities
from launderette.evaluation.chance import Loss
from launderette.evaluation.fidelity import effects
from launderette.evaluation.measures import cells
from launderette.evaluation.measures.intervals import placements
from launderette.evaluation.measures.once import once
from launderette.evaluation.models import judges
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Obstacle, Reason, Score, unknown
from launderette.evaluation.streams import RandomStream, generator
from launderette.evaluation.utility import targets, wrong_labels
from launderette.evaluation.utility.targets import FREQUENT_CLASSES, is_quantity
from launderette.evaluation.utility.wrong_labels import LEAST_CLASS, Judged

AGREEMENT_ROWS = 15_000  # of each table
LEAST_TABLE = 60  # rows
LEAST_AGREEMENT_ROWS = 100  # of a subgroup, in both tables
KNOWN = 4  # standard errors from nothing, that real rows have to be for anything to be lost

Part = tuple[str, float, float]  # name, share lost, its standard error


def agreement(samples: Samples, *, seed: int = 0) -> Score:
    """How well the target still agrees with the other columns: 1 - the share of the agreement lost beyond chance, in
    the worst class; in [0, 1], higher better.

    Models that learnt from other real rows predict how likely each class is in a row. What is kept is the regression
    coefficient of the labels on this, over that of unseen real rows: with a constant, which sees labels exchanged, and
    without, which sees labels of a class lost. Of a number the rank is predicted. Cost: eighteen fits.
    """
    return _kept(samples, seed, lambda real, other: _parts(str(samples.target), real, other), sure=False)


def agreement_subgroups(samples: Samples, *, seed: int = 0) -> Score:
    """As `agreement`, in the worst subgroup: at least 100 rows of one label or of one eighth of a number.

    The share of labels exchanged is judged too, as in `labels`. Chance takes most of what so few rows show, so that
    what is lost beyond it is the low end of its 95 % interval.
    """
    return _kept(samples, seed, lambda real, other: _by_group(samples, real, other), sure=True)


def labels(samples: Samples, *, seed: int = 0) -> Score:
    """1 - the share of the target's labels that are wrong beyond chance, at least (95 %), in the worst class; in [0,
    1], higher better.

    Wrong labels were exchanged between rows, or lost by a class to others. Models that learnt from other real rows
    predict how likely each class is in a row; the share follows from the derivative of the labels' log-likelihood by it
    (score test, Rao 1948), beside that of unseen real rows and of these with every label wrong. A number has no labels.
    Cost: that of `agreement`, whose models are used.
    """
    if samples.target in samples.known and is_quantity(samples):
        return unknown(Reason.NO_LABELS, "the target is a number, whose agreement is judged by its rank")
    return _kept(samples, seed, lambda real, other: _wrong(samples, real, other), sure=True)


def _kept(samples: Samples, seed: int, parts: Callable[[Judged, Judged], Iterable[Part]], *, sure: bool) -> Score:
    if obstacle := _obstacle(samples):
        return unknown(*obstacle)

    def measure(role: str) -> list[Loss]:
        real, *others = _judged(samples, role == "synthetic", seed)
        found = parts(real, others[-1 if role == "holdout" else 0])
        return chance.allowed([Loss(*part) for part in found])

    absent = Reason.TARGET_UNPREDICTABLE, "models of real rows do not predict the target of others there"
    return chance.kept(samples, measure, absent, f"Up to {AGREEMENT_ROWS:,} rows of each table.", sure=sure)


def _obstacle(samples: Samples) -> Obstacle | None:
    if found := targets.obstacle(samples, tested=False):
        return found
    if not is_quantity(samples) and len(_classes(samples)) < 2:
        return Reason.TOO_FEW_ROWS, f"no two classes of the target have {LEAST_CLASS} training rows"
    sizes = {role: len(_rows(samples, samples.table(role), seed=0)) for role in ("train", "synthetic")}
    small = [f"{size} {role}" for role, size in sizes.items() if size < LEAST_TABLE]
    text = f"at least {LEAST_TABLE} rows with a target are needed, found {', '.join(small)}"
    return (Reason.TOO_FEW_ROWS, text) if small else None


@once
def _classes(samples: Samples) -> np.ndarray:
    """The most frequent classes with training rows enough."""
    column = str(samples.target)
    values = samples.table("train")[column].dropna().to_numpy()
    names, counts = np.unique(values if samples.is_number(column) else values[values >= 0], return_counts=True)
    frequent = np.argsort(-counts, kind="stable")[:FREQUENT_CLASSES]
    return np.sort(names[frequent[counts[frequent] >= LEAST_CLASS]])


def _rows(samples: Samples, table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Rows whose target is compared, at most AGREEMENT_ROWS of them."""
    values = table[samples.target]
    table = table[values.notna() if is_quantity(samples) else values.isin(_classes(samples))]
    return table.iloc[np.sort(generator(seed, RandomStream.AGREEMENT_ROWS).permutation(len(table))[:AGREEMENT_ROWS])]


@once
def _judged(samples: Samples, released: bool, seed: int) -> list[Judged]:
    """The real rows that the synthetic ones are compared with, and those; else training, shuffled and holdout rows."""
    roles = ["synthetic"] if released else ["shuffled", *(["holdout"] if samples.holdout is not None else [])]
    real, *others = (
        _rows(samples, table, seed) for table in (chance.real(samples, roles[0]), *map(samples.table, roles))
    )
    targets = [_target(samples, table, real) for table in (real, *others)]
    owners = chance.owners(samples, roles[0])
    owners = None if owners is None else owners[real.index]
    said = judges.opinions(samples, real, targets[0], [real, *others], seed, owners)
    classes = np.arange(said[0].shape[1])
    true = [v[:, None] if is_quantity(samples) else (v[:, None] == classes).astype(float) for v in targets]
    whose = owners, *(None for _ in others)
    return [Judged(*one) for one in zip((real, *others), said, true, whose, strict=True)]


def _target(samples: Samples, table: pd.DataFrame, real: pd.DataFrame) -> np.ndarray:
    """Number of the class of each row, or its rank among the real rows: [rows]."""
    values, known = table[samples.target].to_numpy(), real[samples.target].to_numpy()
    return placements(values, known) if is_quantity(samples) else np.searchsorted(_classes(samples), values)


def _by_group(samples: Samples, real: Judged, other: Judged) -> Iterator[Part]:
    """The parts of each subgroup that has rows enough in both tables."""
    for column in (c for c in samples.known if c != samples.target):
        one, two = (cells.codes(samples, column, real.table, judged.table) for judged in (real, other))
        for cell in np.unique(one):
            inside = one == cell, two == cell
            if min(map(np.count_nonzero, inside)) >= LEAST_AGREEMENT_ROWS:
                name, there = f"{samples.target}, by {column}", [real.inside(inside[0]), other.inside(inside[1])]
                yield from _parts(name, *there)
                if not is_quantity(samples):
                    yield from ((name, *share) for share in wrong_labels.exchanged(*there))


def _wrong(samples: Samples, real: Judged, other: Judged) -> list[Part]:
    return [(str(samples.target), *share) for share in wrong_labels.shares(real, other)]


def _parts(name: str, real: Judged, other: Judged) -> Iterator[Part]:
    """What is lost of each class that real rows know, with a constant and without; of a rank, with one."""
    kinds = real.said.shape[1]
    for kind in range(kinds):
        for centred in (True, False)[kinds == 2 and kind == 1 : 1 if kinds == 1 else 2]:  # one of two says both
            usual, spread = effects.slope(real.said[:, kind], real.true[:, kind], centred=centred)
            effect = _design_effect(real, kind, usual, centred)
            error = spread * np.sqrt(effect / len(real.said))
            if usual <= KNOWN * error:
                continue
            left, wider = effects.slope(other.said[:, kind], other.true[:, kind], centred=centred)
            drawn = _drawn(other.said[:, kind], centred) if kinds > 1 else 0.0
            error = np.hypot(error, max(spread, wider, drawn) * np.sqrt(effect / len(other.said)))
            yield name, float(np.clip(1 - left / usual, 0, 1)), float(error / usual)


def _design_effect(real: Judged, kind: int, left: float, centred: bool) -> float:
    """How many times the regression coefficient varies as much as that of independent rows."""
    if real.owners is None:
        return 1.0
    said, true = (of[:, kind] - of[:, kind].mean() * centred for of in (real.said, real.true))
    return entities.design_effect(said * (true - left * said), real.owners)


def _drawn(said: np.ndarray, centred: bool) -> float:
    """That deviation where a row is of the class as often as was said. None of few rows may be, and then their own
    deviations from what was said are hardly any.
    """
    weight, likely = said - said.mean() if centred else said, np.clip(said, 0, 1)
    size = float(np.square(weight).mean())
    return (
        float(np.sqrt((np.square(weight) * likely * (1 - likely)).mean())) / size
        if size >= effects.LEAST_MEAN_SQUARE
        else 0.0
    )
