"""DICOM: one grey image or one of colours per file, as its window shows it; every tag is left behind.

Values are shown in 8 bits through the file's first window, else its first lookup table (PS3.3 C.11.2), both by pydicom.
Deep images without either share a range: from the 5 % quantile of their least values to the 95 % quantile of their
greatest, over the collection, so that they stay comparable and a stray one cannot darken all. Values of 8 bits without
a window stay as they are.
"""

import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from launderette.pipelines.image_sources.headers import (
    DECODING_ERRORS,
    SEVERAL_FRAMES,
    TOO_MANY_PIXELS,
    UNREADABLE,
    Header,
)
from launderette.pipelines.run.artifacts import LaunderError

DICOM_SUFFIXES = (".dcm", ".dicom")
COMPRESSED = "is compressed in a way that nothing installed decodes"
WRITTEN_ON = "has text burned into its pixels, as its tag says"
FAR = 1e9  # beyond every window
DEFLATED = b"1.2.840.10008.1.2.1.99"  # a whole file in one zlib stream, of any size once inflated


def library() -> ModuleType:
    """Import pydicom, silent: its warnings quote tags. LaunderError where it is not installed."""
    try:
        import pydicom
    except ImportError:
        raise LaunderError(
            "expected the package pydicom to read DICOM, found none; install it: pip install 'launderette[dicom]'"
        ) from None
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
    return pydicom


def is_dicom(data: bytes) -> bool:
    """Tell whether a file is DICOM, by the mark behind its preamble (PS3.10 section 7.1)."""
    return data[128:132] == b"DICM"


@contextmanager
def _opened(data: bytes, pydicom: ModuleType) -> Iterator[Any]:
    """Open a file, whose tags are read when they are asked for; UnidentifiedImageError for what pydicom has errors
    of its own for.
    """
    try:
        yield pydicom.dcmread(io.BytesIO(data))
    except (pydicom.errors.BytesLengthException, pydicom.errors.InvalidDicomError):
        raise UnidentifiedImageError(UNREADABLE) from None


def header(data: bytes) -> Header:
    """Read size and kind of a DICOM image, and the span of its values where it is deep and has neither window nor
    lookup table.
    """
    pydicom = library()
    if DEFLATED in data[132:1024]:
        return Header(wrong=COMPRESSED)
    try:
        with _opened(data, pydicom) as found:
            return _header(found, pydicom)
    except DECODING_ERRORS:
        return Header(wrong=UNREADABLE)


def _header(found: Any, pydicom: ModuleType) -> Header:
    if wrong := _wrong(found, pydicom):
        return Header(wrong=wrong)
    span = None if _colours(found) or _as_stored(found) or _says_how(found) else _span(_values(found, pydicom))
    return Header(int(found.Columns), int(found.Rows), not _colours(found), span=span)


def _wrong(found: Any, pydicom: ModuleType) -> str:
    if found.Rows * found.Columns > Image.MAX_IMAGE_PIXELS:
        return TOO_MANY_PIXELS
    if int(found.get("NumberOfFrames") or 1) > 1:
        return SEVERAL_FRAMES
    if str(found.get("BurnedInAnnotation", "")).strip().upper() == "YES":
        return WRITTEN_ON
    syntax = found.file_meta.TransferSyntaxUID
    return COMPRESSED if syntax.is_encapsulated and not _decodes(syntax, pydicom) else ""


def _decodes(syntax: Any, pydicom: ModuleType) -> bool:
    try:
        return pydicom.pixels.get_decoder(syntax).is_available
    except NotImplementedError:
        return False


def common(spans: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """Return the range that images without a window share, None where there are none."""
    if not spans:
        return None
    lows, highs = np.array(spans).T
    return float(np.quantile(lows, 0.05)), float(np.quantile(highs, 0.95))


def to_image(data: bytes, span: tuple[float, float] | None) -> Image.Image:
    """Decode one image to 8 bits, grey or RGB; `span` is the common range of those without a window, None for its
    own. Raises one of DECODING_ERRORS.
    """
    pydicom = library()
    with _opened(data, pydicom) as found:
        return Image.fromarray(_rgb(found, pydicom) if _colours(found) else _grey(found, span, pydicom))


def _grey(found: Any, span: tuple[float, float] | None, pydicom: ModuleType) -> np.ndarray:
    """Return a grey image as uint8 [H, W], bright where it is to be shown bright."""
    if _as_stored(found):
        shown = found.pixel_array.astype(np.uint8)
    else:
        values = _values(found, pydicom)
        told = _presented(values, found, pydicom) if _says_how(found) else (values, *(span or _span(values)))
        shares = _stretched(*told)
        shown = np.round(255 * shares.clip(0, 1)).astype(np.uint8)
    return 255 - shown if found.PhotometricInterpretation == "MONOCHROME1" else shown


def _colours(found: Any) -> bool:
    return found.SamplesPerPixel > 1 or found.PhotometricInterpretation == "PALETTE COLOR"


def _as_stored(found: Any) -> bool:
    return found.get("BitsStored", 32) <= 8 and not found.PixelRepresentation and not _says_how(found)


def _says_how(found: Any) -> bool:
    """Tell whether a file says how its values are shown: by a window, or by a lookup table."""
    return _has_window(found) or bool(found.get("VOILUTSequence"))


def _has_window(found: Any) -> bool:
    """Tell whether the first window has a centre and a width that its function can have."""
    centre, width = (np.atleast_1d(found.get(name)) for name in ("WindowCenter", "WindowWidth"))
    if not len(centre) or not len(width) or centre[0] in (None, "") or width[0] in (None, ""):
        return False
    return float(width[0]) >= 1 or (float(width[0]) > 0 and found.get("VOILUTFunction", "LINEAR") != "LINEAR")


def _values(found: Any, pydicom: ModuleType) -> np.ndarray:
    """Return an image's values [H, W] in the unit of its modality, such as Hounsfield's."""
    return np.nan_to_num(pydicom.pixels.apply_modality_lut(found.pixel_array, found).astype(np.float64))


def _span(values: np.ndarray) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _presented(values: np.ndarray, found: Any, pydicom: ModuleType) -> tuple[np.ndarray, float, float]:
    """Return values [H, W] through the first window, else the first lookup table, and the least and greatest that
    come out of it.
    """
    if not _has_window(found):
        bits = int(found.VOILUTSequence[0].LUTDescriptor[2])
        return pydicom.pixels.apply_voi(values, found).astype(np.float64), 0.0, 2.0**bits - 1
    with np.errstate(over="ignore"):  # of a sigmoid far from its centre
        low, high = pydicom.pixels.apply_windowing(np.array([-FAR, FAR]), found)
        return pydicom.pixels.apply_windowing(values, found), low, high


def _stretched(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return values as shares of the range from low to high."""
    return (values - low) / ((high - low) or 1)


def _rgb(found: Any, pydicom: ModuleType) -> np.ndarray:
    """Return an image of colours as uint8 [H, W, 3]."""
    pixels = pydicom.pixels.pixel_array(found)
    if found.PhotometricInterpretation == "PALETTE COLOR":
        pixels = pydicom.pixels.apply_color_lut(pixels, found)[..., :3]
        return (pixels >> 8 if pixels.dtype == np.uint16 else pixels).astype(np.uint8)
    return (pixels >> max(0, found.BitsStored - 8)).astype(np.uint8)
