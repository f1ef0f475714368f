"""The hashes that PostgreSQL computes of texts and numbers, computed here as well, for many at once.

It is Jenkins' lookup3 (https://burtleburtle.net/bob/hash/evahash.html) over little-endian words, begun and ended as
PostgreSQL's `hashtext` does: its hash partitions rest on it, so it stays as it is.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

INT4_BYTES = 4
FLOAT8_BYTES = 8
NUMERIC_BASE, NUMERIC_DIGITS, NUMERIC_BYTES = 10_000, 4, 2  # of a digit of `numeric`: its base, decimal digits, bytes
HASHED_BYTES = 12  # three words of 32 bits
BEGIN = 0x9E3779B9 + 3923095  # of each word, and the length
BLOCK_TURNS = (4, 6, 8, 16, 19, 4)  # bits by which words are turned after a block
LAST_TURNS = (14, 11, 25, 16, 4, 14, 24)  # and at the end
Words = list[np.ndarray]  # three arrays of uint32, one place for each text


def hashint8(values: np.ndarray) -> np.ndarray:
    """Return the hash of each of some whole numbers, int64, as int32."""
    high = (values >> 32).astype(np.uint32)
    folded = values.astype(np.uint32) ^ np.where(values >= 0, high, ~high)
    begun = np.full(len(values), BEGIN + INT4_BYTES, np.uint32)
    return _ended([begun + folded, begun.copy(), begun.copy()]).view(np.int32)


def hashfloat8(values: np.ndarray) -> np.ndarray:
    """Return the hash of each of some floating point numbers, float64, as int32."""
    begun = np.full(len(values), BEGIN + FLOAT8_BYTES, np.uint32)
    low, high = np.where(np.isnan(values), np.nan, values).view("<u4").reshape(-1, 2).T
    found = _ended([begun + low, begun + high, begun.copy()]).view(np.int32)
    found[values == 0] = 0  # of either sign
    return found


def hash_numeric(unscaled: np.ndarray, scale: int, digits: int) -> np.ndarray:
    """Return the hash of each of some decimals as int32, turned over for negative ones, whose sign it leaves out:
    whole numbers (int64, or objects beyond it) of at most so many `digits`, the last `scale` of them decimals.
    """
    padding = -scale % NUMERIC_DIGITS
    groups = -(-(digits + padding) // NUMERIC_DIGITS)
    rest, content = np.abs(unscaled) * 10**padding, np.zeros((len(unscaled), groups), "<u2")
    for group in reversed(range(groups)):
        content[:, group] = rest % NUMERIC_BASE
        rest = rest // NUMERIC_BASE
    first, last = (content != 0).argmax(1), groups - (content[:, ::-1] != 0).argmax(1)
    starts = NUMERIC_BYTES * (np.arange(len(content)) * groups + first)
    plain = np.append(content.view(np.uint8).ravel(), np.zeros(HASHED_BYTES, np.uint8))
    weights = groups - 1 - (scale + padding) // NUMERIC_DIGITS - first
    found = _hashed(plain, starts, NUMERIC_BYTES * (last - first)) ^ weights.astype(np.int32)
    found[unscaled == 0] = -1
    return np.where(unscaled < 0, ~found, found)


def of_texts(texts: pa.Array) -> np.ndarray:
    """Return `hashtext` of each of some texts, none of them missing, as int32; each distinct one is hashed once."""
    coded = texts.dictionary_encode()
    return hashtext(coded.dictionary)[coded.indices.to_numpy()]


def of_texts_md5(texts: pa.Array) -> np.ndarray:
    """Return the first 32 bits of the MD5 of each of some texts, none of them missing, as int32."""
    coded = texts.dictionary_encode()
    return _md5(coded.dictionary.cast(pa.binary()).to_pylist())[coded.indices.to_numpy()]


def of_floats_md5(values: np.ndarray) -> np.ndarray:
    """Return the first 32 bits of the MD5 of each of some floating point numbers, as sent over a network, as int32."""
    sent = np.where(np.isnan(values), np.nan, values + 0.0).astype(">f8").tobytes()
    return _md5(sent[at : at + FLOAT8_BYTES] for at in range(0, len(sent), FLOAT8_BYTES))


def _md5(parts: Iterable[bytes]) -> np.ndarray:
    digests = (hashlib.md5(part, usedforsecurity=False).digest()[:INT4_BYTES] for part in parts)
    return np.array([int.from_bytes(digest, "big", signed=True) for digest in digests], np.int32)


def hashtext(texts: pa.Array) -> np.ndarray:
    """Return the hash of each of some texts, none of them missing, as int32."""
    large = texts.cast(pa.large_binary())
    _, offsets, data = large.buffers()
    starts = np.frombuffer(offsets, np.int64)[large.offset : large.offset + len(large) + 1]
    content = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    return _hashed(np.append(content, np.zeros(HASHED_BYTES, np.uint8)), starts[:-1], np.diff(starts))


def _hashed(content: np.ndarray, starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    words = [(sizes + BEGIN).astype(np.uint32) for _ in range(3)]
    at = 0
    while len(longer := np.flatnonzero(sizes - at >= HASHED_BYTES)):
        block = _words(content, starts[longer] + at)
        mixed = _turned([word[longer] + block[:, n] for n, word in enumerate(words)])
        for word, new in zip(words, mixed, strict=True):
            word[longer] = new
        at += HASHED_BYTES
    rest = sizes % HASHED_BYTES
    last = _words(content, starts + sizes - rest, rest)
    last[:, 2] <<= 8  # where the lowest byte stands for the length
    return _ended([word + last[:, n] for n, word in enumerate(words)]).view(np.int32)


def _words(content: np.ndarray, starts: np.ndarray, sizes: np.ndarray | None = None) -> np.ndarray:
    """Return the three words of the block at each place, (texts, 3); bytes beyond a size are zero."""
    places = np.arange(HASHED_BYTES)
    found = content[starts[:, None] + places]
    if sizes is not None:
        found[places >= sizes[:, None]] = 0
    return found.view("<u4").astype(np.uint32)


def _rotated(word: np.ndarray, bits: int) -> np.ndarray:
    return (word << np.uint32(bits)) | (word >> np.uint32(32 - bits))


def _turned(words: Words) -> Words:
    for turn, bits in enumerate(BLOCK_TURNS):
        one, next_, last = turn % 3, (turn + 1) % 3, (turn + 2) % 3
        words[one] = (words[one] - words[last]) ^ _rotated(words[last], bits)
        words[last] = words[last] + words[next_]
    return words


def _ended(words: Words) -> np.ndarray:
    for turn, bits in enumerate(LAST_TURNS):
        one, before = (2 + turn) % 3, (1 + turn) % 3
        words[one] = (words[one] ^ words[before]) - _rotated(words[before], bits)
    return words[2]
