"""From the bytes of image files to one uint8 array on the disk: grey or RGB, one size; all that is no pixel is left
behind.

Headers are read first, to settle size and channels; then all files are decoded, in threads, into a memory-mapped array.
Turned photographs are set upright; images of another size are resized with antialiasing (Lanczos) after their middle
square, or rectangle of the wanted shape, is kept. Images of more than 8 bits keep the upper 8 of the bits that their
collection uses (12 in 16, as cameras write them), those of DICOM go through their window; what is transparent is shown
on white. What cannot be decoded is listed by the SHA-256 of its bytes and why.
"""

import hashlib
import io
import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from launderette.pipelines.image_sources import dicom, headers
from launderette.pipelines.image_sources.headers import DECODING_ERRORS, TURNED_FORMATS, UNREADABLE, Header
from launderette.pipelines.run.artifacts import LaunderError, explained

# pixels of a side where no size is asked for: at most, and limits between which arrays stay as they are
USUAL_SIDE, LEAST_USUAL_SIDE, MOST_USUAL_SIDE = 64, 8, 128
IMAGE_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*", b"BM")
SENSOR_BITS = (8, 10, 12, 14, 16)  # bits that sensors have
TASK_IMAGES = 256  # images of one task of a thread


@dataclass(frozen=True)
class Decoded:
    """Pixels uint8 [M, H, W, C] on the disk, which of the N images they are, and (digest, reason) of each of the
    others.
    """

    pixels: np.ndarray
    kept: np.ndarray
    skipped: list[tuple[str, str]]
    resized: int
    deep: tuple[int, int] = (0, 0)  # images of more than 8 bits, and the bits that they were taken to use


def decode_all(
    read: Callable[[int], bytes],
    count: int,
    path: Path,
    *,
    size: tuple[int, int] | None,
    most_broken: float,
    bits: int | None = None,
    channels: int | None = None,
) -> Decoded:
    """Decode images 0..count - 1 into an array at `path`, of `size` (height, width) or their usual one, of so many
    `channels` or, where that is None, of 1 if all are grey.

    `bits` are those that images of more than 8 use, None for the fewest that hold all their values. LaunderError where
    more than the share `most_broken` cannot be decoded, nothing is left, or more bits are in use.
    """
    with warnings.catch_warnings(action="ignore"):  # they may quote what a file says of a person
        return _decode_all(read, count, path, size, most_broken, bits, channels)


def _decode_all(
    read: Callable[[int], bytes],
    count: int,
    path: Path,
    size: tuple[int, int] | None,
    most_broken: float,
    bits: int | None,
    channels: int | None,
) -> Decoded:
    found = list(_threaded(lambda i: header(read(i)), count))
    good = np.array([not h.wrong for h in found])
    _check_broken(Counter(h.wrong for h in found if h.wrong), count, most_broken)
    sides = np.array([(h.height, h.width) for h in found])
    height, width = size or usual_size(sides[good])
    channels = channels or (1 if all(h.grey for h in found if not h.wrong) else 3)
    pixels = _made(path, (int(good.sum()), height, width, channels))
    places = np.flatnonzero(good)
    span = dicom.common([h.span for h in found if h.span])
    used = _used_bits(found, bits)
    wrong = list(_threaded(lambda k: _into(pixels, k, read(int(places[k])), span, used), len(places)))
    reasons = Counter(h.wrong for h in found if h.wrong) + Counter(reason for reason in wrong if reason)
    _check_broken(reasons, count, most_broken)
    pixels, kept = (
        _without(pixels, path, np.array([not reason for reason in wrong])),
        places[[not reason for reason in wrong]],
    )
    told = dict(zip(places.tolist(), wrong, strict=True))
    unusable = [(i, found[i].wrong or told[i]) for i in range(count) if found[i].wrong or told[i]]
    skipped = [(hashlib.sha256(read(i)).hexdigest(), reason) for i, reason in unusable]
    deep = sum(bool(h.deepest) or h.upper is not None for h in found)
    return Decoded(pixels, kept, skipped, int((sides[kept] != (height, width)).any(1).sum()), (deep, used))


def decode_each(read: Callable[[int], bytes], count: int, path: Path, size: tuple[int, int], channels: int) -> Decoded:
    """Decode images 0..count - 1 into an array at `path`, each by itself: what one holds changes nothing of another.

    Any number of them may be unusable.
    """
    pixels = _made(path, (count, *size, channels))

    def into(k: int) -> str:
        data = read(k)
        wrong = UNREADABLE if dicom.is_dicom(data) else headers.header(data).wrong
        return wrong or _into(pixels, k, data, None, 0)

    with warnings.catch_warnings(action="ignore"):
        wrong = list(_threaded(into, count))
    good = np.array([not reason for reason in wrong], dtype=bool)
    skipped = [(hashlib.sha256(read(k)).hexdigest(), reason) for k, reason in enumerate(wrong) if reason]
    return Decoded(_without(pixels, path, good), np.flatnonzero(good), skipped, 0)


def _threaded(work: Callable[[int], object], count: int) -> Iterator:
    """Yield work(0), work(1), ... in order, done in threads: decoders let go of Python's lock."""

    def block(first: int) -> list:
        return [work(i) for i in range(first, min(first + TASK_IMAGES, count))]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for part in pool.map(block, range(0, count, TASK_IMAGES)):
            yield from part


def header(data: bytes) -> Header:
    """Read what a file says of its image; the reason where it cannot be used."""
    return dicom.header(data) if dicom.is_dicom(data) else headers.header(data)


