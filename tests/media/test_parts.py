"""A video that is converted, cut and extracted in parts is the same as the whole, frame by frame and byte by byte."""

import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.raw_files import damaged, with_stamps, without_packets
from tests.support.synthetic import numbers_in, write_counter_video
from videoprep_nb.core.records import ClipTable, FrameTable
from videoprep_nb.media.ffmpeg import raw_input, run_ffmpeg
from videoprep_nb.media.resize import ResizeResult
from videoprep_nb.stages.clip.params import ClipParams
from videoprep_nb.stages.clip.stage import clip
from videoprep_nb.stages.extract_frames.params import ExtractFramesParams
from videoprep_nb.stages.extract_frames.stage import extract_frames
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize, resize_or_part

RATE = Fraction(6)
FRAME_COUNT = 6 * 100  # 100 s: six chunks of 15 s and a rest
PARTS = 3
WITHOUT_B_FRAMES = ("-c:v", "libx264", "-preset", "veryfast", "-g", "20", "-bf", "0")


class Result:
    """What the first three stages make of a video."""

    def __init__(self, source: Path, folder: Path, part_count: int, **options: Any) -> None:
        self.folder = folder
        of_clips: dict[str, Any] = {
            name: options.pop(name) for name in ("clip_duration_s", "overlap_s", "start_s") if name in options
        }
        followed = {"clip_duration_s": "clip_duration_s", "overlap_s": "clip_overlap_s", "start_s": "clips_start_s"}
        resizing: dict[str, Any] = {
            "input_file": str(source),
            "output_dir": str(folder / "resized"),
            "width": 384,
            "height": 216,
            **{followed[name]: value for name, value in of_clips.items()},
            **options,
        }
        cutting: dict[str, Any] = {
            "input_file": str(folder / "resized" / "1.mp4"),
            "output_dir": str(folder / "clips"),
            **of_clips,
        }
        extracting: dict[str, Any] = {
            "clips_dir": str(folder / "clips"),
            "output_dir": str(folder / "frames"),
            "frames_per_second": 6,
        }
        if part_count > 1:
            for part in range(part_count, 0, -1):  # in any order
                of_part = {"part": part, "part_count": part_count}
                resize_or_part(ResizeParams(**resizing, **of_part), no_progress)
                clip(ClipParams(**cutting, **of_part), no_progress)
                extract_frames(ExtractFramesParams(**extracting, **of_part), no_progress)
        self.video: ResizeResult = resize(ResizeParams(**resizing, part_count=part_count), no_progress)
        self.clips: ClipTable = clip(ClipParams(**cutting, part_count=part_count), no_progress)
        self.frames: FrameTable = extract_frames(ExtractFramesParams(**extracting, part_count=part_count), no_progress)

    def files(self, pattern: str) -> dict[str, bytes]:
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in self.folder.glob(pattern)}

    def numbers_in_clips(self) -> list[int]:
        return [
            number
            for record in self.clips.clips
            for number in numbers_in(self.folder / "clips" / "1" / record.file_name)
        ]


def no_progress(done: int, total: int, unit: str) -> None:
    pass


def encoded(source: Path, target: Path, *arguments: str) -> Path:
    run_ffmpeg([*raw_input(source), *arguments], target, timeout_s=300)
    return target


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts")
    plain = write_counter_video(folder / "plain.mp4", FRAME_COUNT, RATE)
    return encoded(plain, folder / "counter.mp4", "-c:v", "libx264", "-preset", "veryfast", "-g", "40", "-bf", "2")


def assert_same(source: Path, folder: Path, part_count: int = PARTS, **options: Any) -> tuple[Result, Result]:
    whole = Result(source, folder / "whole", 1, **options)
    split = Result(source, folder / "split", part_count, **options)
    assert len(split.video.files) == part_count
    of_files = {"file", "files"}
    assert split.video.model_dump(exclude=of_files) == whole.video.model_dump(exclude=of_files)
    assert split.clips.model_dump(exclude={"part_count"}) == whole.clips.model_dump(exclude={"part_count"})
    assert split.frames == whole.frames
    for pattern in ("frames/1/*/*.jpg", "resized/1_stills/*.jpg"):
        assert split.files(pattern) == whole.files(pattern)
    for name in ("1_stamps.npy", "1_source_times.npy"):
        times = [np.load(result.folder / "resized" / name) for result in (whole, split)]
        assert np.array_equal(times[0], times[1], equal_nan=True)
    return whole, split


