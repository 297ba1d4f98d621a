"""JPEG files are covered in place."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from tests.support.photographs import photograph
from videoprep_nb.core.errors import InputError
from videoprep_nb.media.frames import write_jpeg
from videoprep_nb.privacy.cover import cover
from videoprep_nb.privacy.jpeg import cover_jpeg
from videoprep_nb.privacy.regions import Regions

BOX = [550, 240, 670, 440]
REGIONS = Regions.of_boxes(np.array([BOX]), 1280, 720)


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image).astype(int)


@pytest.mark.parametrize("quality", [60, 95])
def test_the_file_keeps_its_quality_and_all_else(quality: int, tmp_path: Path) -> None:
    path = tmp_path / "1_clip_000_frame_0000.jpg"
    write_jpeg(path, photograph("zidane.jpg"), quality)
    before, size = pixels(path), path.stat().st_size
    with Image.open(path) as image:
        tables, subsampling = image.quantization, JpegImagePlugin.get_sampling(image)
    assert cover_jpeg(path, REGIONS, "box")
    with Image.open(path) as image:
        assert (image.quantization, JpegImagePlugin.get_sampling(image)) == (tables, subsampling)
    after = pixels(path)
    x1, y1, x2, y2 = BOX
    assert after[y1 + 8 : y2 - 8, x1 + 8 : x2 - 8].max() < 16
    difference = np.abs(after - before)
    difference[y1 - 16 : y2 + 16, x1 - 16 : x2 + 16] = 0  # blocks that the region touches
    assert difference.mean() < 0.5
    assert path.stat().st_size < size
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_it_is_what_covering_the_frame_gives(tmp_path: Path) -> None:
    path = tmp_path / "frame.jpg"
    write_jpeg(path, photograph("zidane.jpg"), 95)
    expected = cover(pixels(path).astype(np.uint8), REGIONS, "blur").astype(int)
    cover_jpeg(path, REGIONS, "blur")
    assert np.abs(pixels(path) - expected).mean() < 1


def test_a_thumbnail_in_the_metadata_does_not_survive(tmp_path: Path) -> None:
    path = tmp_path / "frame.jpg"
    exif = Image.Exif()
    exif[0x010E] = "who this is"
    Image.fromarray(photograph("zidane.jpg")).save(path, exif=exif, comment=b"who this is")
    assert path.read_bytes().count(b"who this is") == 2
    cover_jpeg(path, REGIONS, "blur")
    assert b"who this is" not in path.read_bytes()


def test_without_regions_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "frame.jpg"
    write_jpeg(path, photograph("zidane.jpg"), 95)
    content, modified_ns = path.read_bytes(), path.stat().st_mtime_ns
    assert not cover_jpeg(path, Regions(), "blur")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, modified_ns)


@pytest.mark.parametrize("damage", ["missing", "text", "cut", "grey"])
def test_what_cannot_be_covered_is_refused_and_stays(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "frame.jpg"
    write_jpeg(path, photograph("zidane.jpg"), 95)
    if damage == "missing":
        path.unlink()
    elif damage == "text":
        path.write_text("not an image")
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:20_000])
    else:
        Image.new("L", (64, 64)).save(path)
    content = path.read_bytes() if path.exists() else None
    with pytest.raises(InputError, match=r"frame\.jpg"):
        cover_jpeg(path, REGIONS, "blur")
    assert (path.read_bytes() if path.exists() else None) == content
    assert len(list(tmp_path.iterdir())) == (0 if damage == "missing" else 1)
