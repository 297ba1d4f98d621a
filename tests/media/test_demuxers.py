"""Which containers are read: every demuxer was decided on, and none of those that are read opens other files."""

import io
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.support.synthetic import encode_numbers
from videoprep_nb.core.errors import ProbeError
from videoprep_nb.media.demuxers import ACCEPTED, INPUT_FORMATS, REFUSED, demuxer_tables
from videoprep_nb.media.probe import probe

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "recordings.md"


def installed_demuxers() -> set[str]:
    names = set()
    for name in av.formats_available:
        try:
            container = av.format.ContainerFormat(name, "r")
        except ValueError:  # it only writes
            continue
        if container.is_input:
            names.update(container.name.split(","))
    return names


def test_every_demuxer_is_accepted_or_refused_on_purpose() -> None:
    accepted = " ".join(ACCEPTED.values()).split()
    refused = " ".join(REFUSED.values()).split()
    decided = accepted + refused
    assert len(decided) == len(set(decided)), "each stands in one list, once"
    assert installed_demuxers() - set(decided) == set(), "put new demuxers into ACCEPTED or REFUSED"
    assert set(accepted) - installed_demuxers() <= {"webp_anim"}, "newer than this libav"


def test_the_tables_of_the_guide_are_those_of_the_code() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    begin = "<!-- table: python -m videoprep_nb.media.demuxers -->\n"
    assert text.split(begin)[1].split("<!-- end of table -->")[0] == demuxer_tables()


@pytest.mark.parametrize(
    ("name", "arguments", "what"),
    [
        ("a.wav", ("-f", "lavfi", "-i", "sine=d=1"), "an audio file"),
        ("a.png", ("-frames:v", "1"), "an image"),
        ("a.jpg", ("-frames:v", "1"), "an image"),
        ("a.roq", ("-s", "256x128"), "a video of a game or an old animation program"),
    ],
)
def test_other_files_are_refused_for_what_they_are(
    name: str, arguments: tuple[str, ...], what: str, tmp_path: Path
) -> None:
    path = encode_numbers(tmp_path / name, range(10), *arguments)
    with pytest.raises(ProbeError, match=rf"{name} cannot be processed: it is {what} \(\w+\), not a video recording"):
        probe(path)


def test_stream_of_large_images_is_a_video(tmp_path: Path) -> None:
    """libav expects the second image within 1 MB."""
    generator = np.random.default_rng(1)
    images = []
    for _ in range(6):
        image = io.BytesIO()
        noise = generator.integers(0, 255, (720, 1280, 3), np.uint8)
        Image.fromarray(noise).save(image, "JPEG", quality=95)
        images.append(image.getvalue())
    assert len(images[0]) > 1_000_000
    stream, photograph = tmp_path / "camera.mjpg", tmp_path / "photograph.jpg"
    stream.write_bytes(b"".join(images))
    photograph.write_bytes(b"".join(images[:2]))
    assert probe(stream).packet_count == 6
    with pytest.raises(ProbeError, match="it is an image"):
        probe(photograph)


def test_the_allow_list_is_what_libav_gets() -> None:
    assert {"mov", "matroska", "dhav"} <= set(INPUT_FORMATS.split(","))
    assert not {"concat", "hls", "sdp", "image2", "lavfi", "mlv"} & set(INPUT_FORMATS.split(","))
