"""Which containers are read: every demuxer was decided on, and none of those that are read opens other files."""

import io
import socket
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.support.synthetic import encode_numbers, write_counter_video
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


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def with_external_data(movie: bytes, reference: bytes) -> bytes:
    """The index of an MP4 file whose frames lie in another file."""
    inside = b"\x00\x00\x00\x0curl \x00\x00\x00\x01"
    assert movie.count(inside) == 1
    grown = len(reference) - len(inside)
    movie = movie.replace(inside, reference)
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        at = movie.index(kind) - 4
        movie = movie[:at] + struct.pack(">I", struct.unpack(">I", movie[at : at + 4])[0] + grown) + movie[at + 4 :]
    return movie


def alias(path: Path) -> bytes:
    """A reference of QuickTime to a file, as libav would follow it: absolute, and relative to the volume."""
    name = str(path).encode()
    record = bytes(10) + bytes([27]) + b"volume".ljust(27, b"\0") + bytes(12) + bytes([63])
    record += path.name.encode().ljust(63, b"\0") + bytes(16) + struct.pack(">hh", 1, 1) + bytes(16)
    record += struct.pack(">hH", 2, len(name)) + name + bytes(len(name) % 2) + struct.pack(">hH", -1, 0)
    return box(b"alis", b"\0\0\0\0", record)


@pytest.mark.parametrize("kind", ["url-file", "url-http", "alias"])
def test_frames_in_another_file_are_not_fetched(kind: str, tmp_path: Path) -> None:
    secret = write_counter_video(tmp_path / "secret.mp4", 25, Fraction(25))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = {
            "url-file": f"file://{secret}",
            "url-http": f"http://127.0.0.1:{server.getsockname()[1]}/secret.mp4",
        }
        reference = alias(secret) if kind == "alias" else box(b"url ", bytes(4), address[kind].encode() + b"\0")
        whole = secret.read_bytes()
        index = whole[whole.index(b"moov") - 4 :]
        path = tmp_path / "innocent.mov"
        path.write_bytes(box(b"ftyp", b"qt  ", bytes(4), b"qt  ") + with_external_data(index, reference))
        reason = "its frames lie in another file" if kind == "alias" else "none of its frames can be decoded"
        with pytest.raises(ProbeError, match=reason):
            probe(path)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_the_allow_list_is_what_libav_gets() -> None:
    assert {"mov", "matroska", "dhav"} <= set(INPUT_FORMATS.split(","))
    assert not {"concat", "hls", "sdp", "image2", "lavfi", "mlv"} & set(INPUT_FORMATS.split(","))
