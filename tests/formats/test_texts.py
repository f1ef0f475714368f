import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from launderette.generators.formats import dtypes, written

CELLS = st.sampled_from(["a", "b ", "", "NA", "1", None, float("nan"), pd.NA, pd.NaT, 1, True, 2.5, b"a", (1,), [1]])


@settings(max_examples=100, deadline=None)
@given(cells=st.lists(CELLS, max_size=5))
def test_texts_are_counted_in_the_order_in_which_they_come(cells):
    values = pd.Series(cells, dtype=object)
    counts = dtypes.text_counts(values)
    assert (counts is not None) == dtypes.is_text(values)
    if counts is not None:
        assert list(counts.items()) == list(written.texts_of(dtypes.present(values)).items())
        assert list(counts.index) == list(values.drop_duplicates().dropna())
