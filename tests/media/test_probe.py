"""Probing: facts about real files, and a sentence for everything that is no video."""

import os
import socket
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.support.synthetic import encode_numbers, number_frame, write_counter_video, write_video
from videoprep_nb.core.errors import InputError, ProbeError
from videoprep_nb.media.probe import check_input_file, probe
from videoprep_nb.media.video_info import VideoInfo

ZOO = {
    "av1.mkv": {"size": (640, 360), "rate": "25", "packets": 125},
    "cinepak_dropped_frames.avi": {"size": (320, 240), "rate": "15", "packets": 68, "variable": True, "claims": 444},
    "data_streams.mp4": {"size": (480, 320), "rate": "30", "packets": 309, "claims": 309, "audio": "aac"},
    "hevc_10bit.mp4": {"size": (200, 200), "rate": "30", "packets": 30, "claims": 30},
    "mpeg1_sar_64_45.mpg": {
        "size": (352, 288), "rate": "25", "packets": 36, "variable": True, "aspect": "64/45", "audio": "mp2",
    },
    "one_pixel.mp4": {"size": (1, 1), "rate": "1", "packets": 5, "claims": 5},
    "phone.3gp": {"size": (176, 144), "rate": "15", "packets": 74, "claims": 74, "audio": "amrnb"},
    "rotated_90_portrait.MOV": {
        "size": (568, 320), "rate": "30000/1001", "packets": 62, "claims": 62, "rotation": 90, "audio": "aac",
    },
    "short_1_2s.mp4": {"size": (320, 240), "rate": "30", "packets": 36, "claims": 36, "audio": "aac"},
    "vfr quote's name.mov": {
        "size": (640, 480), "rate": "20", "packets": 123, "claims": 123, "variable": True, "audio": "aac",
    },
    "vp8_one_second.webm": {"size": (1280, 720), "rate": "24", "packets": 24, "audio": "vorbis"},
    "vp9_no_duration.webm": {"size": (1280, 720), "rate": "15000/1001", "packets": 74, "audio": "opus"},
}  # fmt: skip


@pytest.mark.parametrize("name", ZOO)
def test_zoo_file_is_measured(name: str, shared_data: Path) -> None:
    expected = ZOO[name]
    info = probe(shared_data / "zoo" / name)
    assert (info.width, info.height) == expected["size"]
    assert info.rate == Fraction(expected["rate"])
    assert info.packet_count == expected["packets"]
    assert info.is_variable_rate == expected.get("variable", False)
    assert info.claimed_frame_count == expected.get("claims")
    assert info.sample_aspect == Fraction(expected.get("aspect", 1))
    assert info.rotation_deg == expected.get("rotation", 0)
    assert info.audio_codec == expected.get("audio")


@pytest.mark.parametrize(
    ("name", "error"), [("broken.mp4", ProbeError), ("empty.flv", ProbeError), ("zero_bytes.webm", InputError)]
)
def test_broken_zoo_file_is_refused(name: str, error: type[Exception], shared_data: Path) -> None:
    with pytest.raises(error, match=name):
        probe(shared_data / "zoo" / name)


def test_false_frame_count_is_a_finding(shared_data: Path) -> None:
    info = probe(shared_data / "zoo" / "cinepak_dropped_frames.avi")
    assert "header reports 444 frames, file has 68" in info.findings


