"""The checks of three tables, each a number against what chance leaves there."""

from __future__ import annotations

import numpy as np
import pandas as pd

from launderette.evaluation import canonical
from launderette.evaluation.inputs import checks, nearness, order, repeats
from launderette.evaluation.inputs.findings import Finding, judged
from launderette.evaluation.measures import reuse
from launderette.evaluation.samples import Samples


def check(samples: Samples, seed: int = 0) -> tuple[Finding, ...]:
    """Check overlap, near copies, identifiers and repeats of the real tables, their likeness, and what is released."""
    if not samples.columns:
        return ()
    cells = {role: repeats.rows(samples, role) for role in samples.frames}
    hashes = {role: repeats.total(found) for role, found in cells.items()}
    found = [_repeats(samples, cells), *checks.released(hashes)]
    if (in_order := order.check(samples)) is not None:
        found.append(in_order)
    if samples.holdout is not None:
        found += [checks.overlap(hashes), *_identifiers(samples)]
        if samples.known and min(samples.size("train"), samples.size("holdout")) >= nearness.LEAST_NEARNESS_ROWS:
            found += [checks.near_overlap([samples], seed), checks.drift(samples, seed)]
    return tuple(found)


def _identifiers(samples: Samples) -> list[Finding]:
    findings = []
    for column in samples.identifiers:
        train, held = (reuse.written(samples.frames[role][column]) for role in ("train", "holdout"))
        if not len(train) or not len(held) or _counts(train) or _counts(held):
            continue
        sides = np.split(pd.factorize(pd.concat([train, held]))[0], [len(train)])
        found = repeats.split(*sides)
        said = f"{found.both:,} values of the identifier {str(column)!r} stand in training and holdout rows"
        chance = f"a random split leaves at most {found.most:,.0f}."
        findings.append(judged("identifiers", found.both, found.most, (f"{said}; {chance}",) * 2))
    return findings


def _counts(texts: pd.Series) -> bool:
    """Whether the values number the rows of a file, which every file does anew."""
    numbers = canonical.number(texts)
    return bool(not np.isnan(numbers).any() and len(numbers) > 1 and np.all(np.diff(np.sort(numbers)) == 1))


def _repeats(samples: Samples, cells: dict[str, list[np.ndarray]]) -> Finding:
    roles = [role for role in ("train", "holdout") if role in cells]
    pooled = [np.concatenate(parts) for parts in zip(*(cells[role] for role in roles), strict=True)]
    copied = np.split(repeats.copied(pooled), [samples.size("train")])
    value = max(float(part.mean()) for part in copied if len(part))
    rows = sum(int(part.sum()) for part in copied)
    said = (
        f"{rows:,} of {len(pooled[0]):,} real rows stand there more than once, "
        "though no other row differs from them in one column only: they were repeated, not met twice by chance."
    )
    return judged("repeats", value, checks.REFUSED_SHARE, (said, said), warn=checks.WARNED_SHARE)
