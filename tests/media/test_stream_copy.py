"""Sources in the standard form are copied, frame by frame; others are encoded, and the record says why."""

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.support.decoding import read_frames
from tests.support.synthetic import decoded_frames, encode_numbers, number_in, numbers_in, write_video
from videoprep_nb.core.records import ClipTable
from videoprep_nb.media.ffmpeg import ffmpeg_executable
from videoprep_nb.media.frames import read_frames_at
from videoprep_nb.media.random_frames import RandomFrames
from videoprep_nb.media.raw.h264_stream import Sequence, headers_of, read_sequence
from videoprep_nb.media.resize import ResizeResult
from videoprep_nb.media.scaled_frames import read_scaled_key_frames
from videoprep_nb.media.standard import read_standard
from videoprep_nb.stages.clip.params import ClipParams
from videoprep_nb.stages.clip.stage import clip
from videoprep_nb.stages.extract_frames.params import ExtractFramesParams
from videoprep_nb.stages.extract_frames.stage import extract_frames
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize

SIZE = (160, 96)
COUNT = 130


def silent(done: int, total: int, unit: str) -> None:
    pass


def standardise(source: Path, folder: Path, **options: object) -> ResizeResult:
    params = {"input_file": str(source), "output_dir": str(folder), "width": SIZE[0], "height": SIZE[1], **options}
    return resize(ResizeParams.checked(params), silent)


def x264(parameters: str, *more: str) -> list[str]:
    return [
        "-pix_fmt",
        "yuv420p",
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        "12",
        "-x264-params",
        f"scenecut=0:{parameters}",
        *more,
    ]


def cut(folder: Path, **options: object) -> ClipTable:
    params = {"input_file": str(folder / "1.mp4"), "output_dir": str(folder / "clips"), **options}
    return clip(ClipParams.checked(params), silent)


COPIED = {
    "key frame every second": ("in.mp4", x264("keyint=25:bframes=0")),
    "pyramids of B-frames": ("in.mp4", x264("keyint=25:bframes=5:b-adapt=0:b-pyramid=normal:ref=4")),
    "very short groups": ("in.mp4", x264("keyint=3:min-keyint=3:bframes=2:b-adapt=0")),
    "only key frames": ("in.mp4", x264("keyint=1")),
    "slices": ("in.mp4", x264("keyint=25:bframes=3:slices=4")),
    "transport stream": ("in.ts", x264("keyint=25:bframes=3")),
    "fragments": ("in.mp4", x264("keyint=25:bframes=3", "-movflags", "frag_keyframe+empty_moov")),
    "starts late": ("in.mkv", x264("keyint=25:bframes=3", "-output_ts_offset", "7.3")),
    "few key frames": ("in.mp4", x264("keyint=250:bframes=3")),
    "other tags": ("in.mp4", x264("keyint=25", "-colorspace", "smpte170m", "-color_trc", "iec61966-2-1")),
}


