"""The populations that flaws are made of: a made one with the structure of a register, any other table, and
scikit-learn's digits.

In the made one different seeds are different people. Three hidden causes (wealth, age, health) drive fourteen numbers,
six labels and two dates; a city lies in one country, an education has one number, nobody leaves before joining, incomes
rise over the years, and two columns have values missing where income is low.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from launderette.evaluation.streams import RandomStream, generator

EDUCATION = ("none", "primary", "lower", "upper", "college", "bachelor", "master", "doctor")
CITIES = {f"city {n:02d}": f"country {n % 6}" for n in range(24)}
Rng = np.random.Generator
Vector = np.ndarray  # float64 [people]
Pair = tuple[np.ndarray, np.ndarray]  # pixels uint8 [n, H, W, C], labels [n]
PLANS = ("basic", "plus", "family", "gold")
FIRST_NAMES = [
    f"{a}{b}" for a in ("An", "Be", "Cor", "Da", "El", "Fi", "Ga", "Ha") for b in ("na", "lo", "ri", "mon", "su")
]
LAST_NAMES = [
    f"{a}{b}" for a in ("Ab", "Bro", "Cal", "Dor", "Es", "Fal", "Gre", "Hol") for b in ("beck", "den", "ler", "mann")
]
VERBS = ("reports", "denies", "awaits", "missed", "asked about", "returned for", "was sent for")
THINGS = ("back pain", "a new card", "a refund", "blood tests", "an appeal", "late payment", "a move", "a referral")


@dataclass(frozen=True)
class Case:
    """Three tables to be compared; the synthetic one of an honest case holds fresh people of the same population."""

    train: pd.DataFrame
    holdout: pd.DataFrame
    synthetic: pd.DataFrame
    target: str
    kinds: dict[str, str] = field(default_factory=dict)  # stated by the owner, as far as they are

    def released(self, synthetic: pd.DataFrame) -> Case:
        """The same real tables with another synthetic one."""
        return replace(self, synthetic=synthetic.reset_index(drop=True))

    def sized(self, train: int, holdout: int, released: int) -> Case:
        """The case cut to its first rows, so many of each table."""
        cut = replace(self, train=self.train.head(train), holdout=self.holdout.head(holdout))
        return cut.released(self.synthetic.head(released))

    def changed(self, **columns: object) -> Case:
        """The same case with columns of its synthetic table exchanged."""
        return self.released(self.synthetic.assign(**columns))


def people(rows: int, seed: int = 0) -> pd.DataFrame:
    """A table of so many people, columns in an order of their own."""
    rng = generator(seed, RandomStream.PEOPLE)
    wealth, health, age = rng.normal(size=rows), rng.normal(size=rows), rng.beta(2, 3, rows)
    days = rng.integers(0, 6000, rows)
    income = np.exp(9.6 + 0.5 * wealth + age + days / 9000 + rng.normal(0, 0.2, rows))
    frame = pd.DataFrame(
        _numbers(rng, wealth, health, age, income) | _labels(rng, wealth, health, age) | _dates(rng, days)
    )
    poor = income < np.quantile(income, 0.3)
    frame.loc[rng.random(rows) < np.where(poor, 0.3, 0.04), "savings"] = np.nan
    frame.loc[rng.random(rows) < np.where(poor, 0.15, 0.02), "trade"] = None
    return frame


def _numbers(rng: Rng, wealth: Vector, health: Vector, age: Vector, income: Vector) -> dict[str, np.ndarray]:
    def noise(size: float) -> np.ndarray:
        return rng.normal(0, size, len(age))

    height = 170 + noise(9)
    saves = rng.random(len(age)) < 0.25 + 0.5 * age
    return {
        "age": (18 + 70 * age).round().astype(int),
        "income": income.round(2),
        "rent": (income * (0.25 + 0.1 * rng.random(len(age)))).round(2),
        "savings": np.where(saves, np.exp(7 + wealth + 2 * age + noise(0.5)).round(2), 0.0),
        "height": height.round(1),
        "weight": (0.6 * height - 35 - 4 * health + 15 * age + noise(8)).round(1),
        "pulse": (68 - 5 * health + noise(8)).round().astype(int),
        "pressure": (112 - 4 * health + 35 * age + noise(9)).round().astype(int),
        "glucose": (5.0 + np.exp(0.4 * noise(1) - 0.3 * health + age - 1)).round(2),
        "visits": rng.poisson(np.exp(0.4 - 0.5 * health + age)),
        "claims": (rng.gamma(0.7, 400, len(age)) * (rng.random(len(age)) < 0.35)).round(2),
        "score": (50 + 12 * wealth + 8 * health + noise(7)).round(3),
        "debt": np.exp(6 - 0.7 * wealth + noise(0.8)).round(2),
        "steps": np.exp(8.6 + 0.25 * health - 0.6 * age + noise(0.25)).round().astype(int),
    }


def _labels(rng: Rng, wealth: Vector, health: Vector, age: Vector) -> dict[str, np.ndarray]:
    size = len(age)
    education = np.digitize(wealth + rng.normal(0, 0.7, size), [-2.2, -1.4, -0.7, 0.1, 0.7, 1.3, 2.1])
    city = np.minimum(rng.geometric(0.12, size) - 1, len(CITIES) - 1)
    trade = np.digitize(wealth + rng.normal(0, 0.7, size), [-1.5, -0.8, -0.2, 0.4, 1, 1.8])
    cities = np.array(list(CITIES))[city]
    return {
        "education": np.array(EDUCATION)[education],
        "education_number": education + 1,
        "city": cities,
        "country": np.array([CITIES[c] for c in cities]),
        "trade": np.array(list("abcdefg"), dtype=object)[trade],
        "plan": np.array(PLANS)[np.digitize(wealth + age + rng.normal(0, 0.8, size), [0.2, 1.2, 2.2])],
        "married": rng.random(size) < 0.2 + 0.6 * age,
        "owner": np.where(rng.random(size) < 1 / (1 + np.exp(2.8 - 2 * wealth - 3 * (age - 0.4))), "yes", "no"),
    }


def _dates(rng: Rng, days: np.ndarray) -> dict[str, np.ndarray]:
    start = pd.Timestamp("2005-01-01")
    stay = rng.gamma(2, 300, len(days)).astype(int)
    ends = {"joined": days, "left": days + stay}
    return {name: (start + pd.to_timedelta(day, "D")).strftime("%Y-%m-%d") for name, day in ends.items()}


def made(sizes: tuple[int, int, int], seed: int = 0) -> Case:
    """An honest case of the made population, of so many training, holdout and synthetic rows."""
    train, holdout, synthetic = (people(rows, 3 * seed + part) for part, rows in enumerate(sizes))
    return Case(train, holdout, synthetic, "owner")


def cut(frame: pd.DataFrame, sizes: tuple[int, int, int], target: str) -> Case:
    """An honest case of rows of one table, one part after the other."""
    ends = np.cumsum((0, *sizes))
    train, holdout, synthetic = (frame.iloc[a:b].reset_index(drop=True) for a, b in pairwise(ends))
    return Case(train, holdout, synthetic, target)


@dataclass(frozen=True)
class ImageCase:
    """Three collections to be compared; the synthetic one of an honest case holds fresh images."""

    train: Pair
    holdout: Pair
    synthetic: Pair

    def released(self, pixels: np.ndarray, labels: np.ndarray) -> ImageCase:
        """The same real collections with another synthetic one."""
        return replace(self, synthetic=(np.ascontiguousarray(pixels), labels))


def digits(sizes: tuple[int, int, int], seed: int = 0) -> ImageCase:
    """An honest case: the digits of scikit-learn, drawn anew by each seed."""
    from sklearn.datasets import load_digits

    found = load_digits()
    pixels = (found.images[..., None] * 255 / 16).round().astype(np.uint8)
    order = np.random.default_rng(seed).permutation(len(pixels))
    parts = np.split(order[: sum(sizes)], np.cumsum(sizes)[:-1])
    return ImageCase(*((pixels[rows], found.target[rows]) for rows in parts))


def of_visits(case: Case) -> Case:
    """Readings of people in the place of rows, as many: six of each person, on two visits of one time each."""
    roles = ("train", "holdout", "synthetic")
    made = {role: _readings(getattr(case, role)[case.target], place) for place, role in enumerate(roles)}
    return replace(case, **made, kinds={"person": "identifier"})


def _readings(target: pd.Series, place: int) -> pd.DataFrame:
    size, rng = len(target), np.random.default_rng([place, int(pd.util.hash_pandas_object(target).sum() % 2**32)])
    person, visit = np.arange(size) // 6, np.arange(size) // 3
    people, usual = person.max() + 1, rng.normal(10, 2, size // 6 + 1)
    minutes = rng.integers(0, 3 * 365 * 24 * 60, visit.max() + 1)[visit]
    return pd.DataFrame(
        {
            "person": [f"P{place}{n:06d}" for n in person],
            "born": rng.integers(1940, 2005, people)[person],
            "ward": rng.choice(list("xyz"), people)[person],
            "taken_at": pd.Timestamp("2020-01-01") + pd.to_timedelta(minutes, "min"),
            "test": rng.choice(list("ABCDE"), size),
            "value": (usual[person] + rng.normal(0, 1, size)).round(1),
            str(target.name): target.to_numpy(),
        }
    )


def with_text(case: Case, rng: Rng) -> Case:
    """Three columns of text for all people: an e-mail (unique), a name (shared by few) and a note."""
    return replace(case, **{role: _texts(getattr(case, role), role, rng) for role in ("train", "holdout", "synthetic")})


def _texts(frame: pd.DataFrame, role: str, rng: Rng) -> pd.DataFrame:
    size = len(frame)
    first, last = rng.choice(FIRST_NAMES, size), rng.choice(LAST_NAMES, size)
    where = rng.choice(("post", "mail", "web"), size)
    codes = rng.choice(10**7, size, replace=False) * 3 + ("train", "holdout", "synthetic").index(role)
    return frame.assign(
        email=[f"{a.lower()}.{n}@{w}.example" for a, n, w in zip(first, codes, where, strict=True)],
        name=[f"{a} {b}" for a, b in zip(first, last, strict=True)],
        note=_notes(size, rng),
    )


def _notes(size: int, rng: Rng) -> list[str]:
    parts = rng.choice(VERBS, size), rng.choice(THINGS, size), rng.integers(1, 31, size), rng.integers(100, 1000, size)
    notes = [f"{a} {b} on day {c}, file {d}" for a, b, c, d in zip(*parts, strict=True)]
    return [notes[0], *notes[:-1]]  # one text twice: such a column is taken for labels
