"""Sources of images: every layout gives the same pixels and labels, and what is wrong is a sentence or a count."""

import io
import json
import tarfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image, PngImagePlugin

from pipelines.image_sources import decoding, headers
from pipelines.image_sources import finding as pictures
from pipelines.run.artifacts import LaunderError
from tests.generators.pictures import bars

MADE = bars(24, seed=1)


def png(pixels: np.ndarray) -> bytes:
    return decoding.encode(pixels)


def by_class(folder):
    for n, (pixels, label) in enumerate(zip(MADE.pixels, MADE.labels, strict=True)):
        path = folder / str(label) / f"{n:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(pixels))
    (folder / "h" / "notes.txt").write_text("not an image")
    (folder / ".hidden.png").write_bytes(b"")
    return folder


def flat(folder, suffix="csv"):
    for n, pixels in enumerate(MADE.pixels):
        (folder / f"{n:02d}.png").write_bytes(png(pixels))
    table = pd.DataFrame(
        {"file_name": [f"{n:02d}.png" for n in range(24)], "label": MADE.labels, "ward": np.arange(24) // 2}
    )
    table.to_csv(folder / "metadata.csv", index=False) if suffix == "csv" else table.to_parquet(
        folder / "metadata.parquet"
    )
    return folder


def parquet(folder):
    data = pa.array([{"bytes": png(pixels), "path": None} for pixels in MADE.pixels])
    pq.write_table(
        pa.table({"image": data, "label": pa.array(MADE.labels), "ward": pa.array(np.arange(24) // 2)}),
        folder / "part.parquet",
    )
    return folder / "part.parquet"


def npz(folder):
    np.savez(folder / "set.npz", images=MADE.pixels[..., 0], labels=(MADE.labels == "v").astype(int)[:, None])
    return folder / "set.npz"


def tar(folder):
    for shard in range(2):
        with tarfile.open(folder / f"{shard}.tar", "w") as file:
            for n in range(12 * shard, 12 * shard + 12):
                label = json.dumps({"label": MADE.labels[n]}).encode()
                for name, data in ((f"{n:02d}.png", png(MADE.pixels[n])), (f"{n:02d}.json", label)):
                    member = tarfile.TarInfo(name)
                    member.size = len(data)
                    file.addfile(member, io.BytesIO(data))
    return folder


@pytest.mark.parametrize("layout", [by_class, flat, lambda f: flat(f, "parquet"), parquet, npz, tar])
def test_every_layout_gives_the_same_images(tmp_path, layout):
    (tmp_path / "source").mkdir()
    source = layout(tmp_path / "source")
    assert pictures.holds_images(source)
    found = pictures.find(source)
    pixels = found.pixels
    if pixels is None:
        pixels = decoding.decode_all(found.read, 24, tmp_path / "x.npy", size=None, most_broken=0).pixels
    labels = np.where(found.table["label"].isin(["v", 1]), "v", "h")

    def told(images, names):
        return sorted((image.tobytes(), str(name)) for image, name in zip(images, names, strict=True))

    assert told(pixels, labels) == told(MADE.pixels, MADE.labels)
    if "ward" in found.table:
        assert sorted(found.table["ward"]) == sorted(np.arange(24) // 2)


def test_a_table_is_no_source_of_images(tmp_path):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "t.parquet")
    pd.DataFrame({"a": [1]}).to_csv(tmp_path / "t.csv")
    assert not pictures.holds_images(tmp_path) and not pictures.holds_images(tmp_path / "t.parquet")
    assert not pictures.holds_images(tmp_path / "nothing")


def test_what_is_passed_over_is_counted(tmp_path):
    assert pictures.find(by_class(tmp_path)).passed_over["files of other kinds"] == 1
    other = tmp_path / "other"
    other.mkdir()
    flat(other)
    (other / "00.png").unlink()
    (other / "stray.png").write_bytes(png(MADE.pixels[0]))
    found = pictures.find(other)
    assert (
        len(found.table) == 23
        and found.passed_over["rows without a file"] == 1
        and found.passed_over["images without a row"] == 1
    )


def test_bad_sources_are_one_sentence(tmp_path):
    with pytest.raises(LaunderError, match="found nothing there"):
        pictures.find(tmp_path / "nowhere")
    with pytest.raises(LaunderError, match="expected images"):
        pictures.find(tmp_path)
    folder = by_class(tmp_path / "a")
    (folder / "beside.png").write_bytes(png(MADE.pixels[0]))
    with pytest.raises(LaunderError, match="found 1 beside these"):
        pictures.find(folder)
    one = tmp_path / "one"
    one.mkdir()
    (one / "a.png").write_bytes(png(MADE.pixels[0]))
    with pytest.raises(LaunderError, match="at least 2 images"):
        pictures.find(one)
    np.savez(tmp_path / "bad.npz", images=np.full((3, 8, 8), -700.0))
    with pytest.raises(LaunderError, match="expected pixels from 0 to 255"):
        pictures.find(tmp_path / "bad.npz")
    (tmp_path / "cut.npz").write_bytes(b"PK")
    with pytest.raises(LaunderError, match="plain arrays"):
        pictures.find(tmp_path / "cut.npz")
    (tmp_path / "no.tar").write_bytes(b"x" * 2000)
    with pytest.raises(LaunderError, match="tar"):
        pictures.find(tmp_path / "no.tar")


def test_missing_labels_and_names_are_one_sentence(tmp_path):
    folder = flat(tmp_path)
    table = pd.read_csv(folder / "metadata.csv")
    table.loc[3, "label"] = None
    table.to_csv(folder / "metadata.csv", index=False)
    with pytest.raises(LaunderError, match="found 1 without"):
        pictures.find(folder)
    assert pictures.find(folder, label="ward").table["label"].tolist() == table["ward"].tolist()
    with pytest.raises(LaunderError, match="'colour'"):
        pictures.find(folder, label="colour")
    table.drop(columns="file_name").to_csv(folder / "metadata.csv", index=False)
    with pytest.raises(LaunderError, match="file_name"):
        pictures.find(folder)


def saved(image: Image.Image, form: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, format=form, **options)
    return out.getvalue()


def decode(tmp_path, *data: bytes, broken: float = 0.9, size=None) -> decoding.Decoded:
    return decoding.decode_all(lambda i: data[i], len(data), tmp_path / "x.npy", size=size, most_broken=broken)


def test_every_mode_becomes_grey_or_colour(tmp_path):
    grey = Image.fromarray(MADE.pixels[0, ..., 0])
    deep = Image.fromarray(MADE.pixels[0, ..., 0].astype(np.uint16) * 257)
    lossless = [
        saved(grey, "PNG"),
        saved(deep, "PNG"),
        saved(grey, "TIFF"),
        saved(grey.convert("P"), "PNG"),
        saved(grey, "GIF"),
    ]
    found = decode(tmp_path, *lossless)
    assert found.pixels.shape == (5, 8, 8, 1) and all((image == MADE.pixels[0]).all() for image in found.pixels)
    red = Image.new("RGB", (8, 8), (200, 10, 10))
    mixed = decode(
        tmp_path, lossless[0], saved(red, "PNG"), saved(red.convert("CMYK"), "JPEG"), saved(red.convert("RGBA"), "WEBP")
    )
    assert mixed.pixels.shape == (4, 8, 8, 3) and (mixed.pixels[0] == MADE.pixels[0]).all()
    assert (mixed.pixels[1] == (200, 10, 10)).all()
    assert np.abs(mixed.pixels[3].astype(int) - (200, 10, 10)).max() < 12


def test_sizes_are_made_alike_and_photographs_set_upright(tmp_path):
    # 10 x 20, brighter to the right
    wide = Image.fromarray(np.repeat(np.arange(0, 200, 10, dtype=np.uint8)[None], 10, 0))
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by a quarter
    found = decode(tmp_path, saved(wide, "PNG"), saved(wide, "JPEG", exif=exif, quality=95), saved(wide, "PNG"))
    assert found.pixels.shape == (3, 10, 20, 1) and found.resized == 1
    asked = decode(tmp_path, saved(wide, "PNG"), saved(wide, "PNG"), size=(8, 8))
    assert asked.pixels.shape == (2, 8, 8, 1) and asked.resized == 2
    upright = decoding.to_array(saved(wide, "JPEG", exif=exif, quality=95), 20, 10, 1)
    assert (np.diff(upright[:, :, 0].astype(int).mean(1)) > 0).all()  # brighter downwards


def test_broken_files_are_listed_by_digest_and_too_many_refused(tmp_path, monkeypatch):
    good = [png(pixels) for pixels in MADE.pixels[:6]]
    frames = [Image.fromarray(pixels[..., 0]) for pixels in MADE.pixels[:3]]
    moving = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    cut = saved(Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)), "PNG")[:2000]
    found = decode(tmp_path, *good, b"", b"no image", cut, moving)
    assert found.kept.tolist() == list(range(6)) and (found.pixels == MADE.pixels[:6]).all()
    assert [reason for _, reason in found.skipped] == [headers.UNREADABLE] * 3 + [headers.SEVERAL_FRAMES]
    assert all(len(digest) == 64 for digest, _ in found.skipped)
    with pytest.raises(LaunderError, match="at most 10% of 10 images to be unusable, found 3"):
        decode(tmp_path, *good, b"", b"no image", cut, moving, broken=0.1)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    with pytest.raises(LaunderError, match="too many pixels"):
        decode(tmp_path, *good)


def test_no_metadata_is_left_in_what_is_written():
    assert set(Image.open(io.BytesIO(png(MADE.pixels[0]))).info) == set()


def test_a_bomb_of_text_is_no_image(tmp_path):
    text = PngImagePlugin.PngInfo()
    text.add_text("note", "x" * 10**7, zip=True)
    bomb = saved(Image.fromarray(MADE.pixels[0, ..., 0]), "PNG", pnginfo=text)
    assert len(bomb) < 50_000
    found = decode(tmp_path, png(MADE.pixels[0]), png(MADE.pixels[1]), bomb)
    assert [reason for _, reason in found.skipped] == [headers.UNREADABLE]


def test_a_full_disk_is_one_sentence_before_pixels_are_written(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(LaunderError, match="no space left on the disk"):
        decode(tmp_path, png(MADE.pixels[0]), png(MADE.pixels[1]))


def test_gaps_of_files_that_break_late_are_closed(tmp_path):
    noise = saved(Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)), "PNG")
    found = decode(tmp_path, png(MADE.pixels[0]), noise[:2000], png(MADE.pixels[1]), png(MADE.pixels[2]))
    assert found.kept.tolist() == [0, 2, 3] and (found.pixels == MADE.pixels[:3]).all()
    assert (np.load(tmp_path / "x.npy") == MADE.pixels[:3]).all() and [path.name for path in tmp_path.iterdir()] == [
        "x.npy"
    ]
