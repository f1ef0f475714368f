"""Every option of every generator can be set, to a good value and to none that is bad, from the command line and
from YAML.
"""

import json
from dataclasses import fields

import pandas as pd
import pytest
import yaml

import generators
from pipelines import config
from pipelines.cli import main
from pipelines.image_sources.decoding import encode
from pipelines.run.artifacts import LaunderError
from tests.generators.pictures import bars

OPTIONS = [
    (name, field.name, field.default) for name in generators.names() for field in fields(generators.load(name).Config)
]
OTHERS = {  # good values that are not the defaults
    ("tabular.gan", "candidates"): 2,
    ("tabular.gan", "packing"): 2,
    ("tabular.gan", "penalty"): 0.5,
    ("tabular.autoencoder", "noise"): 0.5,
    ("image.diffusion", "guidance"): 1.5,
    ("tabular.diffusion", "guidance"): 2.0,
    ("image.diffusion", "sampling_steps"): 9,
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    pd.DataFrame({"a": range(40), "b": ["x", "y"] * 20}).to_csv(folder / "t.csv", index=False)
    made = bars(40)
    for k, (pixels, label) in enumerate(zip(made.pixels, made.labels, strict=True)):
        (folder / "i" / label).mkdir(parents=True, exist_ok=True)
        (folder / "i" / label / f"{k}.png").write_bytes(encode(pixels))
    return {"tabular": folder / "t.csv", "image": folder / "i"}


def loaded(sources, name, option, value):
    source = sources[name.partition(".")[0]]
    document = {"source": str(source), "generator": {"name": name, "options": {option: value}}}
    path = source.parent / "run.yaml"
    path.write_text(yaml.safe_dump(document))
    return config.load(path).generator.options[option]


@pytest.mark.parametrize(("name", "option", "default"), OPTIONS, ids=lambda value: str(value))
def test_an_option_takes_its_default_and_no_nonsense(sources, name, option, default):
    value = list(default) if isinstance(default, tuple) else default
    assert loaded(sources, name, option, value) == default
    with pytest.raises(LaunderError, match=r"^expected"):
        loaded(sources, name, option, {"no": "such value"})
    if option not in ("target", "combinations"):
        with pytest.raises(LaunderError, match=option):
            loaded(sources, name, option, -7)


@pytest.mark.parametrize(("name", "option"), OTHERS)
def test_an_option_takes_another_value(sources, name, option):
    value = OTHERS[name, option]
    assert loaded(sources, name, option, value) == value
    written = [f"generator.name={name}", f"generator.options.{option}={json.dumps(value)}"]
    assert config.load(str(sources[name.partition(".")[0]]), written).generator.options == {option: value}


WRONG = {"candidates=-1": "candidates", "candidats=2": "did you mean 'candidates'", "packing=many": "packing"}


@pytest.mark.parametrize(("word", "part"), WRONG.items())
def test_fit_says_what_is_wrong_with_an_option(sources, tmp_path, capsys, word, part):
    assert (
        main(
            [
                "fit",
                str(sources["tabular"]),
                "--generator",
                "tabular.gan",
                "--option",
                word,
                "--model",
                str(tmp_path / "m"),
            ]
        )
        == 1
    )
    line = capsys.readouterr().err
    assert line.startswith("launder: expected") and part in line and "Traceback" not in line