def is_image(data: bytes) -> bool:
    """Tell whether bytes begin as those of an image do, whole or damaged."""
    return data.startswith(IMAGE_MAGIC) or data[8:12] == b"WEBP" or dicom.is_dicom(data)


def usual_size(sides: np.ndarray) -> tuple[int, int]:
    """Return the median height and width of images [N, 2], scaled so that no side is longer than USUAL_SIDE or
    shorter than LEAST_USUAL_SIDE.
    """
    height, width = np.median(sides, axis=0)
    scale = min(1.0, USUAL_SIDE / max(height, width))
    return tuple(max(LEAST_USUAL_SIDE, round(side * scale)) for side in (height, width))


def _into(pixels: np.ndarray, k: int, data: bytes, span: tuple[float, float] | None, bits: int) -> str:
    """Decode one image into its place; return what is wrong with it."""
    try:
        height, width, channels = pixels.shape[1:]
        pixels[k] = to_array(data, height, width, channels, span, bits)
    except DECODING_ERRORS:
        return UNREADABLE
    return ""


def to_array(
    data: bytes, height: int, width: int, channels: int, span: tuple[float, float] | None = None, bits: int = 0
) -> np.ndarray:
    """Decode one image: uint8 [height, width, channels].

    `span` is the range of values that DICOM files without a window share, `bits` those that the deep files of the
    collection use, 0 for those of this one.
    """
    image = dicom.to_image(data, span) if dicom.is_dicom(data) else _shown(data, bits)
    image = image.convert("L" if channels == 1 else "RGB")
    if image.size != (width, height):
        image = ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)
    return np.asarray(image).reshape(height, width, channels)


def _shown(data: bytes, bits: int) -> Image.Image:
    """Decode one image, upright, in 8 bits, on white where it is transparent."""
    image: Image.Image = Image.open(io.BytesIO(data))
    image = ImageOps.exif_transpose(image) if image.format in TURNED_FORMATS else image
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)
        return Image.fromarray(_upper_bits(values, bits or _depth(int(values.max()))))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image


def _upper_bits(values: np.ndarray, bits: int) -> np.ndarray:
    """Return the upper 8 of the bits that values use."""
    return (values.clip(0, 2**bits - 1) >> (bits - 8)).astype(np.uint8)


def _depth(largest: int) -> int:
    """Return the bits that values up to the largest need: 8, 10, 12, 14 or 16 of them, or all that there are."""
    needed = largest.bit_length()
    return next((bits for bits in SENSOR_BITS if bits >= needed), needed)


def _used_bits(found: Sequence[Header], stated: int | None) -> int:
    """Return the bits that the deep images of a collection use: the stated ones, else the fewest that hold all values.

    LaunderError where more are in use than stated, and for colours of 16 bits that use no more than 14, of which the
    upper byte alone is read.
    """
    grey = max(h.deepest for h in found)
    colour = max((h.upper << 8 | 255 for h in found if h.upper is not None), default=0)
    if stated and max(grey, colour) >> stated:
        raise LaunderError(
            f"expected images of at most {stated} bits, as images.bits states, found values of "
            f"{max(grey, colour).bit_length()} bits; correct images.bits"
        )
    if colour and colour >> SENSOR_BITS[-2] == 0 and stated != SENSOR_BITS[-1]:
        raise LaunderError(
            f"expected colours of 16 bits to use their range, found at most {SENSOR_BITS[-2]} bits in use, which would "
            "be shown as nearly black; write the images in 8 bits, or set images.bits to 16 where they are that dark"
        )
    return stated or (_depth(grey) if grey else SENSOR_BITS[-1] if colour else 0)


def _check_broken(reasons: Counter, count: int, most: float) -> None:
    broken = sum(reasons.values())
    if broken > max(1, most * count) or broken >= count - 1:
        told = ", ".join(f"{number:,} {reason}" for reason, number in reasons.most_common())
        raise LaunderError(
            f"expected at most {most:.0%} of {count:,} images to be unusable, found {broken:,} ({told}); repair or "
            "remove them, "
            "or raise images.broken"
        )


def _without(pixels: np.memmap, path: Path, good: np.ndarray) -> np.memmap:
    """Close the gaps that images left which could not be decoded after all."""
    if not good.all():
        aside = path.with_name(f".{path.name}.part")
        kept = np.flatnonzero(good)
        closed = _made(aside, (len(kept), *pixels.shape[1:]))
        for first in range(0, len(kept), TASK_IMAGES):
            closed[first : first + TASK_IMAGES] = pixels[kept[first : first + TASK_IMAGES]]
        os.replace(aside, path)
        pixels = closed
    pixels.flush()
    return pixels


def _made(path: Path, shape: tuple[int, ...]) -> np.memmap:
    """Make room for pixels on the disk and map it into memory.

    Of a file with holes a full disk would be told by a signal that ends the process, while pages are written.
    """
    with explained(path):
        pixels = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
        with open(path, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, os.path.getsize(path))
    return pixels


def store(pixels: np.ndarray, path: Path) -> None:
    """Write pixels uint8 [N, H, W, C] to a file that `np.load` maps into memory."""
    mapped = _made(path, pixels.shape)
    mapped[:] = pixels
    mapped.flush()


def encode(pixels: np.ndarray) -> bytes:
    """Write one image uint8 [H, W, C] as PNG, without any metadata."""
    out = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(out, format="PNG", compress_level=6)
    return out.getvalue()
