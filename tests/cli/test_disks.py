"""A full disk, a read-only one, and files that may not grow: one sentence, and nothing half written."""

import os
import resource
import subprocess
from contextlib import suppress

import pytest

from tests.cli.tables import csv
from tests.processes import environment, launder


@pytest.fixture
def disk(here):
    """Mount a file system of 300 kB, read-only where told."""
    folder = here / "disk"
    folder.mkdir()
    mounted = []

    def _disk(options="size=300k"):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        try:
            done = subprocess.run(command, capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            done = False
        if not done:
            pytest.skip(
                "NOT TESTED: a full and a read-only disk, because no file system can be mounted here; run the tests "
                "as root"
            )
        mounted.append(folder)
        return folder

    yield _disk
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk(refused, here, people, model, disk):
    (here / "data.csv").write_bytes(csv(people))
    full = disk()
    assert "64 MB free below" in refused("run", "data.csv", "--output", full / "out")
    fill(full / "filled", but=8192)
    for name in ("x.csv", "x.parquet", "x.jsonl"):
        assert "no space left on the disk; free some" in refused(
            "sample", model, "--rows", 9000, "--output", full / name
        )
    assert "no space left on the disk" in refused("fit", "data.csv", "--model", full / "m", "--set", "budget.steps=1")
    assert sorted(os.listdir(full)) == ["filled", "out"]
    assert [path.name.partition("-")[0] for path in (full / "out" / "work").iterdir()] == ["ingest"]  # for the next run


def fill(path, but):
    """Write a file that leaves `but` bytes of its disk."""
    with open(path, "wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    os.truncate(path, path.stat().st_size - but)


def test_a_read_only_disk(refused, here, people, model, disk):
    (here / "data.csv").write_bytes(csv(people))
    fixed = disk("size=300k,ro")
    assert "no permission" in refused("run", "data.csv", "--output", fixed / "out")
    assert "no permission" in refused("fit", "data.csv", "--model", fixed / "m")
    assert "no permission" in refused("sample", model, "--rows", 3, "--output", fixed / "x.csv")


def test_files_that_may_not_grow(here, model):
    done = launder(
        *("sample", model, "--rows", 5000, "--output", "x.csv"),
        folder=here,
        env={
            **environment(),
            "PYTHONDONTWRITEBYTECODE": "1",
        },  # it would be cut, and all fail later
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000)),
    )
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "may not grow that large" in done.stderr
    assert os.listdir(here) == []
