"""regions.yaml: what people write is checked before hours of work rely on it."""

import numpy as np
import pytest

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.privacy.polygons import read_regions

TEXT = """
all:
- polygon: [[0, 0], [0.1, 0], [0.1, 0.1]]
cam1.avi:
- {polygon: [[128, 72], [640, 72], [640, 360], [128, 360]], unit: px}
2:
- polygon: [[0.5, 0.5], [1, 0.5], [1, 1]]
"""


def test_regions_of_a_video_are_its_own_and_those_of_all() -> None:
    regions = read_regions(TEXT)
    assert [len(regions.of_video(*video)) for video in (("1", "cam1.avi"), ("2", "cam2.avi"), ("3", ""))] == [2, 2, 1]


def test_pixels_are_those_of_the_standard_frame() -> None:
    own = read_regions(TEXT).of_video("1", "cam1.avi")[1]
    expected = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]]
    assert np.allclose(own.shares(1280, 720), expected)


def test_pixels_beyond_the_frame_are_refused() -> None:
    own = read_regions(TEXT).of_video("1", "cam1.avi")[1]
    with pytest.raises(ParameterError, match="beyond the frame of 100 x 50 pixels"):
        own.shares(100, 50)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("[1", "not YAML", id="no-yaml"),
        pytest.param("- 1", "expected videos", id="a-list"),
        pytest.param("1: 7", "video '1'", id="no-list"),
        pytest.param("1: [{polygon: [[0, 0], [1, 1]]}]", "polygon 1", id="two-corners"),
        pytest.param("1: [{polygon: [[0, 0], [1, 1], [0.5, 0.5]]}]", "enclose an area", id="a-line"),
        pytest.param("1: [{polygon: [[0, 0], [10, 0], [10, 10]]}]", "unit: px", id="pixels-without-unit"),
        pytest.param("1: [{polygon: [[0, 0], [-1, 0], [1, 1]]}]", "polygon 1", id="negative"),
        pytest.param("1: [{polygon: [[0, 0], [.nan, 0], [1, 1]]}]", "polygon 1", id="no-number"),
        pytest.param("1: [{polygon: [[0, 0], [1, 0.9], [1, 0], [0, 1]]}]", "do not cross", id="crossing"),
        pytest.param("1: [{polygon: [[0, 0], [1, 0], [1, 1]], colour: red}]", "polygon 1", id="unknown-key"),
        pytest.param(f"1: [{{polygon: {[[0.5, 0.5]] * 101}}}]", "at most 100", id="many-corners"),
        pytest.param(f"1: {[{'polygon': [[0, 0], [1, 0], [1, 1]]}] * 101}", "at most 100 polygons", id="many-polygons"),
    ],
)
def test_one_sentence_says_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(ParameterError, match=r"^regions: ") as caught:
        read_regions(text)
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 400


def test_nothing_is_no_region() -> None:
    assert read_regions("").of_video("1", "cam1.avi") == []