@pytest.mark.parametrize("part_count", [2, pytest.param(6, marks=pytest.mark.exhaustive)])
def test_frames_come_back_exact(part_count: int, counter: Path, tmp_path: Path) -> None:
    _, split = assert_same(counter, tmp_path, part_count)
    assert split.numbers_in_clips() == list(range(FRAME_COUNT))


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"clip_duration_s": 7.3, "start_s": 3.1}, id="clips between seconds"),
        pytest.param({"clip_duration_s": 15, "overlap_s": 5}, id="overlap"),
        pytest.param({"frame_rate": "10"}, id="more frames", marks=pytest.mark.exhaustive),
        pytest.param({"frame_rate": "2.5", "time_ranges": ["1:7.3-90"]}, id="fewer frames of a part of the video"),
        pytest.param({"deinterlace": "on"}, id="deinterlaced"),
        pytest.param({"encoder_preset": "veryfast"}, id="encoder that looks ahead", marks=pytest.mark.exhaustive),
    ],
)
def test_settings(options: dict[str, Any], counter: Path, tmp_path: Path) -> None:
    assert_same(counter, tmp_path, **options)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("a.ts", ("-c:v", "libx264", "-preset", "veryfast", "-g", "30", "-bf", "2")),
        ("a.mkv", ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=40:bframes=3")),
        pytest.param("a.avi", ("-c:v", "mpeg4", "-g", "30", "-bf", "2", "-q:v", "4"), marks=pytest.mark.exhaustive),
        pytest.param("a.mov", ("-c:v", "mjpeg", "-q:v", "3"), marks=pytest.mark.exhaustive),
        ("standard.mp4", ("-vf", "scale=384:216", "-c:v", "libx264", "-preset", "veryfast", "-g", "30", "-bf", "2")),
    ],
)
def test_containers_and_codecs(name: str, arguments: Sequence[str], counter: Path, tmp_path: Path) -> None:
    whole, split = assert_same(encoded(counter, tmp_path / name, *arguments, "-pix_fmt", "yuv420p"), tmp_path)
    assert split.video.is_copied == whole.video.is_copied == (name == "standard.mp4")


def test_variable_rate(counter: Path, tmp_path: Path) -> None:
    plain = encoded(counter, tmp_path / "plain.mp4", *WITHOUT_B_FRAMES)
    jitter = np.random.default_rng(1).uniform(0, 0.4, FRAME_COUNT)
    stamp = lambda index: Fraction(round((index + jitter[index]) * 1000), 6000) + (4 if index > 250 else 0)  # noqa: E731
    assert_same(with_stamps(plain, tmp_path / "jitter.mkv", stamp), tmp_path)


def test_damage_and_lost_packets(counter: Path, tmp_path: Path) -> None:
    plain = encoded(counter, tmp_path / "plain.mp4", *WITHOUT_B_FRAMES)
    lossy = without_packets(plain, tmp_path / "lossy.mp4", {130, 131, 405})
    whole, _ = assert_same(damaged(lossy, tmp_path / "damaged.mp4", [50, 255]), tmp_path)
    assert whole.video.damage


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(("-g", "1000"), "key frames are", id="one key frame"),
        pytest.param(
            ("-x264-params", "keyint=1000:intra-refresh=1:bframes=0"),
            "key frames are",
            id="refresh bit by bit",
            marks=pytest.mark.exhaustive,
        ),
    ],
)
def test_what_cannot_be_split_is_converted_as_a_whole(
    arguments: Sequence[str], reason: str, counter: Path, tmp_path: Path
) -> None:
    source = encoded(counter, tmp_path / "source.mp4", "-c:v", "libx264", "-preset", "veryfast", *arguments)
    split = Result(source, tmp_path / "split", PARTS)
    assert split.numbers_in_clips() == list(range(FRAME_COUNT))
    assert not split.video.files
    assert any("as a whole instead of in 3 parts" in finding and reason in finding for finding in split.video.findings)


def test_part_that_is_missing_has_the_whole_converted(counter: Path, tmp_path: Path) -> None:
    Result(counter, tmp_path / "split", PARTS)
    shutil.rmtree(tmp_path / "split" / "clips")
    (tmp_path / "split" / "resized" / "1_part_2.json").unlink()
    params = ResizeParams(
        input_file=str(counter), output_dir=str(tmp_path / "split" / "resized"), width=384, height=216, part_count=PARTS
    )
    result = resize(params, no_progress)
    assert numbers_in(tmp_path / "split" / "resized" / result.file) == list(range(FRAME_COUNT))


def test_note_says_why_a_long_video_is_not_split(tmp_path: Path) -> None:
    plain = write_counter_video(tmp_path / "plain.mp4", 260, Fraction(2))
    source = encoded(plain, tmp_path / "source.mp4", "-c:v", "libx264", "-preset", "ultrafast", "-g", "1000")
    params = ResizeParams(input_file=str(source), output_dir=str(tmp_path / "resized"), width=384, height=216)
    assert any(
        note.startswith("not split into parts, as its key frames") for note in resize(params, no_progress).findings
    )
