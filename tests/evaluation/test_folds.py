"""Folds of whole groups: what belongs together is never learned from and tested by, and every class is on both
sides.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evaluation.augmentation import folds, resampling
from evaluation.augmentation.cross_validation import cross_validate
from evaluation.augmentation.resampling import Resampled, row_hashes
from evaluation.scores import EvaluationError
from tests.evaluation.test_augmentation import linear, lopsided


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.none() | st.integers(0, 11), st.integers(0, 9), st.booleans()), min_size=20, max_size=60),
    st.integers(0, 99),
)
def test_no_group_and_no_copy_of_a_row_crosses_folds(drawn, seed):
    owners, doses, ill = (list(part) for part in zip(*drawn, strict=True))
    assume(min(ill.count(True), ill.count(False)) > 5)
    task = folds.task_of(pd.DataFrame({"dose": doses, "ill": ill}), "ill", {}, owners)
    try:
        count = folds.possible(task, 4, 2, seed)
    except EvaluationError:  # few distinct rows, or few groups of one class
        assume(False)
    runs = list(folds.runs_of(task, count, 2, seed))
    assert len(runs) == 2 * count
    for fit, test in runs:
        assert sorted([*fit, *test]) == list(range(len(ill)))
        assert not {owners[i] for i in fit} & {owners[i] for i in test} - {None}
        assert not set(task.hashes[fit]) & set(task.hashes[test])
        assert {ill[i] for i in fit} == {ill[i] for i in test} == {True, False}


def test_a_cross_validation_says_so_and_hands_each_strategy_the_groups_of_its_rows():
    table, owners, seen = lopsided(120), np.arange(120) // 4, []

    def candidate(train, *, groups, **_):
        seen.append(groups)
        return {"candidate": Resampled(train, row_hashes(train))}

    how = {"learners": {"linear": linear}, "baselines": {"none": resampling.none}, "folds": 3, "repeats": 1}
    found = cross_validate(table, "ill", {"candidate": candidate}, groups=owners, **how)
    assert found.grouped and found.to_json()["grouped"] and [len(groups) for groups in seen] == [80, 80, 80]
    assert all(np.isin(np.bincount(groups), (0, 4)).all() for groups in seen)
    with pytest.raises(EvaluationError, match=r"one group per row \(120\), found 7"):
        cross_validate(table, "ill", {}, groups=owners[:7], **how)


def test_fewer_folds_are_cut_where_few_groups_have_a_class():
    table = lopsided(120)
    owners = np.where(table["ill"] == "yes", np.arange(120) // 6 % 3, np.arange(120))
    task = folds.task_of(table, "ill", {}, owners)
    assert folds.possible(task, 5, 1, 0) == 3
    alone = folds.task_of(table, "ill", {}, np.where(table["ill"] == "yes", -1, np.arange(120)))
    with pytest.raises(EvaluationError, match="two folds of whole groups"):
        folds.possible(alone, 5, 1, 0)
