"""Sources under a privacy budget: each row is read by itself, and of a row more nothing leaves a run but by answers."""

import contextlib
import datetime
import io
import json
import re
import sqlite3
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generators.marginals import measuring
from generators.privacy import noise
from generators.privacy.domain import OTHER_LABEL, PublicColumn
from generators.privacy.forms import TRUTH_VALUE, each, form_of
from generators.privacy.learning import DELTA_SHARE
from generators.privacy.ledger import Ledger
from generators.tabular import marginals as tabular_marginals
from pipelines import config
from pipelines.modalities import private_tabular
from pipelines.privacy import public, spending
from pipelines.run import pipeline
from pipelines.run.artifacts import LaunderError, Unavailable
from pipelines.shards import preflight
from pipelines.sources import lines, parts, remote
from pipelines.sources.delimited import DelimitedForm
from pipelines.stages import fitting
from tests import runs
from tests.private_runs.test_runs import COLUMNS, QUICK, SECRET, loaded, table

OF_IDS = rb"\d{8}T\d{6}-(model-[0-9a-f]{8})?|(?<=failed-)[0-9a-f]{8}"
ROWS = [b"1,Ulm,true", b'2,"K\xc3\xb6ln, Mitte",false', b",,", b"4,Ulm,0"]
LINE = st.binary(max_size=30).filter(lambda line: not {10, 13} & set(line))


def texts(rows, **form):
    part = parts.Part("people.csv", lambda: io.BytesIO(b"\n".join([b"age,town,ill", *rows])))
    return lines.read([part], DelimitedForm(",", **form), frozenset())[0]


@settings(max_examples=150, deadline=None)
@given(
    LINE | st.sampled_from([b'"', b'x"y,"', b"1,2", b"1,2,3,4,5", b"\xff\xfe,\x00", b'"a"b",c', b"#,a", b","]),
    st.data(),
)
def test_a_line_of_any_bytes_changes_nothing_of_the_others(line, data):
    at = data.draw(st.integers(0, len(ROWS)))
    found, before = texts([*ROWS[:at], line, *ROWS[at:]]), texts(ROWS)
    more = len(found) - len(before)
    assert more in (0, 1) and list(found) == list(before)
    assert found.drop(index=range(at, at + more)).reset_index(drop=True).equals(before)


ENCODINGS = ["utf-8", "utf-8-sig", "latin-1", "iso2022_jp", "utf-7", "shift_jis", "gb18030", "hz"]


@settings(max_examples=60, deadline=None)
@given(LINE | st.sampled_from([b"\x1b$B", b"~{", b"+AGE", b"\x81", b"\x1b(J\\", b"+2AA-"]), st.sampled_from(ENCODINGS))
@example(b"+2AA-", "utf-7")
def test_a_line_of_any_bytes_changes_nothing_of_the_others_in_any_encoding(line, encoding):
    before = texts([b"1,Ulm,true", *ROWS[2:]], encoding=encoding)
    after = texts([line, b"1,Ulm,true", *ROWS[2:]], encoding=encoding)
    assert after.iloc[len(after) - len(before) :].reset_index(drop=True).equals(before)
    assert "".join(after.fillna("").to_numpy().ravel()).encode()  # so that it can be written and hashed


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "cp037"])
def test_encodings_of_which_a_row_may_shift_all_others_are_refused(encoding):
    with pytest.raises(LaunderError, match=f"lines end with one byte under privacy.epsilon, found {encoding}, "):
        texts(ROWS, encoding=encoding)


def test_lines_are_read_as_they_stand():
    found = texts(ROWS)
    assert found["town"].tolist() == ["Ulm", "Köln, Mitte", None, "Ulm"] and found["ill"].tolist()[-1] == "0"
    assert texts([]).shape == (0, 3)  # that there are none, noisy counts tell
    with pytest.raises(LaunderError, match=r"expected a header of one row under privacy\.epsilon"):
        texts(ROWS, header=False)


