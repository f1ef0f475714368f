"""Numbers on the line of a label, such as a bonus by rating or a tax by kind, are worked out in synthetic rows too."""

import numpy as np
import pandas as pd
import pytest

import generators
from generators.contract import Budget

RNG = np.random.default_rng(5)
ROWS = 500
RATES = {"A": 0.12, "B": 0.06, "C": 0.02, "D": 0.0}


def staff(rates: dict[str, float], rows: int = ROWS) -> pd.DataFrame:
    """Return pay with a bonus by rating to whole tens, and shipments by zone with a fee in cents."""
    rating, zone = RNG.choice(list(rates), rows, p=[0.2, 0.45, 0.28, 0.07]), RNG.integers(1, 4, rows)
    base, kilos = RNG.normal(48_000, 9_000, rows).round(-2), RNG.gamma(2, 3, rows).round(1) + 0.1
    frame = pd.DataFrame({"rating": rating, "base": base, "zone": zone, "kilos": kilos})
    frame["bonus"] = (base * frame["rating"].map(rates)).round(-1)
    frame["fee"] = (2.5 * zone + frame["zone"].map({1: 0.8, 2: 0.95, 3: 1.4}) * kilos).round(2)
    return frame


def test_rates_of_labels_are_found_exactly_and_hold_in_drawn_rows():
    frame = staff(RATES)
    model = generators.fit(frame, budget=Budget(steps=2))
    bonus, fee = (next(one.formula for one in model.encoding.derived if one.name == name) for name in ("bonus", "fee"))
    assert sorted(line.rate for line in bonus.lines) == [0, 0.02, 0.06, 0.12]
    assert {line.label: (line.rate, line.constant) for line in fee.lines} == {
        1: (0.8, 2.5),
        2: (0.95, 5.0),
        3: (1.4, 7.5),
    }
    drawn = model.sample(800, seed=1)
    off = drawn["bonus"] - (drawn["base"] * drawn["rating"].map(RATES)).round(-1)
    assert (off.abs() < 5.1).mean() > 0.98 and drawn["bonus"].notna().all()
    assert (drawn["bonus"][drawn["rating"] == "D"] == 0).all()


@pytest.mark.parametrize("spoilt", ["noise", "one rate", "few owners"])
def test_numbers_near_a_line_are_learnt_where_a_label_does_not_decide_them(spoilt):
    frame = staff(RATES if spoilt != "one rate" else dict.fromkeys(RATES, 0.07))[["rating", "base", "bonus"]]
    if spoilt == "noise":
        frame["bonus"] += RNG.integers(-30, 31, len(frame))
    groups = RNG.integers(0, 4, len(frame)) if spoilt == "few owners" else None
    derived = generators.fit(frame, groups=groups, budget=Budget(steps=2)).encoding.derived
    assert not any(hasattr(one.formula, "lines") for one in derived)


def tariff(rows: int = 800) -> pd.DataFrame:
    """Return parcels with a price by zone and class of weight."""
    zone, kilos = RNG.choice(["home", "near", "far"], rows, p=[0.6, 0.25, 0.15]), RNG.gamma(1.5, 2, rows).round(1)
    place = np.searchsorted([2, 5], kilos, side="right")
    prices = {"home": [4.99, 6.49, 8.99], "near": [11.99, 15.99, 20.99], "far": [19.9, 31.9, 47.9]}
    price = [prices[own][k] for own, k in zip(zone, place, strict=True)]
    return pd.DataFrame({"zone": zone, "kilos": kilos, "price": price})


def test_a_tariff_by_zone_and_class_of_weight_is_found_and_holds_in_drawn_rows():
    frame = tariff()
    model = generators.fit(frame, budget=Budget(steps=2))
    assert model.record["derived"] == {"price": "kilos in steps by zone"}
    stairs = model.encoding.derived[0].formula.stairs
    assert all([start for start, _ in steps[1:]] == [2, 5] for _, steps in stairs)
    drawn = model.sample(600, seed=1)
    known = frame.assign(place=np.searchsorted([2, 5], frame["kilos"], side="right")).groupby(["zone", "place"])[
        "price"
    ]
    place = np.searchsorted([2, 5], drawn["kilos"], side="right")
    expected = known.first().reindex(pd.MultiIndex.from_arrays([drawn["zone"], place])).to_numpy()
    assert (drawn["price"].to_numpy() == expected).all()


def test_a_price_that_weight_and_zone_do_not_decide_is_learnt():
    frame = tariff()
    frame.loc[RNG.random(len(frame)) < 0.05, "price"] = 4.99
    assert not generators.fit(frame, budget=Budget(steps=2)).encoding.derived
