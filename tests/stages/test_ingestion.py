"""Ingestion: what the configuration says about the columns meets what the data hold."""

import numpy as np
import pandas as pd
import pytest

from pipelines import config
from pipelines.run.artifacts import LaunderError
from pipelines.stages.ingestion import ingest

ROWS = 60


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": [f"P-{n:04d}" for n in rng.permutation(ROWS)],
            "größe": rng.normal(170, 10, ROWS).round(1),
            "when": pd.date_range("2024-01-01", periods=ROWS).astype(str),
            "constant": "x",
            "nothing": None,
            "job": rng.choice(["nurse", "judge"], ROWS),
            "income": rng.choice(["low", "high"], ROWS),
        }
    )


@pytest.fixture
def read(tmp_path, frame):
    def _read(*overrides, data=None):
        (frame if data is None else data).to_csv(tmp_path / "x.csv", index=False)
        return ingest(config.load(tmp_path / "x.csv", overrides))

    return _read


def test_ugly_but_legal_columns(read):
    frame, schema = read("score.target=income")
    assert schema.kinds() == {
        "id": "identifier",
        "größe": "numerical",
        "when": "datetime",
        "constant": "categorical",
        "nothing": "categorical",
        "job": "categorical",
        "income": "categorical",
    }
    assert len(frame) == ROWS and frame["nothing"].isna().all()


def test_kinds_can_be_stated_and_columns_dropped(read):
    frame, schema = read(
        "columns.nothing=drop", "columns.when=categorical", "columns.größe={kind: numerical, decimals: 3}"
    )
    assert (
        "nothing" not in frame and schema.column("when").kind == "categorical" and schema.column("größe").decimals == 3
    )


def test_a_closed_list_refuses_what_it_does_not_name(read, tmp_path):
    read()
    (tmp_path / "c.yaml").write_text(
        "source: x.csv\ncolumns: {id: infer, größe: infer, when: infer, constant: infer, nothing: infer}\n"
    )
    with pytest.raises(LaunderError, match="also 'job', 'income'"):
        ingest(config.load(tmp_path / "c.yaml"))
    (tmp_path / "c.yaml").write_text('source: x.csv\ncolumns: {id: infer, "*": drop}\n')
    assert list(ingest(config.load(tmp_path / "c.yaml"))[0].columns) == ["id"]


@pytest.mark.parametrize(
    ("overrides", "part"),
    [
        (["columns.jobs=categorical"], "'jobs' of the configuration in the data, found none; did you mean 'job'?"),
        (["score.target=incom"], "score.target, found 'incom'; did you mean 'income'?"),
        (["split.entity=ids"], "split.entity, found 'ids'; did you mean 'id'?"),
        (["sample.where.jop=nurse"], "sample.where, found 'jop'; did you mean 'job'?"),
        (["score.target=constant"], "one value in all rows in column 'constant'"),
        (["score.target=nothing"], "no value in column 'nothing'"),
        (["score.target=id"], "is an identifier"),
        (["columns.job=numerical"], "numbers in column 'job', found 0 of 60"),
        (["columns.job=datetime"], "dates in column 'job', found 0 of 60"),
        (["columns.job={kind: categorical, form: x}"], "form"),
        (["columns.when={kind: datetime, format: '%d/%m/%Y'}"], "dates as '%d/%m/%Y' in column 'when', found 0 of 60"),
        (["columns.*=drop", "columns.id=drop"], "at least one column"),
    ],
)
def test_a_contradiction_is_one_sentence(read, overrides, part):
    with pytest.raises(LaunderError) as caught:
        read(*overrides)
    assert part in str(caught.value) and "nurse" not in str(caught.value)


@pytest.mark.parametrize("rows", [1, 2])
def test_too_few_rows(read, frame, rows):
    with pytest.raises(LaunderError, match=f"at least 3 rows .* found {rows}"):
        read(data=frame.head(rows))


