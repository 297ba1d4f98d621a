"""Planning and cutting clips."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.synthetic import write_counter_video
from videoprep_nb.core.errors import InputError, ParameterError
from videoprep_nb.media.clips import plan_clips
from videoprep_nb.stages.clip.params import ClipParams
from videoprep_nb.stages.clip.stage import clip

NTSC = "30000/1001"


@pytest.mark.parametrize(
    ("frame_count", "rate", "options", "expected"),
    [
        (795, "10", {}, [(0, 150), (150, 300), (300, 450), (450, 600), (600, 750), (750, 795)]),
        (300, "10", {}, [(0, 150), (150, 300)]),
        (299, "10", {}, [(0, 150), (150, 299)]),
        (301, "10", {}, [(0, 150), (150, 300), (300, 301)]),
        (57, "6", {}, [(0, 57)]),
        (1, "25", {}, [(0, 1)]),
        (1000, NTSC, {}, [(0, 450), (450, 900), (900, 1000)]),
        (400, NTSC, {"duration_s": "5"}, [(0, 150), (150, 300), (300, 400)]),
        (100, NTSC, {"duration_s": "1"}, [(0, 30), (30, 60), (60, 90), (90, 100)]),
        (400, "10", {"remainder": "drop"}, [(0, 150), (150, 300)]),
        (400, "10", {"remainder": "merge"}, [(0, 150), (150, 400)]),
        (100, "10", {"remainder": "merge"}, [(0, 100)]),
        (300, "10", {"remainder": "merge"}, [(0, 150), (150, 300)]),
        (300, "10", {"overlap_s": "5"}, [(0, 150), (100, 250), (200, 300)]),
        (250, "10", {"overlap_s": "5"}, [(0, 150), (100, 250)]),
        (300, "10", {"overlap_s": "5", "remainder": "drop"}, [(0, 150), (100, 250)]),
        (300, "10", {"overlap_s": "5", "remainder": "merge"}, [(0, 150), (100, 300)]),
        (400, "10", {"start_s": "5", "end_s": "25"}, [(50, 200), (200, 250)]),
        (400, "10", {"start_s": "0.55", "end_s": "3"}, [(6, 30)]),
        (400, "10", {"end_s": "1000"}, [(0, 150), (150, 300), (300, 400)]),
    ],
)
def test_plan(frame_count: int, rate: str, options: dict[str, str], expected: list[tuple[int, int]]) -> None:
    values = {name: value if name == "remainder" else Fraction(value) for name, value in options.items()}
    spans = plan_clips(frame_count, Fraction(rate), **{"duration_s": Fraction(15), **values})
    assert [(span.start, span.stop) for span in spans] == expected


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"overlap_s": "15"}, "overlap_s"),
        ({"overlap_s": "20"}, "overlap_s"),
        ({"overlap_s": "14.95"}, "overlap_s"),
        ({"start_s": "30"}, "start_s"),
        ({"start_s": "5", "end_s": "5"}, "start_s"),
        ({"start_s": "5", "end_s": "4"}, "start_s"),
        ({"duration_s": "60", "remainder": "drop"}, "remainder"),
    ],
)
def test_plan_that_makes_no_sense_is_refused(options: dict[str, str], field: str) -> None:
    values = {name: value if name == "remainder" else Fraction(value) for name, value in options.items()}
    with pytest.raises(ParameterError) as caught:
        plan_clips(300, Fraction(10), **{"duration_s": Fraction(15), **values})
    assert caught.value.field == field


def test_raw_video_is_sent_to_the_first_stage(shared_data: Path, tmp_path: Path) -> None:
    params = ClipParams(input_file=str(shared_data / "videos" / "pets09_s2l1.avi"), output_dir=str(tmp_path))
    with pytest.raises(InputError, match="01_resize"):
        clip(params, lambda done, total, unit: None)
    assert list(tmp_path.iterdir()) == []


def test_irregular_video_is_sent_to_the_first_stage(tmp_path: Path) -> None:
    times_s = [Fraction(index, 25) + (index > 10) for index in range(20)]
    source = write_counter_video(tmp_path / "source.mp4", 20, Fraction(25), times_s)
    with pytest.raises(InputError, match="01_resize"):
        clip(ClipParams(input_file=str(source), output_dir=str(tmp_path / "out")), lambda done, total, unit: None)
