"""Fixed combinations: none is drawn that training rows did not share, whatever else is given."""

import numpy as np
import pandas as pd
import pytest

import generators
from generators import Budget
from generators.data.inference import infer
from generators.encoding import encoder
from generators.sampling.combinations import learn
from pipelines.config.proposals import find

COUNTRY = {"Paris": "FR", "Lyon": "FR", "Bonn": "DE", "Köln": "DE", "Graz": "AT"}
MONEY = {"FR": "€", "DE": "€", "AT": "öS"}


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    city = pd.Series(rng.choice(list(COUNTRY), 900)).where(rng.random(900) > 0.05, None)
    country = city.map(COUNTRY)
    table = pd.DataFrame(
        {"age": rng.integers(0, 90, 900), "money": country.map(MONEY), "city": city, "country": country}
    )
    table["shop"] = [f"{place}-{n}" for place, n in zip(table["country"], rng.integers(0, 3000, 900) % 60, strict=True)]
    return table


@pytest.fixture(scope="module")
def model(frame):
    return generators.fit(frame, budget=Budget(steps=5), seed=0, combinations=("city, country", "country, money"))


def agrees(table):
    return (table["city"].map(COUNTRY).fillna("") == table["country"].fillna("")) & (
        table["country"].map(MONEY).fillna("") == table["money"].fillna("")
    )


def test_an_untrained_model_draws_no_other_combination(frame, model):
    drawn = model.sample(3000, seed=1)
    assert len(drawn) == 3000 and agrees(drawn).all() and set(drawn["city"].dropna()) == set(COUNTRY)
    free = generators.fit(frame.drop(columns="shop"), budget=Budget(steps=5), seed=0).sample(3000, seed=1)
    assert not agrees(free).all()


def test_conditions_imputations_and_saved_models_keep_them(model, tmp_path):
    drawn = model.sample(200, where={"money": "€", "country": "DE"})
    assert agrees(drawn).all() and set(drawn["city"]) == {"Bonn", "Köln"}
    holes = pd.DataFrame(
        {
            "age": [3, 4],
            "money": [None, None],
            "city": ["Graz", None],
            "country": [None, "FR"],
            "shop": ["FR-1", "FR-2"],
        }
    )
    filled = model.impute(holes)
    assert (
        filled["money"].tolist() == ["öS", "€"]
        and filled["country"].tolist() == ["AT", "FR"]
        and filled["city"][1] in ("Paris", "Lyon")
    )
    model.save(tmp_path / "model")
    pd.testing.assert_frame_equal(generators.open_model(tmp_path / "model").sample(50), model.sample(50))


def test_rare_values_go_with_the_one_label_that_stands_for_rare_ones():
    years = np.repeat([3, 9, 10, 13, 1, 2, 16], [40, 120, 80, 60, 3, 4, 3])
    names = np.where(np.isin(years, (1, 2, 16)), "other", np.char.add("grade ", years.astype(str)))
    frame = pd.DataFrame({"grade": names, "years": years})
    drawn = generators.fit(frame, budget=Budget(steps=2), seed=0, combinations=["grade, years"]).sample(3000)
    frequent = drawn[drawn["grade"] != "other"]
    assert (frequent["grade"] == "grade " + frequent["years"].astype(str)).all()
    assert (
        0 < (drawn["grade"] == "other").mean() < 0.08
        and not drawn["years"][drawn["grade"] == "other"].isin([3, 9, 10, 13]).any()
    )