@pytest.mark.parametrize("case", COPIED)
def test_source_in_the_standard_form_is_copied(case: str, tmp_path: Path) -> None:
    name, arguments = COPIED[case]
    source = encode_numbers(tmp_path / name, range(COUNT), *arguments, size=SIZE)
    result = standardise(source, tmp_path)
    assert (result.is_copied, result.encoded_because) == (True, "")
    assert (result.decoded_frame_count, result.frame_count, result.rate) == (COUNT, COUNT, 25)
    assert numbers_in(tmp_path / "1.mp4") == [number_in(frame) for frame in read_frames(tmp_path / "1.mp4")]
    assert numbers_in(tmp_path / "1.mp4") == list(range(COUNT))
    assert np.array_equal(read_luma(tmp_path / "1.mp4"), read_luma(source))  # not one sample was encoded again

    bounds = read_standard(tmp_path / "1.mp4").keyframes | {COUNT}
    table = cut(tmp_path, clip_duration_s=2)
    for each in table.clips:
        assert each.stream_copied == ({each.start_frame, each.start_frame + each.frame_count} <= bounds)
    for each in table.clips:
        file = tmp_path / "clips" / "1" / each.file_name
        expected = list(range(each.start_frame, each.start_frame + each.frame_count))
        chosen = [0, 1, len(expected) // 2, len(expected) - 1]
        random = RandomFrames(file)
        assert numbers_in(file) == expected
        assert [number_in(frame) for _, frame in read_frames_at(file, chosen)] == [expected[index] for index in chosen]
        assert [number_in(random.at(index)) for index in (7, 0, 9)] == [expected[index] for index in (7, 0, 9)]
        seconds = [number_in(frame) for frame in read_scaled_key_frames(file, SIZE)]
        assert seconds[0] == expected[0]
        assert all(20 <= step <= 30 for step in np.diff(seconds))


def read_luma(path: Path) -> np.ndarray:
    """``(N, height, width)`` samples as decoded, whatever the tags say."""
    argv = [ffmpeg_executable(), "-v", "error", "-i", str(path), "-fps_mode", "passthrough", "-f", "rawvideo"]
    argv += ["-pix_fmt", "gray", "-vf", "extractplanes=y", "-"]
    data = subprocess.run(argv, check=True, capture_output=True).stdout
    return np.frombuffer(data, np.uint8).reshape(-1, SIZE[1], SIZE[0])


def damaged(source: Path) -> Path:
    """Overwrite the middle of a packet, which leaves all headers whole."""
    with av.open(str(source)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    position, size = max(packets[30:45], key=lambda packet: packet[1])
    data = bytearray(source.read_bytes())
    data[position + size // 2 : position + size // 2 + 30] = bytes(range(100, 130))
    source.write_bytes(data)
    return source


def with_edit_list(source: Path) -> Path:
    return remuxed(source, "-ss", "0.3")


def remuxed(source: Path, *arguments: str) -> Path:
    target = source.with_name(f"remuxed{source.suffix}")
    argv = [ffmpeg_executable(), "-v", "error", *arguments, "-i", str(source), "-c", "copy", str(target)]
    subprocess.run(argv, check=True)
    return target


def unchanged(source: Path) -> Path:
    return source


USUAL = x264("keyint=25:bframes=2")
Change = Callable[[Path], Path]
ENCODED: dict[str, tuple[str, list[str], Change, dict[str, object], str, int]] = {
    "open groups": ("in.mp4", x264("keyint=25:bframes=3:open-gop=1"), unchanged, {}, "key frames are 16 s apart", 400),
    "damaged packet": ("in.mp4", USUAL, damaged, {}, "it is damaged", COUNT),
    "edit list": ("in.mp4", x264("keyint=25:bframes=0"), with_edit_list, {}, "edit list hides", COUNT - 8),
    "4:2:2": ("in.mp4", [*USUAL, "-pix_fmt", "yuv422p"], unchanged, {}, "yuv422p, not yuv420p", COUNT),
    "10 bits": ("in.mp4", [*USUAL, "-pix_fmt", "yuv420p10le"], unchanged, {}, "yuv420p10le", COUNT),
    "marked as interlaced": ("in.mp4", x264("keyint=25:tff=1"), unchanged, {}, "interlaced", COUNT),
    "full range": ("in.mp4", [*USUAL, "-pix_fmt", "yuvj420p"], unchanged, {}, "yuvj420p", COUNT),
    "wide pixels": ("in.mp4", [*USUAL, "-vf", "setsar=16/11"], unchanged, {}, "pixels are not square", COUNT),
    "other codec": ("in.mp4", ["-c:v", "mpeg4", "-q:v", "2"], unchanged, {}, "mpeg4, not h264", COUNT),
    "no stamps": ("in.h264", USUAL, unchanged, {}, "lacks time stamps", COUNT),
    "other size": ("in.mp4", USUAL, unchanged, {"width": 320, "height": 192}, "160×96, not 320×192", COUNT),
    "other rate": ("in.mp4", USUAL, unchanged, {"frame_rate": "12.5"}, "25 frames per second become 12.5", 65),
    "begins between": ("in.mp4", USUAL, unchanged, {"time_ranges": ["1:0.48-"]}, "not begin with a key frame", 118),
    "deinterlaced": ("in.mp4", USUAL, unchanged, {"deinterlace": "on"}, "interlaced", COUNT),
}


@pytest.mark.parametrize("case", ENCODED)
def test_what_is_not_in_the_standard_form_is_encoded(case: str, tmp_path: Path) -> None:
    name, arguments, change, options, reason, frame_count = ENCODED[case]
    source = encode_numbers(tmp_path / name, range(max(COUNT, frame_count)), *arguments, size=SIZE)
    result = standardise(change(source), tmp_path, **options)
    assert not result.is_copied
    assert reason in result.encoded_because
    assert result.frame_count == len(decoded_frames(tmp_path / "1.mp4")) == frame_count
    assert result.damage == [] or case == "damaged packet"


def test_variable_rate_and_rotation_are_encoded(tmp_path: Path) -> None:
    frames = [np.full((SIZE[1], SIZE[0], 3), 2 * index, np.uint8) for index in range(60)]
    times_s = [Fraction(index, 25) + Fraction(index > 20, 5) for index in range(60)]
    uneven = standardise(write_video(tmp_path / "uneven.mp4", frames, Fraction(25), times_s=times_s), tmp_path)
    assert "varies" in uneven.encoded_because
    assert uneven.frame_count == 65
    turned = standardise(write_video(tmp_path / "turned.mp4", frames, Fraction(25), rotation_deg=180), tmp_path)
    assert turned.encoded_because == "it is rotated or mirrored"


@pytest.mark.parametrize("frames_of_b", [0, 3])
def test_part_that_begins_at_a_key_frame_is_copied(frames_of_b: int, tmp_path: Path) -> None:
    arguments = x264(f"keyint=25:bframes={frames_of_b}:b-adapt=0")
    source = encode_numbers(tmp_path / "in.mp4", range(COUNT), *arguments, size=SIZE)
    result = standardise(source, tmp_path, time_ranges=["1:1-4"])
    assert result.is_copied
    assert numbers_in(tmp_path / "1.mp4") == list(range(25, 100))
    assert np.load(tmp_path / "1_stamps.npy") == pytest.approx(np.arange(25, 100) / 25, abs=0.001)


def test_headers_that_change_are_not_copied(tmp_path: Path) -> None:
    """A second recording of the same shape, coded otherwise, in a stream whose clock goes on."""
    parts = []
    for number, parameters in enumerate(("keyint=25:bframes=2:ref=2", "keyint=25:bframes=0:ref=5:cabac=0")):
        offset = ["-output_ts_offset", str(number * COUNT / 25)]
        numbers = range(number * COUNT, (number + 1) * COUNT)
        parts.append(encode_numbers(tmp_path / f"{number}.ts", numbers, *x264(parameters), *offset, size=SIZE))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    result = standardise(joined, tmp_path)
    assert not result.is_copied
    assert sorted(set(numbers_in(tmp_path / "1.mp4"))) == list(range(2 * COUNT))


def test_colours_are_those_of_the_encoded_video(tmp_path: Path) -> None:
    """A source without tags: a reader that takes it for another matrix would show other colours."""
    colours = np.array([[(200, 30, 30), (30, 180, 40), (30, 40, 200), (128, 128, 128)]], np.uint8)
    frame = colours.repeat(180, axis=0).repeat(320, axis=1).repeat(4, axis=0)
    source = write_video(tmp_path / "in.mp4", [frame] * 3, Fraction(25))
    (tmp_path / "same").mkdir()
    copied = standardise(source, tmp_path, width=1280, height=720)
    encoded = standardise(source, tmp_path / "same", width=1280, height=720, max_frame_rate=12.5)
    assert (copied.is_copied, encoded.is_copied) == (True, False)
    shown = [next(iter(read_frames_at(folder / "1.mp4", [0])))[1] for folder in (tmp_path, tmp_path / "same")]
    assert np.abs(shown[0].astype(int) - shown[1].astype(int)).max() <= 3


def test_sequence_of_a_stream_is_read() -> None:
    high = bytes.fromhex("6764001facd9405005bb016a02020280000003008000001e078c18cb")
    assert headers_of(b"\0\0\0\1" + high) == (0, [high])
    assert read_sequence(high) == Sequence(has_gaps=False, is_progressive=True, reordered_frames=2)
    with pytest.raises(ValueError, match="too short"):
        read_sequence(high[:8])
    with pytest.raises(ValueError, match="too long"):
        read_sequence(high + bytes(1_000_000))


def test_frames_of_a_copied_source_are_those_of_an_encoded_one(tmp_path: Path) -> None:
    """The same frames once in the standard form and once without loss in another codec."""
    source = tmp_path / "in.mp4"
    scene = ["-f", "lavfi", "-i", "mandelbrot=s=320x180:r=10", "-t", "4.6", "-pix_fmt", "yuv420p"]
    subprocess.run([ffmpeg_executable(), "-v", "error", *scene, *x264("keyint=10:bframes=3"), str(source)], check=True)
    lossless = tmp_path / "in.mkv"
    subprocess.run([ffmpeg_executable(), "-v", "error", "-i", str(source), "-c:v", "ffv1", str(lossless)], check=True)
    tables, images = [], []
    for video in (source, lossless):
        folder = tmp_path / video.suffix[1:]
        result = standardise(video, folder, width=320, height=180)
        assert result.is_copied == (video == source)
        cut(folder, clip_duration_s=2)
        params = {"clips_dir": str(folder / "clips"), "output_dir": str(folder / "frames"), "frames_per_second": 2.0}
        tables.append(extract_frames(ExtractFramesParams.checked(params), silent).frames)
        images.append([cv2.imread(str(path)) for path in sorted((folder / "frames" / "1").rglob("*.jpg"))])
    assert tables[0] == tables[1]
    assert len(images[0]) == len(images[1]) == 10
    assert min(cv2.PSNR(*pair) for pair in zip(*images, strict=True)) > 38
