"""Sums and means of many numbers: scores of questionnaires, years of months, shares that add up to 100."""

import numpy as np
import pandas as pd
import pytest

import generators
from generators import Budget, infer
from generators.encoding import encoder

ROWS = 300


def answers():
    rng = np.random.default_rng(0)
    able = rng.normal(0, 1, (ROWS, 1))
    marks = np.clip(np.round(1.5 + 0.8 * able + rng.normal(0, 0.6, (ROWS, 9))), 0, 3).astype(int)
    return pd.DataFrame(marks, columns=[f"q{k}" for k in range(9)])


def halves(frame):
    return frame.assign(A=frame.iloc[:, :4].sum(axis=1), B=frame.iloc[:, 4:].sum(axis=1), T=frame.sum(axis=1))


def shares():
    rng = np.random.default_rng(0)
    found = pd.DataFrame(rng.dirichlet([3, 2, 2, 1], ROWS) * 100, columns=list("abcd")).round(1)
    return found.assign(e=(100 - found[list("abcd")].sum(axis=1)).round(1) + 5, d=found["d"] - 5)


def weighted():
    rng = np.random.default_rng(0)
    found = pd.DataFrame(rng.normal(50, 9, (ROWS, 3)).round(1), columns=list("xyz"))
    return found.assign(w=(0.3 * found.x + 0.5 * found.y + 0.2 * found.z).round(2))


MANY = " + ".join(f"q{k}" for k in range(9))
FRAMES = {
    "sum": (answers().assign(total=answers().sum(axis=1)), {"total": MANY}),
    "mean": (answers().assign(mean=answers().mean(axis=1).round(2)), {"mean": f"({MANY}) / 9"}),
    "parts": (halves(answers()), {"A": "q0 + q1 + q2 + q3", "B": "q4 + q5 + q6 + q7 + q8", "T": "A + B"}),
    "turned": (
        answers().assign(t=lambda f: 12 + f.iloc[:, :5].sum(axis=1) - f.iloc[:, 5:].sum(axis=1)),
        {"t": "12 + q0 + q1 + q2 + q3 + q4 - q5 - q6 - q7 - q8"},
    ),
    "weighted": (weighted(), {"w": "0.3 * x + 0.5 * y + 0.2 * z"}),
    "shares": (shares(), {"a": "100 - b - c - d - e"}),
    "nearly": (answers().assign(t=lambda f: f.sum(axis=1) + np.arange(ROWS) % 5), {}),
    "flags": (pd.DataFrame(np.eye(4, dtype=int)[np.arange(ROWS) % 4], columns=list("abcd")), {}),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_column_is_the_sum_of_others_to_the_last_tick_or_is_none(name):
    frame, expected = FRAMES[name]
    found = {one.name: one.formula.text for one in encoder.fit(frame, infer(frame)).derived}
    assert {column: text for column, text in found.items() if " by which of " not in text} == expected


def test_every_drawn_score_adds_up(tmp_path):
    frame = FRAMES["parts"][0]
    generators.fit(frame, budget=Budget(steps=5)).save(tmp_path / "model")
    drawn = generators.open_model(tmp_path / "model").sample(200, seed=1)
    assert (drawn.filter(like="q").sum(axis=1) == drawn["T"]).all() and (drawn["A"] + drawn["B"] == drawn["T"]).all()
