"""A job that takes a part of a video: its clips and frames are the cut of the source, under the usual names."""

import zipfile
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.synthetic import number_in, numbers_in, write_counter_video
from videoprep_nb.core.errors import ParameterError
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.params import JobOptions, JobParams
from videoprep_nb.jobs.run import run
from videoprep_nb.stages.base import VideoLength

PARAMS = {
    "resize": {"time_ranges": ["b.mp4:2-5.5"]},
    "clip": {"clip_duration_s": 2},
    "extract_frames": {"frames_per_second": 2},
    "track_persons": {"frame_stride": 50, "image_size": 160},
}


@pytest.mark.exhaustive
@pytest.mark.slow
def test_clips_and_frames_are_the_cut_of_the_source(tmp_path: Path):
    videos = [write_counter_video(tmp_path / name, 80, Fraction(10)) for name in ("a.mp4", "b.mp4")]
    result = run(videos, output=tmp_path / "out", params=PARAMS, options=JobOptions(keep_scratch=True, previews=False))
    assert result.state is State.DONE, result.message
    assert [video.standard_frame_count for video in result.videos] == [80, 35]
    assert [video.duration_s for video in result.videos] == [8.0, 3.5]
    assert "only 0:02.0 to 0:05.5 of 8.0 s was taken" in result.videos[1].findings
    clips = sorted((tmp_path / "out" / "scratch" / "clips" / "2").glob("*.mp4"))
    assert [clip.name for clip in clips] == ["2_clip_000.mp4", "2_clip_001.mp4"]
    assert [numbers_in(clip) for clip in clips] == [list(range(20, 40)), list(range(40, 55))]
    assert result.package is not None
    with (
        zipfile.ZipFile(result.package) as package,
        zipfile.ZipFile(package.open("frames/2_clip_001.zip")) as clip,
    ):
        names = clip.namelist()
        images = [cv2.imdecode(np.frombuffer(clip.read(name), np.uint8), cv2.IMREAD_COLOR) for name in names]
    assert names == [f"2_clip_001_frame_{number:04d}.jpg" for number in range(3)]
    assert [number_in(image) for image in images] == [40, 45, 50]


def test_cost_is_that_of_the_part():
    [whole, part] = [
        JobParams(params).cost([VideoLength(3600.0, 25.0, "1"), VideoLength(60.0, 25.0, "2")])
        for params in ({}, {"resize": {"time_ranges": ["1:600-660"]}})
    ]
    assert part.time_s == pytest.approx(whole.time_s * 120 / 3660, rel=0.01)
    assert part.disk_bytes == pytest.approx(whole.disk_bytes * 120 / 3660, rel=0.01)


def test_part_behind_the_end_and_unknown_videos_are_named():
    params = JobParams({"resize": {"time_ranges": ["2:500-"]}})
    with pytest.raises(ParameterError, match=r"resize.time_ranges: start \(500 s\) is after the end of video 2"):
        params.cost([VideoLength(900.0, 25.0, "1"), VideoLength(139.0, 25.0, "2")])
    with pytest.raises(ParameterError, match=r"resize.time_ranges: got video '2', expected 1 or a file name"):
        params.check_videos(["street.mp4"])
    params.check_videos(["street.mp4", "yard.mp4"])


@pytest.mark.parametrize(
    ("stage", "values", "parameter"),
    [
        ("select", {"mode": "keep", "keep_times": "3,0,5"}, "keep_times"),
        ("anonymize", {"hide": "persons", "visible_persons": ["3:1"]}, "visible_persons"),
        ("anonymize", {"regions": "garden.mp4:\n- polygon: [[0, 0], [1, 0], [1, 1]]"}, "regions"),
    ],
)
def test_every_video_that_is_named_must_be_there(stage: str, values: dict[str, object], parameter: str):
    with pytest.raises(ParameterError, match=rf"{stage}\.{parameter}: got video '?(3|garden)"):
        JobParams({stage: values}).check_videos(["street.mp4", "yard.mp4"])
    JobParams({stage: values}).check_videos(["street.mp4", "yard.mp4", "garden.mp4"])