def test_odd_lines_stop_no_run_and_are_counted_for_inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table(50).to_csv("people.csv", index=False)
    written = Path("people.csv").read_bytes()
    Path("people.csv").write_bytes(written + b"\xff\xfe,Ulm\n3,Ulm,true,x,y\n")
    asked = loaded(tmp_path / "people.csv")
    counts = [note.partition(" ")[0] for note in public.read(asked)[2] if "lines" in note]
    assert counts == ["1", "2"] and len(public.read(asked)[0]) == 52
    assert private_tabular.ingest(asked, tmp_path / "in").notes == ()


NO_TEXT = "x'ff'"  # bytes that are no UTF-8, as a text


def in_sqlite(folder, rows):
    with contextlib.closing(sqlite3.connect(folder / "people.db")) as database:
        database.execute("CREATE TABLE people (age, town, ill)")
        values = [[f"CAST({own} AS TEXT)" if own == NO_TEXT else "?" for own in row] for row in rows]
        for row, named in zip(rows, values, strict=True):
            given = [own for own in row if own != NO_TEXT]
            database.execute(f"INSERT INTO people VALUES ({', '.join(named)})", given)
        database.commit()
    stated = {"age": COLUMNS["age"], "town": {"kind": "categorical", "categories": [1, 2]}, "ill": "boolean"}
    words = ["source.table=people", "privacy.epsilon=4", f"columns={json.dumps(stated)}"]
    asked = config.load(f"sqlite:///{folder}/people.db", words, folder / "out")
    return public.read(remote.fetched(asked)[0])[0]


@pytest.mark.parametrize("value", ["x", 1.5, b"\x00\xff", 2**62, None, NO_TEXT])
def test_a_value_of_another_type_changes_nothing_of_the_others_in_sqlite(tmp_path, value):
    rows = [(30, 1.0, True), (40.5, 2, False), (None, 1, 0)]
    (tmp_path / "less").mkdir(), (tmp_path / "more").mkdir()
    before, after = in_sqlite(tmp_path / "less", rows), in_sqlite(tmp_path / "more", [*rows, (value, value, value)])
    assert before["town"].tolist() == ["1", "2", "1"] and after.iloc[:-1].equals(before)
    (tmp_path / "none").mkdir()
    assert len(in_sqlite(tmp_path / "none", [])) == 0  # that there are none, noisy counts tell


@pytest.mark.parametrize("query", ["SELECT age FROM people LIMIT 100", "SELECT max(age) AS age FROM people"])
def test_a_query_that_may_put_rows_together_or_leave_some_out_is_refused(tmp_path, query):
    words = [f"source.query={query}", "privacy.epsilon=4", 'columns={"age": "boolean"}']
    with pytest.raises(LaunderError, match=r"expected source\.table under privacy\.epsilon, found source\.query"):
        config.load(f"sqlite:///{tmp_path}/people.db", words, tmp_path / "out")


def test_equal_values_of_several_types_are_each_read_by_themselves():
    month = PublicColumn.read("m", {"kind": "datetime", "format": "%m", "bounds": ["01", "12"]})
    values = pd.Series([True, 1, np.datetime64("2020-05-01"), datetime.date(2020, 5, 1), 1.0], dtype=object)
    assert month.conformed(values).tolist() == ["true", "1", "05", "05", "1"]
    assert each(values[[0, 1, 4]].reset_index(drop=True), form_of).tolist().count(TRUTH_VALUE) == 1
    zoned = pd.Series(pd.array([0, 2**62], "int64").astype("datetime64[us]")).dt.tz_localize("UTC")
    assert month.conformed(zoned.dt.tz_convert("Europe/Berlin")).isna().tolist() == [False, True]


def told(output):
    """Return what all runs of an output folder tell, by file outside work/: without the time and the chance in ids, and
    digests of what holds these.
    """
    plain = {}
    for path in sorted(path for path in output.rglob("*") if path.is_file() and output / "work" not in path.parents):
        name, found = (re.sub(OF_IDS, b"", part) for part in (bytes(path.relative_to(output)), path.read_bytes()))
        if path.name == "manifest.json":
            known = json.loads(found)
            known["files"] = {name: one for name, one in known["files"].items() if not name.startswith("report")}
            found = [(key, one) for key, one in known.items() if key not in ("created", "digest")]
        plain[name] = found
    return plain


