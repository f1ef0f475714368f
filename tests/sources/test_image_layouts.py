"""Layouts of image collections: the labels of each are found whatever they are called, and pixels of any number
type are shown.
"""

import io
import json
import struct
import tarfile
import zlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipelines.config import load
from pipelines.image_sources import decoding, finding, headers
from pipelines.modalities import image as stage
from pipelines.run.artifacts import LaunderError
from tests.generators.pictures import bars

MADE = bars(24, seed=1)
WORDS = np.where(MADE.labels == "v", "upright", "lying")
PNG = [decoding.encode(pixels) for pixels in MADE.pixels]


def put(folder, names, content=PNG):
    for name, data in zip(names, content, strict=True):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def split(n):
    return "test" if n % 3 == 0 else "Train"


def split_folders(folder):
    return put(folder, [f"{split(n)}/{WORDS[n]}/{n:02d}.png" for n in range(24)])


def nested_splits(folder):
    return put(folder, [f"set/v1/{split(n)}/{WORDS[n]}/{n:02d}.png" for n in range(24)])


def one_folder_above(folder):
    return put(folder, [f"images/{WORDS[n]}/{n:02d}.png" for n in range(24)])


def metadata_lines(folder):
    put(folder, [f"{n:02d}.png" for n in range(24)])
    rows = [{"file_name": f"{n:02d}.png", "label": WORDS[n], "boxes": [[0, 1]]} for n in range(24)]
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def metadata_of_splits(folder):
    put(folder, [f"{split(n)}/{n:02d}.png" for n in range(24)])
    for name in ("test", "Train"):
        rows = [{"file_name": f"{n:02d}.png", "class_name": WORDS[n]} for n in range(24) if split(n) == name]
        pd.DataFrame(rows).to_csv(folder / name / "metadata.csv", index=False)
    return folder


