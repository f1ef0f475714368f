"""The checks that tables and images share: what stands on both sides of a split, what is released, one population."""

from __future__ import annotations

import numpy as np

from launderette.evaluation.inputs import nearness, repeats
from launderette.evaluation.inputs.findings import Finding, Level, judged
from launderette.evaluation.samples import Samples

REFUSED_SHARE, WARNED_SHARE = 0.05, 0.01  # of repeated rows or images of a real side that refuse and that warn
GUESSING_AUC, DRIFT_AUC = 0.5, 0.55  # areas under the curve: by chance, and of a holdout of another population
GIVEN_TWICE_SHARE = 0.5  # of the released rows equal to real ones, by which a table was given twice
HOPELESS = 0.5  # of the holdout

Hashes = dict[str, np.ndarray]  # uint64 [rows] by role


def overlap(hashes: Hashes, noun: str = "rows") -> Finding:
    """Whether more rows stand on both sides than a random split leaves there."""
    found, size = repeats.split(hashes["train"], hashes["holdout"]), len(hashes["holdout"])
    said = f"{found.held:,} of {size:,} holdout {noun} are training {noun} too"
    least = f"a random split leaves at most {found.most:,.0f} different {noun} on both sides, found {found.both:,}."
    level = Level.REFUSED if found.excessive else Level.HELD
    hopeless = found.excessive and found.held >= HOPELESS * size
    return Finding("overlap", level, found.both, found.most, f"{said}; {least}", hopeless)


def near_overlap(looks: list[Samples], seed: int, noun: str = "rows") -> Finding:
    """Whether held-out rows lie nearer to training rows than these to each other, in the look that says most."""
    found = [nearness.excess(look, seed) for look in looks]
    excess, chance = max(found, key=lambda pair: pair[0] / max(pair[1], 1e-9))
    said = (
        f"{max(0.0, excess):.1%} of the holdout {noun} more than of training {noun} lie near another training one; "
        f"chance explains {chance:.1%}."
    )
    return judged("near_overlap", excess, chance, (said, f"{said} The holdout was made from training {noun}."))


def drift(samples: Samples, seed: int, noun: str = "rows") -> Finding:
    """Whether boosted trees tell the two real sides apart."""
    area, low, size = nearness.told_apart(samples, seed)
    said = (
        f"Boosted trees tell {size:,} holdout {noun} from as many training {noun} "
        f"with an area under the curve of {area:.2f}, where guessing has 0.50"
    )
    told = low > GUESSING_AUC
    level = Level.HELD if not told else Level.REFUSED if area > DRIFT_AUC else Level.WARNED
    ends = f"{said}; they are not of one population." if told else f"{said}."
    return Finding("drift", level, area, DRIFT_AUC, ends)


def released(hashes: Hashes, noun: str = "rows") -> list[Finding]:
    """Whether the release is one of the real tables."""
    findings = []
    for role in (role for role in ("train", "holdout") if role in hashes):
        other = hashes["holdout" if role == "train" else "train"] if "holdout" in hashes else hashes[role][:0]
        hits = np.isin(hashes["synthetic"], np.setdiff1d(hashes[role], other))
        side = "training" if role == "train" else role
        said = f"{int(hits.sum()):,} of {len(hits):,} released {noun} are {side} {noun}, and of no other table."
        findings.append(judged(f"released_{role}", float(hits.mean()), GIVEN_TWICE_SHARE, (said, said)))
    return findings
