"""What the mean of a table cannot see: a label too often, an order broken, a sum, a trend and a gap lost; never of real
rows.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation import calibration, chance, fidelity, samples
from evaluation.calibration import population
from evaluation.fidelity import effects
from evaluation.measures import cells
from evaluation.scores import Reason
from pipelines.config.rules import DEFAULT_RULES

ROLES = "train", "synthetic"
NAMES = ("label_shares", "orders", "proportions", "over_time", "missing_ties")


def sales(rows, seed=0):
    """Bills: dates in order, parts that make a total, prices that rise over the years and are higher in summer, notes
    missing where bills are low.
    """
    rng = np.random.default_rng([seed, 11])
    day = pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 3000, rows), "D")
    summer = np.isin(day.month, (6, 7, 8))
    net = np.exp(3 + (day.year - 2015) / 8 + 0.5 * summer + rng.normal(0, 0.3, rows)).round(2)
    tax = (net * rng.uniform(0.15, 0.25, rows)).round(2)
    low = net < np.median(net)
    frame = pd.DataFrame(
        {
            "ordered": day.strftime("%Y-%m-%d"),
            "paid": (day + pd.to_timedelta(rng.gamma(2, 10, rows).astype(int), "D")).strftime("%Y-%m-%d"),
            "net": net,
            "tax": tax,
            "total": (net + tax).round(2),
            "shop": rng.choice(["a", "b", "c", "d"], rows, p=[0.2, 0.3, 0.3, 0.2]),
            "stars": rng.integers(1, 6, rows).astype(float),
        }
    )
    frame["stars"] = frame["stars"].mask(rng.random(rows) < np.where(low, 0.5, 0.1))
    late = rng.random(rows) < 0.005  # an order that nearly every row keeps
    frame.loc[late, ["ordered", "paid"]] = frame.loc[late, ["paid", "ordered"]].to_numpy()
    return frame


TRAIN, HELD, FRESH = sales(1500), sales(400, 1), sales(1500, 2)


def refused(other, train=TRAIN, held=HELD):
    compared = samples.make(train, held, other)
    scores = {name: getattr(fidelity, name)(compared) for name in NAMES}
    return {
        name: score
        for name, score in scores.items()
        if score.low is not None and score.low < DEFAULT_RULES[f"fidelity.{name}"]["at_least"]
    }


def doubled(t, rng):
    return t.assign(shop=t["shop"].mask(rng.random(len(t)) < 0.25, "a"))


def late(t, rng):
    hit = rng.random(len(t)) < 0.1
    return t.assign(ordered=t["paid"].where(hit, t["ordered"]), paid=t["ordered"].where(hit, t["paid"]))


def odd_sums(t, rng):
    return t.assign(total=(t["total"] + 0.01 * (rng.random(len(t)) < 0.1)).round(2))


def odd_ratios(t, rng):
    tax = t["tax"].mask(rng.random(len(t)) < 0.2, (t["net"] * 0.05).round(2))
    return t.assign(tax=tax, total=(t["net"] + tax).round(2))


def far_apart(t, rng):
    paid = pd.to_datetime(t["paid"])
    return t.assign(paid=(paid + pd.to_timedelta(400 * (rng.random(len(t)) < 0.2), unit="D")).astype(t["paid"].dtype))


def shuffled_dates(t, rng):
    columns = ["ordered", "paid"]
    return t.assign(**dict(zip(columns, t[columns].sample(frac=1, random_state=1).to_numpy().T, strict=True)))


def shuffled_months(t, rng):
    """The years keep their prices, the seasons lose theirs."""
    day = pd.to_datetime(t["ordered"])
    months = rng.integers(1, 13, len(t))
    moved = pd.to_datetime({"year": day.dt.year, "month": months, "day": day.dt.day.clip(upper=28)})
    gap = pd.to_datetime(t["paid"]) - day
    return t.assign(ordered=moved.dt.strftime("%Y-%m-%d"), paid=(moved + gap).dt.strftime("%Y-%m-%d"))


def moved_gaps(t, rng):
    return t.assign(stars=t["stars"].fillna(3).mask(rng.random(len(t)) < t["stars"].isna().mean()))


def tied_gaps(t, rng):
    """Beside the tie to low bills there is one to a shop."""
    return t.assign(stars=t["stars"].mask((t["shop"] == "a") & (rng.random(len(t)) < 0.9)))


@pytest.mark.parametrize(
    ("flaw", "name"),
    [
        (doubled, "label_shares"),
        (late, "orders"),
        (odd_sums, "orders"),
        (odd_ratios, "proportions"),
        (far_apart, "proportions"),
        (shuffled_dates, "over_time"),
        (shuffled_months, "over_time"),
        (moved_gaps, "missing_ties"),
        (tied_gaps, "missing_ties"),
    ],
)
def test_each_flaw_is_refused_and_said_with_counts(flaw, name):
    found = refused(flaw(FRESH, np.random.default_rng(3)))
    assert name in found and any(figure.isdigit() for figure in found[name].detail["said"])
    assert flaw is not far_apart or found[name].detail["said"].startswith("The time between 'ordered' and 'paid' is")


@pytest.mark.parametrize("sizes", [(1500, 400, 1500), (300, 60, 900), (300, 300, 60), (1200, 60, 300)])
def test_real_rows_lose_nothing(sizes):
    for seed in range(3):
        train, held, other = (sales(rows, 10 + 3 * seed + part) for part, rows in enumerate(sizes))
        compared = samples.make(train, held, other)
        assert all(getattr(fidelity, name)(compared).low in (1.0, None) for name in NAMES)


def parts(rng, rows):
    one, two = rng.integers(0, 50, (2, rows))
    return pd.DataFrame({"one": one, "two": two, "told": 100 - one - two})


def degrees(rng, rows):
    celsius = rng.integers(-20, 35, rows) * 5
    return pd.DataFrame({"celsius": celsius, "told": 9 * celsius // 5 + 32})


@pytest.mark.parametrize("make", [parts, degrees])
@pytest.mark.parametrize("wrong", [0.0, 0.1])
def test_parts_of_a_whole_add_up_and_a_conversion_with_a_constant_is_kept(make, wrong):
    real, other = (make(np.random.default_rng(seed), 1000) for seed in (0, 1))
    other["told"] = other["told"].mask(np.arange(1000) < 1000 * wrong, other["told"].to_numpy()[::-1])
    found = fidelity.orders(samples.make(real, None, other))
    assert any("is not the sum" in part for part in found.detail["lost"]) == (wrong > 0)
    assert (found.low < DEFAULT_RULES["fidelity.orders"]["at_least"]) == (wrong > 0)


FEW = population.made((1000, 250, 1000))
COLUMNS = ["age", "income", "rent", "savings", "trade", "joined", "left", "owner"]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("relations.income_without_a_trend", "over_time"),
        ("relations.time_trend_lost", "over_time"),
        ("relations.missing_values_moved", "missing_ties"),
    ],
)
def test_what_a_thousand_rows_have_lost_for_sure_is_not_made_small_by_chance(kind, name):
    tables = (getattr(FEW, role)[COLUMNS] for role in ("train", "holdout", "synthetic"))
    case = population.Case(*tables, "owner")
    assert name not in refused(case.synthetic, case.train, case.holdout)
    flawed = calibration.load(kind)(case, np.random.default_rng(131))
    assert name in refused(flawed.synthetic, case.train, case.holdout)


@given(st.floats(0, 1), st.floats(0, 2))
def test_a_loss_within_chance_is_none_and_one_beyond_it_is_more_than_what_is_beyond(lost, allowed):
    found = chance.Loss("a part", lost, allowed)
    assert found.beyond <= found.sure <= lost and (found.sure > 0) == (lost > allowed)


def test_few_real_rows_are_not_counted_in_a_sentence():
    said = refused(late(FRESH, np.random.default_rng(3)))["orders"].detail["said"]
    assert said.startswith("'ordered' is above 'paid' in ") and said.endswith("fewer than 10.")


def test_without_dates_gaps_rules_or_labels_there_is_nothing_to_lose():
    rng = np.random.default_rng(0)
    plain = pd.DataFrame({"a": rng.normal(size=80), "b": rng.normal(size=80)})
    compared = samples.make(plain, None, plain.sample(frac=1, random_state=0))
    reasons = {name: getattr(fidelity, name)(compared).reason for name in NAMES}
    assert reasons == {
        "label_shares": Reason.NO_VALUES,
        "orders": Reason.NO_RULES,
        "proportions": Reason.NO_RULES,
        "over_time": Reason.NO_ASSOCIATION,
        "missing_ties": Reason.NO_ASSOCIATION,
    }


def bills(rows, seed, wrong=0.0):
    """Amounts of so many pieces at a price, and what a piece of it weighs, rounded; some of another row."""
    rng = np.random.default_rng([seed, 13])
    pieces, price = rng.integers(1, 30, rows), np.exp(rng.normal(2, 0.8, rows)).round(2)
    other = np.where(rng.random(rows) < wrong, rng.permutation(price), price)
    weight = np.exp(rng.normal(1, 0.6, rows)).round(2)
    return pd.DataFrame(
        {
            "pieces": pieces,
            "price": price,
            "amount": (pieces * other).round(2),
            "weight": weight,
            "weight_of_one": (weight / pieces * np.where(other == price, 1, 1.2)).round(3),
        }
    )


@pytest.mark.parametrize(("wrong", "passed"), [(0.0, True), (0.08, False)])
def test_products_and_ratios_are_found_and_judged_by_real_rows(wrong, passed):
    found = fidelity.orders(samples.make(bills(600, 0), bills(200, 1), bills(600, 2, wrong)))
    assert (found.low >= DEFAULT_RULES["fidelity.orders"]["at_least"]) == passed
    if not passed:
        assert found.detail["said"].startswith("'pieces' times 'price' is not 'amount' in ")
        assert found.detail["lost"]["'pieces' times 'weight_of_one' is not 'weight', but for rounding"] > 0.05


def marks(rows, seed, wrong=0.0):
    """Nine marks of pupils of whom some are better at all, and their mean; that of some is a tenth off."""
    rng = np.random.default_rng([seed, 17])
    own = np.round(3 + rng.normal(0, 0.7, (rows, 1)) + rng.normal(0, 0.7, (rows, 9))).clip(1, 6)
    off = 0.1 * (rng.random(rows) < wrong)
    return pd.DataFrame(own, columns=[f"m{k}" for k in range(9)]).assign(mean=(own.mean(axis=1) + off).round(2))


@pytest.mark.parametrize(("wrong", "passed"), [(0.0, True), (0.08, False)])
def test_a_mean_of_many_numbers_is_found_and_judged_by_real_rows(wrong, passed):
    found = fidelity.orders(samples.make(marks(400, 0), marks(200, 1), marks(400, 2, wrong)))
    assert (found.low >= DEFAULT_RULES["fidelity.orders"]["at_least"]) == passed
    named = ", ".join(repr(f"m{k}") for k in range(9))
    assert passed or found.detail["said"].startswith(f"'mean' is not the sum that {named} lead to in ")
    near = [
        frame.assign(mean=frame["mean"] + np.arange(len(frame)) % 7 / 10) for frame in (marks(400, 0), marks(400, 2))
    ]
    assert fidelity.orders(samples.make(near[0], None, near[1])).reason is Reason.NO_RULES


def test_among_numbers_that_are_dealt_out_anew_no_product_is_found():
    loose = bills(600, 0).apply(np.random.default_rng(0).permutation)
    assert fidelity.orders(samples.make(loose, None, loose)).reason is Reason.NO_RULES


def test_few_cells_explain_by_chance_what_no_normal_error_would():
    """Of 4,000 quantities that owe nothing to the weekday the strongest seems to; that is no effect to be kept."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(4000):
        days, values = rng.integers(0, 7, 100), rng.random(100)
        found.append(effects.lost((days, values), (days, values), 20))
    assert sum(one is not None for one in found) <= 1