def test_columns_of_two_tokens_are_combined_too():
    rng = np.random.default_rng(1)
    shop = rng.integers(0, 300, 6000)
    frame = pd.DataFrame({"city": (shop // 30).astype(str), "shop": [f"s{n}" for n in shop]})
    drawn = generators.fit(frame, budget=Budget(steps=3), combinations=["city, shop"]).sample(2000)
    assert (drawn["shop"].str[1:].astype(int) // 30 == drawn["city"].astype(int)).all()


def test_a_combination_of_few_rows_is_not_kept(frame):
    odd = pd.concat([frame, frame.head(4).assign(city="Paris", country="AT", money="öS")])
    encoded = encoder.fit(odd, infer(odd))
    (held,) = learn(["city, country"], encoded, encoded.encode(odd))
    assert len(held.tokens) == len(COUNTRY) + 1  # one more for the missing ones


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ("city", "two or more learned columns"),
        ("city, planet", "such as 'city, country'"),
        ("age, shop", "leave a column out"),
    ],
)
def test_impossible_ones_are_one_sentence(frame, columns, sentence):
    with pytest.raises(ValueError, match=sentence):
        generators.fit(frame, budget=Budget(steps=2), combinations=[columns])


def test_a_condition_that_no_combination_meets_is_one_sentence(model):
    with pytest.raises(ValueError, match="change one of its values"):
        model.sample(3, where={"city": "Graz", "country": "FR"})


def test_a_constraint_on_a_combined_column_holds_with_the_combination(frame):
    frame = frame.assign(age=frame["age"] // 30).drop(columns="shop")
    drawn = generators.fit(frame, budget=Budget(steps=2), combinations=["city, country"]).sample(
        200, where={"country": "DE|AT"}, constraints=["age >= 1", "if city == 'Bonn' then age == 2"]
    )
    assert (
        (drawn["city"].map(COUNTRY) == drawn["country"]).all()
        and (drawn["age"] >= 1).all()
        and (drawn["country"] != "FR").all()
    )
    assert (drawn.loc[drawn["city"] == "Bonn", "age"] == 2).all()


def test_combinations_of_columns_that_follow_from_one_score_hold_without_being_learnt():
    rng = np.random.default_rng(3)
    score = rng.integers(300, 850, 900)
    bands = np.digitize(score, [560, 620, 700])
    frame = pd.DataFrame(
        {"score": score, "grade": np.array([*"DCBA"])[bands], "rate": np.array([9.5, 7, 5, 3.5])[bands]}
    )
    frame["approved"] = np.where(bands > 0, "yes", "no")
    lists = ("grade, rate", "rate, approved")
    model = generators.fit(frame, budget=Budget(steps=5), seed=0, combinations=lists)
    drawn = model.sample(2000, seed=1)
    assert (drawn["grade"] == np.array([*"DCBA"])[np.digitize(drawn["score"], [560, 620, 700])]).all()
    assert set(zip(drawn["grade"], drawn["rate"], strict=True)) == set(zip(frame["grade"], frame["rate"], strict=True))
    frame["rate"] = frame["rate"].where(rng.random(900) > 0.1, 99.0)  # the rate alone does not follow any more
    model = generators.fit(frame, budget=Budget(steps=5), seed=0, combinations=lists)
    drawn = model.sample(2000, seed=1)
    own = ["grade", "rate", "approved"]
    assert {*drawn[own].itertuples(index=False)} <= {*frame[own].itertuples(index=False)}


def test_questions_that_only_some_are_asked_are_drawn_for_these_alone():
    rng = np.random.default_rng(2)
    smokes, tried = rng.random(2000) < 0.4, rng.random(2000) < 0.5
    frame = pd.DataFrame({"a_day": 1 + rng.poisson(12, 2000), "smokes": np.where(smokes, "yes", "no")})
    frame["a_day"] = frame["a_day"].where(smokes).astype("Int64")
    frame["tried"] = pd.Series(np.where(tried, "yes", "no")).where(smokes)
    frame["times"] = pd.Series(1 + rng.poisson(1, 2000).clip(max=2)).where(smokes & tried).astype("Int64")
    found = find(frame, infer(frame)).combinations
    drawn = generators.fit(frame, budget=Budget(steps=2), combinations=found).sample(1000)
    asked = drawn["smokes"] == "yes"
    assert drawn[["a_day", "tried"]].notna().eq(asked, axis=0).all(axis=None)
    assert (drawn["times"].notna() == (drawn["tried"] == "yes")).all() and drawn["times"].nunique() == 3
    assert len(drawn.groupby(["a_day", "tried"])) > len(frame.groupby(["a_day", "tried"])) * 0.7
