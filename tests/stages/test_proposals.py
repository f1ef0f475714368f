"""What `launder init` proposes: rules that hold and say something, and none that would hold by chance."""

import numpy as np
import pandas as pd
import pytest
import yaml

from generators.data.inference import infer
from pipelines.cli import main
from pipelines.config import proposals
from pipelines.run.artifacts import LaunderError
from pipelines.sinks.tables import conditions


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    net, tax = rng.gamma(2, 50, 400).round(2), rng.gamma(2, 9, 400).round(2)
    start, stay = rng.integers(0, 900, 400), rng.integers(0, 300, 400)
    city = rng.choice(["Rome", "Milan", "Bonn", "Graz"], 400)
    day = pd.Timestamp("2020-01-01")
    table = pd.DataFrame(
        {
            "net": net,
            "tax": tax,
            "the total": (net + tax).round(2),
            "start": (day + pd.to_timedelta(start, "D")).strftime("%Y-%m-%d"),
            "end - day": (day + pd.to_timedelta(start + stay, "D")).strftime("%Y-%m-%d"),
            "city": city,
            "country": pd.Series(city).map({"Rome": "IT", "Milan": "IT", "Bonn": "DE", "Graz": "AT"}),
            "noise": rng.integers(0, 50, 400),
        }
    )
    table["nearly"] = np.where(np.arange(400) == 7, -1, table["noise"] + rng.integers(0, 50, 400))
    return table


def test_orders_sums_and_combinations_are_found(frame):
    found = proposals.find(frame, infer(frame))
    assert set(found.certain) == {"net <= the total", "net + tax == the total", "start <= end - day"}
    assert found.likely == ("noise <= nearly",) and found.combinations == ("city, country",)


def test_numbers_that_the_model_works_out_from_each_other_are_no_combination():
    years = pd.DataFrame({"years": np.arange(400) % 20, "grade": np.arange(400) % 20 // 5})
    frame = years.assign(squared=years["years"] ** 2)
    assert proposals.find(frame, infer(frame)).combinations == ("years, grade",)


def test_nothing_is_found_where_columns_are_independent(frame):
    rng = np.random.default_rng(1)
    shuffled = pd.DataFrame({name: rng.permutation(frame[name]) for name in frame})
    assert proposals.find(shuffled, infer(shuffled)) == proposals.Proposals()


def test_rules_are_the_same_however_many_rows_are_counted_at_a_time(frame, monkeypatch):
    frame = frame.assign(alike=frame["net"].where(frame.index % 9 > 0), later=lambda f: f["net"] + f.index % 3)
    whole = proposals.find(frame, infer(frame))
    monkeypatch.setattr(proposals, "COUNTED_ROWS", 7)
    assert proposals.find(frame, infer(frame)) == whole != proposals.Proposals()


def test_init_writes_them_so_that_they_can_be_run(frame, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    frame.to_csv("bills.csv", index=False)
    assert main(["init", "bills.csv"]) == 0 and "5 rules" in capsys.readouterr().out
    text = (tmp_path / "launder.yaml").read_text()
    written = yaml.safe_load(text)
    assert (
        "net + tax == the total" in written["sample"]["constraints"]
        and '- "noise <= nearly"  # every row keeps it, or all' in text
    )
    assert written["generator"]["options"] == {"combinations": ["city, country"]}
    rules = [
        "--constraint",
        "start <= end - day",
        "--where",
        "net>=20",
        "--where",
        "net<=200",
        "--where",
        "city=Rome|Bonn",
    ]
    assert main(["fit", "launder.yaml", "--model", "model", "--set", "budget.steps=20"]) == 0
    assert main(["sample", "model", "--rows", "50", "--output", "out.csv", *rules]) == 0
    drawn = pd.read_csv("out.csv")
    assert (drawn["start"] <= drawn["end - day"]).all() and drawn["net"].between(20, 200).all()
    assert set(drawn["city"]) <= {"Rome", "Bonn"} and set(drawn["country"]) <= {"IT", "DE"}


def test_names_and_grammar_are_checked_before_training(frame, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    frame.to_csv("bills.csv", index=False)
    for rule, said in (
        ("nett <= tax", "did you mean 'net'"),
        ("net <=", "found its end"),
        ("city <= 3", "labels of column 'city'"),
    ):
        assert main(["fit", "bills.csv", "--model", "model", "--set", f"sample.constraints=[{rule!r}]"]) == 1
        assert said in capsys.readouterr().err and not (tmp_path / "model").exists()


def test_conditions_are_read_by_the_names_of_the_columns():
    names = ["a", "a=b", "age", "net age"]
    assert conditions(["a=b=x", "age>=30", "net age = 4"], names) == {"a=b": "x", "age": ">=30", "net age": "4"}
    assert conditions(["a=b", "age="], ["a", "age"]) == {"a": "b", "age": None}
    assert conditions(["age=3", "age=3"], ["age"]) == {"age": "3"}
    assert conditions(["age>3", "age<5"], ["age"])["age"].conditions == (">3", "<5")
    for text, said in (("agee=3", "did you mean 'age'"), ("age", "COLUMN=VALUE")):
        with pytest.raises(LaunderError, match=said):
            conditions([text], ["age"])


def test_the_prices_of_a_list_go_with_its_articles():
    rng = np.random.default_rng(4)
    prices = rng.permutation(np.arange(100, 9999))[:120] / 100
    article = rng.integers(0, 120, 3000)
    frame = pd.DataFrame({"article": [f"P{k:03d}" for k in article], "price": prices[article]})
    frame["paid"] = (frame["price"] * rng.uniform(0.5, 1, 3000)).round(2)
    assert proposals.find(frame, infer(frame)).combinations == ("article, price",)
