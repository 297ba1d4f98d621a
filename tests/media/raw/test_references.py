"""A file may name others: nothing but the file itself is opened, and the refusal says so."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.mp4_boxes import alias, box, with_external_data
from tests.support.raw_files import converted
from tests.support.synthetic import encode_numbers
from videoprep_nb.core.errors import ProbeError
from videoprep_nb.media.probe import probe

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast")
WITH_SOUND = ("-f", "lavfi", "-i", "sine=d=1", "-map", "0:v", "-map", "1:a", "-c:a", "aac", *H264)
OWN, OTHER = range(25), range(1000, 1025)
ELSEWHERE = "its frames lie in another file, which is not opened; export it as one file"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The file that the others name."""
    return encode_numbers(tmp_path / "other.mp4", OTHER, *H264)


@pytest.fixture
def port() -> Iterator[int]:
    """A port where nobody may ask for anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server.getsockname()[1]
        with pytest.raises(BlockingIOError):
            server.accept()


ADDRESSES = {
    "absolute": "file://{path}",
    "beside": "other.mp4",
    "parent": "../{folder}/other.mp4",
    "http": "http://127.0.0.1:{port}/other.mp4",
    "tcp": "tcp://127.0.0.1:{port}",
    "rtmp": "rtmp://127.0.0.1:{port}/live",
    "concat": "concat:other.mp4|other.mp4",
    "subfile": "subfile,,start,0,end,0,,:other.mp4",
    "data": "data:video/mp4;base64,AAAA",
}


@pytest.mark.parametrize("kind", [*ADDRESSES, "urn", "alias", "reference-movie"])
@pytest.mark.parametrize("keeps_data", [True, False], ids=["own-data", "no-data"])
def test_quicktime_frames_in_another_file(kind: str, keeps_data: bool, other: Path, port: int, tmp_path: Path) -> None:
    address = ADDRESSES.get(kind, ADDRESSES["absolute"]).format(path=other, folder=tmp_path.name, port=port).encode()
    references = {"alias": alias(other), "urn": box(b"urn ", bytes(4), b"name\0", address + b"\0")}
    reference = references.get(kind, box(b"url ", bytes(4), address + b"\0"))
    movie = with_external_data(other.read_bytes(), reference)
    index = movie.index(b"moov") - 4
    start = movie if keeps_data else box(b"ftyp", b"qt  ", bytes(4), b"qt  ")
    content = start[:index] + movie[index:]
    if kind == "reference-movie":
        entry = box(b"rdrf", bytes(4), b"url ", (len(address) + 1).to_bytes(4), address + b"\0")
        content = box(b"moov", box(b"rmra", box(b"rmda", entry)))
    path = tmp_path / "innocent.mov"
    path.write_bytes(content)
    with pytest.raises(ProbeError, match=ELSEWHERE):
        probe(path)


@pytest.mark.parametrize("reference", ["alias", "url"])
def test_sound_in_another_file_does_not_matter(reference: str, other: Path, port: int, tmp_path: Path) -> None:
    whole = encode_numbers(tmp_path / "whole.mov", OWN, *WITH_SOUND).read_bytes()
    address = f"http://127.0.0.1:{port}/".encode() + b"\0"
    path = tmp_path / "innocent.mov"
    path.write_bytes(
        with_external_data(whole, alias(other) if reference == "alias" else box(b"url ", bytes(4), address), track=1)
    )
    assert converted(path, tmp_path).numbers == list(OWN)


def test_reference_without_an_address_is_the_file_itself(tmp_path: Path) -> None:
    whole = encode_numbers(tmp_path / "whole.mov", OWN, *H264).read_bytes()
    path = tmp_path / "innocent.mov"
    path.write_bytes(with_external_data(whole, box(b"url ", bytes(4))))
    assert converted(path, tmp_path).numbers == list(OWN)


def test_mxf_frames_in_another_file(tmp_path: Path) -> None:
    whole = encode_numbers(tmp_path / "whole.mxf", OWN, "-c:v", "mpeg2video").read_bytes()
    names = bytes.fromhex("060e2b34025301010d0101010101")
    path = tmp_path / "innocent.mxf"
    path.write_bytes(whole[:16384].replace(names + b"\x23\x00", names + b"\x32\x00"))
    with pytest.raises(ProbeError, match=ELSEWHERE):
        probe(path)


def element(name: str, *content: bytes) -> bytes:
    """An element of Matroska."""
    body = b"".join(content)
    return bytes.fromhex(name) + (1 << 28 | len(body)).to_bytes(4) + body


def test_linked_segments_of_matroska_are_not_opened(tmp_path: Path) -> None:
    linked = encode_numbers(tmp_path / "linked.mkv", OTHER, *H264).read_bytes()
    place = linked.index(b"\x73\xa4\x90") + 3
    uid = linked[place : place + 16]
    whole = encode_numbers(tmp_path / "whole.mkv", OWN, *H264, "-live", "1").read_bytes()
    end = (10**9).to_bytes(4)
    atom = element("b6", element("73c4", b"\1"), element("91", b"\0"), element("92", end), element("6e67", uid))
    chapters = element("1043a770", element("45b9", element("45dd", b"\1"), atom))
    path = tmp_path / "innocent.mkv"
    cluster = whole.index(b"\x1f\x43\xb6\x75")
    path.write_bytes(whole[:cluster] + chapters + whole[cluster:])
    assert converted(path, tmp_path).numbers == list(OWN)


LISTS = {
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" '
    'bandwidth="1"><BaseURL>{address}</BaseURL></Representation></AdaptationSet></Period></MPD>',
    "asx": '<asx version="3.0"><entry><ref href="{address}"/></entry></asx>',
    "asf-reference": "[Reference]\r\nRef1={address}\r\nRef2={address}\r\n",
    "real-media": "{address}\n",
    "pls": "[playlist]\nFile1={address}\nNumberOfEntries=1\n",
    "smil": '<smil><body><video src="{address}"/></body></smil>',
    "imf": '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016">'
    "<Id>urn:uuid:0</Id><Annotation>{address}</Annotation></CompositionPlaylist>",
    "playlist-with-key": '#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXT-X-KEY:METHOD=AES-128,URI="{address}"\n#EXTINF:5,\n'
    "{address}\n#EXT-X-ENDLIST\n",
    "playlist-with-map": '#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXT-X-MAP:URI="{address}"\n#EXTINF:5,\n{address}\n'
    "#EXT-X-ENDLIST\n",
    "vobsub": "# VobSub index file, v7 (do not modify this line!)\nsize: 720x576\n"
    "timestamp: 00:00:00:000, filepos: 0\n",
    "avisynth": 'DirectShowSource("{address}")\n',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 33\n",
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("address", ["other.mp4", "http://127.0.0.1:{port}/other.mp4"], ids=["file", "http"])
def test_list_of_other_files_is_no_video(name: str, address: str, other: Path, port: int, tmp_path: Path) -> None:
    path = tmp_path / "innocent.mp4"
    path.write_text(LISTS[name].format(address=address.format(port=port), port=port))
    with pytest.raises(ProbeError, match="not a video"):
        probe(path)


@pytest.mark.parametrize(
    "name",
    ["other%03d.mp4", "concat:other.mp4|other.mp4", "subfile,,start,0,end,9999,,:other.mp4", "pipe:0",
     "cache:other.mp4", "crypto:other.mp4", "async:other.mp4", "tee:other.mp4", "data:text,x"],
)  # fmt: skip
def test_name_is_no_address(name: str, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other.rename(tmp_path / "other001.mp4")
    encode_numbers(tmp_path / "own.mp4", OWN, *H264).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert converted(Path(name), tmp_path / "out").numbers == list(OWN)
