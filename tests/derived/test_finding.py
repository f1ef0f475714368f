"""Which columns are worked out from others: those that follow, to the last tick, and no others."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import generators
from generators import Budget, GeneratorError, infer
from launderette.generators.data.schema import Schema
from launderette.generators.encoding import encoder
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.formulas import from_dict as formula_from_dict
from launderette.generators.formulas.polynomial import Monomial, Polynomial
from launderette.generators.formulas.ratio_or_zero import RatioOrZero
from launderette.pipelines.stages.protection import protect
from tests.derived import tables


def formulas(frame: pd.DataFrame, **entries: object) -> dict[str, str]:
    """Return the formula of each column that is worked out; `entries` are what is stated of columns."""
    columns = infer(frame).to_dict()["columns"]
    stated = [
        column | ({"derived": entries[column["name"]]} if column["name"] in entries else {}) for column in columns
    ]
    return {one.name: one.formula.text for one in fit(frame, Schema.from_dict({"columns": stated})).derived}


def fit(frame: pd.DataFrame, schema: Schema | None = None) -> Encoding:
    return encoder.fit(frame, schema or infer(frame))


@pytest.mark.parametrize("protected", [False, True])
def test_a_sales_table_is_learnt_by_what_decides_it(protected):
    frame = tables.sales(400)
    if protected:
        frame, _ = protect(frame, infer(frame))
    found = formulas(frame)
    assert found["net"] == "quantity * price" and found["tax"] == "net * rate" and found["gross"] == "net + tax"
    assert {"days", "delivered", "ordered"} & set(found) and {"kg", "lb"} & set(found)
    assert len(found) == 5


SHAPES = {
    "a + b": lambda a, b: a + b,
    "a - b": lambda a, b: a - b,
    "a * b": lambda a, b: a * b,
    "a / b": lambda a, b: a / b,
    "a * (1 - b)": lambda a, b: a * (1 - b),
    "a / b ^ 2": lambda a, b: a / b**2,
    "1.8 * a + 32": lambda a, b: 1.8 * a + 32,
    "a ^ 2": lambda a, b: a**2,
}


@settings(max_examples=15, deadline=None)
@given(
    shape=st.sampled_from(sorted(SHAPES)),
    decimals=st.sampled_from([0, 1, 3, None]),
    missing=st.sampled_from([0.0, 0.3]),
    wrong=st.sampled_from([0, 1]),
    seed=st.integers(0, 99),
)
def test_what_follows_is_found_at_every_grid_with_missing_values_and_a_few_wrong_rows(
    shape, decimals, missing, wrong, seed
):
    rng = np.random.default_rng(seed)
    a, b = np.round(rng.normal(500, 150, 300), 1), np.round(rng.uniform(0.5, 4, 300), 2)
    a[rng.random(300) < missing] = np.nan
    exact = SHAPES[shape](a, b)
    frame = pd.DataFrame({"a": a, "b": b, "c": exact if decimals is None else np.round(exact, decimals)})
    frame.loc[: wrong - 1, "c"] += 97.0
    (derived,) = fit(frame).derived
    given = derived.formula.value([frame[name].to_numpy() for name in derived.formula.sources])
    off = np.abs(given - frame[derived.name]) > (0.5 / derived.column.scale if derived.column.scale else 0) + 1e-6
    assert off.mean() <= 0.01


@settings(max_examples=15, deadline=None)
@given(
    formula=st.sampled_from(["log(a)", "log(1000 * a)", "log(a + 1)", "log10(a)", "sqrt(a)", "exp(b)"]),
    written=st.sampled_from(["float64", "float32", 3]),
    seed=st.integers(0, 99),
)
@example("exp(b)", 3, 32)  # b = log(1.001 * c) holds too
def test_logarithms_and_the_like_follow_from_the_number_whatever_stands_first(formula, written, seed):
    rng = np.random.default_rng(seed)
    a, b = np.round(rng.lognormal(5, 1, 300), 1), np.round(rng.uniform(-3, 4, 300), 2)
    a[:20], b[:20] = 12.3, 1.7
    of = {"log(1000 * a)": np.log(1000 * a), "log(a + 1)": np.log1p(a), "exp(b)": np.exp(b), "sqrt(a)": np.sqrt(a)}
    exact = {**of, "log(a)": np.log(a), "log10(a)": np.log10(a)}[formula]
    decimals = 1 if formula == "sqrt(a)" else 3  # with more, the squares of roots are the numbers themselves
    found = np.round(exact, decimals) if written == 3 else exact.astype(written).astype("float64")
    frame = pd.DataFrame({"c": found, "a": a, "b": b})
    assert formulas(frame) == {"c": formula}
    table = fit(frame)
    drawn = table.decode(table.encode(frame), rng.random((300, len(table.known))))
    assert (drawn["c"][:20] == frame["c"][:20]).all()  # to the last bit
    assert table.derived[0].formula.value([drawn[table.derived[0].formula.sources[0]]]) == pytest.approx(
        drawn["c"], rel=1e-6, abs=0.6 * 10.0**-decimals
    )
    assert formulas(frame, c=formula) == {"c": formula}


@pytest.mark.parametrize("decimals", [3, 0])
def test_what_was_worked_out_before_its_sources_were_rounded_follows_if_that_takes_little(decimals):
    rng = np.random.default_rng(0)
    mass, area = rng.lognormal(1, 0.5, 300), rng.uniform(2, 9, 300)
    frame = pd.DataFrame({"log": np.log10(mass), "load": mass / area, "mass": mass, "area": area}).round(6)
    frame[["mass", "area"]] = frame[["mass", "area"]].round(decimals)
    assert formulas(frame) == ({"log": "log10(mass)", "load": "mass / area"} if decimals else {})


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 9999), rows=st.sampled_from([40, 300]))
@example(8400, 300)  # a tenth of "zeros" is none, by chance, and a fifth of a flag
def test_nothing_follows_in_a_table_of_independent_columns(seed, rows):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "zero": np.zeros(rows),
            "one": 1,
            "hardly": np.where(rng.random(rows) < 0.01, 1, 0),
            "flag": rng.integers(0, 2, rows),
            "other flag": (rng.random(rows) < 0.2).astype(int),
            "answer": rng.integers(1, 6, rows),
            "other answer": rng.integers(1, 6, rows),
            "zeros": np.where(rng.random(rows) < 0.9, 0, rng.integers(1, 50, rows)),
            "number": rng.normal(size=rows),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 99, rows), "D"),
            "other day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 99, rows), "D"),
        }
    )
    assert formulas(frame) == {}


def test_of_columns_that_are_equal_or_converted_the_first_is_learnt():
    a = np.round(np.random.default_rng(0).normal(20, 8, 200), 1)
    frame = pd.DataFrame(
        {"a": a, "same": a, "fahrenheit": np.round(1.8 * a + 32, 1), "kelvin": np.round(a + 273.15, 2)}
    )
    assert formulas(frame) == {"same": "a", "fahrenheit": "1.8 * a + 32", "kelvin": "a + 273.15"}


def test_dates_follow_from_dates_and_completed_years_between_them():
    rng, rows = np.random.default_rng(0), 300
    born = pd.Timestamp("1950-01-01") + pd.to_timedelta(rng.integers(0, 15_000, rows), "D")
    seen = pd.Timestamp("2019-01-01") + pd.to_timedelta(rng.integers(0, 1500, rows), "D")
    age = seen.year - born.year - ((seen.month * 31 + seen.day) < (born.month * 31 + born.day))
    frame = pd.DataFrame({"born": born, "seen": seen, "age": age, "due": seen + pd.Timedelta("14D")})
    assert formulas(frame) == {"due": "seen + 14 * day", "age": "floor((seen - born) / year)"}


def test_what_stops_at_an_end_is_worked_out_where_the_formula_would_pass_it():
    rng, rows = np.random.default_rng(0), 600
    due = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, rows), "D")
    back = due + pd.to_timedelta(rng.normal(-3, 9, rows).round(), "D")
    late, claim = np.maximum(0, (back - due).days), rng.lognormal(6, 1, rows).round(2)
    own, share = rng.choice([150, 300, 500], rows), rng.choice([0.8, 0.9, 1], rows)
    paid = (np.maximum(0, claim - own) * share).round(2)
    loans = pd.DataFrame({"due": due, "back": back, "late": late, "fine": np.minimum(late * 0.5, 4)})
    claims = pd.DataFrame({"claim": claim, "own": own, "share": share, "paid": paid})
    fine = "min(4, max(0, 0.5 * late))"
    assert formulas(loans) == {"back": "due + their difference", "late": "max(0, (back - due) / day)", "fine": fine}
    assert formulas(claims) == {"paid": "max(0, (claim - own) * share)"}
    assert formulas(claims.assign(paid=rng.permutation(paid))) == {}


def test_nights_and_months_between_dates_with_times_are_counted_by_the_calendar():
    rng = np.random.default_rng(0)
    came = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 10**6, 800), "min")
    left = came + pd.to_timedelta(rng.gamma(2, 9000, 800).round(), "min")
    months = (left.year - came.year) * 12 + left.month - came.month
    nights = (left.normalize() - came.normalize()).days
    table = fit(pd.DataFrame({"came": came, "left": left, "nights": nights, "months": months}))
    drawn = Encoding.from_dict(json.loads(json.dumps(table.to_dict()))).decode(
        np.stack([rng.integers(0, size, 300) for size in table.layout.sizes], 1), rng.random((300, len(table.known)))
    )
    came, left = drawn["came"].dt, drawn["left"].dt
    assert (drawn["nights"] == (left.normalize() - came.normalize()).dt.days).all()
    assert (drawn["months"] == (left.year - came.year) * 12 + left.month - came.month).all()


def test_a_column_that_is_missing_by_itself_is_learnt():
    frame = tables.sales(300)
    frame.loc[::5, "gross"] = np.nan
    assert formulas(frame).get("gross") != "net + tax"


def test_a_statement_is_taken_as_it_stands_and_a_column_may_be_kept():
    frame = tables.sales(300)
    assert formulas(frame, gross="net * (1 + rate)")["gross"] == "net * (1 + rate)"
    found = formulas(frame, net=False, gross=False, tax=False)
    assert not {"net", "gross", "tax"} & set(found)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("net + rate", "in at least 99% of the rows"),
        ("net + tx", "found 'tx'"),
        ("gross + tax", "found 'gross'"),
        ("net +", "other numbers or dates"),
        ("sin(net)", "floor"),
        ("__import__('os')", "floor"),
    ],
)
def test_a_statement_that_is_none_or_does_not_hold_is_refused(formula, words):
    with pytest.raises(GeneratorError, match=words):
        formulas(tables.sales(300), gross=formula)


def test_what_nearly_follows_is_learnt_by_what_lies_between():
    rng, rows = np.random.default_rng(0), 400
    net, ordered = np.round(rng.lognormal(5, 1, rows), 2), rng.integers(0, 700, rows)
    day, long = pd.Timestamp("2023-01-01"), np.round(rng.lognormal(3, 0.5, rows), 1)
    frame = pd.DataFrame(
        {
            "net": net,
            "tax": np.round(net * rng.choice([0.07, 0.19], rows), 2),
            "ordered": day + pd.to_timedelta(ordered, "D"),
            "delivered": day + pd.to_timedelta(ordered + rng.choice([1, 2, 3, 5, 7, 90], rows), "D"),
            "long": long,
            "wide": np.round(long * rng.normal(0.6, 0.02, rows), 1),
        }
    )
    frame.loc[::7, "delivered"] = pd.NaT
    frame.loc[3, "delivered"] = frame.loc[3, "ordered"] + pd.Timedelta("400D")
    assert formulas(frame) == {
        "tax": "net * their ratio",
        "delivered": "ordered + their difference",
        "wide": "long * their ratio",
    }
    encoded = fit(frame)
    rates, days = encoded.ordered(encoded.index("tax / net")), encoded.ordered(encoded.index("delivered - ordered"))
    assert rates.low == rates.high == [7, 19]
    assert days.low[0] == 1 and days.high[-1] == 90 and days.missing
    assert encoded.cells(encoded.encode(frame))[encoded.index("delivered - ordered")][0] == days.size


def test_a_ratio_of_rounded_amounts_leads_to_amounts_that_are_rounded_alike():
    rng = np.random.default_rng(0)
    worth = np.maximum(25 * np.rint(rng.lognormal(7.2, 0.8, 600) / 25), 75).astype("int64")
    price = (25 * np.rint(1.9 * worth * rng.normal(1, 0.01, 600) / 25)).astype("int64")
    pay = [f"${x / 1e3:.1f}M" if x >= 1e3 else f"${x}K" for x in 2 * worth]
    frame = pd.DataFrame({"worth": worth, "price": price, "pay": pay})
    assert formulas(frame) == {"price": "worth * their ratio", "pay": "worth * their ratio"}
    table = fit(frame)
    drawn = table.decode(table.encode(frame), rng.random((600, len(table.known))))
    assert (drawn["price"] % 25 == 0).all() and drawn["pay"].str.fullmatch(r"\$(\d{2,3}K|\d\d?\.\dM)").all()


def test_a_date_that_never_lies_before_another_is_learnt_by_the_time_between_them():
    rng, rows = np.random.default_rng(0), 400
    hired = pd.Timestamp("2005-01-01") + pd.to_timedelta(rng.integers(0, 6000, rows), "D")
    left = hired + pd.to_timedelta(rng.integers(60, 3000, rows), "D")
    frame = pd.DataFrame({"hired": hired, "left": left.where(rng.random(rows) < 0.4, pd.NaT)})
    assert formulas(frame) == {"left": "hired + their difference"}
    frame.loc[np.flatnonzero(frame["left"].notna())[0], "left"] = pd.Timestamp("2004-01-01")
    assert formulas(frame) == {}


def test_a_ratio_that_hangs_on_the_other_column_is_not_what_ties_the_two():
    rng = np.random.default_rng(0)
    upper = rng.integers(100, 180, 400)
    frame = pd.DataFrame({"upper": upper, "lower": np.rint(upper / 2 + 15 + rng.normal(0, 1.5, 400))})
    assert formulas(frame) == {}


def test_ends_of_what_lies_between_are_no_row_s_own():
    rng = np.random.default_rng(0)
    first = rng.integers(-5000, 5000, 300)
    frame = pd.DataFrame({"first": first, "last": first + np.sort(rng.choice(900, 300, replace=False))})
    encoded = fit(frame)
    apart, known = encoded.ordered(encoded.index("last - first")), np.sort(frame["last"] - frame["first"])
    assert known[4] < apart.low[0] <= known[6] and known[-7] <= apart.high[-1] < known[-5]


def test_prices_of_a_list_are_learnt_where_a_formula_would_lead_to_others():
    rng = np.random.default_rng(0)
    before, off = rng.choice([1.69, 1.89, 2.49, 2.79], 600), rng.choice([0.0, 0.1, 0.37], 600)
    off[before < 1.8] = 0.0
    frame = pd.DataFrame({"before": before, "off": off, "price": np.round(before - off, 2)})
    assert formulas(frame) == {}
    frame["points"], frame["more"] = rng.integers(1, 7, 600), rng.integers(1, 7, 600)
    assert formulas(frame.assign(total=frame["points"] + frame["more"])) == {"total": "points + more"}


def test_a_total_of_few_prices_follows_though_some_totals_are_rare():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"quantity": 1 + rng.poisson(2, 1000), "price": rng.choice([9.9, 19.9, 49.0, 99.0], 1000)})
    frame["total"] = (frame["quantity"] * frame["price"]).round(2)
    assert formulas(frame) == {"total": "quantity * price"}


def test_what_lies_beyond_an_end_that_protection_made_is_drawn_at_it():
    rng = np.random.default_rng(0)
    since = pd.Timestamp("2019-01-01") + pd.to_timedelta(rng.integers(0, 900, 1000), "D")
    placed = (since + pd.to_timedelta(rng.exponential(200, 1000).astype(int), "D")).to_series(index=range(1000))
    frame = pd.DataFrame({"since": since, "placed": placed.clip(upper=placed.sort_values().iloc[-25])})
    table = encoder.fit(frame, infer(frame))
    mixed = np.stack([rng.permutation(tokens) for tokens in table.encode(frame).T], 1)
    drawn = table.decode(mixed, rng.random((1000, len(table.known))))["placed"]
    assert drawn.max() == frame["placed"].max() and 5 < (drawn == drawn.max()).sum() < 50


def test_of_a_ratio_of_rounded_numbers_the_finest_follows_so_that_every_drawn_row_keeps_it():
    rng = np.random.default_rng(0)
    area = rng.gamma(6, 14, 800).round() + 18
    rent = (area * 14 * rng.lognormal(0, 0.15, 800)).round(-1)
    frame = pd.DataFrame({"area": area, "rent": rent, "rate": (rent / area).round(2)})
    assert formulas(frame) == {"rate": "rent / area"}  # area = rent / rate holds too


@pytest.mark.parametrize("code", [99, -1])
def test_a_sum_that_a_code_for_no_answer_is_left_out_of_is_learnt_so_that_rows_with_codes_are_drawn(code):
    rng = np.random.default_rng(0)
    answers = rng.integers(1, 6, (600, 3))
    coded = np.where(rng.random((600, 3)) < 0.04, code, answers)
    frame = pd.DataFrame(coded, columns=["q1", "q2", "q3"])
    frame["score"] = np.where(coded == code, 0, answers).sum(1)
    assert "score" not in formulas(frame)


@pytest.mark.parametrize("sign", [1, -1])
def test_no_more_is_drawn_at_an_end_than_protection_moved_there(sign):
    """Contracts end before the day on which they were read, or have not ended: what is drawn later is none."""
    rng = np.random.default_rng(0)
    since, last = rng.integers(0, 5000, 1500), rng.integers(30, 1500, 1500)
    until = pd.Series(since + last, dtype="float64").where(since + last < 5000)
    days = pd.DataFrame({"since": since, "until": until})
    frame = days.apply(lambda own: pd.Timestamp("2010-01-01") + pd.to_timedelta(sign * own, "D"))
    frame, _ = protect(frame, infer(frame))
    drawn = generators.fit(frame, "tabular.marginals", budget=Budget(steps=1)).sample(1500)
    end = frame["until"].max() if sign > 0 else frame["until"].min()
    assert (frame["until"] == end).sum() > 9 and (drawn["until"] == end).sum() < 25
    assert abs(drawn["until"].isna().mean() - frame["until"].isna().mean()) < 0.05


@pytest.mark.parametrize("none", [0.0, 5.0])
def test_a_rate_of_nothing_is_worked_out_where_it_is_zero(none):
    rng = np.random.default_rng(3)
    tried = np.where(rng.random(400) < 0.3, 0, rng.integers(1, 60, 400))
    won = rng.binomial(tried, 0.4)
    with np.errstate(invalid="ignore"):
        rate = np.where(tried == 0, none, np.round(won / tried, 3))
    found = fit(pd.DataFrame({"tried": tried, "won": won, "rate": rate})).derived
    wanted = ("won", "tried * rate") if none else ("rate", "won / tried, 0 where tried is")
    assert [(one.name, one.formula.text) for one in found] == [wanted]


def test_a_ratio_or_zero_is_no_number_where_more_than_nothing_is_divided_by_it():
    formula = RatioOrZero.over(Polynomial(("a", "b"), "a / b", (Monomial(1, (1, -1)),)))
    assert formula_from_dict(json.loads(json.dumps(formula.to_dict()))) == formula
    found = formula.value([np.array([2.0, 0, np.nan, 1]), np.array([4.0, 0, 0, 0])])
    assert found == pytest.approx([0.5, 0, np.nan, np.nan], nan_ok=True)
