"""The manifest says when each frame was taken and whether it is damaged, through all stages."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.raw_files import damaged
from tests.support.synthetic import encode_numbers
from videoprep_nb.exports.build_manifest import build_manifest
from videoprep_nb.exports.manifest import ManifestVideo
from videoprep_nb.media.resize import ResizeResult
from videoprep_nb.stages.clip.params import ClipParams
from videoprep_nb.stages.clip.stage import clip
from videoprep_nb.stages.extract_frames.params import ExtractFramesParams
from videoprep_nb.stages.extract_frames.stage import extract_frames
from videoprep_nb.stages.resize import view
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-crf", "5", "-bf", "0", "-g", "25")
SIZE = (640, 384)


def quietly(done: int, total: int, unit: str) -> None:
    """A progress bar that is not shown."""


def processed(source: Path, work: Path, **options: Any) -> tuple[ResizeResult, ManifestVideo]:
    """Stages 1 to 3, five frames a second, and the manifest of their result."""
    result = resize(
        ResizeParams(input_file=str(source), output_dir=str(work / "resized"), width=320, height=192, **options),
        quietly,
    )
    clip(ClipParams(input_file=str(work / "resized" / "1.mp4"), output_dir=str(work / "clips")), quietly)
    extract_frames(
        ExtractFramesParams(clips_dir=str(work / "clips"), output_dir=str(work / "frames"), frames_per_second=5),
        quietly,
    )
    folders = {name: work / name.removesuffix("_dir") for name in ("resized_dir", "clips_dir", "frames_dir")}
    manifest = build_manifest(["1"], **folders, job_params={})
    return result, manifest.videos[0]


def damaged_at(video: ManifestVideo) -> Sequence[float]:
    return [frame.time_in_clip_s for clip in video.clips for frame in clip.frames if frame.is_damaged]


def test_damage_is_in_the_manifest_and_in_the_report(tmp_path: Path) -> None:
    whole = encode_numbers(tmp_path / "whole.mp4", range(100), *H264, size=SIZE)
    source = damaged(whole, tmp_path / "damaged.mp4", [65])
    result, video = processed(source, tmp_path)
    assert [(span.start_frame, span.end_frame, span.frame_count) for span in video.damage] == [(65, 74, 10)]
    assert damaged_at(video) == [2.6, 2.8]
    assert "10 damaged frames in 1 place, at 2.6 s; kept" in result.findings
    shown = view.findings(result).data
    assert "<td>0:02.6</td><td>0:03.0</td><td>10</td>" in shown

    result, video = processed(source, tmp_path / "left_out", damaged_frames="leave_out")
    assert (len(video.damage), damaged_at(video)) == (1, [])
    assert "10 damaged frames in 1 place, at 2.6 s; left out" in result.findings


def test_frames_keep_their_times_across_a_pause_that_was_cut_out(tmp_path: Path) -> None:
    pause = ("-vf", "setpts='if(gte(N,50),PTS+3600/TB,PTS)'", "-fps_mode", "passthrough")
    recorded = ("-metadata", "creation_time=2024-05-06T07:08:09Z")
    source = encode_numbers(tmp_path / "pause.mkv", range(100), *pause, *H264, *recorded)
    result, video = processed(source, tmp_path)
    frames = [frame for clip in video.clips for frame in clip.frames]
    assert result.frame_count == 100
    expected_s = [index / 5 + (3600 if index >= 10 else 0) for index in range(20)]
    assert [frame.time_in_source_s for frame in frames] == pytest.approx(expected_s, abs=0.002)
    assert [frame.source_pts_s for frame in frames] == pytest.approx(expected_s, abs=0.002)
    began = datetime.fromisoformat("2024-05-06T07:08:09+00:00")
    assert frames[-1].wall_clock is not None
    assert abs(frames[-1].wall_clock - began - timedelta(seconds=3603.8)) < timedelta(seconds=0.01)
    assert "1 long pause cut out, 1 h 00 min in all" in result.findings
