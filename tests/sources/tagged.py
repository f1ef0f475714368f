"""Images whose files say who they show and where: EXIF, XMP, comments, text chunks, patients' tags, and the files'
own names.
"""

import io
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image, PngImagePlugin
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

PERSON, SERIAL, PLACE, NUMBER, UID = (
    "Zebulon Quixworth",
    "SN-4471-QX",
    "Moonstone Lane",
    "MRN-773155",
    "1.2.826.99.7731.55",
)
PLANTED = (PERSON, SERIAL, PLACE, NUMBER, UID, "Quixworth^Zebulon")
FORMS = ("PNG", "JPEG", "TIFF", "WEBP", "DICOM")
NEEDLES = [form(word) for word in PLANTED for form in (str.encode, lambda word: word.encode("utf-16-le"))]


def exif() -> Image.Exif:
    tags = Image.Exif()
    tags[0x010E], tags[0x013B] = PLACE, PERSON  # description, artist
    tags.get_ifd(0x8769)[0xA431] = SERIAL  # of the camera's body
    tags.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.25), 28: PLACE})  # GPS
    return tags


def dataset(values: np.ndarray, bits: int = 16, **tags) -> pydicom.Dataset:
    """Return DICOM of stored values [H, W] or [H, W, 3], with a patient."""
    found = pydicom.Dataset()
    found.file_meta = pydicom.dataset.FileMetaDataset()
    found.file_meta.TransferSyntaxUID, found.file_meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, CTImageStorage
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID = f"{UID}.1"
    found.PatientName, found.PatientID, found.StudyInstanceUID = "Quixworth^Zebulon", NUMBER, UID
    found.InstitutionAddress, found.DeviceSerialNumber = PLACE, SERIAL
    found.SamplesPerPixel, found.PhotometricInterpretation = (3, "RGB") if values.ndim == 3 else (1, "MONOCHROME2")
    if values.ndim == 3:
        found.PlanarConfiguration = 0
    found.Rows, found.Columns = values.shape[:2]
    found.BitsAllocated, found.BitsStored, found.HighBit = 8 * values.itemsize, bits, bits - 1
    found.PixelRepresentation = int(values.dtype.kind == "i")
    found.PixelData = values.tobytes()
    for name, value in tags.items():
        setattr(found, name, value)
    return found


def written(found: pydicom.Dataset) -> bytes:
    out = io.BytesIO()
    found.save_as(out, enforce_file_format=True)
    return out.getvalue()


def tagged(pixels: np.ndarray, form: str) -> bytes:
    """Return a grey image [H, W] of 8 bits as a file full of tags."""
    if form == "DICOM":
        return written(dataset(pixels, bits=8))
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", PERSON)
    text.add_itxt("Place", PLACE)
    text.add_text("Serial", SERIAL)
    xmp = f"<x:xmpmeta><dc:creator>{PERSON} {NUMBER}</dc:creator></x:xmpmeta>".encode()
    options = {
        "PNG": {"pnginfo": text, "exif": exif()},
        "JPEG": {"exif": exif(), "comment": f"{PERSON} {NUMBER}", "quality": 95},
        "TIFF": {"exif": exif(), "description": f"{PERSON} {NUMBER}"},
        "WEBP": {"exif": exif(), "xmp": xmp, "lossless": True},
    }
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format=form, **options[form])
    return out.getvalue()


def write(folder: Path, images: np.ndarray, labels: np.ndarray) -> None:
    """Write images [N, H, W, 1] by class, in all formats in turn, each named after the person it shows."""
    for n, (pixels, label) in enumerate(zip(images, labels, strict=True)):
        form = FORMS[n % len(FORMS)]
        path = folder / str(label) / f"{PERSON} {NUMBER} {UID}.{n}.{'dcm' if form == 'DICOM' else form.lower()}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tagged(pixels[..., 0], form))


def leaks(folder: Path, *inside: str) -> list[Path]:
    """Return the files below a folder that hold what was planted, in bytes or in name, but for those below folders
    named so.
    """
    files = [
        path for path in folder.rglob("*") if path.is_file() and not set(inside) & set(path.relative_to(folder).parts)
    ]
    return [path for path in files if any(needle in path.read_bytes() + str(path).encode() for needle in NEEDLES)]
