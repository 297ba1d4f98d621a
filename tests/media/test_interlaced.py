"""Interlaced recordings come out without combs, whatever their file says, and progressive ones keep their lines."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.support.synthetic import decoded_frames
from videoprep_nb.media.ffmpeg import ffmpeg_executable
from videoprep_nb.media.probe import probe
from videoprep_nb.media.resize import ResizeResult
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize

SIZE = (640, 480)
MOVING = "testsrc2=s=640x480:r=50:d=2"
STATIC = "smptebars=s=640x480:r=50:d=2"
CODECS = {
    "mjpeg.avi": ("-c:v", "mjpeg", "-q:v", "3"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-q:v", "3"),
    "raw.avi": ("-c:v", "rawvideo"),
    "h264.mp4": ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20"),
}


def make(path: Path, source: str, filters: str, *arguments: str) -> Path:
    """Have ffmpeg make a video whose frames are not marked as interlaced."""
    filters = f"{filters},setfield=prog,format=yuv420p"
    argv = [ffmpeg_executable(), "-v", "error", "-f", "lavfi", "-i", source, "-vf", filters, *arguments, str(path)]
    subprocess.run(argv, check=True)
    return path


def standardise(source: Path, folder: Path, **options: object) -> ResizeResult:
    params = ResizeParams(input_file=str(source), output_dir=str(folder), width=SIZE[0], height=SIZE[1], **options)
    return resize(params, lambda done, total, unit: None)


def combs(path: Path, frames: slice = slice(5, 25)) -> float:
    """Mean share of pixels that differ from both lines beside them in the same direction, in per cent."""
    shares = []
    for frame in decoded_frames(path)[frames]:
        grey = frame.mean(axis=2)
        above, below = grey[1:-1] - grey[:-2], grey[1:-1] - grey[2:]
        shares.append(100 * ((np.minimum(above, below) > 20) | (np.maximum(above, below) < -20)).mean())
    return float(np.mean(shares))


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("order", ["tff", "bff"])
def test_interlaced_without_a_mark_is_measured(name: str, order: str, tmp_path: Path) -> None:
    source = make(tmp_path / name, MOVING, f"interlace=scan={order}", *CODECS[name])
    result = standardise(source, tmp_path / "auto")
    assert result.is_deinterlaced
    assert result.findings == ["interlaced, which the file does not say", "was deinterlaced"]
    assert not standardise(source, tmp_path / "off", deinterlace="off").is_deinterlaced
    assert combs(tmp_path / "auto" / "1.mp4") < 0.3 * combs(tmp_path / "off" / "1.mp4")
    whole = standardise(make(tmp_path / "whole.mp4", MOVING, "framestep=2", *CODECS["h264.mp4"]), tmp_path / "whole")
    assert not whole.is_deinterlaced
    # progressive text and edges have some lines of their own
    assert combs(tmp_path / "auto" / "1.mp4") < 1.3 * combs(tmp_path / "whole" / "1.mp4") + 0.2


@pytest.mark.parametrize("order", ["tff", "bff"])
@pytest.mark.parametrize("is_first", [True, False], ids=["interlaced-first", "progressive-first"])
def test_each_recording_of_a_file_is_measured(is_first: bool, order: str, tmp_path: Path) -> None:
    codec = CODECS["mpeg4.avi"]
    interlaced = make(tmp_path / "interlaced.avi", MOVING, f"interlace=scan={order}", *codec)
    progressive = make(tmp_path / "progressive.avi", MOVING, "framestep=2", *codec)
    both = [interlaced, progressive] if is_first else [progressive, interlaced]
    source = tmp_path / "both.avi"
    source.write_bytes(b"".join(path.read_bytes() for path in both))
    result = standardise(source, tmp_path / "auto")
    assert result.is_deinterlaced
    assert "interlaced, which the file does not say" in result.findings
    standardise(source, tmp_path / "off", deinterlace="off")
    torn, whole = (slice(5, 25), slice(60, 80)) if is_first else (slice(60, 80), slice(5, 25))
    files = [tmp_path / name / "1.mp4" for name in ("auto", "off")]
    assert combs(files[0], torn) < 0.3 * combs(files[1], torn)
    assert combs(files[0], whole) == pytest.approx(combs(files[1], whole), rel=0.05, abs=0.02)


def test_motion_that_begins_late_is_measured(tmp_path: Path) -> None:
    still = f"{STATIC}[still];{MOVING}[moving];[still][moving]concat=n=2"
    source = make(tmp_path / "in.mp4", still, "interlace", *CODECS["h264.mp4"], "-g", "25")
    assert probe(source).is_interlaced


@pytest.mark.parametrize(
    "source",
    [
        MOVING,
        STATIC,
        "testsrc2=s=160x120:r=60:d=1",
        "testsrc2=s=640x480:r=25:d=2,noise=alls=40:allf=t",
        "color=gray:s=640x480:r=25:d=2,noise=alls=80:allf=t",
        "mandelbrot=s=640x480:r=25,trim=duration=2",
        "life=s=640x480:r=25:mold=10,trim=duration=2",
        "testsrc2=s=640x2000:r=25:d=2,crop=640:480:0:40*n",
        "testsrc2=s=640x2000:r=25:d=2,crop=640:480:0:n",
        "testsrc2=s=2000x480:r=25:d=2,crop=640:480:25*n:0",
    ],
    ids=[
        "moving",
        "static",
        "small and slow",
        "noise",
        "only noise",
        "zoom",
        "cells",
        "fast tilt",
        "slow tilt",
        "fast pan",
    ],
)
def test_progressive_is_no_false_alarm(source: str, tmp_path: Path) -> None:
    info = probe(make(tmp_path / "in.avi", source, "null", *CODECS["mpeg4.avi"]))
    assert not info.is_interlaced
    assert info.findings == []


@pytest.mark.parametrize(
    "name", ["one_by_one_person.mp4", "no_person_bottles.mp4", "pets09_s2l1.avi", "spatiotemporal_demo.mp4"]
)
def test_real_progressive_videos_are_no_false_alarm(name: str, shared_data: Path) -> None:
    assert not probe(shared_data / "videos" / name).is_interlaced


def test_progressive_frames_that_are_marked_keep_their_lines(tmp_path: Path) -> None:
    marked = ("-c:v", "libx264", "-crf", "10", "-x264-params", "tff=1:log-level=none")
    filters = "framestep=2,setfield=tff,format=yuv420p"
    source, plain = tmp_path / "in.mp4", tmp_path / "plain.mp4"
    argv = [ffmpeg_executable(), "-v", "error", "-f", "lavfi", "-i", MOVING, "-vf", filters, *marked, str(source)]
    subprocess.run(argv, check=True)
    subprocess.run(
        [
            ffmpeg_executable(),
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            MOVING,
            "-vf",
            "framestep=2,format=yuv420p",
            "-c:v",
            "libx264",
            "-crf",
            "10",
            str(plain),
        ],
        check=True,
    )
    result = standardise(source, tmp_path / "marked", crf=10)
    assert not result.is_deinterlaced
    assert result.findings == ["marked as interlaced, but its frames are progressive"]
    standardise(plain, tmp_path / "plain", crf=10)
    pairs = zip(
        decoded_frames(tmp_path / "marked" / "1.mp4"), decoded_frames(tmp_path / "plain" / "1.mp4"), strict=True
    )
    assert np.mean([np.abs(one.astype(int) - two).mean() for one, two in pairs]) < 3


def test_marks_that_begin_on_the_way_are_trusted(tmp_path: Path) -> None:
    joined = tmp_path / "joined.ts"
    marked = ("-c:v", "libx264", "-x264-params", "tff=1:log-level=none")
    for name, filters, encoder in (("one", "framestep=2", CODECS["h264.mp4"]), ("two", "interlace", marked)):
        part = make(tmp_path / f"{name}.ts", MOVING, filters, *encoder)
        with joined.open("ab") as file:
            file.write(part.read_bytes())
    result = standardise(joined, tmp_path)
    assert not result.source.is_interlaced
    assert result.is_deinterlaced


def test_shared_interlaced(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "media_faults" / "interlaced_mbaff.ts"
    assert standardise(source, tmp_path / "auto").findings == ["interlaced", "was deinterlaced"]
    standardise(source, tmp_path / "off", deinterlace="off")
    assert combs(tmp_path / "auto" / "1.mp4") < 0.2 * combs(tmp_path / "off" / "1.mp4")


@pytest.mark.exhaustive
def test_shared_field_coded(shared_data: Path, tmp_path: Path) -> None:
    result = standardise(shared_data / "media_faults" / "field_coded_paff.ts", tmp_path)
    assert (result.frame_count, result.rate) == (24, 25)
    assert result.findings == ["interlaced", "was deinterlaced"]
