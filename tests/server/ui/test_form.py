"""The form of a new job follows the params models."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from videoprep_nb.exports.registry import EXPORTERS
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.jobs.presets import presets
from videoprep_nb.media.suffixes import VIDEO_SUFFIXES
from videoprep_nb.server.ui import texts
from videoprep_nb.server.ui.form import FormField, form_fields
from videoprep_nb.server.ui.templates import render
from videoprep_nb.stages.registry import STAGES

FIELDS = [field for _, fields in form_fields() for field in fields]


class FormReader(HTMLParser):
    """The elements of a form that have a name or an id, as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.by_name: dict[str, dict[str, str | None]] = {}
        self.ids: list[str] = []
        self.labelled: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.labelled |= {found["for"] or ""} if "for" in found else set()
        if "name" in found:
            self.by_name[found["name"] or ""] = found


@pytest.fixture(scope="module")
def form() -> FormReader:
    reader = FormReader()
    values = {"stages": form_fields(), "presets": presets(), "suffixes": VIDEO_SUFFIXES}
    reader.feed(render("new_job.html", **values, time_ranges="resize.time_ranges"))
    return reader


def field_of(full_name: str) -> FormField:
    return next(field for field in FIELDS if field.full_name == full_name)


def test_no_parameter_that_a_job_sets_itself_is_asked():
    assert not [field for field in FIELDS if field.name in STAGES[field.stage].job_parameters]


def test_no_file_of_the_server_can_be_named():
    asked = {field.name for field in FIELDS}
    assert not asked & {"weights", "detector_options", "detections_file", "input_file", "output_dir"}


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.full_name)
def test_inputs_have_label_help_and_default(field: FormField, form: FormReader):
    assert field.label[0].isupper()
    assert "_" not in field.label
    assert field.help == STAGES[field.stage].params.model_fields[field.name].description
    element = form.by_name[field.full_name]
    assert element["id"] in form.labelled or field.kind == "choices"
    assert f"{field.full_name}.label" in form.ids
    assert set((element["aria-describedby"] or "").split()) <= set(form.ids)
    if field.kind in ("number", "text", "list"):
        assert element["value"] == str(field.default)
    if field.kind == "boolean":
        assert ("checked" in element) == field.default


def test_formats_are_offered_with_their_titles():
    offered = field_of("package.exports").offered
    assert offered == {name: exporter.title for name, exporter in EXPORTERS.items()}
    in_package = field_of("package.add_to_package").offered
    assert in_package.keys() == {name for name, exporter in EXPORTERS.items() if exporter.entry}


def test_params_models_say_what_is_plain():
    plain = {field.full_name for field in FIELDS if field.is_plain}
    assert plain == {
        "clip.clip_duration_s",
        "extract_frames.frames_per_second",
        "extract_frames.jpeg_quality",
        "anonymize.hide",
        "select.mode",
        "package.exports",
    }


def test_example_of_a_text_of_several_lines_is_accepted(form: FormReader):
    example = field_of("package.labels").example
    assert form.by_name["package.labels"]["placeholder"] == example
    assert JobParams({"package": {"labels": example}}).of("package").labels == example


def test_every_id_is_there_once(form: FormReader):
    assert len(form.ids) == len(set(form.ids))


@pytest.mark.parametrize(
    ("name", "kind", "limits", "is_required"),
    [
        ("resize.width", "number", {"min": 16, "max": 7680, "step": 2}, True),
        ("clip.clip_duration_s", "number", {"min": 0.5, "max": 3600, "step": "any"}, True),
        ("clip.overlap_s", "number", {"min": 0, "max": None, "step": "any"}, True),
        ("clip.end_s", "number", {"min": 0, "max": None, "step": "any"}, False),
        ("track_persons.frame_stride", "number", {"min": 1, "max": 100, "step": 1}, True),
        ("track_persons.sampled_fps", "number", {"min": 0.1, "max": 240, "step": "any"}, True),
        ("track_persons.tracker_options", "list", {}, False),
        ("resize.frame_rate", "text", {}, False),
        ("resize.upscale", "boolean", {}, False),
        ("resize.fit", "choice", {}, False),
        ("package.exports", "choices", {}, False),
        ("package.labels", "lines", {}, False),
        ("package.export_options", "list", {}, False),
    ],
)
def test_ranges_are_those_of_the_model(
    name: str, kind: str, limits: dict[str, object], is_required: bool, form: FormReader
):
    field, element = field_of(name), form.by_name[name]
    assert (field.kind, field.limits if kind == "number" else {}) == (kind, limits)
    assert {limit: element.get(limit) for limit in limits} == {
        limit: None if value is None else str(value) for limit, value in limits.items()
    }
    assert ("required" in element) == is_required


@pytest.mark.parametrize("name", presets())
def test_presets_have_words_and_set_what_the_form_asks(name: str):
    assert texts.PRESETS[name]
    for stage in presets()[name].root:
        assert all(field_of(f"{stage}.{parameter}") for parameter in presets()[name].given(stage))


def test_every_stage_and_state_has_words():
    assert texts.STATES.keys() == set(State)


def test_words_of_the_page_are_in_one_place():
    folder = Path(texts.__file__).parent / "templates"
    for template in folder.glob("*.html"):
        shown = re.sub(r"{[{%#].*?[}%#]}|<style>.*?</style>", " ", template.read_text(), flags=re.DOTALL)
        words = re.findall(r"[A-Za-z]{3,}", re.sub(r"<[^>]*>", " ", shown))
        assert words in ([], ["UTC"]), template.name
