"""Configurations: every error is one sentence that names the key and holds no value."""

import json

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.data.schema import Categorical, Numerical, Schema
from pipelines import config
from pipelines.config import RunConfig, documents, errors, rules
from pipelines.config.places import Bucket, Publish
from pipelines.config.sections import Personal, Resources
from pipelines.notifications.sections import Notification
from pipelines.run.artifacts import LaunderError
from pipelines.templates import tables
from pipelines.templates.filling import filled

SECRET = "tell-nobody"
UNPARSABLE = ("now", "99 3 * * *", "0 3 * *", "@nightly", "0 3 30 2 *")


@pytest.fixture
def read(tmp_path):
    def _read(text, *overrides):
        path = tmp_path / "launder.yaml"
        path.write_text(text, encoding="utf-8")
        return config.load(path, overrides)

    return _read


def _with_patterns(node, key=""):
    """The keys of a JSON schema whose texts have to match a pattern."""
    if isinstance(node, dict):
        found = {key} if isinstance(node.get("pattern"), str) else set()
        inside = [*node.get("properties", {}).items(), *((key, v) for k, v in node.items() if k != "properties")]
    else:
        found, inside = set(), [(key, value) for value in node] if isinstance(node, list) else []
    return found.union(*(_with_patterns(value, of) for of, value in inside))


def test_every_text_with_a_pattern_is_asked_for_in_words(read):
    assert {"memory", "runner", "sign"} <= _with_patterns(RunConfig.model_json_schema()) <= set(errors.EXPECTED_BY_KEY)
    with pytest.raises(LaunderError, match="expected a size such as 4GiB at"):
        read("source: people.csv", "resources.memory=4GB")
    with pytest.raises(LaunderError, match=r"expected a list such as \[one, two\] at generator"):
        read("source: people.csv", "generator.search=tabular.marginals")


def test_a_data_source_alone_is_a_configuration(tmp_path):
    loaded = config.load(tmp_path / "people of 2024.csv", output=tmp_path / "out")
    assert loaded.name == "people-of-2024"
    assert loaded.source.path == str(tmp_path / "people of 2024.csv")
    assert loaded.publish.to == str(tmp_path / "out")
    assert loaded.columns == {} and loaded.split.holdout is None and loaded.gate.rules == {}


def test_paths_in_a_file_are_relative_to_it(read, tmp_path):
    loaded = read("source: data/x.csv\npublish: {to: out}\n")
    assert loaded.source.path == str(tmp_path / "data" / "x.csv")
    assert loaded.publish.to == str(tmp_path / "out")


