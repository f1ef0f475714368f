"""The chain of releases: a manifest that was changed is found from any later one, whatever was pruned in between."""

import json

import pytest

from pipelines.cli import main
from pipelines.release import chain, publishing
from pipelines.release.verifying import digest_manifest
from pipelines.run.artifacts import canonical, digest_file, read_json


@pytest.fixture
def published(stage, tmp_path):
    """Publish r1, r2, ... up to a number, keeping so many."""

    def _published(number, keep=None):
        for k in range(1, number + 1):
            staged, approval = stage(f"r{k}", value=k)
            publishing.publish(approval, staged, tmp_path, f"r{k}", keep=keep)
        return tmp_path / "releases"

    return _published


def rewritten(manifest):
    """Change a manifest such that it agrees with itself and with its release."""
    document = json.loads(manifest.read_bytes()) | {"seed": 7}
    document["digest"] = digest_manifest(document)
    manifest.write_bytes(canonical(document))


def test_every_manifest_back_to_the_first_is_checked(published, capsys):
    folder = published(4)
    assert [chain.check(folder / f"r{k}") for k in (1, 2, 3, 4)] == [chain.ChainCheck(k) for k in (0, 1, 2, 3)]
    assert main(["verify", str(folder / "current")]) == 0
    assert "so is the manifest of each of the 3 releases before it." in capsys.readouterr().out


@pytest.mark.parametrize("k", [1, 2, 3])
def test_a_manifest_rewritten_to_agree_with_itself_is_found_from_every_later_release(published, capsys, k):
    folder = published(4)
    rewritten(folder / f"r{k}" / "manifest.json")
    assert publishing.verify(folder / f"r{k}") == []  # which by itself nobody can tell
    for later in range(k + 1, 5):
        assert chain.check(folder / f"r{later}").problem
    assert main(["verify", str(folder / "r4")]) == 1
    assert f"manifest.json of r{k} is not the one that r{k + 1} follows: it was changed." in capsys.readouterr().err


def test_pruned_releases_leave_their_manifests(published, capsys):
    folder = published(5, keep=2)
    kept = sorted(folder.glob("pruned/*.json"))
    assert {path.name for path in folder.iterdir()} == {"r4", "r5", "current", "pruned"}
    assert [path.stem for path in kept] == [digest_file(path) for path in kept] and len(kept) == 3
    assert [release["id"] for release in publishing.releases(folder.parent)] == ["r4", "r5"]
    assert chain.check(folder / "r5") == chain.ChainCheck(4) and main(["verify", str(folder / "r5")]) == 0
    (second,) = [path for path in kept if read_json(path)["id"] == "r2"]
    rewritten(second)
    assert f"pruned/{second.name} is not the manifest that r3 follows" in chain.check(folder / "r5").problem
    assert main(["verify", str(folder / "r5")]) == 1 and "it was changed" in capsys.readouterr().err


def test_a_link_that_cannot_be_checked_is_said_in_a_sentence(published, capsys):
    folder = published(4, keep=2)
    for path in folder.glob("pruned/*.json"):  # as a version left it that kept none
        path.unlink()
    found = chain.check(folder / "r4")
    assert found.checked == 1 and not found.problem and found.unknown.startswith("The release r2 before r3 cannot be")
    assert main(["verify", str(folder / "r4")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2 and "pruned by a version that kept no manifests" in said[1]


def test_manifests_of_an_earlier_version_name_only_a_digest(published):
    folder = published(2)
    document = json.loads((folder / "r2" / "manifest.json").read_bytes())
    del document["previous_id"]
    document["digest"] = digest_manifest(document)
    (folder / "r2" / "manifest.json").write_bytes(canonical(document))
    assert publishing.verify(folder / "r2") == [] and chain.check(folder / "r2") == chain.ChainCheck(1)
    rewritten(folder / "r1" / "manifest.json")
    assert chain.check(folder / "r2").unknown.startswith("The release before r2 cannot be checked")


def test_a_release_may_not_be_called_as_the_folder_of_pruned_ones(stage):
    with pytest.raises(ValueError, match="expected an id"):
        stage("pruned")