@pytest.mark.parametrize("value", [0.1, 1 / 3, 189 / 377, 9.0])
def test_a_quantity_that_does_not_vary_owes_nothing_to_anything(value):
    """The deviation of equal numbers is rounded, and need not be 0."""
    cells = np.arange(377) % 12
    assert effects.lost((cells, np.full(377, value)), (cells[::-1], np.full(377, value)), 20) is None


def test_ties_of_missing_values_counted_together_are_those_of_each_pair():
    rng = np.random.default_rng(3)
    real, other = (pd.DataFrame(rng.normal(size=(size, 3)), columns=list("abc")) for size in (400, 300))
    for table, share in ((real, 0.6), (other, 0.3)):
        table.loc[(table["a"] > 0) & (rng.random(len(table)) < share), "b"] = np.nan
    compared = samples.make(real, None, other)
    codes = {c: [cells.codes(compared, c, compared.table("train"), compared.table(r)) for r in ROLES] for c in "ab"}
    one, two = ((a, (b == 0).astype(float)) for a, b in zip(codes["a"], codes["b"], strict=True))
    lost, _ = effects.lost(one, two, 2 * 1 * 3)
    assert fidelity.missing_ties(compared).detail["lost"]["b, by a"] == pytest.approx(lost) and 0.2 < lost < 0.8


def test_what_the_visits_of_one_patient_share_is_no_effect_of_time():
    """Two hundred patients of eight visits each: sexes and weights differ by months of birth as chance has it."""
    rng = np.random.default_rng(5)

    def visits(patients):
        born = pd.Timestamp("1950-01-01") + pd.to_timedelta(rng.integers(0, 15_000, patients), "D")
        people = pd.DataFrame({"id": range(patients), "born": born, "sex": rng.choice(["f", "m"], patients)})
        people["weight"] = rng.normal(70, 12, patients)
        found = people.loc[np.repeat(range(patients), 8)].reset_index(drop=True)
        return found.assign(weight=found["weight"] + rng.normal(0, 2, len(found)))

    train, held, other = visits(200), visits(60), visits(1600).groupby("id").head(1).reset_index(drop=True)
    by_rows = samples.make(train, held, other, kinds={"id": "numerical", "born": "datetime"})
    by_patients = samples.make(train, held, other, kinds={"id": "identifier", "born": "datetime"})
    assert fidelity.over_time(by_rows).low < 0.6 and by_patients.entity == "id" and by_rows.entity is None
    assert fidelity.over_time(by_patients).low in (1.0, None)
