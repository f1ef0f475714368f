"""What a file says of its image before that is decoded: its size, whether it is grey, or why it cannot be used."""

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

GREY_MODES = ("1", "L", "LA", "I;16", "I;16B", "I;16L", "I")
TURNED_FORMATS = ("JPEG", "TIFF", "WEBP")  # formats whose EXIF may say that a photograph lies on its side
UNREADABLE = "cannot be read as an image"
SEVERAL_FRAMES = "has several frames"
TOO_MANY_PIXELS = "has too many pixels"
STRANGE_COLOURS = "has a colour space that is not supported"
# what decoders raise over damaged bytes
DECODING_ERRORS: tuple[type[Exception], ...] = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)

BITS_PER_SAMPLE = 258  # a tag of TIFF


@dataclass(frozen=True)
class Header:
    """Size and kind of an image, or why there is none.

    `span` is the range of the values of a DICOM file that says not how to show them, `deepest` the largest value of 16
    or 32 bits.
    """

    width: int = 0
    height: int = 0
    grey: bool = True
    wrong: str = ""
    span: tuple[float, float] | None = None
    deepest: int = 0
    upper: int | None = None  # largest upper byte of colours of 16 bits, of which Pillow reads the upper byte alone


def header(data: bytes) -> Header:
    """Read the header of a file that Pillow knows."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return _header(image)
    except Image.DecompressionBombError:
        return Header(wrong=TOO_MANY_PIXELS)
    except DECODING_ERRORS:
        return Header(wrong=UNREADABLE)


def _header(image: ImageFile) -> Header:
    most = Image.MAX_IMAGE_PIXELS  # None where a program that uses this has lifted Pillow's limit
    if most is not None and image.width * image.height > most:
        return Header(wrong=TOO_MANY_PIXELS)
    if getattr(image, "n_frames", 1) > 1:
        return Header(wrong=SEVERAL_FRAMES)
    deep = _deep_colour(image)  # before anything is decoded
    turned = image.format in TURNED_FORMATS and image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    sides = image.size[::-1] if turned else image.size
    deepest = int(np.asarray(image).max()) if image.mode.startswith("I") else 0
    return Header(
        *sides,
        image.mode in GREY_MODES or _grey_palette(image),
        STRANGE_COLOURS if image.mode == "F" else "",
        deepest=deepest,
        upper=int(np.asarray(image.convert("RGB")).max()) if deep else None,
    )


def _deep_colour(image: ImageFile) -> bool:
    """Tell whether an image has 16 bits for each of several channels: a PNG by how it is packed, a TIFF by its tag."""
    if image.format == "PNG":
        return any(";16" in str(tile[3]) for tile in image.tile) and image.mode in ("RGB", "RGBA", "LA")
    if not isinstance(image, TiffImageFile) or not image.mode.startswith("RGB"):
        return False
    return 16 in image.tag_v2.get(BITS_PER_SAMPLE, ())


def _grey_palette(image: Image.Image) -> bool:
    if image.mode != "P":
        return False
    colours = np.array(image.getpalette("RGB")).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())
