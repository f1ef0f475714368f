"""Rules of the data take nothing from the ends of columns; a rule that is asked for does what it says."""

import numpy as np
import pandas as pd
import pytest

from generators.data.inference import infer
from generators.encoding import encoder
from generators.sampling import raking
from generators.sampling.conditioning import CHUNK_ROWS
from generators.sampling.reading import read
from generators.sampling.rows import Asked, draw, draw_part

ENDS = [0.02, 0.05, 0.1, 0.9]


@pytest.fixture(scope="module")
def asked():
    """Rules on a model that has learnt two positive numbers, one never above the other, but for noise; their chunks."""

    def drawn(seed, rows):
        rng = np.random.default_rng([seed, 3])
        low = rng.gamma(1.2, 1, rows)
        noise, other = rng.normal(0, 0.1, rows), rng.choice(["a", "b"], rows)
        high = np.abs(low * (1 + rng.gamma(1, 0.5, rows)) + noise)
        return pd.DataFrame({"low": low.round(3), "high": high.round(3), "other": other})

    whole = encoder.fit(drawn(0, 4000), infer(drawn(0, 4000)))

    def chunk(seed, first, guided):
        rng = np.random.default_rng([seed % 2**32, first])
        return whole.encode(drawn([seed % 2**32, first], CHUNK_ROWS)), rng.random((CHUNK_ROWS, 3))

    def asking(*rules):
        return Asked(whole, read(None, rules, whole), guided=False), chunk

    return asking


def test_a_rule_of_the_data_takes_nothing_from_the_ends(asked, monkeypatch):
    free, held = draw(6000, *asked(), 1), draw(6000, *asked("low <= high"), 1)
    assert (held["low"] <= held["high"]).all()
    assert held["other"].eq("a").mean() == pytest.approx(0.5, abs=0.04)
    part = draw_part(range(3000, 4000), *asked("low <= high"), 1)
    assert part.equals(held[3000:4000].reset_index(drop=True))
    monkeypatch.setattr(raking, "weigh", lambda *rows: None)
    lost = draw(6000, *asked("low <= high"), 1)
    usual, kept, gone = (t["high"].quantile(ENDS).to_numpy() for t in (free, held, lost))
    assert gone[0] > 1.8 * usual[0] and np.all(np.abs(kept - usual) < 0.5 * np.maximum(gone - usual, 0.1 * usual))


def test_a_rule_that_many_rows_break_is_asked_for(asked, monkeypatch):
    rules = ["high <= low + 0.2"]
    held = draw(2000, *asked(*rules), 1)
    monkeypatch.setattr(raking, "weigh", lambda *rows: None)
    assert draw(2000, *asked(*rules), 1).equals(held)
