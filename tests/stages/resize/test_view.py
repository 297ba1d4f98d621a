import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.synthetic import write_video
from videoprep_nb.stages.resize import view
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize
from videoprep_nb.viz.style import MUTED

RED = (200, 30, 30)


def sheet(folder: Path, **params) -> np.ndarray:
    """The contact sheet of a square red video."""
    source = write_video(folder / "a.mp4", [np.full((180, 180, 3), RED, np.uint8)] * 10, Fraction(10))
    result = resize(ResizeParams(input_file=str(source), output_dir=str(folder), **params), lambda *_: None)
    return np.asarray(Image.open(io.BytesIO(view.before_and_after(result, folder).data)).convert("RGB"), int)


def share_of(colour: tuple[int, int, int], part: np.ndarray) -> float:
    return float((np.abs(part - colour).max(axis=2) < 30).mean())


@pytest.mark.parametrize(
    ("params", "before_is_hatched", "after_is_hatched"),
    [({}, False, True), ({"fit": "crop"}, True, False), ({"fit": "stretch"}, False, False)],
    ids=["letterbox", "crop", "stretch"],
)
def test_hatched_is_what_the_other_image_does_not_have(tmp_path, params, before_is_hatched, after_is_hatched):
    image = sheet(tmp_path, **params)
    before, after = image[38:372, :594], image[38:372, 606:]
    for part, is_hatched in ((before, before_is_hatched), (after, after_is_hatched)):
        assert share_of(RED, part[140:190, 280:320]) == 1
        assert (share_of(MUTED, part) > 0.02) is is_hatched


def test_source_may_be_gone(tmp_path):
    source = write_video(tmp_path / "a.mp4", [np.full((180, 180, 3), RED, np.uint8)] * 10, Fraction(10))
    result = resize(ResizeParams(input_file=str(source), output_dir=str(tmp_path)), lambda *_: None)
    source.unlink()
    assert view.before_and_after(result, tmp_path).data


def test_source_of_variable_rate(tmp_path):
    times_s = [Fraction(i * i, 12) for i in range(8)]
    source = write_video(tmp_path / "a.mp4", [np.full((180, 180, 3), RED, np.uint8)] * 8, Fraction(10), times_s=times_s)
    result = resize(ResizeParams(input_file=str(source), output_dir=str(tmp_path)), lambda *_: None)
    image = np.asarray(Image.open(io.BytesIO(view.before_and_after(result, tmp_path).data)).convert("RGB"), int)
    for row in range(3):
        assert share_of(RED, image[38 + row * 364 :][140:190, 280:320]) == 1