def test_cut_off_file_keeps_what_is_left(shared_data: Path, tmp_path: Path) -> None:
    whole = (shared_data / "videos" / "pets09_s2l1.avi").read_bytes()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole[: len(whole) // 4])
    info = probe(cut)
    assert 0 < info.packet_count < info.claimed_frame_count == 795
    assert any("header reports 795 frames" in finding for finding in info.findings)


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
def test_rotation_is_the_one_that_a_player_applies(rotation_deg: int, tmp_path: Path) -> None:
    path = write_video(tmp_path / "rotated.mp4", [number_frame(1)] * 5, Fraction(25), rotation_deg=rotation_deg)
    info = probe(path)
    assert info.rotation_deg == rotation_deg
    assert info.displayed_size == ((320, 180) if rotation_deg % 180 == 0 else (180, 320))


def make_folder(path: Path) -> None:
    path.mkdir()


def make_link(path: Path) -> None:
    target = write_counter_video(path.with_name("target.mp4"), 5, Fraction(25))
    path.symlink_to(target)


def make_socket(path: Path) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.close()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: None, "does not exist"),
        (make_folder, "folder"),
        (make_link, "symbolic link"),
        (make_socket, "device or pipe"),
        (os.mkfifo, "device or pipe"),
        (lambda path: path.touch(), "empty"),
    ],
    ids=["missing", "folder", "link", "socket", "pipe", "empty"],
)
def test_what_is_no_plain_file_is_refused(make, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    make(path)
    with pytest.raises(InputError, match=sentence):
        check_input_file(path, str(path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.mp4"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(InputError, match="permissions"):
        check_input_file(path, str(path))


@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile 'secret.mp4'\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nsecret.mp4\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile 'http://127.0.0.1:{port}/a.mp4'\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        "m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        "just some words\n",
    ],
    ids=["concat-file", "playlist-file", "concat-http", "playlist-http", "sdp", "text"],
)
def test_text_that_points_elsewhere_is_refused_and_opens_nothing(text: str, tmp_path: Path) -> None:
    write_counter_video(tmp_path / "secret.mp4", 5, Fraction(25))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        path = tmp_path / "innocent.mp4"
        path.write_text(text.format(port=server.getsockname()[1]))
        with pytest.raises(ProbeError, match=r"innocent\.mp4 cannot be processed: .*not a video"):
            probe(path)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "frame.mp4"
    with av.open(str(path), "w", format="image2") as container:
        stream = container.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuvj420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(number_frame(1), format="rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(ProbeError, match="it is an image"):
        probe(path)


def test_audio_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(ProbeError, match="no video stream"):
        probe(path)


def test_long_pause_is_cut_out_and_said(tmp_path: Path) -> None:
    times_s = [Fraction(index, 25) for index in range(20)] + [Fraction(36000)]
    path = write_counter_video(tmp_path / "jump.mkv", len(times_s), Fraction(25), times_s)
    info = probe(path)
    assert (info.packet_count, info.duration_s) == (21, pytest.approx(21 / 25, abs=0.01))
    assert [cut.removed_s for cut in info.cuts] == [pytest.approx(36000 - 20 / 25, abs=0.01)]
    assert any("pause" in finding for finding in info.findings)


@pytest.mark.parametrize(
    "name", ['it\'s "quoted".mp4', "-i.mp4", "%d %03d.mp4", "line\nbreak.mp4", "ünï:çødé 視頻.mp4"]
)
def test_awkward_names_are_taken_literally(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_counter_video(tmp_path / "plain.mp4", 5, Fraction(25)).rename(tmp_path / name)
    assert probe(Path(name)).packet_count == 5


def test_result_survives_json(tmp_path: Path) -> None:
    info = probe(write_counter_video(tmp_path / "a.mp4", 30, Fraction(30000, 1001)))
    assert VideoInfo.model_validate_json(info.model_dump_json()) == info


def test_messages_use_the_name_of_the_submitted_file(tmp_path: Path):
    upload = tmp_path / "000.mp4"
    upload.write_bytes(b"no video at all")
    with pytest.raises(ProbeError, match=r"^holiday\.mov cannot be processed"):
        probe(upload, "holiday.mov")


@pytest.mark.parametrize("kind", ["cut", "header", "zeros", "index-cut"])
def test_recording_without_its_index_was_never_finished(kind: str, tmp_path: Path) -> None:
    video = encode_numbers(tmp_path / "whole.mp4", range(50), "-c:v", "libx264", "-pix_fmt", "yuv420p")
    fast = encode_numbers(
        tmp_path / "fast.mp4", range(50), "-c:v", "libx264", "-pix_fmt", "yuv420p", "-movflags", "+faststart"
    )
    whole = video.read_bytes()
    half = len(whole) // 2
    path = tmp_path / "broken.mp4"
    contents = {
        "cut": whole[:half],
        "header": whole[:60],
        "zeros": whole[:half] + bytes(half),
        "index-cut": fast.read_bytes()[:300],
    }
    path.write_bytes(contents[kind])
    with pytest.raises(ProbeError, match=r"its recording was never finished, or the file was cut off: the index"):
        probe(path)


@pytest.mark.parametrize("suffix", ["mkv", "webm", "ts", "mpg", "flv", "asf", "mxf", "nut", "fragmented.mp4", "gif"])
def test_recording_that_was_cut_off_keeps_what_is_there(suffix: str, tmp_path: Path) -> None:
    codecs = {"webm": "libvpx", "mpg": "mpeg2video", "mxf": "mpeg2video", "asf": "mpeg4", "gif": "gif"}
    codec = codecs.get(suffix, "libx264")
    arguments = [] if codec == "gif" else ["-pix_fmt", "yuv420p", "-g", "10"]
    if suffix == "fragmented.mp4":
        arguments += ["-movflags", "+frag_keyframe+empty_moov"]
    whole = encode_numbers(tmp_path / f"whole.{suffix}", range(200), "-c:v", codec, *arguments).read_bytes()
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(whole[: len(whole) // 2])
    assert 50 < probe(path).packet_count < 150


def test_file_that_is_still_growing_is_refused(tmp_path: Path) -> None:
    path = write_counter_video(tmp_path / "growing.ts", 50, Fraction(25))
    more = path.read_bytes()
    is_done = threading.Event()

    def grow() -> None:
        with path.open("ab") as file:
            while not is_done.wait(0.01):
                file.write(more)
                file.flush()

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        with pytest.raises(
            InputError, match=r"growing\.ts is still being written: it changed from [\d,]+ to [\d,]+ bytes"
        ):
            probe(path)
    finally:
        is_done.set()
        writer.join()