EVERY_KIND = COLUMNS | {
    "paid": {"kind": "numerical", "bounds": [0, 999], "decimals": 2, "format": "€1,234.50"},
    "spent": {"kind": "numerical", "bounds": [0, 999], "decimals": 2},
    "double": {"kind": "numerical", "derived": "2 * age"},
    "seen": {"kind": "datetime", "format": "%Y-%m-%d", "bounds": ["2020-01-01", "2020-12-31"]},
    "who": "drop",
}
NEIGHBOURS = {  # of a table, by what is protected: what is asked
    "learn": ["columns={note: drop, who: drop, paid: drop, '*': infer}", "privacy={epsilon: 60, domain: learn}"],
    "memory": [f"columns={json.dumps(EVERY_KIND)}", "resources.memory=1GiB", "sample.rows=900"],
    "entity": [
        f"columns={json.dumps({name: own for name, own in EVERY_KIND.items() if name != 'who'})}",
        "privacy={epsilon: 30, unit: entity, rows_per_entity: 2}",
        "split.entity=who",
    ],
}
ODD_ROW = {"age": "1e999", "town": "Quixworth", "ill": "maybe", "paid": "$1.2.3", "double": -7, "seen": "0000-13-41"}


def every_kind():
    frame, stream = table(500), np.random.default_rng(0)
    days = pd.to_datetime("2020-01-01") + pd.to_timedelta(stream.integers(0, 365, 500), "D")
    frame = frame.assign(paid=[f"€{paid:,.2f}" for paid in stream.random(500) * 500], double=2 * frame["age"])
    return frame.assign(
        spent=stream.random(500).round(2) * 400, seen=days.strftime("%Y-%m-%d"), who=[f"p{k // 2}" for k in range(500)]
    )


SAID = ("notes", "device", "scores", "stopped", "verdict", "schema", "generator", "search", "outcome")


def said_aside(recwarn, caplog, capfd):
    """Return the texts of warnings, log lines and what was printed since this was asked last."""
    found = [str(one.message) for one in recwarn.list], caplog.messages, *capfd.readouterr()
    recwarn.clear(), caplog.clear()
    return found


def end_each_way(asked, ways):
    """Run once to a release and, of two ways, once, with the same model, to a refusal; return what is said of each in
    the terminal, on Prefect's pages and in messages to people.
    """
    said = []
    for words, passed in [([], True), (["gate.fidelity.shape.at_least=1"], False)][:ways]:
        ended = runs.launder(asked(*QUICK, "gate.fidelity.shape.at_least=0.1", *words))
        assert ended["passed"] == passed
        said.append({key: ended[key] for key in SAID})
    return said


@pytest.mark.parametrize("what", NEIGHBOURS)
def test_of_the_same_answers_a_run_releases_the_same_whoever_it_was_trained_on(
    tmp_path, monkeypatch, recwarn, caplog, capfd, what
):
    """One row, or entity, more among those that are trained on, whatever it holds: every file outside work/ is the
    same, and so is all that is said.
    """
    monkeypatch.setattr(preflight, "held", lambda columns, memory: 450 if what == "memory" else np.inf)
    exact, answers = noise.noisy, []
    generous = (lambda counts: 0 * counts) if what == "memory" else lambda counts: counts  # more rows than it may hold
    first = [generous]  # asked of the memory before all else

    def told_with_noise(counts, variance):
        answers.append(exact(first.pop()(counts) if first else counts, variance))
        return answers[-1]

    monkeypatch.setattr(noise, "noisy", told_with_noise)
    found, frame = [], every_kind()
    for name in ("less", "more"):
        (tmp_path / name).mkdir()
        source = tmp_path / name / "people.csv"
        frame.to_csv(source, index=False)
        asked = partial(loaded, source, *NEIGHBOURS[what])
        if name == "more":
            add_unheld(frame, source, asked, 1 + (what == "entity"))
            replayed = iter(answers)
            monkeypatch.setattr(noise, "noisy", lambda counts, variance, rest=replayed: next(rest))
        said = end_each_way(asked, 1 + (what == "memory"))
        found.append(told(source.parent / "out") | {b"said": [*said, *said_aside(recwarn, caplog, capfd)]})
    assert next(replayed, None) is None and sorted(found[0]) == sorted(found[1])
    assert [name for name in found[0] if found[0][name] != found[1][name]] == []


