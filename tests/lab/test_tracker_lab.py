"""The controls of the tracker lab, moved as a browser would: by setting their values."""

from dataclasses import replace

import ipywidgets
import pytest
from pydantic import BaseModel, Field

from tests.support.lab_scene import UNSURE_SCORE, open_scene, write_scene
from videoprep_nb.jobs.settings import read_settings
from videoprep_nb.lab import TrackerLab
from videoprep_nb.lab.controls import control_for
from videoprep_nb.lab.model import LabSettings
from videoprep_nb.lab.settings_panel import SettingsPanel
from videoprep_nb.tracking.trackers import TRACKERS


def widgets_in(view):
    """A view and everything in it."""
    yield view
    for child in getattr(view, "children", ()):
        yield from widgets_in(child)


def named(view, description, side=0):
    """The control with a description; of the two panels the left one has number 0."""
    return [widget for widget in widgets_in(view) if getattr(widget, "description", None) == description][side]


class Example(BaseModel):
    share: float = Field(0.5, ge=0.1, lt=1, description="help")
    wait_s: float = Field(1.0, ge=0, le=60)
    count: int = Field(3, ge=1, le=8)
    on: bool = Field(True)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("share", 0.1, 0.999), ("wait_s", 0.0, 5.0), ("count", 1, 8)],
    ids=["open end", "far end", "whole numbers"],
)
def test_sliders_keep_to_the_range_of_the_field(name, low, high):
    slider = control_for(name, Example.model_fields[name], getattr(Example(), name))
    assert slider.min == pytest.approx(low)
    assert slider.max == pytest.approx(high, rel=0.02)
    assert slider.max <= high + 1e-9


def test_value_beyond_the_usual_widens_the_slider():
    assert control_for("wait_s", Example.model_fields["wait_s"], 30.0).max == 30


def test_help_is_that_of_the_field():
    assert control_for("share", Example.model_fields["share"], 0.5).tooltip == "help"
    assert isinstance(control_for("on", Example.model_fields["on"], True), ipywidgets.Checkbox)


@pytest.mark.parametrize("name", TRACKERS)
def test_panel_shows_and_gives_back_the_settings_of_every_tracker(name):
    settings = LabSettings().changed([f"tracker:{name}"])
    panel = SettingsPanel("x", settings, lambda: None)
    assert panel.settings == settings
    descriptions = [getattr(widget, "description", None) for widget in widgets_in(panel.view)]
    assert set(descriptions) > set(TRACKERS[name].options_type.model_fields)
    assert set(descriptions) > set(LabSettings.model_fields) - {"tracker_options"}


def test_values_as_a_browser_adds_them_up_are_rounded():
    panel = SettingsPanel("x", LabSettings().changed(["tracker:sort"]), lambda: None)
    named(panel.view, "match_iou").value = 0.30000000000000004
    named(panel.view, "confidence").value = 0.20000000000000001
    assert panel.settings.tracker_options == []
    assert panel.settings.confidence == 0.2


@pytest.fixture
def lab(tmp_path):
    params = write_scene(tmp_path)
    video = open_scene(tmp_path)
    left, right = (video.trial(video.settings.changed(changes)) for changes in (params.left, params.right))
    return TrackerLab(video, left, right, tmp_path / "settings.yaml").view


def images_of(lab):
    return [widget.value for widget in widgets_in(lab) if isinstance(widget, ipywidgets.Image)]


def test_frame_slider_changes_both_images(lab):
    before = images_of(lab)
    named(lab, "frame").value = 20
    image, bars, strip = images_of(lab)
    assert image != before[0]
    assert bars != before[1]
    assert strip == before[2] == b""


def test_every_setting_changes_the_time_lines_at_once(lab):
    before = images_of(lab)[1]
    named(lab, "confidence").value = UNSURE_SCORE + 0.1
    after = images_of(lab)[1]
    assert after != before
    named(lab, "tracker", side=1).value = "bytetrack"
    named(lab, "track_high_thresh", side=0).value = 0.99
    assert images_of(lab)[1] != after


def test_choosing_a_track_shows_the_person_until_the_tracks_are_others(lab):
    menu = named(lab, "track")
    menu.value = (0, 1)
    strip = [widget for widget in widgets_in(lab) if isinstance(widget, ipywidgets.Image)][2]
    assert bytes(strip.value).startswith(b"\xff\xd8")
    assert strip.layout.display != "none"
    named(lab, "confidence", side=1).value = 0.8
    assert menu.value == (0, 1)
    named(lab, "confidence", side=0).value = 0.8
    assert menu.value != (0, 1)


def test_choosing_a_difference_goes_there(lab):
    menu = named(lab, "go to")
    assert "differences" in menu.label
    menu.index = 1
    assert named(lab, "frame").value == 5


def test_export_writes_what_the_controls_show(lab, tmp_path):
    named(lab, "confidence", side=0).value = 0.3
    named(lab, "confidence", side=1).value = 0.4
    named(lab, "export right").click()
    named(lab, "export left").click()
    for side, confidence in (("left", 0.3), ("right", 0.4)):
        settings = read_settings(tmp_path / f"settings_{side}.yaml", [])
        assert settings.of("track_persons").confidence == confidence


def test_settings_that_do_not_fit_the_video_are_reported_in_the_lab(tmp_path):
    video = open_scene(tmp_path)
    stage = video.stage.model_copy(update={"frame_stride": 2})
    settings = video.settings.changed(["tracker:sort"])
    trial = video.trial(settings)
    coarse = replace(video, stage=stage)
    lab = TrackerLab(coarse, trial, trial, tmp_path / "settings.yaml").view
    named(lab, "frame_stride").value = 3
    assert any("expected a multiple" in str(getattr(widget, "value", "")) for widget in widgets_in(lab))