def test_a_dump_is_read_back(read):
    loaded = read(
        "source: {path: x.csv, encoding: latin-1}\ngate: "
        "{privacy.copies: {at_most: 0.1}, utility.target: null}\nseed: 3\n"
    )
    assert config.RunConfig.model_validate(json.loads(loaded.model_dump_json())) == loaded


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("source: x.csv\nsplt: {}", ["'splt'", "'split'"]),
        ("source: x.csv\nsplit: {holdot: 1}", ["split", "'holdot'", "'holdout'"]),
        ("source: x.csv\ngenerator: {name: tabular.autoregresive}", ["'tabular.autoregressive'?"]),
        ("source: x.csv\ngenerator: {options: {widht: 3}}", ["'widht'", "'width'?"]),
        ("source: x.csv\ngenerator: {options: {width: tell-nobody}}", ["a whole number at generator.options.width"]),
        ("source: x.csv\ngate: {privacy.copy: {at_most: 1}}", ["gate", "'privacy.copies'?"]),
        ("source: x.csv\ngate: {privacy.copies: {at_mos: 1}}", ["'at_mos'", "'at_most'?"]),
        ("source: x.csv\ngate: {privacy.copies: {}}", ["at_least or at_most", "gate.privacy.copies"]),
        ("source: x.csv\ngate: {privacy.copies: {at_most: .nan}}", ["a finite number", "gate.privacy.copies.at_most"]),
        ("source: x.csv\nscore: {metrics: [fidelity.shap]}", ["score.metrics", "'fidelity.shape'?"]),
        ("source: x.csv\ncolumns: {a: categorcal}", ["columns.a", "'categorical'?"]),
        ("source: x.csv\nprivacy: {epsilon: 0}", ["greater than 0 at privacy.epsilon"]),
        ("source: x.csv\nprivacy: {epsilon: 1, unit: entity}", ["privacy.unit"]),
        ("source: x.csv\nnotifi: tell-nobody", ["expected a known key", "'notify'"]),
        ("source: postgres://me:tell-nobody@host/db", ["without a user or a password"]),
        ("source: x.csv\nsplit: {holdout: 1}", ["less than 1 at split.holdout"]),
        ("source: x.csv\nseed: tell-nobody", ["a whole number at seed"]),
        ("source: x.csv\nbudget: {steps: 5, minutes: 1}", ["steps or minutes"]),
        *[(f"source: x.csv\nschedule: {{cron: '{cron}'}}", ["five fields of cron"]) for cron in UNPARSABLE],
        (
            "source: {uri: 'postgres://H.:5432/d', table: people}\n"
            "publish: {table: {uri: 'postgresql://h/d', name: public.people, how: rows}}",
            ["another table under publish.table", "found the same"],
        ),
        (
            "source: {uri: 'sqlite:///a.db', table: people}\n"
            "publish: {table: {uri: 'sqlite:///./a.db', name: main.People, how: rows}}",
            ["another table under publish.table", "found the same"],
        ),
        ("source: .\npublish: {to: ./out/}", ["releases outside of the source", "/out inside of it"]),
        (
            "source: s3://b/people/\npublish: {objects: {uri: 's3a://b/people/out'}}",
            ["releases outside of the source", "s3a://b/people/out inside"],
        ),
        ("source: x.csv\nschedule: {cron: 0 3 * * *, timezone: Europe/Berlni}", ["time zone", "Europe/Berlin"]),
        ("source: x.csv\nseed: 1\nseed: 2", ["'seed' again"]),
        ("name: x", ["expected source"]),
        ("source: x.csv\nsplit: &a {entity: *a}", ["*a", "written out"]),
        ("source: x.csv\ncolumns: {a: 3}", ["a text at columns.a,"]),
        ("source: x.csv\nsample: {where: {a: {b: tell-nobody}}}", ["at sample.where.a,"]),
        ("source: x.csv\ndevice: gpu", ["auto, cpu, cuda"]),
        ("source: x.csv\ngenerator: tell-nobody", ["a section of keys at generator"]),
        ("source: {path: x.csv, delimiter: ab}", ["one character at source.delimiter"]),
        (f"source: x.csv\ngate: {{{', '.join(f'{n}: null' for n in rules.DEFAULT_RULES)}}}", ["rule about privacy"]),
        ("source: [tell-nobody", ["YAML", "line"]),
        ("- tell-nobody", ["keys such as source"]),
        ("source: x.csv\nsource_: !!python/object/apply:os.system [tell-nobody]", ["YAML"]),
        ("source: x.csv\nsample: {weights: {a: {x: 1}, b: {x: 1}}}", ["one column"]),
    ],
)
def test_a_configuration_error_is_one_sentence(read, text, parts):
    with pytest.raises(LaunderError) as caught:
        read(text)
    message = str(caught.value)
    assert message.startswith("expected") and "\n" not in message
    assert all(part in message for part in parts), message
    assert SECRET not in message


def test_an_empty_section_says_nothing(read):
    assert read("source: x.csv\ngate:\nschedule:\ncolumns:\n") == read("source: x.csv\n")


@pytest.mark.parametrize("text", ["tab", '"\\t"', "\\t"])
def test_a_tab_can_be_named(read, text):
    assert read(f"source: {{path: x.tsv, delimiter: {text}}}").source.delimiter == "\t"


def test_words_stay_words(read):
    where = "{zip: 0123, day: 2024-01-01, n: 1e3, ok: true}"
    loaded = read(f"source: x.csv\ncolumns: {{no: categorical, 2024: numerical}}\nsample: {{where: {where}}}\n")
    assert list(loaded.columns) == ["no", "2024"]
    assert loaded.sample.where == {"zip": "0123", "day": "2024-01-01", "n": 1000.0, "ok": True}


def test_overrides_reach_every_section(read):
    loaded = read(
        "source: x.csv\n",
        "split.holdout=.3",
        "source.encoding=latin-1",
        "sample.where.income=>50K",
        "sample.where.a.b=x=y",
        "gate.privacy.copies.at_most=0.5",
        "gate.fidelity.shape=null",
        "generator.options.width=32",
        "columns.a.b=categorical",
    )
    assert loaded.split.holdout == 0.3 and loaded.source.encoding == "latin-1"
    assert loaded.sample.where == {"income": ">50K", "a.b": "x=y"}
    assert loaded.gate.rules["privacy.copies"].at_most == 0.5 and loaded.gate.rules["fidelity.shape"] is None
    assert loaded.generator.options == {"width": 32}
    assert loaded.columns == {"a.b": "categorical", "*": "infer"}  # the file lists none, so the others are let in


def test_a_list_of_columns_stays_closed_under_overrides(read):
    assert read("source: x.csv\ncolumns: {a: infer}\n", "columns.b=drop").columns == {"a": "infer", "b": "drop"}


@pytest.mark.parametrize("text", ["seed", "=3", "seed.a=3", "a..b=1"])
def test_an_override_that_is_none(read, text):
    with pytest.raises(LaunderError, match=r"^expected"):
        read("source: x.csv\nseed: 1\n", text)


keys = st.text("abcdefgh_", min_size=1, max_size=8)
texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Co", "Cn", "Zl", "Zp")))


