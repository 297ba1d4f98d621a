"""Frames come back exact from resize, clip and extract together."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.synthetic import number_in, numbers_in, write_counter_video
from videoprep_nb.core.records import ClipTable, FrameTable
from videoprep_nb.stages.clip.params import ClipParams
from videoprep_nb.stages.clip.stage import clip as cut_into_clips
from videoprep_nb.stages.extract_frames.params import ExtractFramesParams
from videoprep_nb.stages.extract_frames.stage import extract_frames
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize

RATES = ["10", "24", "25", "30000/1001", "30", "50", "60000/1001"]


def no_progress(done: int, total: int, unit: str) -> None:
    pass


def standardise(source: Path, folder: Path, **options: object) -> list[int]:
    params = ResizeParams(input_file=str(source), output_dir=str(folder), width=384, height=216, **options)
    resize(params, no_progress)
    return numbers_in(folder / "1.mp4")


def cut(folder: Path, **options: object) -> ClipTable:
    params = ClipParams(input_file=str(folder / "1.mp4"), output_dir=str(folder / "clips"), **options)
    return cut_into_clips(params, no_progress)


def extract(folder: Path, **options: object) -> FrameTable:
    params = ExtractFramesParams(clips_dir=str(folder / "clips"), output_dir=str(folder / "frames"), **options)
    return extract_frames(params, no_progress)


def number_in_jpeg(folder: Path, clip_id: str, name: str) -> int:
    return number_in(cv2.imread(str(folder / "frames" / "1" / clip_id / name)))


def assert_stamps_are_those_of(numbers: list[int], times_s: Sequence[float], folder: Path) -> None:
    """The stamps beside the standard video are those of the source frames that it shows."""
    stamps_s = np.load(folder / "1_stamps.npy")
    assert stamps_s == pytest.approx([times_s[number] for number in numbers], abs=0.001)


@pytest.mark.parametrize("rate_text", RATES)
def test_constant_rate_comes_back_frame_by_frame(rate_text: str, tmp_path: Path) -> None:
    rate = Fraction(rate_text)
    frame_count = round(rate * Fraction("9.5"))
    source = write_counter_video(tmp_path / "source.mp4", frame_count, rate)

    assert standardise(source, tmp_path) == list(range(frame_count))

    clips = cut(tmp_path, clip_duration_s=4).clips
    numbers = [numbers_in(tmp_path / "clips" / "1" / clip.file_name) for clip in clips]
    assert all(clip.stream_copied for clip in clips)
    assert [number for part in numbers for number in part] == list(range(frame_count))
    assert [clip.start_frame for clip in clips] == [part[0] for part in numbers]
    assert [float(clip.duration_s) for clip in clips] == pytest.approx([4, 4, 1.5], abs=1.01 / rate)

    frames = extract(tmp_path, frames_per_second=2).frames
    starts = {clip.clip_id: clip.start_frame for clip in clips}
    assert [number_in_jpeg(tmp_path, frame.clip_id, frame.name) for frame in frames] == [
        starts[frame.clip_id] + frame.index_in_clip for frame in frames
    ]
    assert [frame.clip_id[-3:] for frame in frames] == ["000"] * 8 + ["001"] * 8 + ["002"] * 3
    for frame in frames:
        assert frame.time_in_source_s == pytest.approx(float((starts[frame.clip_id] + frame.index_in_clip) / rate))


def test_variable_rate_becomes_constant_by_time_stamps(tmp_path: Path) -> None:
    times_s = [Fraction(0)]
    for index in range(1, 90):
        pause = Fraction(171, 250) if index in (30, 61) else Fraction(0)
        times_s.append(times_s[-1] + Fraction(1, 25) + Fraction(index % 5 - 2, 400) + pause)
    source = write_counter_video(tmp_path / "source.mkv", len(times_s), Fraction(25), times_s)

    numbers = standardise(source, tmp_path)

    slots = [round(float(time_s) * 25) for time_s in times_s]
    shown = [max(i for i, slot in enumerate(slots) if slot <= k) for k in range(slots[-1] + 1)]
    assert numbers == shown
    assert_stamps_are_those_of(numbers, [float(time_s) for time_s in times_s], tmp_path)
    cut(tmp_path, clip_duration_s=2)
    frames = extract(tmp_path).frames
    assert [number_in_jpeg(tmp_path, frame.clip_id, frame.name) for frame in frames] == [
        shown[round(frame.time_in_source_s * 25)] for frame in frames
    ]


def test_chosen_rate_follows_the_time_stamps(tmp_path: Path) -> None:
    source = write_counter_video(tmp_path / "source.mp4", 100, Fraction(50))
    numbers = standardise(source, tmp_path, frame_rate="25")
    assert len(numbers) == 50
    assert_stamps_are_those_of(numbers, [index / 50 for index in range(100)], tmp_path)
    assert all(abs(number - 2 * index) <= 1 for index, number in enumerate(numbers))


@pytest.mark.parametrize("rate_text", ["25", "30000/1001"])
def test_clips_off_the_keyframes_are_exact_too(rate_text: str, tmp_path: Path) -> None:
    source = write_counter_video(tmp_path / "source.mp4", 200, Fraction(rate_text))
    standardise(source, tmp_path)
    clips = cut(tmp_path, clip_duration_s=2, overlap_s=0.5, start_s=0.3, end_s=6).clips
    assert not any(clip.stream_copied for clip in clips)
    for clip in clips:
        numbers = numbers_in(tmp_path / "clips" / "1" / clip.file_name)
        assert numbers == list(range(clip.start_frame, clip.start_frame + clip.frame_count))


def test_overlapping_clips_on_keyframes_are_copied(tmp_path: Path) -> None:
    source = write_counter_video(tmp_path / "source.mp4", 200, Fraction(25))
    standardise(source, tmp_path)
    clips = cut(tmp_path, clip_duration_s=3, overlap_s=2).clips
    assert all(clip.stream_copied for clip in clips)
    assert [clip.start_frame for clip in clips] == [0, 25, 50, 75, 100, 125]
    for clip in clips:
        numbers = numbers_in(tmp_path / "clips" / "1" / clip.file_name)
        assert numbers == list(range(clip.start_frame, clip.start_frame + clip.frame_count))