FAILING = {  # runs of few rows, by what noise drowns
    "their number": [f"columns={json.dumps(COLUMNS | {'who': 'drop'})}", "privacy.epsilon=0.1"],
    "the form of a column": ["columns={note: drop, who: drop, '*': infer}", "privacy={epsilon: 0.5, domain: learn}"],
    "labels": ["columns={'*': infer}", "privacy={epsilon: 30, domain: learn}"],
}


@pytest.mark.parametrize("what", FAILING)
def test_of_the_same_answers_a_run_that_fails_says_the_same_whoever_is_in_the_table(
    tmp_path, monkeypatch, recwarn, caplog, capfd, what
):
    exact, answers, found = noise.noisy, [], []
    monkeypatch.setattr(noise, "noisy", lambda *asked: answers.append(exact(*asked)) or answers[-1])
    frame = table(100).assign(note=[f"note {k} of {SECRET}" for k in range(100)], who="somebody")
    for name in ("less", "more"):
        (tmp_path / name).mkdir()
        source = tmp_path / name / "people.csv"
        frame.to_csv(source, index=False)
        asked = partial(loaded, source, *FAILING[what])
        if name == "more":
            add_unheld(frame, source, asked, 1)
            replayed = iter(answers)
            monkeypatch.setattr(noise, "noisy", lambda counts, variance, rest=replayed: next(rest))
        with pytest.raises(ValueError, match="expected") as failed:
            runs.launder(asked(*QUICK))
        found.append(told(source.parent / "out") | {b"said": [str(failed.value), *said_aside(recwarn, caplog, capfd)]})
    assert found[0] == found[1] and SECRET not in str(found)


def add_unheld(frame, source, asked, rows):
    """Write the frame and so many rows more, of one entity, on the side that is trained on."""
    held = len(sides(asked)[1])
    for k in range(18):
        more = pd.DataFrame([ODD_ROW | {"who": f"new {k}", "ill": f"maybe {k}"}] * rows).reindex(columns=frame.columns)
        pd.concat([frame, more]).to_csv(source, index=False)
        if len(sides(asked)[1]) == held:
            return
    raise AssertionError("all were held out")


def sides(asked):
    """Return the rows of a source on each side: without asking, for what is learnt moves nobody."""
    config = asked()
    whole = public._rows(config)
    raw, entities, _ = public._of_entities(whole, config)
    place = public._with_sides(raw, raw, entities)
    return private_tabular.split(place, None, config)


