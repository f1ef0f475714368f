"""An object storage through its file system of fsspec, and what it says of failures, told in sentences of ours: its own
texts may hold a key or a signed address.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from launderette.pipelines.databases import addresses
from launderette.pipelines.run.artifacts import LaunderError, Unavailable

if TYPE_CHECKING:
    from launderette.pipelines.config.places import Bucket, Source

LOGINS = {"s3": ("key", "secret"), "az": ("account_name", "account_key")}  # what user and password are called there
OF_DRIVERS = ("botocore", "aiobotocore", "s3fs", "gcsfs", "google", "adlfs", "azure", "aiohttp", "fsspec")
REFUSED = ("ParamValidationError", "InvalidRegionError", "HttpError", "ClientAuthenticationError", "RefreshError")
WITHOUT_LOGIN = ("NoCredentialsError", "PartialCredentialsError", "DefaultCredentialsError")
LOGIN_HINT = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or user: env:NAME and password: env:NAME",
    "gs": "set GOOGLE_APPLICATION_CREDENTIALS",
    "az": "set AZURE_STORAGE_CONNECTION_STRING, or user: env:NAME and password: env:NAME",
}


def opened(place: "Bucket | Source") -> Any:
    """Return the file system of an address, which remembers no listing. LaunderError where it is not installed, or
    takes no login in this way.
    """
    import fsspec

    scheme = addresses.scheme_of(place.address)
    extra = addresses.STORAGES[scheme]
    try:
        return fsspec.filesystem(scheme, **_login(place, extra), use_listings_cache=False, skip_instance_cache=True)
    except ImportError:
        raise LaunderError(
            f"expected the file system of {scheme}://, found none; install it: pip install 'launderette[{extra}]'"
        ) from None


def _login(place: "Bucket | Source", extra: str) -> dict[str, str]:
    given = [addresses.resolved(getattr(place, key), f"{place.SECTION}.{key}") for key in ("user", "password")]
    if not any(given):
        return {}
    if extra not in LOGINS or not all(given):
        raise LaunderError(
            f"expected both user and password, or neither, for {extra}://, found another login; {LOGIN_HINT[extra]}"
        )
    return {name: str(value) for name, value in zip(LOGINS[extra], given, strict=True)}


def path_of(address: str) -> str:
    """Return bucket and key of an address, without a slash at the end."""
    return addresses.shown(address).partition("://")[2].rstrip("/")


@contextmanager
def explained(expected: str, address: str) -> Iterator[None]:
    """Turn what a file system raises into one sentence that begins with `expected`; Unavailable where it may pass."""
    try:
        yield
    except LaunderError:
        raise
    except Exception as error:
        found = _found(error, addresses.STORAGES[addresses.scheme_of(address)])
        if found is not None:
            raise LaunderError(f"{expected}, found {found}") from None
        if not _may_pass(error):
            raise
        raise Unavailable(f"{expected}, found that the storage does not answer; run again once it does") from None


def _found(error: Exception, extra: str) -> str | None:
    """Return what was found and what to do, None for a failure of the network."""
    kind = type(error).__name__
    if kind in WITHOUT_LOGIN:
        return f"no credentials; {LOGIN_HINT[extra]}"
    if isinstance(error, PermissionError):
        return "no permission; check the credentials, and what they may do there"
    if isinstance(error, FileNotFoundError):
        return "nothing there; check the address"
    if kind in REFUSED or (isinstance(error, ValueError) and _of_driver(error)):
        return "that the storage refuses the address or the login; check both"
    return None


def _of_driver(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in OF_DRIVERS


def _may_pass(error: Exception) -> bool:
    """Tell whether a failure is one of the storage or the way to it."""
    return _of_driver(error) or isinstance(error, OSError | asyncio.TimeoutError)
