"""Parameters: defaults are valid, bad values are named, and the module stays light."""

import re
import subprocess
import sys
from typing import Any, ClassVar

import pytest
from papermill.translators import PythonTranslator
from pydantic import Field

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.params import Params
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


class Model(Params):
    renamed: ClassVar[dict[str, str]] = {"old_size": "size", "gone": ""}

    size: int = Field(1, description="the size")


class Derived(Model):
    renamed: ClassVar[dict[str, str]] = {"old_name": "name"}

    name: str = Field("", description="the name")


def test_an_old_name_is_accepted_with_a_warning() -> None:
    with pytest.warns(FutureWarning) as caught:
        assert Derived.checked({"old_size": 3, "old_name": "x"}) == Derived(size=3, name="x")
    assert sorted(str(warning.message) for warning in caught) == [
        "old_name was renamed to name; the old name is accepted until version 0.3",
        "old_size was renamed to size; the old name is accepted until version 0.3",
    ]


def test_a_removed_parameter_is_ignored_with_a_warning() -> None:
    with pytest.warns(FutureWarning, match="gone was removed and has no effect"):
        assert Model.checked({"gone": 7, "size": 2}) == Model(size=2)


@pytest.mark.parametrize("values", [{"old_size": 3, "size": 3}, {"size": 3, "old_size": 3}])
def test_the_old_and_the_new_name_together_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(ParameterError, match="old_size: was renamed to size, and both are given; give only size"):
        Model.checked(values)


def test_the_old_names_of_stage_4() -> None:
    old = {"level_scores": False, "both_directions": False, "follow_camera": False, "camera_motion": "sparse_flow"}
    with pytest.warns(FutureWarning):
        params = STAGES["track_persons"].params.checked(old | {"second_look": True})
    assert params.model_dump(exclude_defaults=True) == {
        "normalize_scores": False,
        "bidirectional": False,
        "compensate_drift": False,
        "estimate_camera_motion": "sparse_flow",
    }


CELL = "size: int = 1  # the size"
"""The parameters cell of a notebook."""


@pytest.mark.parametrize(
    ("injected", "expected"),
    [
        pytest.param({"size": 2}, 2, id="new name"),
        pytest.param({"old_size": 2}, 2, id="old name, which goes before the default of the cell"),
        pytest.param({"gone": 2}, 1, id="removed name"),
        pytest.param({}, 1, id="none"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*until version:FutureWarning")
def test_a_cell_that_papermill_injected(injected: dict[str, int], expected: int) -> None:
    assert Model.from_cell(kernel_after(CELL, injected)).size == expected


@pytest.mark.parametrize(
    ("injected", "reason"),
    [
        pytest.param({"sizes": 2}, "sizes: unknown parameter; did you mean size?", id="unknown"),
        pytest.param({"size": 2, "old_size": 2}, "old_size: was renamed to size", id="old and new name"),
    ],
)
def test_a_name_that_papermill_must_not_inject(injected: dict[str, int], reason: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(reason)):
        Model.from_cell(kernel_after(CELL, injected))


def test_a_notebook_of_an_earlier_version() -> None:
    namespace = kernel_after("old_size: int = 1\ngone: bool = False", {"size": 2})
    with pytest.warns(FutureWarning):
        assert Model.from_cell(namespace) == Model(size=2)


def kernel_after(cell: str, injected: dict[str, int]) -> dict[str, Any]:
    """The variables of a kernel that has run a parameters cell and the one that papermill puts after it."""
    after = PythonTranslator.codify(injected)
    namespace: dict[str, Any] = {"In": ["", cell, *([after] if injected else []), "params = from_cell(globals())"]}
    exec(cell + "\n" + after, namespace)
    return namespace


def test_a_cell_hands_over_its_parameters_only() -> None:
    namespace = {"frames_dir": "f", "output_file": "o.zip", "Path": object, "unrelated": 1}
    params = STAGES["package"].params.from_cell(namespace)
    assert params.model_dump() == {
        **STAGES["package"].params.checked({}).model_dump(),
        "frames_dir": "f",
        "output_file": "o.zip",
    }


def test_notebook_names() -> None:
    notebooks = [stage.notebook for stage in STAGES.values()]
    assert (notebooks[0], notebooks[-1]) == ("01_resize.ipynb", "06_package.ipynb")
    assert [name for name, stage in STAGES.items() if stage.key > "05" and stage.is_per_video] == []


def test_the_shared_modules_load_nothing_heavy() -> None:
    code = (
        "import sys, videoprep_nb.core.records; from videoprep_nb.stages.registry import STAGES; len(STAGES)\n"
        "import videoprep_nb.core.layout, videoprep_nb.core.errors\n"
        "heavy = {'torch', 'cv2', 'openvino', 'ultralytics', 'decord', 'av', 'matplotlib', 'numpy'}\n"
        "sys.exit(repr(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