def test_a_run_that_noise_drowns_has_spent_its_budget(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table(30).to_csv("people.csv", index=False)
    asked = loaded(tmp_path / "people.csv", *QUICK, "privacy.epsilon=0.1", "privacy.total_epsilon=0.12")
    with pytest.raises(ValueError, match=r"the noise .* drowns even their number"):
        runs.launder(asked)
    assert 0.1 <= spending.spent(tmp_path / "out").epsilon < 0.10001
    assert [entry["released"] for entry in spending.entries(tmp_path / "out")] == [False]
    with pytest.raises(LaunderError, match="total_epsilon"):
        pipeline.check_budget(asked)
    with pytest.raises(LaunderError, match="total_epsilon"):
        runs.launder(asked)
    asked = loaded(tmp_path / "people.csv", "privacy.epsilon=0.1", "privacy.total_epsilon=0.2")
    with pytest.raises(ValueError, match=r"the noise .* drowns even their number"):
        fitting.fit(asked)
    assert spending.spent(tmp_path / "out").epsilon == pytest.approx(0.144, rel=0.03)


@pytest.mark.parametrize("asked", [[], ["privacy.domain=learn"], ["privacy={epsilon: 8, delta: 1e-9}"]], ids=str)
def test_what_is_charged_of_a_failure_is_all_that_it_may_have_spent(tmp_path, asked):
    table(30).to_csv(tmp_path / "people.csv", index=False)
    config = loaded(tmp_path / "people.csv", *asked)
    charged, privacy = Ledger.from_dict(spending._whole(config)), config.privacy
    assert privacy.epsilon <= charged.epsilon < privacy.epsilon * 1.0001
    lost = privacy.delta * DELTA_SHARE if privacy.domain == "learn" else 0.0  # of two runs together it is lost twice
    assert charged.lost == pytest.approx(lost)


FAILURES = {LaunderError("expected x, found y"): True, KeyError("x"): True, Unavailable("x"): False, OSError(28): False}


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_a_run_that_fails_after_it_has_asked_has_spent_its_budget(tmp_path, monkeypatch, error):
    """But for a disk that fails, which tells nothing of the rows."""

    def failing(*_):
        raise error

    table(300).to_csv(tmp_path / "people.csv", index=False)
    asked = loaded(tmp_path / "people.csv", *QUICK)
    monkeypatch.setattr(measuring, "_asked", failing)
    with pytest.raises(type(error)):
        runs.launder(asked)
    assert len(spending.entries(tmp_path / "out")) == FAILURES[error]
    with monkeypatch.context() as patch:
        patch.setattr(measuring, "fit", None)
        patch.setattr(tabular_marginals, "measure", failing)  # before anything is asked
        with pytest.raises(type(error)):
            runs.launder(asked)
    assert len(spending.entries(tmp_path / "out")) == FAILURES[error]


def test_a_run_that_goes_on_with_what_was_learnt_before_and_fails_has_spent_it(tmp_path, monkeypatch):
    table(300).to_csv(tmp_path / "people.csv", index=False)
    words = ["privacy={epsilon: 9, domain: learn}", "columns={note: drop, '*': infer}"]
    asked = loaded(tmp_path / "people.csv", *QUICK, *words)
    for error, charged in ((KeyboardInterrupt(), 0), (LaunderError("expected x, found y"), 1)):
        monkeypatch.setattr(private_tabular, "train", lambda *_, by=error, **how: (_ for _ in ()).throw(by))
        with pytest.raises(type(error)):
            runs.launder(asked)
        assert pipeline.unchanged(asked) is None and len(spending.entries(tmp_path / "out")) == charged
        monkeypatch.setattr(noise, "noisy", None)  # nothing is asked any more


def test_a_run_that_fails_after_training_has_spent_what_its_model_has_once(tmp_path, monkeypatch):
    table(500).to_csv(tmp_path / "people.csv", index=False)
    asked = loaded(tmp_path / "people.csv", *QUICK, "privacy.total_epsilon=4")
    with monkeypatch.context() as patch, pytest.raises(TypeError):
        patch.setattr(private_tabular, "score", None)
        runs.launder(asked)
    assert [entry["released"] for entry in spending.entries(tmp_path / "out")] == [False]
    spent = spending.spent(tmp_path / "out").epsilon
    first = runs.launder(asked)  # goes on with the model that is paid for
    more = runs.launder(
        loaded(tmp_path / "people.csv", *QUICK, "privacy.total_epsilon=4", "gate.fidelity.shape.at_least=0.1")
    )
    assert first["passed"] and more["id"] != first["id"] and len(spending.entries(tmp_path / "out")) == 2
    assert spending.spent(tmp_path / "out").epsilon == spent
    with pytest.raises(LaunderError, match="total_epsilon"):
        runs.launder(loaded(tmp_path / "people.csv", *QUICK, "seed=5"))


@pytest.mark.parametrize("town", ["x", "1", "-", "01.5"])
def test_a_row_in_a_folder_of_its_own_changes_nothing_of_the_others(tmp_path, town):
    columns = COLUMNS | {"town": {"kind": "categorical", "categories": ["01", "2"]}}
    frame, told = table(20).assign(town=["01", "2"] * 10), []
    for name, rows in (("less", frame), ("more", pd.concat([frame, frame[:1].assign(town=town)]))):
        rows.to_parquet(tmp_path / name, partition_cols=["town"])
        asked = config.load(tmp_path / name, [f"columns={json.dumps(columns)}", "privacy.epsilon=4"], tmp_path / "out")
        read = public.read(asked)[0].sort_values(["age", "ill", "town"])
        told.append(read[read["town"].isin(["01", "2"])].reset_index(drop=True))
    assert len(told[0]) == 20 and told[0].equals(told[1])


NO_UTF8 = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")])
STATED_DAYS = {key: entry for key, entry in COLUMNS.items() if key != "note"}
STATED_DAYS |= {"day": {"kind": "datetime", "format": "%Y-%m-%d", "bounds": ["2000-01-01", "2030-12-31"]}}
ALONE = [None, 1, 1.5, "x", True, b"\xff", [1], datetime.date(2020, 1, 1), 2**62, NO_UTF8]  # in a part of its own
ALONE += [pa.array([years * 31_556_952], pa.timestamp("s")) for years in (-4000, -1000, 8029, 200_000)]


def in_parts(place, table, more, folders):
    for name, part in (("b", table), *((("a", more),) if more else ())):  # which comes first
        (folder := place / ("data" + f"/town={name}" * folders)).mkdir(parents=True, exist_ok=True)
        pq.write_table(part.drop_columns("town") if folders else part, folder / f"{name}.parquet")
    asked = config.load(place / "data", [f"columns={json.dumps(STATED_DAYS)}", "privacy.epsilon=4"], place / "out")
    return public.read(asked)[0]


@pytest.mark.parametrize("folders", [False, True], ids=["files", "folders"])
@pytest.mark.parametrize("value", ALONE, ids=str)
def test_a_row_in_a_part_of_its_own_changes_nothing_of_the_others(tmp_path, value, folders):
    """Whatever types that part has: they follow from its rows, as all of them missing have none."""
    days = pd.to_datetime(["2020-02-03", "2021-02-03"])
    table = pa.table({"age": [1, 2], "town": ["Ulm", "x"], "ill": [True, False], "day": days})
    column = value if isinstance(value, pa.Array) else pa.array([value])
    more = pa.table(dict.fromkeys(table.column_names, column))
    before = in_parts(tmp_path / "less", table, None, folders)
    after = in_parts(tmp_path / "more", table, more, folders)
    assert before["day"].tolist() == ["2020-02-03", "2021-02-03"] and before["ill"].tolist() == [True, False]
    assert after.iloc[1:].reset_index(drop=True).equals(before) and after.dtypes.equals(before.dtypes)


def test_a_text_that_is_no_utf_8_is_missing_and_stops_nothing(tmp_path):
    table = pa.table(
        {"age": [1, 2], "town": ["Ulm", "x"], "ill": [True, False], "day": [datetime.date(2020, 1, 2)] * 2}
    )
    more = table.slice(1).set_column(1, "town", NO_UTF8)
    found = in_parts(tmp_path, pa.concat_tables([table, more]), None, False)
    assert found["town"].fillna("").tolist() == ["Ulm", OTHER_LABEL, ""] and found["day"].tolist() == ["2020-01-02"] * 3


WITHOUT_ROWS = {
    "csv": lambda frame, place: frame.to_csv(place, index=False),
    "parquet": lambda frame, place: frame.to_parquet(place),
    "feather": lambda frame, place: frame.to_feather(place),
}


@pytest.mark.parametrize("kind", WITHOUT_ROWS)
def test_that_there_are_no_rows_noisy_counts_alone_tell(tmp_path, kind):
    place = tmp_path / f"people.{kind}"
    WITHOUT_ROWS[kind](table(5)[:0], place)
    asked = loaded(place, *QUICK)
    assert len(public.read(asked)[0]) == 0
    with pytest.raises(LaunderError, match="expected at least 2 rows on each side of the split"):
        runs.launder(asked)  # the holdout is not protected
    with pytest.raises(ValueError, match="drowns even their number"):
        fitting.fit(asked)