def metadata_beside_classes(folder):
    put(folder, [f"{WORDS[n]}/{n:02d}.png" for n in range(24)])
    rows = [{"file_name": f"{WORDS[n]}/{n:02d}.png", "ward": n // 2} for n in range(24)]
    pd.DataFrame(rows).to_csv(folder / "metadata.csv", index=False)
    return folder


def tar(folder, name, extra=lambda n: []):
    with tarfile.open(folder / "x.tar", "w") as file:
        for n in range(24):
            for member, data in [(name(n), PNG[n]), *extra(n)]:
                info = tarfile.TarInfo(member)
                info.size = len(data)
                file.addfile(info, io.BytesIO(data))
    return folder / "x.tar"


def tar_of_classes(folder):
    return tar(folder, lambda n: f"./set/{split(n)}/{WORDS[n]}/{n:02d}.png")


def tar_of_records(folder):
    return tar(
        folder, lambda n: f"{n:02d}.png", lambda n: [(f"{n:02d}.json", json.dumps({"class_name": WORDS[n]}).encode())]
    )


def parquet(folder, **columns):
    data = pa.array([{"bytes": data, "path": None} for data in PNG])
    features = {"kind": {"_type": "ClassLabel", "names": ["lying", "upright"]}}
    table = pa.table({"image": data, **columns}).replace_schema_metadata(
        {"huggingface": json.dumps({"info": {"features": features}})}
    )
    pq.write_table(table, folder / "x.parquet")
    return folder / "x.parquet"


def class_names(folder):
    return parquet(folder, kind=pa.array((MADE.labels == "v").astype(int)), ward=pa.array(np.arange(24)))


def fine_label(folder):
    return parquet(folder, coarse_label=pa.array(np.zeros(24)), fine_label=pa.array(WORDS))


def species(folder):
    return parquet(folder, animal_species=pa.array(WORDS))


def npz(folder, **given):
    np.savez(folder / "x.npz", **given)
    return folder / "x.npz"


def one_hot(folder):
    return npz(folder, images=MADE.pixels, labels=np.eye(2, dtype="float32")[(MADE.labels == "v").astype(int)])


def halves(folder):
    x, y = MADE.pixels[..., 0], np.char.encode(WORDS.astype(str))
    return npz(folder, x_train=x[:9], y_train=y[:9], x_test=x[9:], y_test=y[9:])


LAYOUTS = [
    split_folders,
    nested_splits,
    one_folder_above,
    metadata_lines,
    metadata_of_splits,
    metadata_beside_classes,
    tar_of_classes,
]
LAYOUTS += [tar_of_records, class_names, fine_label, species, one_hot, halves]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_labels_are_found_whatever_the_layout(tmp_path, layout):
    source = layout(tmp_path)
    assert finding.holds_images(source)
    found = finding.find(source)
    pixels = found.pixels
    if pixels is None:
        pixels = decoding.decode_all(found.read, 24, tmp_path / "x.npy", size=None, most_broken=0).pixels
    known = {image.tobytes(): word for image, word in zip(MADE.pixels, WORDS, strict=True)}
    told = found.table["label"].replace({0: "lying", 1: "upright"}).tolist()
    assert [str(label) for label in told] == [known[image.tobytes()] for image in pixels]


def test_joined_splits_and_chosen_columns_are_said(tmp_path):
    (tmp_path / "a").mkdir()
    assert finding.find(split_folders(tmp_path / "a")).passed_over == {
        "folders of splits, read as one collection (Train, test)": 2
    }
    assert finding.find(fine_label(tmp_path)).passed_over == {"labels taken from the column 'fine_label'": 24}
    said = finding.find(parquet(tmp_path, ward=pa.array(np.arange(24)))).passed_over
    assert said == {"further columns, none of them labels (score.target names one)": 1}


def test_labels_that_cannot_be_one_are_one_sentence(tmp_path):
    with pytest.raises(LaunderError, match="found 'dog_breed', 'cat_breed'"):
        finding.find(parquet(tmp_path, dog_breed=pa.array(WORDS), cat_breed=pa.array(WORDS)))
    with pytest.raises(LaunderError, match="found lists"):
        finding.find(parquet(tmp_path, labels=pa.array([[1, 2]] * 24)))
    with pytest.raises(LaunderError, match="found 3 that are not one of several"):
        finding.find(npz(tmp_path, images=MADE.pixels, labels=np.ones((24, 3))))
    with pytest.raises(LaunderError, match="found kinds; rename"):
        finding.find(npz(tmp_path, images=MADE.pixels, kinds=np.ones(24)))
    put(tmp_path / "t", ["train/a/1.png", "train/b/2.png", "test/3.png"], PNG[:3])
    with pytest.raises(LaunderError, match="found 1 beside"):
        finding.find(tmp_path / "t")


COLOUR = np.random.default_rng(0).integers(0, 256, (5, 9, 12, 3)).astype("uint8")
GREY = COLOUR[..., :1]
OPAQUE = np.full((5, 9, 12, 1), 255, "uint8")
SHOWN = {
    "fractions": (COLOUR / 255, COLOUR),
    "half precision": ((COLOUR / 255).astype("float16"), COLOUR),
    "around zero": ((COLOUR / 127.5 - 1).clip(-1, 1), COLOUR),
    "floats to 255": (COLOUR.astype("float32"), COLOUR),
    "int64": (COLOUR.astype("int64"), COLOUR),
    "16 bits": (COLOUR.astype("uint16") * 257, COLOUR),
    "12 bits in 16": ((COLOUR / 255 * 4095).round().astype("uint16"), COLOUR),
    "channels first": (np.moveaxis(COLOUR, 3, 1), COLOUR),
    "channels first, grey": (np.moveaxis(GREY, 3, 1), GREY),
    "no channels": (GREY[..., 0], GREY),
    "transparent": (np.concatenate([COLOUR, 0 * OPAQUE], 3), np.full_like(COLOUR, 255)),
    "opaque": (np.concatenate([COLOUR, OPAQUE], 3), COLOUR),
    "grey and transparent": (np.concatenate([GREY, OPAQUE], 3), GREY),
    "black and white": (GREY > 127, np.where(GREY > 127, 255, 0).astype("uint8")),
    "sixteen shades": ((GREY // 16).astype(float), (GREY // 16 * 17).astype("uint8")),
}


@pytest.mark.parametrize("case", SHOWN)
def test_arrays_of_any_number_type_are_shown(tmp_path, case):
    given, expected = SHOWN[case]
    found = finding.find(npz(tmp_path, images=given))
    assert found.pixels.dtype == np.uint8 and found.pixels.shape == expected.shape
    assert np.abs(found.pixels.astype(int) - expected).max() <= 1


def saved(image):
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_deep_images_use_the_bits_of_their_collection(tmp_path, bits):
    deep = (GREY[..., 0].astype(float) / 255 * (2**bits - 1)).round().astype("uint16")
    deep[0] //= 8  # a dark one stays darker than the others
    data = [saved(Image.fromarray(image)) for image in deep]
    found = decoding.decode_all(lambda i: data[i], 5, tmp_path / "x.npy", size=(9, 12), most_broken=0).pixels
    assert np.abs(found[1:].astype(int) - GREY[1:]).max() <= 1 and found[0].max() <= 32
    assert decoding.to_array(data[1], 9, 12, 1).max() > 200


def deep_png(pixels):
    """Return uint16 [H, W, 3 or 4] as a PNG of 16 bits a channel, which Pillow does not write."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width, channels = pixels.shape
    packed = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", packed) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def deep_tiff(pixels):
    """Return uint16 [H, W, 3 or 4] as a TIFF of 16 bits a channel, in one strip, which Pillow does not write."""
    height, width, channels = pixels.shape
    strip, depths = pixels.astype("<u2").tobytes(), struct.pack(f"<{channels}H", *[16] * channels)
    short, long = 3, 4  # types of fields
    fields = [(256, long, 1, width), (257, long, 1, height), (258, short, channels, 8 + len(strip)), (259, short, 1, 1),
              (262, short, 1, 2), (273, long, 1, 8), (277, short, 1, channels), (278, long, 1, height),
              (279, long, 1, len(strip)), *([(338, short, 1, 2)] if channels == 4 else [])]  # fmt: skip
    table = struct.pack("<H", len(fields)) + b"".join(struct.pack("<HHII", *field) for field in fields) + bytes(4)
    return struct.pack("<2sHI", b"II", 42, 8 + len(strip) + len(depths)) + strip + depths + table


@settings(max_examples=30, deadline=None, derandomize=True)
@given(bits=st.integers(8, 16), alpha=st.booleans(), dark=st.booleans(), written=st.sampled_from([deep_png, deep_tiff]))
def test_colours_of_16_bits_are_shown_as_they_are_or_refused(bits, alpha, dark, written, tmp_path_factory):
    deep = (COLOUR.astype(float) / 255 * (2**bits - 1)).round().astype("uint16")
    deep[0] //= 16 if dark else 1  # one image that is dark beside others is no reason
    whole = np.full((*deep.shape[:3], 1), 65535, "uint16")
    data = [
        written(np.concatenate([image, opaque], 2) if alpha else image)
        for image, opaque in zip(deep, whole, strict=True)
    ]
    place = tmp_path_factory.mktemp("deep") / "x.npy"
    if bits <= 14:
        with pytest.raises(LaunderError, match="colours of 16 bits to use their range, found at most 14 bits"):
            decoding.decode_all(lambda i: data[i], 5, place, size=(9, 12), most_broken=0)
    stated = None if bits > 14 else 16  # that they are as dark as that is told
    found = decoding.decode_all(lambda i: data[i], 5, place, size=(9, 12), most_broken=0, bits=stated)
    assert np.abs(found.pixels.astype(int) - (deep >> 8)).max() <= 1 and found.deep == (5, 16)


def deep_files(folder, deep):
    return put(folder, [f"{n}.png" for n in range(5)], [saved(Image.fromarray(image)) for image in deep])


def deep_array(folder, deep):
    return npz(folder, images=deep)


@pytest.mark.parametrize("layout", [deep_files, deep_array])
def test_the_bits_of_deep_images_can_be_stated(tmp_path, layout):
    deep = GREY[..., 0].astype("uint16") * 3  # up to 765: 10 bits, by their values
    folder = tmp_path / "source"
    folder.mkdir()
    source = str(layout(folder, deep))

    def ingested(*words):
        config = load(source, [*words, "images.size=[9,12]"], tmp_path / "out")
        found = stage.ingest(config, tmp_path / "ingested")
        return found.data.pixels[..., 0].astype(int), " ".join(found.notes)

    guessed, said = ingested()
    assert np.abs(guessed - (deep >> 2)).max() <= 1 and "5 images" in said and "images.bits" in said
    stated, _ = ingested("images.bits=12")
    assert np.abs(stated - (deep >> 4)).max() <= 1
    with pytest.raises(LaunderError, match=r"at most 9 bits, as images\.bits states, found values of 10 bits"):
        ingested("images.bits=9")


def test_floats_are_refused_in_one_sentence(tmp_path):
    out = io.BytesIO()
    Image.fromarray(np.linspace(0, 1, 108, dtype="float32").reshape(9, 12)).save(out, "TIFF")
    with pytest.raises(LaunderError, match="colour space that is not supported"):
        decoding.decode_all(lambda i: out.getvalue(), 5, tmp_path / "x.npy", size=(9, 12), most_broken=0)


def test_what_is_transparent_is_shown_on_white():
    half = np.concatenate([np.zeros((8, 8, 3)), np.full((8, 8, 1), 128)], 2).astype("uint8")
    half[0, 0] = (9, 200, 9, 0)
    shown = decoding.to_array(saved(Image.fromarray(half, "RGBA")), 8, 8, 3)
    assert shown[0, 0].tolist() == [255, 255, 255] and shown[4, 4].tolist() == [127, 127, 127]
    grey = np.stack([np.full((8, 8), 77), np.zeros((8, 8))], 2).astype("uint8")
    assert decoding.to_array(saved(Image.fromarray(grey, "LA")), 8, 8, 1).min() == 255
    palette = Image.new("P", (8, 8))
    palette.putpalette([0, 0, 0, 9, 9, 9])
    palette.info["transparency"] = 0
    assert decoding.to_array(saved(palette), 8, 8, 1).min() == 255


def test_a_column_of_bytes_that_are_no_images_makes_no_collection(tmp_path):
    pd.DataFrame({"a": [1, 2], "hash": [b"\x00\x01", None]}).to_parquet(tmp_path / "x.parquet")
    assert not finding.holds_images(tmp_path / "x.parquet")


def test_labels_reach_the_stages(tmp_path):
    (tmp_path / "s").mkdir()
    found = stage.ingest(load(str(split_folders(tmp_path / "s")), [], tmp_path / "out"), tmp_path / "ingested")
    assert sorted(set(found.data.labels)) == ["lying", "upright"] and sum(found.passed_over.values()) == 2


def test_folders_of_a_tar_file_may_be_called_like_images_and_labels(tmp_path):
    path = tar_of_classes(tmp_path)
    with tarfile.open(path, "a") as file:
        for name in ("set.cls", "set.json", "set.png"):
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE
            file.addfile(info)
        pipe = tarfile.TarInfo("pipe.cls")
        pipe.type = tarfile.FIFOTYPE
        file.addfile(pipe)
    found = finding.find(path)
    assert len(found.table) == 24 and found.read(23) == PNG[23]


def test_images_are_read_where_a_program_has_lifted_the_limit_of_pillow(monkeypatch):
    monkeypatch.setattr(headers.Image, "MAX_IMAGE_PIXELS", None)
    assert headers.header(PNG[0]).wrong == ""
