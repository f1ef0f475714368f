"""The package has one name; the folders of a checkout are the same modules under a short one."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import launderette

ROOT = Path(__file__).resolve().parent.parent


def test_what_people_need_is_there_under_one_name():
    for name in launderette.__all__:
        assert callable(getattr(launderette, name)), name
    with pytest.raises(AttributeError, match="'fitt'"):
        _ = launderette.fitt


def test_a_module_is_one_under_both_names():
    import evaluation.samples
    import generators.data.images
    import launderette.evaluation.samples
    import launderette.generators.data.images

    assert generators is launderette.generators and generators.fit is launderette.fit
    assert generators.data.images is launderette.generators.data.images
    assert evaluation.scores.Score is launderette.evaluation.scores.Score


@pytest.mark.parametrize(("set_before", "spins"), [({}, "3000"), ({"GOMP_SPINCOUNT": "7"}, "7")])
def test_threads_that_wait_are_told_to_give_up_their_core_before_torch_is_loaded(set_before, spins):
    others = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    code = "import launderette, os, sys; assert 'torch' not in sys.modules; print(os.environ['GOMP_SPINCOUNT'])"
    told = subprocess.run([sys.executable, "-c", code], env=others | set_before, capture_output=True, text=True)
    assert told.stdout.strip() == spins, told.stderr


def test_files_of_the_users_own_are_not_taken_for_ours(tmp_path):
    (tmp_path / "flows.py").write_text("raise SystemExit('the file of a user')")
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "__init__.py").write_text("OWN = True")
    code = (
        "import pipelines, launderette.pipelines.config, launderette.flows as ours; assert pipelines.OWN; "
        "print(ours.__name__)"
    )
    path = f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; sys.path.append({str(ROOT)!r}); "
    done = subprocess.run([sys.executable, "-c", path + code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "launderette.flows", done.stderr


def test_a_wheel_installs_one_name(tmp_path):
    build = pytest.importorskip("hatchling.builders.wheel", reason="NOT TESTED: hatchling is not installed")
    wheel = next(build.WheelBuilder(str(ROOT)).build(directory=str(tmp_path)))
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"launderette"}
    assert {
        "launderette/generators/__init__.py",
        "launderette/flows.py",
        "launderette/evaluation/report/report.html",
    } <= set(names)
    assert "launderette/pipelines/templates/table.yaml" in names and "launderette/py.typed" in names
