"""DICOM: values through their window, worked by hand; what cannot be shown is counted; no tag of a person is read
on.
"""

import io
import logging
import sys
import tarfile
import warnings

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEGLSLossless, RLELossless

from pipelines.image_sources import decoding, dicom, finding, headers
from pipelines.run.artifacts import LaunderError
from tests.sources.tagged import PERSON, dataset, written

RAMP = np.arange(64, dtype=np.uint16).reshape(8, 8)


def made(values: np.ndarray, bits: int = 16, **tags) -> bytes:
    return written(dataset(values, bits, **tags))


def decode(folder, *data: bytes, broken: float = 0.9) -> decoding.Decoded:
    return decoding.decode_all(lambda i: data[i], len(data), folder / "x.npy", size=None, most_broken=broken)


def one(folder, data: bytes) -> np.ndarray:
    return decode(folder, data, data).pixels[0, ..., 0]


def test_a_window_shows_its_values(tmp_path):
    window = {"WindowCenter": 20.5, "WindowWidth": 21}  # LINEAR: 10 is black, 30 is white, PS3.3 C.11.2.1.2.1
    shown = one(tmp_path, made(RAMP, **window)).ravel()
    assert shown[:11].max() == 0 and shown[30:].min() == 255 and shown[20] == 128 and shown[15] == 64
    exact = one(tmp_path, made(RAMP, WindowCenter=20, WindowWidth=20, VOILUTFunction="LINEAR_EXACT")).ravel()
    assert exact[10] == 0 and exact[30] == 255 and exact[15] == 64
    curved = one(tmp_path, made(RAMP, WindowCenter=20, WindowWidth=20, VOILUTFunction="SIGMOID")).ravel()
    assert curved[20] == 128 and curved[25] == round(255 / (1 + np.exp(-1)))


def test_a_lookup_table_shows_its_values_and_a_window_comes_before_it(tmp_path):
    table = pydicom.Dataset()
    # of value v, 255 - 4 v
    table.LUTDescriptor, table.LUTData = [64, 0, 8], np.arange(255, -1, -4, dtype="<u2").tobytes()
    shown = one(tmp_path, made(RAMP, VOILUTSequence=[table])).ravel()
    assert shown.tolist() == list(range(255, -1, -4))
    both = one(tmp_path, made(RAMP, VOILUTSequence=[table], WindowCenter=20.5, WindowWidth=21)).ravel()
    assert both[10] == 0 and both[30] == 255
    unusable = one(tmp_path, made(RAMP, VOILUTSequence=[table], WindowCenter=20.5, WindowWidth=0)).ravel()
    assert (unusable == shown).all()


def test_the_modality_counts_and_the_first_window_and_inverted_greys(tmp_path):
    hounsfield = made(
        RAMP.astype(np.int16) - 30,
        RescaleSlope=2,
        RescaleIntercept=-10,
        WindowCenter=["0.5", "9"],
        WindowWidth=["21", "1"],
    )
    # stored v - 30 is 2 (v - 30) - 10, so v = 30 is -10 (black), v = 40 is 10 (white)
    shown = one(tmp_path, hounsfield).ravel()
    assert shown[30] == 0 and shown[35] == 128 and shown[40] == 255
    inverted = one(
        tmp_path, made(RAMP, PhotometricInterpretation="MONOCHROME1", WindowCenter=20.5, WindowWidth=21)
    ).ravel()
    assert inverted[10] == 255 and inverted[15] == 255 - 64 and inverted[30] == 0


def test_images_without_a_window_share_a_range(tmp_path):
    # 0..63 and 0..126: quantiles of their greatest values, 63 + 0.95 * 63 = 122.85
    low, high = made(RAMP), made(2 * RAMP)
    found = decode(tmp_path, low, high).pixels[..., 0].reshape(2, -1)
    assert found[0, 63] == round(255 * 63 / 122.85) and found[1, 63] == 255 and found[1, 31] == round(255 * 62 / 122.85)
    assert (found[1, 15], found[0, 30]) == (found[0, 30], found[1, 15])  # equal values are shown alike
    stored = RAMP.astype(np.uint8)
    assert (one(tmp_path, made(stored, bits=8)) == stored).all()
    assert one(tmp_path, made(np.full((8, 8), 7, np.uint16))).max() == 0  # one value alone