@settings(deadline=None)
@given(
    st.lists(keys, min_size=1, max_size=4),
    st.one_of(st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False), texts),
)
def test_an_override_sets_what_its_value_means_in_yaml(path, value):
    document = {}
    documents.override(document, f"{'.'.join(path)}={json.dumps(value, ensure_ascii=False)}")
    for key in path:
        document = document[key]
    assert document == value and type(document) is type(value)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_some_value(text):
    documents.scalar(text)


def test_the_digest_is_of_what_decides_the_rows(read):
    one = read("source: x.csv\n").digest()
    assert read("source: y.csv\npublish: {to: z, keep: 2}\nname: q\nschedule: {cron: 0 3 * * *}\n").digest() == one
    assert read("source: x.csv\nseed: 1\n").digest() != one
    tested = [read(f"source: x.csv\naugment: {{test: {path}}}\n").digest() for path in ("a.csv", "b/a.csv")]
    assert tested[0] == tested[1]
    assert read("source: {path: x.csv, encoding: latin-1}\n").digest() != one


def test_the_template_is_a_configuration(read):
    schema = Schema((Numerical("no", "int64", 0), Categorical("a: b", "object"), Categorical("größe", "object")))
    loaded = read(tables.template(schema, "da ta.csv"))
    assert loaded.columns == {"no": "numerical", "a: b": "categorical", "größe": "categorical"}
    assert loaded == read(yaml.safe_dump({"source": "da ta.csv", "columns": loaded.columns}, allow_unicode=True))


def test_templates_name_what_an_operator_may_set():
    """Every section that a table has, and all keys of where releases go, who may publish them and who is told."""
    text = tables.template(Schema(()), "t.csv")
    assert {*RunConfig.model_fields} - {*yaml.safe_load(text)} == {"name", "images", "privacy"}
    images = filled("images.yaml", (), source="d", columns="")
    for section in (Publish, Personal, Resources, Notification, Bucket):
        for key in section.model_fields:
            assert f"{key}:" in text or f"{key}}}" in text or f"{key}," in text, key
    for key in ("objects", "sign", "approval", "override", "drift", "train", "notify"):
        assert f"{key}:" in images and f"{key}:" in text, key


def test_the_json_schema_knows_every_section():
    assert {"source", "columns", "gate", "publish", "budget"} <= set(config.json_schema()["properties"])


def test_a_place_has_one_path_however_it_is_written(tmp_path, monkeypatch):
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "real" / "t.csv").write_text("a\n1\n")
    (tmp_path / "real" / "a.yaml").write_text("source: t.csv\npublish: {to: deep/../out}\n")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "b.yaml").symlink_to("real/a.yaml")
    monkeypatch.chdir(tmp_path / "real" / "deep")
    words = [
        "../a.yaml",
        "../../link/a.yaml",
        "../../real/deep/../a.yaml",
        str(tmp_path / "real" / "a.yaml"),
        str(tmp_path / "b.yaml"),
    ]
    (first, *others) = (config.load(word) for word in words)
    assert all(other == first for other in others)
    assert (first.source.path, first.publish.to) == tuple(
        str(tmp_path.resolve() / "real" / name) for name in ("t.csv", "out")
    )
    assert config.load("../t.csv", [], "../out") == config.load(
        str(tmp_path / "link" / "t.csv"), [], tmp_path / "link" / "out"
    )
    (tmp_path / "latest.csv").symlink_to("real/t.csv")
    assert config.load(tmp_path / "latest.csv").name == "latest"  # it is called what its user calls it


def test_a_document_meets_the_schema_and_is_read_back():
    found = config.load("x.csv", ["gate={privacy.copies: {at_most: 0.1}, unnoticed: null}", "gate.approval=required"])
    schema = config.json_schema()
    jsonschema.validate(found.document(), schema)
    assert config.RunConfig.model_validate(found.document()) == found


@pytest.mark.parametrize(
    ("key", "setting"),
    [
        ("source.password", "source={uri: 'postgresql://h/a', table: t, user: env:SOMEBODY, password: env:NO_SUCH}"),
        ("publish.table.user", "publish.table={uri: 'postgresql://h/a', name: t, user: env:NO_SUCH}"),
        ("publish.objects.password", "publish.objects={uri: 's3://bucket/a', user: a, password: env:NO_SUCH}"),
        ("notify.2.webhook", "notify=[{command: [tell]}, {webhook: env:NO_SUCH}]"),
        ("notify.1.apprise", "notify=[{apprise: env:NO_SUCH}]"),
    ],
)
def test_a_secret_that_a_run_will_need_is_told_before_anything_is_read(tmp_path, monkeypatch, key, setting):
    monkeypatch.setenv("SOMEBODY", "s")
    with pytest.raises(LaunderError, match=f"variable NO_SUCH, which {key} names, found none"):
        config.load(tmp_path / "data.csv", [setting])
