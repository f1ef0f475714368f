"""Columns that are right one by one and wrong together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from launderette.evaluation.calibration import changes
from launderette.evaluation.calibration.population import CITIES, PLANS, Case

Rng = np.random.Generator


def shuffled_columns(case: Case, rng: Rng) -> Case:
    """Every column dealt out anew."""
    return case.released(changes.exchanged(case.synthetic, list(case.train), 1.0, rng))


def alike_columns_exchanged(case: Case, rng: Rng) -> Case:
    """Of two yes-or-no columns that as many people have, each stands in place of the other."""
    changes.needs(case, "pulse", "score", "age")

    def with_habits(frame: pd.DataFrame) -> pd.DataFrame:
        log_odds = {
            "smokes": (frame["pulse"] - 68) / 9 - 1,
            "drives": (frame["score"] - 50) / 14 + frame["age"] / 20 - 3,
        }
        return frame.assign(
            **{c: (rng.random(len(frame)) < 1 / (1 + np.exp(-x))).astype(int) for c, x in log_odds.items()}
        )

    case = replace(case, **{role: with_habits(getattr(case, role)) for role in ("train", "holdout", "synthetic")})
    return case.changed(smokes=case.synthetic["drives"], drives=case.synthetic["smokes"])


def correlations_halved(case: Case, rng: Rng) -> Case:
    """Each number keeps its place with half the weight: all correlations fall to about half."""
    out = case.synthetic.copy()
    for column in changes.numbers(case):
        values = out[column].to_numpy(copy=True)
        known = np.flatnonzero(pd.notna(values))
        ranks = np.argsort(np.argsort(values[known], kind="stable")) / len(known) - 0.5
        noisy = ranks * np.sqrt(0.5) + rng.permutation(ranks) * np.sqrt(0.5)
        values[known[np.argsort(noisy, kind="stable")]] = np.sort(values[known])
        out[column] = values
    return case.released(out)


def half_of_the_rows_shuffled(case: Case, rng: Rng) -> Case:
    """Half of each column's values dealt out anew."""
    return case.released(changes.exchanged(case.synthetic, list(case.train), 0.5, rng))


def three_columns_apart(case: Case, rng: Rng) -> Case:
    """Of three columns each two say nothing about each other, and all three together do no longer."""

    def with_flags(frame: pd.DataFrame) -> pd.DataFrame:
        one, two, odd = rng.random((3, len(frame))) < np.array([[0.5], [0.5], [0.1]])
        return frame.assign(one=one, two=two, either=np.where(one ^ two ^ odd, "yes", "no"))

    case = replace(case, **{role: with_flags(getattr(case, role)) for role in ("train", "holdout", "synthetic")})
    return case.changed(either=rng.permutation(case.synthetic["either"].to_numpy()))


def flags_of_a_value_and_a_label(case: Case, rng: Rng) -> Case:
    """Whether a pressure is high depends on the plan, in all but one real row of a hundred; of the released ones one in
    five is wrong.
    """
    changes.needs(case, "pressure", "plan")
    limits = {plan: 100 + 14 * place for place, plan in enumerate(PLANS)}

    def flagged(frame: pd.DataFrame, wrong: float) -> pd.DataFrame:
        high = (frame["pressure"] > frame["plan"].map(limits)) ^ (rng.random(len(frame)) < wrong)
        return frame.assign(reading=np.where(high, "high", "normal"))

    real = (flagged(table, 0.01) for table in (case.train, case.holdout))
    return replace(case, **dict(zip(("train", "holdout"), real, strict=True))).released(flagged(case.synthetic, 0.2))


def decimals_of_other_labels(case: Case, rng: Rng) -> Case:
    """A dose is whole under two plans and has a decimal under the others; released doses are written as if their plan
    were somebody else's.
    """
    changes.needs(case, "plan")

    def dosed(frame: pd.DataFrame, plan: np.ndarray) -> pd.DataFrame:
        dose = rng.gamma(5, 8, len(frame))
        return frame.assign(dose=np.where(np.isin(plan, PLANS[:2]), dose.round(), dose.round(1)))

    real = (dosed(table, table["plan"].to_numpy()) for table in (case.train, case.holdout))
    released = dosed(case.synthetic, rng.permutation(case.synthetic["plan"].to_numpy()))
    return replace(case, **dict(zip(("train", "holdout"), real, strict=True))).released(released)