@pytest.mark.parametrize("values", [["NaN"], ["inf"], ["inf", "NaN", "-inf"]])
def test_a_numeric_column_without_a_number_stays_and_is_empty(read, frame, values):
    frame["größe"] = (values * ROWS)[:ROWS]
    table, schema = read(data=frame)
    assert table["größe"].isna().all() and schema.column("größe").kind == "numerical"


def test_infinite_numbers_among_others_become_missing(read, frame):
    frame.loc[:4, "größe"] = np.inf
    assert read(data=frame)[0]["größe"].isna().sum() == 5


def test_placeholders_in_identifiers_become_missing_and_labels_keep_theirs(read, frame):
    frame.loc[:19, ["id", "job"]] = "-"
    table, _ = read(data=frame)
    assert table["id"].isna().sum() == 20 and (table["job"] == "-").sum() == 20
    assert "20 placeholders such as - or unknown in column 'id' became missing" in table.attrs["notes"]


def test_amounts_that_most_rows_have_not_are_learned_as_amounts(read, frame):
    bonus = [f"{k},50" if k % 3 == 0 else "-" for k in range(len(frame))]
    _, schema = read(data=frame.assign(bonus=bonus))
    assert schema.column("bonus").kind == "numerical"


@pytest.mark.parametrize("word", ["SUMME", "Total:", "合計"])
def test_rows_of_sums_at_the_end_are_left_out_and_this_is_said(read, frame, word):
    last = pd.DataFrame({"id": [word], "größe": [frame["größe"].sum()]})
    table, schema = read(data=pd.concat([frame, last]))
    assert len(table) == ROWS and word not in set(table["id"]) and schema.kinds() == read(data=frame)[1].kinds()
    assert "1 row of sums at the end was left out" in table.attrs["notes"]
    whole = frame.tail(1).assign(job="total")  # a label of a row that has all values
    assert len(read(data=pd.concat([frame, whole]))[0]) == ROWS + 1


def test_mixed_types_are_refused_unless_they_are_stated_as_labels(read, frame):
    frame["mixed"] = [*map(str, range(ROWS - 4)), "secret", "hidden", "covert", "private"]
    with pytest.raises(LaunderError, match="'mixed', found numbers in 56 rows and words in 4") as caught:
        read(data=frame)
    assert "secret" not in str(caught.value)
    assert read("columns.mixed=categorical", data=frame)[1].column("mixed").kind == "categorical"


def test_an_entity_is_never_learned(read):
    assert read("split.entity=job")[1].column("job").kind == "identifier"


def test_numbered_entities_stay_whole_numbers(read, frame, tmp_path):
    frame["who"] = [float(n // 2) for n in range(ROWS - 1)] + [np.nan]
    frame.drop(columns="nothing").to_parquet(tmp_path / "x.parquet")
    read_frame, schema = ingest(config.load(tmp_path / "x.parquet", ["split.entity=who"]))
    assert read_frame["who"].dtype == "Int64" and schema.column("who").kind == "identifier"


def test_a_target_that_protection_would_empty(read, frame):
    frame["income"] = ["high"] * 3 + ["low"] * (ROWS - 3)
    with pytest.raises(LaunderError, match="two labels of at least 5 rows in the target 'income', found 1"):
        read("score.target=income", data=frame)
    read("score.target=income", "protect.rare=3", data=frame)


def test_a_column_of_bytes_is_left_out_where_it_is_dropped_and_no_other_goes_unseen(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": [1, 2, 3, 4], "hash": [b"\x00"] * 4}).to_parquet(path)
    assert ingest(config.load(str(path), ["columns.hash=drop"]))[1].names == ["a"]
    with pytest.raises(LaunderError, match="did you mean 'hash'"):
        ingest(config.load(str(path), ["columns.hash=drop", "columns.hahs=drop"]))
    with pytest.raises(LaunderError, match=r"columns\.hash to drop"):
        ingest(config.load(str(path)))
