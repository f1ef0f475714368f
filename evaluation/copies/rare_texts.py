"""Parts of texts that one real row alone has: what a copied text keeps that was written otherwise, or changed a
little.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pandas as pd

from launderette.evaluation import entities
from launderette.evaluation.canonical import label
from launderette.evaluation.copies import known_codes, nearest_texts, told_numbers
from launderette.evaluation.copies.letters import RUN, Letters, Places
from launderette.evaluation.copies.rare_counts import FEW, ROLES, Sharing, sharing
from launderette.evaluation.measures import reuse
from launderette.evaluation.measures.neighbours import REAL_ROLES
from launderette.evaluation.samples import Samples

TEXTS, TEXT_SHARE = 5000, 0.05  # rows of each table whose texts are read; share of different ones in a column of texts


def fragments(samples: Samples, numbers: Collection[str]) -> list[Sharing]:
    """Rare parts of texts, and of the digits of columns of whole numbers, by column and kind."""
    if samples.holdout is None:
        return []
    asked = {role: samples.rows(role, TEXTS, 0) for role in ROLES}
    sizes = np.array([len(asked[role]) for role in ROLES])
    owners = _owners(samples, asked)
    found: list[Sharing] = []
    texts: dict[str, list[str]] = {}
    letters: dict[str, Letters] = {}
    for column in samples.train.columns:
        if samples.is_number(column) and column not in numbers:
            continue
        written = [samples.frames[r][column].iloc[asked[r]].map(label, na_action="ignore") for r in ROLES]
        if written[0].nunique() > max(FEW, TEXT_SHARE * sizes[0]):
            texts[column] = ["" if pd.isna(text) else text for text in pd.concat(written)]
            words = [reuse.words(text) for text in texts[column]]
            plain = ["".join(found) for found in words]
            letters[column] = Letters(plain)
            parts = letters[column].parts() | ({} if column in numbers else _written(words))
            found += [sharing(f"{kind} in {column}", *places, sizes) for kind, places in parts.items()]
            found += told_numbers.moved(column, plain, sizes)
            found += nearest_texts.nearest(column, letters[column], owners, sizes)
    found += _elsewhere(letters, sizes)
    found += known_codes.known_codes(texts, letters, sizes)
    found += told_numbers.told_numbers(samples, asked, texts, sizes)
    return [one for one in found if one.rows.any()]


def _owners(samples: Samples, asked: Mapping[str, np.ndarray]) -> np.ndarray:
    """Number the entity that each real row asked about belongs to: int64 [rows]."""
    if samples.entity is None:
        return np.arange(sum(len(asked[role]) for role in REAL_ROLES))
    named = [samples.frames[role][samples.entity].iloc[asked[role]] for role in REAL_ROLES]
    return entities.owners_of(pd.concat(named, ignore_index=True))


def _elsewhere(letters: Mapping[str, Letters], sizes: np.ndarray) -> Iterator[Sharing]:
    """What real rows have in one column and released rows in another: an e-mail that a note tells."""
    real, runs = int(sizes[:2].sum()), {column: one.runs(RUN) for column, one in letters.items()}
    for column, (codes, rows) in runs.items():
        own = rows < real
        parts = [(codes[own], rows[own])]
        for found, where in (places for other, places in runs.items() if other != column):
            told = (where >= real) & np.isin(found, codes[own])
            parts.append((found[told], where[told]))
        codes, places = (np.concatenate(part) for part in zip(*parts, strict=True))
        yield sharing(f"runs of {RUN} characters of {column}, in another column,", codes, places, sizes)


def _written(texts: list[list[str]]) -> dict[str, Places]:
    """What the words of texts leave when some are changed."""
    codes: dict[str, dict[str, int]] = defaultdict(dict)
    places: dict[str, dict[tuple[int, int], None]] = defaultdict(dict)  # of a part in a row, once each
    for row, words in enumerate(texts):
        for kind, part in reuse.fragments(words):
            places[kind][codes[kind].setdefault(part, len(codes[kind])), row] = None
    return {kind: (*np.array([*found], dtype=np.int64).reshape(-1, 2).T,) for kind, found in places.items()}