def labels_of_a_column_exchanged_in_half(case: Case, rng: Rng) -> Case:
    """Half of the labels of one column dealt out anew: of the column with neither the most nor the fewest labels."""
    columns = sorted(changes.labels(case), key=lambda c: case.train[c].nunique())
    return case.released(changes.exchanged(case.synthetic, columns[len(columns) // 2 :][:1], 0.5, rng))


def labels_apart_from_numbers(case: Case, rng: Rng) -> Case:
    """The labels of one person with the numbers of another."""
    columns, order = changes.labels(case), rng.permutation(len(case.synthetic))
    return case.changed(**{c: case.synthetic[c].to_numpy()[order] for c in columns})


def target_shuffled(case: Case, rng: Rng) -> Case:
    """The target has nothing to do with the rest."""
    return case.changed(**{case.target: rng.permutation(case.synthetic[case.target].to_numpy())})


def _country_broken(case: Case, share: float, rng: Rng) -> Case:
    changes.needs(case, "city", "country")
    country = case.synthetic["country"].to_numpy(copy=True)
    hit = rng.random(len(country)) < share
    country[hit] = rng.choice(sorted(set(CITIES.values())), int(hit.sum()))
    return case.changed(country=country)


def country_broken_in_a_third(case: Case, rng: Rng) -> Case:
    """A city lies in another country in 30 % of the rows."""
    return _country_broken(case, 0.3, rng)


def country_broken_in_few(case: Case, rng: Rng) -> Case:
    """The same in 3 % of the rows."""
    return _country_broken(case, 0.03, rng)


def education_number_broken(case: Case, rng: Rng) -> Case:
    """An education has the number of its neighbour in 20 % of the rows."""
    name = next((c for c in ("education_number", "education_num") if c in case.train), None)
    if name is None:
        raise changes.NotApplicable("expected the number of an education")
    values = case.synthetic[name].to_numpy()
    off = rng.choice((-1, 1), len(values)) * (rng.random(len(values)) < 0.2)
    return case.changed(**{name: np.clip(values + off, values.min(), values.max())})


def _late(case: Case, share: float, rng: Rng) -> Case:
    changes.needs(case, "joined", "left")
    hit = rng.random(len(case.synthetic)) < share
    joined, left = (case.synthetic[c].to_numpy() for c in ("joined", "left"))
    return case.changed(joined=np.where(hit, left, joined), left=np.where(hit, joined, left))


def dates_out_of_order(case: Case, rng: Rng) -> Case:
    """People leave before they join in 20 % of the rows."""
    return _late(case, 0.2, rng)


def few_dates_out_of_order(case: Case, rng: Rng) -> Case:
    """The same in 5 % of the rows."""
    return _late(case, 0.05, rng)


def rent_above_income(case: Case, rng: Rng) -> Case:
    """One number exceeds another that bounds it, in 10 % of the rows."""
    changes.needs(case, "rent", "income")
    hit = rng.random(len(case.synthetic)) < 0.1
    return case.changed(rent=np.where(hit, (1.2 * case.synthetic["income"]).round(2), case.synthetic["rent"]))


def amounts_that_are_no_products(case: Case, rng: Rng) -> Case:
    """Every real row has an amount of visits times rent; in 15 % of the released rows it is that of another rent."""
    changes.needs(case, "visits", "rent")
    real = (table.assign(amount=(table["visits"] * table["rent"]).round(2)) for table in (case.train, case.holdout))
    rent = changes.exchanged(case.synthetic, ["rent"], 0.15, rng)["rent"]
    released = case.synthetic.assign(amount=(case.synthetic["visits"] * rent).round(2))
    return replace(case, **dict(zip(("train", "holdout"), real, strict=True))).released(released)


def _of_others(case: Case, name: str, told: Callable[[pd.DataFrame], np.ndarray], share: float, rng: Rng) -> Case:
    """A number that every real row tells is somebody else's in a share of the released rows."""
    train, holdout, out = (t.assign(**{name: told(t)}) for t in (case.train, case.holdout, case.synthetic))
    return replace(case, train=train, holdout=holdout).released(changes.exchanged(out, [name], share, rng))


def fees_of_other_debts(case: Case, rng: Rng) -> Case:
    """A fee is a fifth of a debt over 300, and 100 at most; in 15 % of the rows it is that of another debt."""
    changes.needs(case, "debt")
    return _of_others(case, "fee", lambda t: (0.2 * (t["debt"] - 300)).clip(0, 100).round(2), 0.15, rng)


def prices_of_other_tariffs(case: Case, rng: Rng) -> Case:
    """A price goes by country and by class of weight; in 15 % of the rows it is that of another row."""
    changes.needs(case, "country", "weight")

    def told(table: pd.DataFrame) -> np.ndarray:
        return (2 + table["country"].str[-1].astype(int)).to_numpy() * np.digitize(table["weight"], (60, 70, 80))

    return _of_others(case, "price", told, 0.15, rng)


def rents_of_other_incomes(case: Case, rng: Rng) -> Case:
    """The rent of somebody else in 40 % of the rows: seldom above the income, often an odd part of it."""
    changes.needs(case, "rent", "income")
    return case.released(changes.exchanged(case.synthetic, ["rent"], 0.4, rng))


def rents_a_tenth_of_incomes(case: Case, rng: Rng) -> Case:
    """A rent is a tenth of the income in 20 % of the rows: no order is broken, the proportion is."""
    changes.needs(case, "rent", "income")
    hit = rng.random(len(case.synthetic)) < 0.2
    return case.changed(rent=np.where(hit, (0.1 * case.synthetic["income"]).round(2), case.synthetic["rent"]))


def income_without_a_trend(case: Case, rng: Rng) -> Case:
    """Incomes rise over the years no more: each is divided by what it owes to its date."""
    changes.needs(case, "joined", "income")
    days = (pd.to_datetime(case.synthetic["joined"]) - pd.Timestamp("2005-01-01")).dt.days
    level = np.exp((days.mean() - days) / 9000)
    columns = {c: (case.synthetic[c] * level).round(2) for c in ("income", "rent")}
    return case.changed(**columns)


def time_trend_lost(case: Case, rng: Rng) -> Case:
    """Dates are dealt out anew, pairs kept: nothing rises over the years."""
    changes.needs(case, "joined", "left")
    order = rng.permutation(len(case.synthetic))
    return case.changed(**{c: case.synthetic[c].to_numpy()[order] for c in ("joined", "left")})


def _flipped(case: Case, share: float, rng: Rng) -> Case:
    rare, values = changes.rarest(case), case.synthetic[case.target].astype(object).to_numpy(copy=True)
    other = case.train[case.target].mode()[0]
    values[(values == rare) & (rng.random(len(values)) < share)] = other
    return case.changed(**{case.target: values})


def fifth_of_a_class_flipped(case: Case, rng: Rng) -> Case:
    """20 % of the rare class bear the label of the common one."""
    return _flipped(case, 0.2, rng)


def two_fifths_of_a_class_flipped(case: Case, rng: Rng) -> Case:
    """40 % of the rare class bear the label of the common one."""
    return _flipped(case, 0.4, rng)


def labels_exchanged_between_classes(case: Case, rng: Rng) -> Case:
    """A quarter of the targets are somebody else's: the shares stay."""
    return case.released(changes.exchanged(case.synthetic, [case.target], 0.25, rng))


def _in_a_subgroup(case: Case, change: Callable[[np.ndarray], Any]) -> Case:
    """The target changed among the people of one frequent label."""
    column = changes.widest(case)
    label = case.train[column].value_counts().index[1]
    rows = (case.synthetic[column] == label).to_numpy()
    values = case.synthetic[case.target].astype(object).to_numpy(copy=True)
    values[rows] = change(values[rows])
    return case.changed(**{case.target: values})


def target_constant_in_a_subgroup(case: Case, rng: Rng) -> Case:
    """Within one subgroup everybody has the same target."""
    return _in_a_subgroup(case, lambda values: case.train[case.target].mode()[0])


def target_shuffled_in_a_subgroup(case: Case, rng: Rng) -> Case:
    """Within one subgroup the target has nothing to do with the rest."""
    return _in_a_subgroup(case, lambda values: rng.permutation(values))


def number_shuffled_in_a_subgroup(case: Case, rng: Rng) -> Case:
    """Within one label the number that others tell most of has nothing to do with them."""
    column = changes.widest(case)
    related = case.train[changes.numbers(case)].corr("spearman").abs().replace(1.0, 0.0)
    number, rows = related.max().idxmax(), np.flatnonzero(case.synthetic[column] == case.train[column].mode()[0])
    values = case.synthetic[number].to_numpy(copy=True)
    values[rows] = values[rng.permutation(rows)]
    return case.changed(**{str(number): values})


def zeros_moved_between_labels(case: Case, rng: Rng) -> Case:
    """As many claims are zero, but half of those of one country are so in others."""
    changes.needs(case, "claims", "country")
    inside, claims = (case.synthetic["country"] == "country 1").to_numpy(), case.synthetic["claims"].to_numpy(copy=True)
    zeros, others = np.flatnonzero(inside & (claims == 0)), np.flatnonzero(~inside & (claims > 0))
    size = min(len(zeros) // 2, len(others))
    here, there = rng.permutation(zeros)[:size], rng.permutation(others)[:size]
    claims[here], claims[there] = claims[there], claims[here]
    return case.changed(claims=claims)


def upper_ends_apart(case: Case, rng: Rng) -> Case:
    """Of the two numbers that say most about each other, one is dealt out anew where the other is in its upper fifth:
    the greatest of both come together no more.
    """
    related = case.train[changes.numbers(case)].corr("spearman").abs().replace(1.0, 0.0)
    one = str(related.max().idxmax())
    two, values = str(related[one].idxmax()), case.synthetic
    upper = np.flatnonzero(values[one] > case.train[one].quantile(0.8))
    dealt = values[two].to_numpy(copy=True)
    dealt[upper] = dealt[rng.permutation(upper)]
    return case.changed(**{two: dealt})


def rare_labels_lost_within_a_class(case: Case, rng: Rng) -> Case:
    """The rarer half of the labels of a column are nowhere in the rare class of the target."""
    column = changes.widest(case)
    shares = case.train[column].value_counts(normalize=True)
    common = shares[shares.cumsum() <= 0.8]
    inside = (case.synthetic[case.target] == changes.rarest(case)) & ~case.synthetic[column].isin(common.index)
    values = case.synthetic[column].astype(object).to_numpy(copy=True)
    values[inside] = rng.choice(common.index, int(inside.sum()), p=common / common.sum())
    return case.changed(**{column: values})


def missing_values_removed(case: Case, rng: Rng) -> Case:
    """What was missing has been filled in from other rows."""
    columns = [c for c in case.train if case.synthetic[c].isna().any()]
    if not columns:
        raise changes.NotApplicable("expected a column with missing values")
    out = case.synthetic.copy()
    for column in columns:
        values = out[column].to_numpy(copy=True)
        gaps = pd.isna(values)
        values[gaps] = rng.choice(values[~gaps], int(gaps.sum()))
        out[column] = values
    return case.released(out)


def missing_values_moved(case: Case, rng: Rng) -> Case:
    """As many values are missing, but in other rows: not where income is low."""
    filled = missing_values_removed(case, rng).synthetic
    for column in case.train:
        share = case.synthetic[column].isna().mean()
        if share:
            filled[column] = filled[column].mask(rng.random(len(filled)) < share)
    return case.released(filled)


def missing_values_in_another_column(case: Case, rng: Rng) -> Case:
    """Ten per cent of the values of a full column are missing."""
    column = next(c for c in changes.numbers(case) if not case.train[c].isna().any())
    return case.changed(**{column: case.synthetic[column].mask(rng.random(len(case.synthetic)) < 0.1)})


def missing_values_tied_to_age(case: Case, rng: Rng) -> Case:
    """As many values are missing, but of the oldest people, not where income is low."""
    changes.needs(case, "savings", "age")
    filled = missing_values_removed(case, rng).synthetic
    oldest = filled["age"].rank(pct=True, method="first") > 1 - case.synthetic["savings"].isna().mean()
    return case.released(filled.assign(savings=filled["savings"].mask(oldest)))
