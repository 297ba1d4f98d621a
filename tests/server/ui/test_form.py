"""The form of a new job follows the params models."""

import re
from pathlib import Path

import gradio as gr
import pytest
import yaml

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.lab.model import LabSettings
from videoprep_nb.server.ui import texts
from videoprep_nb.server.ui.estimate import VideoFacts, estimate
from videoprep_nb.server.ui.form import build_component, form_fields, form_values, read_form, with_preset, with_yaml
from videoprep_nb.server.ui.presets import STANDARD, presets
from videoprep_nb.stages.registry import STAGES

FIELDS = form_fields()
HOUR = VideoFacts(duration_s=3600, rate=25)


def position(stage: str, name: str) -> int:
    return next(index for index, field in enumerate(FIELDS) if (field.stage, field.name) == (stage, name))


def filled(**values: object) -> list[object]:
    """The form with its defaults, but for ``stage__name=value``."""
    shown = form_values(FIELDS, JobParams({}))
    for key, value in values.items():
        shown[position(*key.split("__"))] = value
    return shown


def test_no_parameter_that_a_job_sets_itself_is_asked():
    assert not [field for field in FIELDS if field.name in STAGES[field.stage].job_parameters]


def test_no_file_of_the_server_can_be_named():
    asked = {field.name for field in FIELDS}
    assert not asked & {"weights", "detector_options", "detections_file", "input_file", "output_dir"}


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{field.stage}.{field.name}")
def test_inputs_have_label_help_and_default(field):
    with gr.Blocks():
        component = build_component(field)
    assert component.label[0].isupper()
    assert "_" not in component.label
    assert component.info == STAGES[field.stage].params.model_fields[field.name].description
    assert component.value == field.shown(field.info.get_default(call_default_factory=True))


def test_untouched_form_asks_for_nothing():
    assert read_form(FIELDS, filled()).model_dump() == {}


def test_changed_values_are_asked_for():
    values = filled(
        clip__clip_duration_s=10, track_persons__tracker_options="max_age_s:1, match_iou:0.2", resize__upscale=False
    )
    assert read_form(FIELDS, values).model_dump() == {
        "resize": {"upscale": False},
        "clip": {"clip_duration_s": 10.0},
        "track_persons": {"tracker_options": ["max_age_s:1", "match_iou:0.2"]},
    }


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("clip__clip_duration_s", -1, "Clips – Clip duration (seconds)"),
        ("clip__clip_duration_s", None, "Clips – Clip duration (seconds)"),
        ("resize__width", 1281, "Resize – Width"),
        ("resize__width", 1280.5, "Resize – Width"),
        ("track_persons__tracker", "abc", "People – Tracker"),
        ("resize__frame_rate", "fast", "Resize – Frame rate"),
    ],
    ids=["out of range", "empty", "odd", "no whole number", "no tracker", "no rate"],
)
def test_nonsense_is_refused_by_its_label(key: str, value: object, named: str):
    with pytest.raises(ParameterError) as caught:
        read_form(FIELDS, filled(**{key: value}))
    assert caught.value.field == named


@pytest.mark.parametrize("name", presets())
def test_presets_are_valid_and_reach_the_job(name: str):
    preset = presets()[name]
    assert read_form(FIELDS, form_values(FIELDS, preset)).model_dump() == preset.model_dump()
    assert texts.PRESETS[name]


def test_preset_leaves_what_no_preset_sets():
    draft = with_preset(FIELDS, filled(clip__clip_duration_s=7, clip__end_s=" 9 "), "fast draft")
    clip = {"clip": {"clip_duration_s": 7.0, "end_s": 9.0}}
    assert read_form(FIELDS, draft).model_dump() == presets()["fast draft"].model_dump() | clip
    assert read_form(FIELDS, with_preset(FIELDS, draft, STANDARD)).model_dump() == clip


def test_settings_of_the_lab_can_be_pasted(tmp_path: Path):
    lab = LabSettings().changed(["tracker:sort", "tracker_options:match_iou:0.4", "frame_stride:2"])
    text = yaml.safe_dump({"track_persons": lab.model_dump() | {"image_size": 960}})
    changed = with_yaml(FIELDS, filled(clip__clip_duration_s=7), text)
    assert read_form(FIELDS, changed).model_dump() == {
        "clip": {"clip_duration_s": 7.0},
        "track_persons": {
            "tracker": "sort", "tracker_options": ["match_iou:0.4"], "frame_stride": 2, "image_size": 960
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("track_persons: {trackr: sort}", "trackr"),
        ("track_persons: {tracker: nope}", "nope"),
        ("track_persons: {weights: /etc/passwd}", "cannot be set on the page"),
        ("resize: {input_file: /etc/passwd}", "leave it out"),
        ("clip: {clip_duration_s: -1}", "clip_duration_s"),
        ("just words", "expected a stage"),
        ("a: [", "cannot be read as YAML"),
        ("[" * 5000, "cannot be read as YAML"),
        ("&a [*a]", "expected a stage"),
    ],
)
def test_nonsense_cannot_be_pasted(text: str, words: str):
    with pytest.raises(ParameterError, match=words):
        with_yaml(FIELDS, filled(), text)


def test_presets_cost_what_their_names_promise():
    standard, draft, crowd = (
        estimate([HOUR], presets()[name]).time_s for name in (STANDARD, "fast draft", "crowded scene")
    )
    assert draft < 0.6 * standard
    assert crowd > 2 * standard


def test_estimate_grows_with_the_videos():
    one, two = estimate([HOUR], JobParams({})), estimate([HOUR, HOUR], JobParams({}))
    assert two.time_s == pytest.approx(2 * one.time_s)
    assert two.disk_bytes == pytest.approx(2 * one.disk_bytes)
    assert estimate([], JobParams({})).time_s == 0
    tiled = estimate([HOUR], JobParams({"track_persons": {"tiles": 2}}))
    assert tiled.time_s / one.time_s == pytest.approx(5, rel=0.2)


def test_every_stage_and_state_has_words():
    assert texts.STATES.keys() == set(State)


def test_words_of_the_page_are_in_one_place():
    folder = Path(texts.__file__).parent / "templates"
    for template in folder.glob("*.html"):
        shown = re.sub(r"{[{%#].*?[}%#]}|<style>.*?</style>", " ", template.read_text(), flags=re.DOTALL)
        words = re.findall(r"[A-Za-z]{3,}", re.sub(r"<[^>]*>", " ", shown))
        assert words in ([], ["UTC"]), template.name
