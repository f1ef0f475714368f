"""The advice on a family follows the figures that docs/generators.md shows."""

from pathlib import Path

import pandas as pd
import pytest

from generators.data.inference import infer
from pipelines import config
from pipelines.config.proposals import Proposals
from pipelines.modalities import families, private_tabular, tabular
from pipelines.modalities.contract import Ingested
from pipelines.modalities.families import MEASURED, Figures, suiting

DOCS = Path(__file__).parents[2] / "docs" / "generators.md"


def documented(rows: int) -> dict[str, Figures]:
    """The table of families in the documentation of a number of rows."""
    text = DOCS.read_text().partition("was measured of each family")[2].partition(f"| {rows:,} rows |")[2]
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.split("\n\n")[0].splitlines()[2:]]
    numbers = {name: [float(c) if c[:1] in ".0123456789" else None for c in cells] for name, *cells in lines}
    return {f"tabular.{name}": Figures(n[0], n[1], n[2], n[5]) for name, n in numbers.items() if n[0] is not None}


@pytest.mark.parametrize("rows", MEASURED)
def test_the_figures_are_those_of_the_documentation(rows):
    assert MEASURED[rows] == documented(rows) and len(MEASURED[rows]) == (5 if rows >= 500 else 3)


@pytest.mark.parametrize("rows", [50, 500, 2000, 40_000, 3_000_000])
@pytest.mark.parametrize("asked", [{}, {"missing": 0.3}, {"conditions": 2}])
def test_the_best_family_that_may_be_is_named_with_why(rows, asked, monkeypatch):
    figures = {
        100: {"a.best": Figures(0.5, 0.1, 0.5, 0.9), "b.given": Figures(0.4, 0.6, None, None)},
        10_000: {"c.heart": Figures(0.9, 0.9, 0.7, 0.5), "d.fine": Figures(0.8, 0.8, 0.6, 1.0)},
    }
    monkeypatch.setattr(families, "MEASURED", figures)
    said = suiting(rows, 7, **asked)
    small = rows < 1000  # by ratio
    name = ("b.given" if "conditions" in asked else "a.best") if small else "d.fine"
    assert said.startswith(f"{name} suits {rows:,} rows of 7 columns") and "heart" not in said
    assert ("30% of the values missing" in said) == ("missing" in asked)
    assert ("2 conditions" in said) == ("conditions" in asked)


def test_of_fewer_rows_than_were_measured_the_default_is_named(monkeypatch):
    monkeypatch.setattr(
        families, "MEASURED", {100: {"a.default": Figures(0.3, 0.3, 0.5, None), "b.other": Figures(0.9, 0.9, 0.5, 1)}}
    )
    assert suiting(49, 7) == "a.default suits 49 rows of 7 columns: the default, for none was measured with so few"
    assert suiting(50, 7).startswith("b.other suits")


def test_what_was_not_measured_of_few_rows_is_taken_from_more(monkeypatch):
    figures = {100: {"a.few": Figures(0.9, None, 0.5, None)}, 500: {"b.more": Figures(0.5, 0.5, 0.5, 1)}}
    monkeypatch.setattr(families, "MEASURED", figures)
    assert suiting(120, 7).startswith("a.few suits")
    assert suiting(250, 7, missing=0.3).startswith("b.more suits") and suiting(250, 7, conditions=1).startswith(
        "b.more"
    )
    assert "the default, for none" in suiting(120, 7, conditions=1)


def test_the_default_is_named_where_the_best_differs_by_noise_and_else_the_best(monkeypatch):
    default, near, far = (Figures(score, 0.5, 0.5, None) for score in (0.69, 0.72, 0.73))
    for best, named in ((near, "a.default"), (far, "c.best")):
        monkeypatch.setattr(families, "MEASURED", {500: {"a.default": default, "b.other": near, "c.best": best}})
        assert suiting(500, 7).startswith(f"{named} suits")
        assert ("but for noise as hard as any" in suiting(500, 7)) == (best is near)


def test_a_draft_says_which_generator_suits_its_source():
    table = pd.DataFrame({"a": [1.5, None, 3.5] * 10, "b": ["x", "y", "z"] * 10})
    loaded, found = config.validate({"source": "t.csv", "sample": {"where": {"b": "x"}}}), Ingested(table, infer(table))
    stated = {tabular: [], private_tabular: ["privacy.epsilon=3", "privacy.delta=1e-5"]}
    drafts = [one.draft(found, "t.csv", loaded, settings, Proposals(), None) for one, settings in stated.items()]
    (said,), (_, guaranteed) = (draft.notes for draft in drafts)
    assert "30 rows of 2 columns with 17% of the values missing and a condition" in said and said.endswith("them.")
    assert guaranteed.startswith("tabular.marginals suits a guarantee of epsilon")
    assert "bounds: []" in drafts[1].text and "bounds" not in drafts[0].text.partition("split:")[0]
