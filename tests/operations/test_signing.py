"""Signatures of manifests: by a secret or by Ed25519, over a whole folder, pruned manifests included."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from pipelines import config
from pipelines.cli import main
from pipelines.release import publishing, signing
from pipelines.release.verifying import digest_manifest
from pipelines.run.artifacts import LaunderError, canonical, digest_file, read_json
from tests.release.conftest import stage  # noqa: F401


def pair():
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), public


SECRET = "T0P5ECRET" * 4
PRIVATE, PUBLIC = pair()


@pytest.fixture(params=[(SECRET, SECRET), (PRIVATE, PUBLIC)], ids=["hmac", "ed25519"])
def signed(request, stage, tmp_path, monkeypatch):  # noqa: F811
    """A folder of two signed releases and a pruned one; its keys are in the environment."""
    for number in (1, 2, 3):
        staged, approval = stage(f"r{number}", value=number)
        (staged / "manifest.json").unlink()
        publishing.release(approval, staged, tmp_path, f"r{number}", {"rows": 2, "generator": "g"}, request.param[0])
        publishing.prune(tmp_path, 2)
    monkeypatch.setenv("MINE", request.param[1])
    monkeypatch.setenv("OTHER", "another secret, of another person")
    monkeypatch.setenv("STRANGER", pair()[1])
    return tmp_path


def check(folder, key=None):
    return main(["verify", str(folder), *(["--key", f"env:{key}"] if key else [])])


def rewritten(path, **changes):
    """Change a manifest such that it agrees with itself, but for its signature."""
    document = {key: value for key, value in (read_json(path) | changes).items() if value is not None}
    document["digest"] = digest_manifest(document)
    path.write_bytes(canonical(document))


def test_a_folder_is_verified_with_the_key_and_no_other(signed, capsys):
    assert check(signed) == check(signed, "MINE") == check(signed / "releases" / "r3", "MINE") == 0
    out = capsys.readouterr().out
    assert out.count("Verified") == 5 and "T0P5ECRET" not in out and "PRIVATE" not in out
    for other in ("OTHER", "STRANGER"):
        assert check(signed, other) == 1
        assert "signed by another key" in capsys.readouterr().err
    assert check(signed, "NOBODY") == 1 and "NOBODY, which --key names" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "said"), [({"seed": 7}, "not that of its contents"), ({"signature": None}, "not signed")]
)
def test_a_manifest_that_agrees_with_itself_is_not_enough(signed, capsys, changes, said):
    rewritten(signed / "releases" / "r3" / "manifest.json", **changes)
    assert check(signed / "releases" / "r3", "MINE") == 1 and said in capsys.readouterr().err


def test_a_pruned_manifest_is_checked_too(signed, capsys):
    (pruned,) = (signed / "releases" / "pruned").glob("*.json")
    rewritten(pruned, signature=None)
    assert check(signed, "MINE") == 1 and "pruned/" in capsys.readouterr().err


@pytest.fixture
def signed_later(stage, tmp_path, monkeypatch):  # noqa: F811
    """A folder of a pruned release that nobody signed, one signed by a key of before, and one by the key of now."""
    keys = [None, SECRET, PRIVATE]
    for number, key in enumerate(keys, 1):
        staged, approval = stage(f"r{number}", value=number)
        (staged / "manifest.json").unlink()
        publishing.release(approval, staged, tmp_path, f"r{number}", {"rows": 2, "generator": "g"}, key)
    publishing.prune(tmp_path, 2)
    monkeypatch.setenv("MINE", PUBLIC)
    return tmp_path / "releases"


def test_what_is_of_before_anybody_signed_is_vouched_for_by_the_chain_of_what_is_signed(signed_later, capsys):
    assert check(signed_later.parent, "MINE") == check(signed_later / "r2", "MINE") == 0
    assert capsys.readouterr().out.count("a release after it is signed, and names it") == 2
    rewritten(signed_later / "r2" / "manifest.json", seed=7)
    assert check(signed_later / "r2", "MINE") == 1 and "signed by another key" in capsys.readouterr().err


def test_a_signature_that_is_copied_to_other_contents_vouches_for_nothing(signed_later, capsys):
    """Nor does a damaged manifest; and what follows the newest one that is signed is nobody's word."""
    newest, forged = signed_later / "r3" / "manifest.json", signed_later / "r2" / "manifest.json"
    rewritten(forged, seed=7)
    document = read_json(newest) | {"previous": digest_file(forged)}
    (signed_later / "pruned" / "x.json").write_bytes(canonical(document))
    (signed_later / "pruned" / "y.json").write_text("{")
    assert check(signed_later / "r2", "MINE") == 1 and "signed by another key" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("key", "part"), [("short", "at least 32 characters"), (PRIVATE[:60], "without a password")], ids=["short", "cut"]
)
def test_a_key_that_signs_nothing_stops_before_the_run(monkeypatch, tmp_path, key, part):
    monkeypatch.setenv("LAUNDER_SIGNING_KEY", key)
    with pytest.raises(LaunderError, match=part):
        config.load(tmp_path / "x.csv", ["publish.sign=env:LAUNDER_SIGNING_KEY"])
    with pytest.raises(LaunderError, match="env:NAME"):
        config.load(tmp_path / "x.csv", [f"publish.sign={json.dumps(SECRET)}"])


def test_what_is_no_signature_is_none():
    for value in ({}, "x", {"algorithm": "rot13"}, {"algorithm": "ed25519", "key": "zz", "value": 3}):
        assert signing.problem({"digest": "d", "signature": value}, None)