def test_colours_palettes_and_compression(tmp_path):
    colours = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    assert (decode(tmp_path, made(colours, bits=8), made(colours, bits=8)).pixels[0] == colours).all()
    packed = dataset(RAMP, WindowCenter=20.5, WindowWidth=21)
    packed.compress(RLELossless)
    assert (one(tmp_path, written(packed)) == one(tmp_path, made(RAMP, WindowCenter=20.5, WindowWidth=21))).all()
    palette = dataset(
        np.arange(64, dtype=np.uint8).reshape(8, 8) % 2, bits=8, PhotometricInterpretation="PALETTE COLOR"
    )
    for name, pair in (("Red", (0, 65280)), ("Green", (0, 0)), ("Blue", (65280, 0))):
        setattr(palette, f"{name}PaletteColorLookupTableDescriptor", [2, 0, 16])
        setattr(palette, f"{name}PaletteColorLookupTableData", np.array(pair, "<u2").tobytes())
    found = decode(tmp_path, written(palette), written(palette)).pixels[0]
    assert found[0, 0].tolist() == [0, 0, 255] and found[0, 1].tolist() == [255, 0, 0]


def test_what_cannot_be_shown_is_counted_by_reason(tmp_path, monkeypatch):
    frames = dataset(np.concatenate([RAMP, RAMP]), NumberOfFrames=2)
    frames.Rows = 8
    foreign, inflating, bare = dataset(RAMP), dataset(RAMP), dataset(RAMP)
    foreign.file_meta.TransferSyntaxUID = JPEGLSLossless
    foreign.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8" + bytes(60)])
    inflating.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    del bare.PixelData
    named = [made(RAMP, BurnedInAnnotation="YES"), *(written(one) for one in (frames, foreign, inflating, bare))]
    found = decode(tmp_path, *named, made(RAMP)[:-20], bytes(128) + b"DICM" + b"no more", made(RAMP), made(RAMP))
    expected = [dicom.WRITTEN_ON, headers.SEVERAL_FRAMES, dicom.COMPRESSED, dicom.COMPRESSED, *3 * [headers.UNREADABLE]]
    assert [reason for _, reason in found.skipped] == expected and len(found.pixels) == 2
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    with pytest.raises(LaunderError, match="too many pixels"):
        decode(tmp_path, made(RAMP), made(RAMP))


def test_damaged_files_are_counted_whatever_they_do_and_nothing_of_them_is_said(tmp_path, caplog, capsys):
    rng = np.random.default_rng(0)
    whole = made(RAMP, WindowCenter=20.5, WindowWidth=21)
    data = [whole, whole]
    for _ in range(150):
        bent = bytearray(whole)
        for at in rng.integers(132, len(whole) - 128, 4):
            bent[at] = rng.integers(256)
        data.append(bytes(bent))
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as told:
        found = decode(tmp_path, *data, broken=0.99)
    assert found.skipped and len(found.kept) + len(found.skipped) == len(data)
    assert not told and "Quixworth" not in caplog.text + "".join(capsys.readouterr())


def test_without_pydicom_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    for n in range(2):
        (tmp_path / f"{PERSON} {n}.dcm").write_bytes(made(RAMP))
    assert finding.holds_images(tmp_path) and len(finding.find(tmp_path).table) == 2
    monkeypatch.setitem(sys.modules, "pydicom", None)
    for looks in (lambda: finding.find(tmp_path), lambda: decode(tmp_path, made(RAMP), made(RAMP))):
        with pytest.raises(LaunderError, match="pip install 'launderette\\[dicom\\]'") as told:
            looks()
        assert PERSON not in str(told.value)


def by_class(folder, files):
    for n, data in enumerate(files):
        path = folder / "ab"[n % 2] / f"1.2.826.{n}.dcm"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


def flat(folder, files):
    for n, data in enumerate(files):
        (folder / f"1.2.826.{n}.DCM").write_bytes(data)
    rows = [f"1.2.826.{n},{'ab'[n % 2]}" for n in range(len(files))]
    (folder / "metadata.csv").write_text("\n".join(["file_name,label", *rows]))


def shard(folder, files):
    with tarfile.open(folder / "0.tar", "w") as file:
        for n, data in enumerate(files):
            for name, part in ((f"1.2.826.{n}.dcm", data), (f"1.2.826.{n}.cls", b"ab"[n % 2 : n % 2 + 1])):
                member = tarfile.TarInfo(name)
                member.size = len(part)
                file.addfile(member, io.BytesIO(part))


@pytest.mark.parametrize("layout", [by_class, flat, shard])
def test_every_layout_takes_dicom(tmp_path, layout):
    values = [np.full((8, 8), n, np.uint8) for n in range(12)]
    (tmp_path / "source").mkdir()
    layout(tmp_path / "source", [made(value, bits=8) for value in values])
    assert finding.holds_images(tmp_path / "source")
    found = finding.find(tmp_path / "source")
    pixels = decoding.decode_all(found.read, 12, tmp_path / "x.npy", size=None, most_broken=0).pixels[:, 0, 0, 0]
    assert sorted(zip(pixels.tolist(), found.table["label"], strict=True)) == [(n, "ab"[n % 2]) for n in range(12)]
    assert not found.passed_over.total()
