"""Decoded frames are given back at once, not when Python next collects garbage."""

import gc
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.support.synthetic import write_counter_video
from videoprep_nb.media.raw.decode import RawDecoder
from videoprep_nb.media.raw.survey import survey_file

FRAMES = 60


@pytest.fixture(autouse=True)
def _without_collections() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def frames_in_memory() -> int:
    return sum(type(thing) is av.VideoFrame for thing in gc.get_objects())


def test_frames_do_not_pile_up(tmp_path: Path) -> None:
    video = write_counter_video(tmp_path / "in.mp4", FRAMES, Fraction(25))
    before = frames_in_memory()
    survey = survey_file(video, video_stream=0, max_pause_s=10.0, key_frames=10)
    assert frames_in_memory() == before
    most = max(frames_in_memory() - before for _ in RawDecoder(video, survey, threads=1).frames())
    assert 1 <= most <= 3
