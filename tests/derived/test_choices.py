"""Sets of 0/1 columns of which one at most is 1 are found and learnt as one label; flags that are apart by chance are
not.
"""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from generators import infer
from launderette.generators.encoding import encoder
from launderette.generators.encoding.encoding import Encoding


def flags(labels: np.ndarray, names: str, dtype: str) -> dict[str, np.ndarray]:
    return {name: (labels == k).astype(dtype) for k, name in enumerate(names)}


@settings(max_examples=20, deadline=None)
@given(
    sizes=st.sampled_from(["abc", "abcd", "abcdefg"]),
    one_at_least=st.booleans(),
    dtype=st.sampled_from(["bool", "int64", "float64"]),
    missing=st.booleans(),
    seed=st.integers(0, 99),
)
def test_a_set_is_one_label_and_comes_back_whatever_is_drawn(sizes, one_at_least, dtype, missing, seed):
    rng, rows = np.random.default_rng(seed), 900  # so that enough rows share the rarest label
    shares = 1 + np.arange(len(sizes) + (not one_at_least))
    label = rng.choice(len(shares), rows, p=shares[::-1] / shares.sum())
    own = flags(label, sizes, dtype)
    other = {f"other {k}": (rng.random(rows) < share).astype(dtype) for k, share in enumerate((0.5, 0.3, 0.02))}
    frame = pd.DataFrame({name: {**own, **other}[name] for name in rng.permutation([*own, *other])})
    if missing and dtype == "float64":
        frame.loc[:30, list(own)] = np.nan
    table = encoder.fit(frame, infer(frame))
    assert {one.name for one in table.derived} == set(own)
    drawn = drawn_from(table, rng)
    assert drawn.dtypes.equals(frame.dtypes)
    ones = drawn[list(own)].astype("float64").sum(axis=1, min_count=1).dropna()
    assert ones.max() == 1 and ones.min() == int(one_at_least)
    again = Encoding.from_dict(table.to_dict())
    pd.testing.assert_frame_equal(
        again.decode(table.encode(frame), np.zeros((rows, len(table.known)))), frame, check_exact=True
    )


def drawn_from(table: Encoding, rng: np.random.Generator) -> pd.DataFrame:
    tokens = np.stack([rng.integers(0, size, 300) for size in table.layout.sizes], 1)
    return table.decode(tokens, rng.random((300, len(table.known))))


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 9999), rows=st.sampled_from([60, 200, 1000]))
def test_independent_flags_are_no_set(seed, rows):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"f{k}": (rng.random(rows) < rng.uniform(0.02, 0.6)).astype(int) for k in range(16)})
    assert encoder.fit(frame, infer(frame)).between == ()
