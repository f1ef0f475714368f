"""The README and docs/ are true: the tree names every file, links lead somewhere, and the pages say what the code
does.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_tree_has_a_line_for_every_folder_and_no_other():
    tree = README[README.index("launderette/  ") :]
    named = {word.rstrip("/") for word in re.findall(r"\b[a-z_]+/", tree[: tree.index("```")])}
    packages = [
        path
        for path in ROOT.iterdir()
        if path.is_dir() and not path.name.startswith((".", "_")) and any(path.rglob("*.py"))
    ]
    inner = [
        path
        for package in packages
        if package.name in ("generators", "evaluation", "pipelines")
        for path in package.iterdir()
    ]
    there = {path.name for path in (*packages, *inner) if path.is_dir() and any(path.rglob("*.py"))}
    assert named == there | {"docs"}


def test_links_lead_somewhere():
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]
    assert targets and not [target for target in targets if not (ROOT / target).is_file()]


def test_the_code_of_each_step_of_a_run_is_where_the_readme_says():
    table = README[README.index("## How a run goes") : README.index("## The tree")]
    places = re.findall(r"`([a-z_/]+(?:\.py|/))`", table)
    assert len(places) > 9 and not [place for place in places if not (ROOT / place).exists()]


def page(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_the_pages_agree_that_a_killed_cross_validation_continues():
    assert "after its last finished fold" in " ".join(page("operations.md").split())
    assert not [name for name in ("operations.md", "augmentation.md") if re.search(r"begins? (anew|again)", page(name))]


def test_conditions_are_called_exact_only_where_no_resampling_approximates_them():
    (row,) = [
        line.split("|")[2:4]
        for line in page("generators.md").splitlines()
        if line.startswith("| conditions on columns")
    ]
    autoregressive, diffusion = row
    assert "by importance resampling" in autoregressive and "without resampling" in diffusion
    assert "exact where the known columns come first" in autoregressive and "exact" not in diffusion
