"""The cuts of a video are found, kept, and end all tracks."""

import subprocess
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from videoprep_nb.core.records import ClipRecord
from videoprep_nb.stages.track_persons.find_cuts import cuts_of_video
from videoprep_nb.stages.track_persons.params import DetectPersonsParams

RATE, SHOTS = 10, ["smptebars", "mandelbrot", "testsrc2"]
SHOT_FRAMES = 25


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[ClipRecord]]:
    """Three shots of 2.5 s in two clips: the second cut lies where the second clip begins."""
    folder = tmp_path_factory.mktemp("video")
    (folder / "clips" / "1").mkdir(parents=True)
    inputs = [part for shot in SHOTS for part in ("-f", "lavfi", "-i", f"{shot}=s=320x180:r={RATE}")]
    shots = "".join(f"[{n}]trim=end_frame={SHOT_FRAMES},format=yuv420p,setsar=1[s{n}];" for n in range(len(SHOTS)))
    records = []
    for index, (start, end) in enumerate([(0, 50), (50, 75)]):
        record = ClipRecord(
            clip_id=f"1_clip_{index:03d}", start_frame=start, frame_count=end - start, rate=Fraction(RATE),
            width=320, height=180, stream_copied=False,
        )  # fmt: skip
        graph = f"{shots}[s0][s1][s2]concat=n=3,trim=start_frame={start}:end_frame={end},setpts=N/{RATE}/TB"
        target = str(folder / "clips" / "1" / record.file_name)
        subprocess.run(
            [
                imageio_ffmpeg.get_ffmpeg_exe(),
                "-v",
                "error",
                *inputs,
                "-filter_complex",
                graph,
                "-r",
                str(RATE),
                target,
            ],
            check=True,
        )
        records.append(record)
    return folder, records


def find(video: tuple[Path, list[ClipRecord]], stride: int = 1, reset_at_cuts: bool = True) -> list[int]:
    folder, clips = video
    params = DetectPersonsParams(
        clips_dir=str(folder / "clips"),
        detections_dir=str(folder / f"every {stride}"),
        frame_stride=stride,
        reset_at_cuts=reset_at_cuts,
    )
    sampled = [np.arange(-clip.start_frame % stride, clip.frame_count, stride, dtype=np.int32) for clip in clips]
    return cuts_of_video(params, clips, sampled, lambda done, total, unit: None)


@pytest.mark.parametrize(("stride", "cuts"), [(1, [25, 50]), (2, [26, 50])])
def test_cuts_are_the_first_frames_of_shots(video: tuple[Path, list[ClipRecord]], stride: int, cuts: list[int]) -> None:
    assert find(video, stride) == cuts


def test_cuts_are_kept(video: tuple[Path, list[ClipRecord]]) -> None:
    first = find(video)
    cache = video[0] / "every 1" / "1" / "cuts" / "1_clip_000.npz"
    written_ns = cache.stat().st_mtime_ns
    assert find(video) == first
    assert cache.stat().st_mtime_ns == written_ns
    cache.write_bytes(b"cut off")
    assert find(video) == first


def test_nothing_is_looked_for_unless_asked(video: tuple[Path, list[ClipRecord]]) -> None:
    assert find(video, reset_at_cuts=False) == []
