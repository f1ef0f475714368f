"""The README is true: its tree names every file, and its links lead somewhere."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_tree_names_every_module():
    modules = [path for folder in ("generators", "evaluation", "pipelines") for path in (ROOT / folder).rglob("*.py")]
    told = [path for path in modules if path.name != "__init__.py" and path.parent.name != "report"]
    assert not [path.name for path in told if path.name not in README]


def test_the_tree_names_nothing_that_is_not_there():
    tree = README[README.index("flows.py    ") :]
    named = re.findall(r"\b_?[a-z]+\.py\b", tree[: tree.index("```")])
    there = {path.name for path in ROOT.rglob("*.py") if ".venv" not in path.parts}
    assert not sorted(set(named) - there)


def test_links_lead_somewhere():
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]
    assert targets and not [target for target in targets if not (ROOT / target).is_file()]


def test_the_quick_start_of_augmentation_runs_as_written(capsys):
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "Augmenter" in block]
    assert len(code.strip().splitlines()) == 5
    exec(compile(code, "README.md", "exec"), {})
    scores = [float(word) for word in re.findall(r"0\.\d+", capsys.readouterr().out)]
    assert len(scores) == 3 and min(scores) > 0.85
