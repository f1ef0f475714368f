"""What is wrong with a cluster of Ray, in one sentence each."""

import os
import socket
from contextlib import nullcontext

import pytest

import flows
from pipelines import config
from pipelines.cli import run
from pipelines.config import Resources
from pipelines.run.artifacts import LaunderError
from pipelines.shards import cluster, jobs, ray, working
from pipelines.sources import tables


def test_an_extra_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(ray, "find_spec", lambda name: None)
    with pytest.raises(LaunderError, match=r"expected Ray for resources.runner: ray, found it not installed"):
        ray.address("ray", False)


@pytest.mark.parametrize(
    "begin", [lambda loaded: run._begin(loaded, None), lambda loaded: flows._launder(loaded, None)]
)
def test_it_is_missed_before_anything_is_read(tmp_path, monkeypatch, begin):
    monkeypatch.setattr(ray, "find_spec", lambda name: None)
    monkeypatch.setattr(tables, "draw_table", lambda *_, **__: pytest.fail("read"))
    (tmp_path / "data.csv").write_text("a,b\n1,x\n2,y\n3,x\n")
    with pytest.raises(LaunderError, match=r"found it not installed"):
        begin(config.load(tmp_path / "data.csv", ["resources.runner=ray"], tmp_path / "out"))


def test_one_of_this_machine_is_started_whatever_runs_there_and_not_last_in_line():
    started = ray.options(None)
    assert started["address"] == "local" and started["_system_config"] == {"worker_niceness": os.nice(0)}
    assert ray.options("ray://head:10001") == {"log_to_driver": False}


def test_a_cluster_that_does_not_answer_is_told_at_once():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # and does not listen
        with pytest.raises(LaunderError, match=r"found none that answers; start it, or change resources\.runner"):
            ray.address(f"ray://127.0.0.1:{free.getsockname()[1]}", True)


def test_workers_elsewhere_need_a_server_that_they_reach(monkeypatch):
    monkeypatch.setattr(socket, "create_connection", lambda *_: socket.socket())
    with pytest.raises(LaunderError, match="set PREFECT_API_URL"):
        ray.address("ray://head:10001", False)
    assert ray.address("ray://head:10001", True) == "ray://head:10001"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ModuleNotFoundError("No module named 'launderette'"), "found one without it"),
        (RuntimeError("Version mismatch: The cluster was started with"), "found other versions"),
        (RuntimeError("Amelia, 1950"), "to do their parts, found RuntimeError; run again"),
        (ConnectionError("ray client connection timeout"), "to let this process in.*RAY_AUTH_MODE=token"),
        (LaunderError("expected a row, found none"), "^expected a row, found none$"),
    ],
)
def test_what_a_worker_raises_is_one_sentence_without_a_value(error, sentence):
    with pytest.raises(LaunderError, match=sentence) as raised, ray.explained("ray"):
        raise error
    assert "Amelia" not in str(raised.value)


def test_a_connection_that_a_busy_cluster_breaks_off_is_made_again():
    class Cluster:
        broken, calls = 2, 0

        def init(self, address, **options):
            self.calls += 1
            if self.calls <= self.broken:
                raise ConnectionAbortedError("Initialization failure from server")

        def shutdown(self):
            pass

    busy = Cluster()
    cluster._connect(busy, "ray://head:1")
    assert busy.calls == 3
    Cluster.broken = 9
    with pytest.raises(ConnectionAbortedError):
        cluster._connect(Cluster(), "ray://head:1")


def test_machines_are_asked_for_the_folder_and_the_versions(tmp_path, monkeypatch):
    def at(seen):  # a cluster of this process alone, which sees that path in place of the run's
        monkeypatch.setattr(cluster, "connected", nullcontext)
        monkeypatch.setattr(cluster, "_asked", lambda _, job, digest: ["", working.wrong(seen(job), digest)])

    at(lambda job: job)
    cluster.check_workers("ray://head:1", tmp_path)
    at(lambda job: f"{job}.elsewhere")
    with pytest.raises(LaunderError, match=r"on every worker, found that one lacks job\.json"):
        cluster.check_workers("ray://head:1", tmp_path)
    at(lambda job: job)
    known = iter("ab")
    monkeypatch.setattr(jobs, "versions", lambda: {"code": next(known), "versions": {}})
    with pytest.raises(LaunderError, match="found another version on one"):
        cluster.check_workers("ray://head:1", tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("word", ["dask", "ray://user@head:1", "ray://head", "http://head:1"])
def test_a_runner_is_a_word_or_the_address_of_a_cluster(word):
    with pytest.raises(ValueError, match="runner"):
        Resources(runner=word)


def test_memory_is_read_in_binary_units():
    assert Resources(memory="4GiB").memory_bytes == 4 * 2**30 < Resources().memory_bytes
