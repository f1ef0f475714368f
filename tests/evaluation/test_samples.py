"""What is compared: kinds, canonical tables, and one sentence for tables that cannot be compared."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evaluation
from evaluation import canonical, samples, scores
from evaluation.metadata import Metadata
from evaluation.scores import EvaluationError


def one(**columns):
    return pd.DataFrame(columns)


GOOD = one(a=[1, 2, 3], b=["x", "y", "x"])


@pytest.mark.parametrize(
    ("train", "holdout", "synthetic", "words"),
    [
        (GOOD[:0], None, GOOD, "training table with rows"),
        (GOOD, None, GOOD[:0], "synthetic table with rows"),
        (GOOD, None, GOOD[["a"]], "without b"),
        (GOOD, GOOD[["a"]], GOOD, "holdout table .* without b"),
        (GOOD, None, GOOD.assign(c=1), "with the extra c"),
        (GOOD, None, pd.concat([GOOD, GOOD], axis=1), "duplicates in the synthetic"),
        (GOOD, None, one(a=["one", "two", "three"], b=["x", "y", "x"]), "numbers in column 'a' of the synthetic table"),
    ],
)
def test_tables_that_cannot_be_compared_are_told_in_one_sentence(train, holdout, synthetic, words):
    with pytest.raises(EvaluationError, match=words) as caught:
        evaluation.score(train, holdout, synthetic)
    text = str(caught.value)
    assert text.startswith("expected ") and "found" in text and "\n" not in text
    assert "three" not in text  # never a value


DAYS = pd.date_range("2020-01-01", periods=100).strftime("%Y-%m-%d").to_list()


@pytest.mark.parametrize("strays", [1, 30, 49])
def test_values_that_cannot_be_read_are_counted_in_the_report(strays):
    train = one(n=np.arange(100.0), d=DAYS)
    synthetic = one(n=["?"] * strays + [1.5] * (100 - strays), d=["soon"] * strays + DAYS[strays:])
    synthetic.loc[0, "n"] = np.inf
    found = evaluation.score(
        train, None, synthetic, kinds={"n": "numerical", "d": "datetime"}, names=["fidelity.shape"]
    ).to_json()
    assert found["unreadable"] == {"n": {"synthetic": strays}, "d": {"synthetic": strays}}
    said = [line for line in found["not_tested"] if "count as missing" in line]
    assert len(said) == 2 and all(f"{strays} synthetic" in line for line in said)


def test_few_unreadable_training_values_are_not_counted_to_the_last_one():
    later = pd.date_range("2020-04-10", periods=97).strftime("%Y-%m-%d")
    train, holdout = (one(d=[*days, "soon", "late", "?"]) for days in (DAYS[:97], later))
    found = evaluation.score(train, holdout, one(d=DAYS), kinds={"d": "datetime"}, names=["fidelity.shape"]).to_json()
    assert found["unreadable"] == {"d": {"train": None, "holdout": None}}
    assert any("fewer than 20 training, fewer than 20 holdout" in line for line in found["not_tested"])
    assert canonical.infer_kinds(train) == {"d": "identifier"}  # three are no dates, so it is none of dates


def test_dates_that_may_be_read_two_ways_are_refused():
    both = one(d=["3.4.20", "Apr 5 2020", "6/7/2020 10:00"])
    with pytest.raises(EvaluationError, match="one format in column 'd', found 2 that are read differently"):
        samples.make(both, None, both, kinds={"d": "datetime"}).table("train")


def test_an_unknown_kind_and_an_unknown_metric_are_told():
    with pytest.raises(EvaluationError, match="kind of column 'a'"):
        evaluation.score(GOOD, None, GOOD, kinds={"a": "integer"})
    with pytest.raises(ValueError, match=r"did you mean 'privacy\.membership'"):
        evaluation.score(GOOD, None, GOOD, names=["privacy.membershp"])


def test_a_target_that_is_no_column_is_told_before_anything_is_scored():
    near = one(income=range(40), age=range(40))
    with pytest.raises(EvaluationError, match="the target among the 2 columns, found 'incme'; did you mean 'income'"):
        evaluation.score(near, None, near, target="incme")
    with pytest.raises(EvaluationError, match="found 'zzz'; name one of them"):
        evaluation.score(near, None, near, target="zzz")


def test_kinds_are_inferred_from_the_training_table():
    frame = one(
        number=np.arange(60) / 7,
        flag=[True, False] * 30,
        label=list("abc") * 20,
        day=pd.date_range("2020-01-01", periods=60).strftime("%d.%m.%Y"),
        stamp=pd.date_range("2020-01-01", periods=60),
        code=[f"K{n}" for n in range(60)],
    )
    assert list(canonical.infer_kinds(frame).values()) == [
        "numerical",
        "boolean",
        "categorical",
        "datetime",
        "datetime",
        "identifier",
    ]


def test_one_spelling_per_value_whatever_the_reader_made_of_it():
    made = samples.make(
        one(n=[1, 2], f=[True, False], c=["1", "2"], d=["2020-01-01", "1970-01-02"]),
        None,
        one(n=["2.0", None], f=["True", None], c=[2.0, 1.0], d=["1970-01-02", None]),
        kinds={"n": "numerical", "f": "categorical", "c": "categorical", "d": "datetime"},
    )
    other = made.table("synthetic")
    assert other["n"].iloc[0] == 2 and np.isnan(other["n"].iloc[1])
    assert other["c"].tolist() == made.table("train")["c"].tolist()[::-1]
    assert other["f"].tolist() == [made.table("train")["f"].iloc[0], -1]
    assert other["d"].iloc[0] == 86_400 and np.isnan(other["d"].iloc[1])


def test_shuffled_columns_keep_their_values_and_the_canonical_tables_their_rows():
    frame = one(a=np.arange(50.0), b=np.arange(50.0))
    made = samples.make(frame, None, frame)
    shuffled = made.table("shuffled")
    assert sorted(shuffled["a"]) == list(range(50)) and (shuffled["a"] != shuffled["b"]).any()
    assert (
        made.rows("train", 20, 0).tolist() == made.rows("train", 20, 0).tolist() != made.rows("train", 20, 1).tolist()
    )


@pytest.mark.parametrize(
    "frame",
    [
        one(a=[np.nan, np.nan], b=[None, None]),
        one(a=[1, 1, 1]),
        one(a=[1.0, 2, 3, 4, 5], b=list("vwxyz")),
        one(code=[f"K{n}" for n in range(60)]),
        one(a=[np.inf, -np.inf, 0.0, 1e300] * 20, b=["", " ", "<b>", "x" * 300] * 20),
    ],
    ids=["no value at all", "one constant column", "five rows", "identifiers only", "infinite and odd"],
)
@pytest.mark.parametrize("held", [False, True])
def test_odd_tables_are_scored_or_said_not_to_be_computable(frame, held, recwarn):
    report = evaluation.score(frame, frame if held else None, frame, target=frame.columns[0])
    for name, score in report.scores.items():
        assert (score.value is None) is isinstance(score.reason, scores.Reason), name
        assert score.value is not None or "Not computable" in score.note, name
    if not held:
        assert report.scores["privacy.membership"].reason is scores.Reason.NO_HOLDOUT
    assert not [w for w in recwarn if issubclass(w.category, RuntimeWarning)]


def test_a_thousand_columns_are_scored():
    rng = np.random.default_rng(0)
    train, other = (pd.DataFrame(rng.normal(size=(60, 1000))).add_prefix("c") for _ in range(2))
    report = evaluation.score(train, None, other, names=["fidelity.shape", "fidelity.trend", "diversity.coverage"])
    assert all(score.value is not None for score in report.scores.values())
    assert "of 499,500 pairs" in report.scores["fidelity.trend"].note


PLAIN = {  # how numpy writes a value, and what the same table holds where Python wrote it
    np.str_: st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=5),
    np.bool_: st.booleans(),
    np.int8: st.integers(-9, 9),
    np.uint64: st.integers(0, 2**64 - 1),
    np.float16: st.floats(width=16, allow_nan=False, allow_infinity=False),
    np.float64: st.floats(allow_nan=False, allow_infinity=False),
    np.longdouble: st.floats(width=32, allow_nan=False, allow_infinity=False),
    np.bytes_: st.binary(max_size=3).map(lambda b: b.rstrip(b"\x00")),
    np.datetime64: st.datetimes(pd.Timestamp(1700, 1, 1), pd.Timestamp(2200, 1, 1)),
    np.timedelta64: st.timedeltas(pd.Timedelta(0).to_pytimedelta(), pd.Timedelta(9, "D").to_pytimedelta()),
}


@given(st.sampled_from(list(PLAIN)), st.sampled_from([None, *sorted(samples.COLUMN_KINDS)]), st.data())
@settings(max_examples=60, deadline=None)
def test_a_value_is_the_same_whoever_made_it(scalar, kind, data):
    """Columns of objects that hold numpy's scalars are read as those that hold Python's."""
    values = data.draw(st.lists(PLAIN[scalar], min_size=3, max_size=8))
    found = []
    for written in (values, [scalar(value) for value in values]):
        for dtype in ("object", "category" if scalar in (np.str_, np.bytes_, np.bool_) else "object"):
            frame = pd.DataFrame({"x": pd.Series([*written, None], dtype=object).astype(dtype)})
            try:
                made = samples.make(frame, frame, frame, kinds=kind and {"x": kind})
                found.append((made.kinds, made.table("train"), {k: list(v) for k, v in made.labels.items()}))
            except EvaluationError as error:
                found.append(str(error))
    for one, two in ((found[0], found[2]), (found[1], found[3])):
        assert type(one) is type(two)
        if isinstance(one, str):
            assert one == two
        else:
            assert one[0] == two[0] and one[2] == two[2]
            pd.testing.assert_frame_equal(one[1], two[1])


def test_dates_and_names_of_numpy_are_scored():
    rng = np.random.default_rng(0)
    days = pd.date_range("2020-01-01", periods=90).strftime("%Y-%m-%d")
    frame = pd.DataFrame({"day": rng.choice(days, 200), "city": rng.choice(["Rome", "Ulm"], 200)})
    foreign = frame.map(np.str_)
    names = ["fidelity.shape", "fidelity.formats"]
    one, two = (evaluation.score(f.head(80), f[80:140], f.tail(60), names=names).scores for f in (frame, foreign))
    assert {n: s.value for n, s in one.items()} == {n: s.value for n, s in two.items()}


@pytest.mark.parametrize(("known", "entity"), [(None, "shop"), ("account", "account"), ("absent", "shop")])
def test_the_known_entity_comes_before_the_identifier_of_fewest_owners(known, entity):
    frame = pd.DataFrame({"account": np.arange(60) // 3, "shop": np.arange(60) % 4, "v": np.arange(60.0)})
    kinds = {"account": "identifier", "shop": "identifier"}
    assert samples.make(frame, None, frame, kinds=kinds, metadata=Metadata(entity=known)).entity == entity


def test_of_each_entity_one_row_is_attacked():
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(40), 5)
    frame = pd.DataFrame({"id": [*people.tolist(), None, None], "v": rng.normal(size=202), "sex": [*people % 2, 1, 1]})
    apart = samples.make(frame, frame, frame, kinds={"id": "identifier"})
    assert apart.entity == "id" and len(apart.one_each("holdout", 1000, 0)) == 202  # nothing rare is theirs alone
    frame["born"] = [*people * 31.0, 5.0, 7.0]
    known = samples.make(frame, frame, frame, kinds={"id": "identifier"}, members=np.arange(202) < 100)
    chosen = {role: known.one_each(role, 1000, 0) for role in ("train", "holdout")}
    assert {role: len(rows) for role, rows in chosen.items()} == {"train": 20, "holdout": 42}
    assert frame["id"].iloc[chosen["holdout"]].dropna().is_unique and (chosen["train"] < 100).all()
    assert len(known.one_each("holdout", 7, 0)) == 7
    near = frame.drop(columns="born").assign(balance=[*np.exp(people % 13) + rng.random(200), 1.0, 2.0])
    together = samples.make(near, near, near, kinds={"id": "identifier"})
    assert len(together.one_each("holdout", 1000, 0)) == 42  # whose balances lie near each other
