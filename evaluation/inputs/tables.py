"""The checks of three tables, each a number against what chance leaves there."""

from __future__ import annotations

import numpy as np
import pandas as pd

from launderette.evaluation.inputs import nearness, repeats
from launderette.evaluation.inputs.findings import Finding, Level, judged
from launderette.evaluation.measures import reuse
from launderette.evaluation.samples import Samples

REPEATED, SOME = 0.05, 0.01  # shares of copied rows of a real table that refuse and that warn
GUESSING, APART = 0.5, 0.55  # areas under the curve: by chance, and of a holdout of another population
WHOLE = 0.5  # of the released rows equal to real ones, by which a table was given twice
HOPELESS = 0.5  # of the holdout


def check(samples: Samples, seed: int = 0) -> tuple[Finding, ...]:
    """Check overlap, near copies, identifiers and repeats of the real tables, their likeness, and what is released."""
    if not samples.columns:
        return ()
    cells = {role: repeats.rows(samples, role) for role in samples.frames}
    hashes = {role: repeats.total(found) for role, found in cells.items()}
    found = [_repeats(samples, cells), *_released(hashes)]
    if samples.holdout is not None:
        found += [_overlap(hashes), *_identifiers(samples)]
        if samples.known and min(samples.size("train"), samples.size("holdout")) >= nearness.LEAST:
            found += [_near(samples, seed), _drift(samples, seed)]
    return tuple(found)


def _overlap(hashes: dict[str, np.ndarray]) -> Finding:
    found, size = repeats.split(hashes["train"], hashes["holdout"]), len(hashes["holdout"])
    said = f"{found.held:,} of {size:,} holdout rows are training rows too"
    least = f"a random split leaves at most {found.most:,.0f} different rows on both sides, found {found.both:,}."
    level = Level.REFUSED if found.excessive else Level.HELD
    hopeless = found.excessive and found.held >= HOPELESS * size
    return Finding("overlap", level, found.both, found.most, f"{said}; {least}", hopeless)


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
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
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
    return judged("repeats", value, REPEATED, (said, said), warn=SOME)


def _near(samples: Samples, seed: int) -> Finding:
    excess, chance = nearness.excess(samples, seed)
    said = (
        f"{max(0.0, excess):.1%} of the holdout rows more than of training rows lie near another training row; "
        f"chance explains {chance:.1%}."
    )
    return judged("near_overlap", excess, chance, (said, f"{said} The holdout was made from training rows."))


def _drift(samples: Samples, seed: int) -> Finding:
    area, low, size = nearness.told_apart(samples, seed)
    said = (
        f"Boosted trees tell {size:,} holdout rows from as many training rows "
        f"with an area under the curve of {area:.2f}, where guessing has 0.50"
    )
    told = low > GUESSING
    level = Level.HELD if not told else Level.REFUSED if area > APART else Level.WARNED
    ends = f"{said}; they are not of one population." if told else f"{said}."
    return Finding("drift", level, area, APART, ends)


def _released(hashes: dict[str, np.ndarray]) -> list[Finding]:
    findings = []
    for role in (role for role in ("train", "holdout") if role in hashes):
        other = hashes["holdout" if role == "train" else "train"] if "holdout" in hashes else hashes[role][:0]
        hits = np.isin(hashes["synthetic"], np.setdiff1d(hashes[role], other))
        said = f"{int(hits.sum()):,} of {len(hits):,} released rows are rows of the {role} table and of no other."
        findings.append(judged(f"released_{role}", float(hits.mean()), WHOLE, (said, said)))
    return findings
