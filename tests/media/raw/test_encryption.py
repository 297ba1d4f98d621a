"""Encrypted files are refused as encrypted, in every container that has a mark for it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.synthetic import encode_numbers
from videoprep_nb.core.errors import ProbeError
from videoprep_nb.media.raw.survey import survey_file

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "25")
KEYS = ("-encryption_key", "00112233445566778899aabbccddeeff", "-encryption_kid", "0123456789abcdef0123456789abcdef")
CENC = ("-encryption_scheme", "cenc-aes-ctr", *KEYS)
FRAGMENTS = ("-movflags", "frag_keyframe+empty_moov+default_base_moof")


def cenc(path: Path) -> None:
    encode_numbers(path, range(50), *H264, *CENC, "-f", "mp4")


def cbcs(path: Path) -> None:
    cenc(path)
    path.write_bytes(path.read_bytes().replace(b"schm\x00\x00\x00\x00cenc", b"schm\x00\x00\x00\x00cbcs"))


def fragmented(path: Path) -> None:
    encode_numbers(path, range(50), *H264, *CENC, *FRAGMENTS, "-f", "mp4")
    identifier = bytes.fromhex("edef8ba979d64acea3c827dcd51d21ed")
    path.write_bytes(path.read_bytes() + (32).to_bytes(4) + b"pssh" + bytes(4) + identifier + bytes(4))


def matroska(path: Path) -> None:
    """The header gets a content encoding that encrypts."""
    encode_numbers(path, range(50), *H264, "-f", "matroska")
    data = path.read_bytes()
    encoding = _element(b"\x62\x40", _element(b"\x50\x33", b"\x01") + _element(b"\x50\x35", b"\x47\xe1\x81\x05"))
    encodings = _element(b"\x6d\x80", encoding)
    # a void of the same length stands before the first cluster of what ffmpeg writes
    place = data.index(b"\xec", data.index(b"\x11\x4d\x9b\x74"))
    path.write_bytes(data[:place] + encodings + data[place + len(encodings) :])


def _element(name: bytes, payload: bytes) -> bytes:
    return name + bytes([0x80 | len(payload)]) + payload


def scrambled(path: Path) -> None:
    encode_numbers(path, range(50), *H264, "-f", "mpegts")
    data = bytearray(path.read_bytes())
    for place in range(0, len(data), 188):
        pid = (data[place + 1] & 0x1F) << 8 | data[place + 2]
        if pid == 0x100 and data[place + 3] & 0x10:
            data[place + 3] |= 0x80
    path.write_bytes(data)


def asf(path: Path) -> None:
    """The codec list of the header becomes an object of encryption."""
    encode_numbers(path, range(50), "-c:v", "wmv2", "-f", "asf")
    codec_list = bytes.fromhex("4052d1861d31d011a3a400a0c90348f6")
    encryption = bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e")
    data = path.read_bytes()
    assert codec_list in data
    path.write_bytes(data.replace(codec_list, encryption))


def mxf(path: Path) -> None:
    """The frames become encrypted triplets."""
    encode_numbers(path, range(50), "-c:v", "mpeg2video", "-f", "mxf")
    essence = bytes.fromhex("060e2b34010201010d01030115010500")
    triplet = bytes.fromhex("060e2b34020401070d010301027e0100")
    data = path.read_bytes()
    assert essence in data
    path.write_bytes(data.replace(essence, triplet))


@pytest.mark.parametrize(
    "make", [cenc, cbcs, fragmented, matroska, scrambled, asf, mxf], ids=lambda make: make.__name__
)
def test_encrypted_file_is_refused_as_encrypted(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "file"
    make(path)
    with pytest.raises(ProbeError, match="it is encrypted"):
        survey_file(path, video_stream=0, max_pause_s=60)


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mp4", H264), ("matroska", H264), ("mpegts", H264), ("asf", ("-c:v", "wmv2")), ("mxf", ("-c:v", "mpeg2video"))],
)
def test_plain_file_is_not(container: str, codec: tuple[str, ...], tmp_path: Path) -> None:
    path = encode_numbers(tmp_path / "file", range(50), *codec, "-f", container)
    assert survey_file(path, video_stream=0, max_pause_s=60).facts["packet_count"] == 50
