"""A run whose release goes among objects too."""

import json
import shutil

from pipelines import config
from pipelines.run import pipeline
from tests import runs
from tests.object_storage.conftest import address, bucket, current, s3_environment  # noqa: F401  fixtures
from tests.pipelines.conftest import FEW


def test_a_run_writes_its_release_among_objects(bucket, released, tmp_path):  # noqa: F811
    """The run is there already: what is left of it is to publish."""
    shutil.copytree(released.folder, tmp_path / "copy", symlinks=True)
    settings = [*FEW, f"publish.objects={{uri: {bucket.uri}/out}}"]
    found, done = config.load(tmp_path / "copy/data.csv", settings, tmp_path / "copy/out"), []
    end = runs.launder(found, done)
    assert end["id"] == released.end["id"] == current(bucket) and pipeline.unchanged(found)
    document = json.loads(bucket.get(f"out/releases/{end['id']}/manifest.json"))
    assert {f"out/releases/{end['id']}/{name}" for name in document["files"]} < set(bucket.names())
