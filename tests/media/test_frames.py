"""Reading and extracting frames, and the sample video."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.decoding import read_frames
from tests.support.synthetic import number_in, write_counter_video
from videoprep_nb.core.errors import InputError
from videoprep_nb.media.frames import read_frames_at
from videoprep_nb.media.probe import probe
from videoprep_nb.media.sample import write_sample
from videoprep_nb.stages.clip.params import ClipParams
from videoprep_nb.stages.clip.stage import clip
from videoprep_nb.stages.extract_frames.params import ExtractFramesParams
from videoprep_nb.stages.extract_frames.stage import extract_frames
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize


def no_progress(done: int, total: int, unit: str) -> None:
    pass


@pytest.mark.parametrize("indices", [list(range(50)), [0, 24, 25, 49], [26], []], ids=["all", "some", "one", "none"])
def test_frames_by_number(indices: list[int], tmp_path: Path) -> None:
    path = tmp_path / "1.mp4"
    resize(
        ResizeParams(
            input_file=str(write_counter_video(tmp_path / "a.mp4", 50, Fraction(25))), output_dir=str(tmp_path)
        )
    )
    frames = list(read_frames_at(path, indices))
    assert [index for index, _ in frames] == indices
    assert [number_in(frame) for _, frame in frames] == indices
    independent = read_frames(path)
    assert all(np.abs(frame.astype(int) - independent[index]).max() <= 3 for index, frame in frames)


def test_unreadable_video_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        next(read_frames_at(tmp_path / "a.mp4", [0]))
    (tmp_path / "a.mp4").write_text("text")
    with pytest.raises(InputError, match=r"a\.mp4"):
        next(read_frames_at(tmp_path / "a.mp4", [0]))


def test_missing_clips_are_a_sentence(tmp_path: Path) -> None:
    params = ExtractFramesParams(clips_dir=str(tmp_path), output_dir=str(tmp_path / "out"))
    with pytest.raises(InputError, match="Run 02_clip first"):
        extract_frames(params, no_progress)
    assert not (tmp_path / "out").exists()


def test_real_video_gives_the_promised_clips_and_frames(shared_data: Path, tmp_path: Path) -> None:
    source = str(shared_data / "videos" / "pets09_s2l1.avi")
    resize(ResizeParams(input_file=source, output_dir=str(tmp_path)), no_progress)
    table = clip(ClipParams(input_file=str(tmp_path / "1.mp4"), output_dir=str(tmp_path / "clips")), no_progress)
    assert [record.frame_count for record in table.clips] == [150, 150, 150, 150, 150, 45]

    params = ExtractFramesParams(clips_dir=str(tmp_path / "clips"), output_dir=str(tmp_path / "frames"))
    frames = extract_frames(params, no_progress).frames

    assert [frame.time_in_source_s for frame in frames] == [float(second) for second in range(80)]
    files = sorted(path.relative_to(tmp_path / "frames" / "1") for path in (tmp_path / "frames" / "1").rglob("*.jpg"))
    assert files == sorted(Path(frame.clip_id) / frame.name for frame in frames)
    assert files[0] == Path("1_clip_000/1_clip_000_frame_0000.jpg")
    for file in files:
        assert cv2.imread(str(tmp_path / "frames" / "1" / file)).shape == (720, 1280, 3)


@pytest.mark.slow
def test_sample_has_its_length_and_moves(tmp_path: Path) -> None:
    write_sample(tmp_path / "sample.mp4", duration_s=2)
    info = probe(tmp_path / "sample.mp4")
    assert (info.width, info.height, info.rate, info.packet_count, info.findings) == (1280, 720, 25, 50, [])
    frames = [frame.astype(int) for frame in read_frames(tmp_path / "sample.mp4")[::12]]
    assert all(abs(a - b).mean() > 5 for a, b in pairwise(frames))
