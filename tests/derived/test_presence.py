"""Identifiers that only some rows have: whether a row has one goes with the rest of it."""

import numpy as np
import pandas as pd
import pytest

import generators
from generators import Budget
from generators.data.inference import infer
from generators.derived import presence, running, words
from pipelines.scoring.readable import Comparable


def payments(rows=1500):
    rng = np.random.default_rng(0)
    kind = rng.choice(["card", "transfer", "cash"], rows)
    shops = [f"K-{n:07d}" for n in rng.integers(0, 10**7, rows)]
    merchant = pd.Series(np.where(rng.random(rows) < 0.5, "-", None), dtype="object").where(kind != "card", shops)
    return pd.DataFrame({"merchant": merchant, "kind": kind, "amount": rng.gamma(2, 20, rows).round(2)})


def visits(patients=120, each=5):
    rng = np.random.default_rng(1)
    sex, reached = rng.choice(["f", "m"], patients), rng.random(patients) < 0.6
    phone = [f"+49 170 {n:07d}" if there else None for n, there in zip(rng.permutation(10**6), reached, strict=False)]
    frame = pd.DataFrame(
        {"patient": [f"P{n:05d}" for n in range(patients)], "phone": phone, "sex": sex, "told": reached}
    )
    return frame.loc[frame.index.repeat(each)].assign(day=rng.integers(0, 90, patients * each)).reset_index(drop=True)


@pytest.mark.parametrize("name", ["tabular.marginals", "tabular.autoregressive"])
def test_a_merchant_goes_with_payments_by_card(name):
    frame = payments()
    model = generators.fit(frame, name, schema=infer(frame), budget=Budget(steps=30))
    drawn = model.sample(1000)
    assert ((drawn["kind"] == "card") == drawn["merchant"].notna()).mean() > 0.98
    assert drawn["merchant"].dropna().is_unique and not set(drawn["merchant"].dropna()) & set(frame["merchant"])
    assert list(drawn.columns) == list(frame.columns)


@pytest.mark.parametrize("groups", ["patient", None])
def test_what_a_whole_patient_lacks_all_rows_of_one_lack(groups):
    frame = visits()
    (part,) = presence.find(frame, infer(frame))
    assert part.over == "patient"
    named = None if groups is None else frame[groups]
    drawn = generators.fit(frame, "tabular.marginals", schema=infer(frame), groups=named).sample(600)
    assert (drawn.groupby("patient")["phone"].nunique(dropna=False) == 1).all()
    assert abs(drawn["phone"].notna().mean() - frame["phone"].notna().mean()) < 0.15


def test_few_rows_without_one_have_no_flag():
    frame = payments(200).assign(merchant=[f"K-{n:07d}" for n in range(190)] + [None] * 10)
    assert presence.find(frame, infer(frame)) == ()


def test_the_evaluation_reads_which_rows_have_one():
    frame = payments()
    compared = Comparable.of(frame, infer(frame))
    read = compared.read(frame)
    assert compared.kinds["presence of merchant"] == "boolean" and compared.parts["presence of merchant"] == "merchant"
    assert read["presence of merchant"].tolist() == (frame["kind"] == "card").tolist()


@pytest.mark.parametrize("part", [presence, running, words])
def test_a_table_without_such_columns_is_not_copied(part):
    frame = pd.DataFrame({"a": [1, 2]})
    assert part.read(frame, ()) is frame
