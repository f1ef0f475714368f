"""A server that speaks S3, over HTTP, and a bucket of it."""

import hashlib
import json
from types import SimpleNamespace

import pytest

from pipelines.databases import failures

KEY, SECRET = "AKIAOFNOBODY", "not/a+secret"


def file_system():
    """Return the file system of S3, which takes a second to import: no test that needs none waits for it."""
    return pytest.importorskip("s3fs", reason="NOT TESTED: no file system of S3").S3FileSystem


@pytest.fixture(scope="module")
def address():
    moto = pytest.importorskip("moto.server", reason="NOT TESTED: no server of S3")
    server = moto.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def s3_environment(monkeypatch, address):
    """Credentials and the address of the server, as the environment has them; no waiting between attempts."""
    for name, value in {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(failures, "DELAYS", [0.0])
    monkeypatch.setattr(file_system(), "retries", 1)


@pytest.fixture
def bucket(request, s3_environment):
    """An empty bucket, whose objects `put` writes and `names` lists."""
    files, name = (
        file_system()(use_listings_cache=False, skip_instance_cache=True),
        f"b{abs(hash(request.node.name)):x}"[:40],
    )
    files.mkdir(name)

    def put(key, content):
        files.pipe_file(f"{name}/{key}", content if isinstance(content, bytes) else content.encode())

    def names():
        return sorted(path.partition("/")[2] for path in files.find(name))

    yield SimpleNamespace(uri=f"s3://{name}", put=put, names=names, get=lambda key: files.cat_file(f"{name}/{key}"))
    files.rm(name, recursive=True)


def current(bucket):
    """Return the release that `current.json` names, whose manifest is there as it says."""
    said = json.loads(bucket.get("out/releases/current.json"))
    assert hashlib.sha256(bucket.get(f"out/{said['manifest']}")).hexdigest() == said["sha256"]
    return said["id"]
