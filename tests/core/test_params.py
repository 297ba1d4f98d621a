"""Parameters: defaults are valid, bad values are named, and the module stays light."""

import subprocess
import sys
from typing import Any

import pytest

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.stages.registry import STAGES


@pytest.mark.parametrize("stage", STAGES)
def test_defaults_are_valid_and_explained(stage: str) -> None:
    model = STAGES[stage].params
    assert model.checked(model.checked({}).model_dump()) == model.checked({})
    assert all(field.description and "=" not in field.description for field in model.model_fields.values())


@pytest.mark.parametrize(
    ("stage", "name", "value"),
    [
        ("resize", "width", 0),
        ("resize", "width", 1281),
        ("resize", "height", "tall"),
        ("resize", "fit", "zoom"),
        ("resize", "frame_rate", "fast"),
        ("resize", "video_id", "../1"),
        ("resize", "crf", 99),
        ("clip", "clip_duration_s", 0),
        ("clip", "overlap_s", -1),
        ("clip", "remainder", "burn"),
        ("extract_frames", "frames_per_second", 0),
        ("extract_frames", "jpeg_quality", 101),
        ("track_persons", "confidence", 1.5),
        ("track_persons", "image_size", 641),
        ("track_persons", "frame_stride", 0),
        ("generate_proposals", "video_ids", 7),
    ],
)
def test_bad_values_are_named(stage: str, name: str, value: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        STAGES[stage].params.checked({name: value})
    assert caught.value.field == name
    assert repr(value) in caught.value.reason


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"clip_duration_s": 10, "overlap_s": 10}, "overlap_s"),
        ({"overlap_s": 15}, "overlap_s"),
        ({"start_s": 9, "end_s": 9}, "end_s"),
    ],
)
def test_times_that_do_not_fit_together_are_refused_before_any_work(values: dict[str, float], named: str) -> None:
    with pytest.raises(ParameterError) as caught:
        STAGES["clip"].params.checked(values)
    assert caught.value.field == named


def test_a_misspelt_name_gets_a_suggestion() -> None:
    with pytest.raises(ParameterError, match="clip_duration_s"):
        STAGES["clip"].params.checked({"clip_duration": 10})


def test_a_cell_hands_over_its_parameters_only() -> None:
    namespace = {"frames_dir": "f", "output_file": "o.zip", "Path": object, "unrelated": 1}
    params = STAGES["package"].params.from_cell(namespace)
    assert params.model_dump() == {
        **STAGES["package"].params.checked({}).model_dump(),
        "frames_dir": "f",
        "output_file": "o.zip",
    }


def test_notebook_names() -> None:
    assert [STAGES[stage].notebook for stage in STAGES][::5] == ["01_resize.ipynb", "06_package.ipynb"]
    assert [stage.is_per_video for stage in STAGES.values()] == [True] * 4 + [False] * 2


def test_the_shared_modules_load_nothing_heavy() -> None:
    code = (
        "import sys, videoprep_nb.core.records; from videoprep_nb.stages.registry import STAGES; len(STAGES)\n"
        "import videoprep_nb.core.layout, videoprep_nb.core.errors\n"
        "heavy = {'torch', 'cv2', 'openvino', 'ultralytics', 'decord', 'av', 'matplotlib', 'numpy'}\n"
        "sys.exit(repr(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
