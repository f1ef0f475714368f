"""Signatures of manifests: HMAC-SHA256 by a secret that both sides hold, or Ed25519 (RFC 8032) by a private key whose
public half verifies. What is signed is the digest of the manifest, which names every file and the manifest before it.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from launderette.pipelines.run.artifacts import LaunderError

HMAC, ED25519 = "hmac-sha256", "ed25519"
LEAST_SECRET = 32  # characters of a secret
PRIVATE_MARK, PUBLIC_MARK = "BEGIN PRIVATE KEY", "BEGIN PUBLIC KEY"  # of PEM, as openssl genpkey writes it
KEY_NAME_DIGITS = 16  # hexadecimal digits by which a key is named


def sign(digest: str, key: str) -> dict[str, str]:
    """Return the signature of a digest; LaunderError where the key is a short secret or no private key of Ed25519."""
    if PRIVATE_MARK not in key:
        return {"algorithm": HMAC, "key": _name(_secret(key)), "value": _hmac(digest, key)}
    private = _private(key)
    public = private.public_key().public_bytes_raw().hex()
    return {"algorithm": ED25519, "key": public, "value": private.sign(digest.encode()).hex()}


def check(key: str) -> None:
    """Raise LaunderError where nothing can be signed by a key."""
    sign("", key)


def problem(document: Mapping[str, Any], key: str | None) -> str:
    """Return what is wrong with the signature of a manifest, "" for nothing.

    `key` is the secret, or either half of the pair of keys, that it has to be signed by. Without one, a signature of
    Ed25519 is checked by the public key in the manifest, which says only that one holder of it signed all of it.
    """
    found = document.get("signature")
    if found is None:
        return "It is not signed." if key else ""
    if not isinstance(found, dict) or found.get("algorithm") not in (HMAC, ED25519):
        return "Its signature is of an unknown kind."
    if found["algorithm"] == HMAC:
        return _problem_of_secret(document, found, key) if key else ""
    wanted = found.get("key") if key is None else _public(key)
    if wanted != found.get("key"):
        return "It is signed by another key."
    return "" if _is_signed(str(wanted), document["digest"], found) else "Its signature is not that of its contents."


def said(document: Mapping[str, Any]) -> str:
    """Return by what a manifest is signed, in words."""
    found = document.get("signature")
    return "not signed" if found is None else f"signed by {found['algorithm']} key {found['key'][:KEY_NAME_DIGITS]}"


def _problem_of_secret(document: Mapping[str, Any], found: Mapping[str, Any], key: str) -> str:
    if PRIVATE_MARK in key or PUBLIC_MARK in key or found.get("key") != _name(key):
        return "It is signed by another key."
    same = hmac.compare_digest(_hmac(document["digest"], key), str(found.get("value")))
    return "" if same else "Its signature is not that of its contents."


def _secret(key: str) -> str:
    if len(key) < LEAST_SECRET:
        raise LaunderError(
            f"expected a secret of at least {LEAST_SECRET} characters, or a private key of Ed25519 in PEM, to sign by, "
            "found a shorter one; make one by: openssl rand -hex 32"
        )
    return key


def _hmac(digest: str, key: str) -> str:
    return hmac.new(key.encode(), digest.encode(), hashlib.sha256).hexdigest()


def _name(key: str) -> str:
    return _hmac("launderette key", key)[:KEY_NAME_DIGITS]


def _private(key: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # late: most runs sign nothing
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = load_pem_private_key(key.encode(), None)
    except (ValueError, TypeError):
        raise LaunderError("expected a private key in PEM without a password, found another text") from None
    if not isinstance(found, Ed25519PrivateKey):
        raise LaunderError("expected a key of Ed25519, found another; make one by: openssl genpkey -algorithm ed25519")
    return found


def _public(key: str) -> str | None:
    """Return the public key of either half in hexadecimal digits, None for a secret or another text."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if PRIVATE_MARK in key:
        return _private(key).public_key().public_bytes_raw().hex()
    try:
        found = load_pem_public_key(key.encode())
    except ValueError:
        return None
    return found.public_bytes_raw().hex() if isinstance(found, Ed25519PublicKey) else None


def _is_signed(public: str, digest: str, found: Mapping[str, Any]) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(found["value"]), digest.encode())
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return False
    return True
