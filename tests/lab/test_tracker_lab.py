"""The controls of the tracker lab, moved as a browser would: by setting their values."""

import multiprocessing
import threading
import time
from dataclasses import replace
from pathlib import Path

import ipywidgets
import pytest
from pydantic import BaseModel, Field

from tests.support.lab_scene import UNSURE_SCORE, open_scene, write_scene
from videoprep_nb.jobs.settings import read_settings
from videoprep_nb.lab import TrackerLab
from videoprep_nb.lab.controls import control_for
from videoprep_nb.lab.named_settings import NamedSettings
from videoprep_nb.lab.settings import LabSettings
from videoprep_nb.lab.settings_panel import SettingsPanel
from videoprep_nb.tracking.corrections import read_corrections
from videoprep_nb.tracking.trackers import TRACKERS


def widgets_in(view):
    """A view and everything in it."""
    yield view
    for child in getattr(view, "children", ()):
        yield from widgets_in(child)


def named(view, description, side=0):
    """The control with a description; of the two panels the left one has number 0."""
    return [widget for widget in widgets_in(view) if getattr(widget, "description", None) == description][side]


def wait_for(condition, timeout_s=60.0):
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def hurry(folder: Path) -> None:
    """Move sliders and choose tracks in two threads, as the kernel does; decord would end a process."""
    video = open_scene(folder)
    trial = video.trial(video.settings.changed(["tracker:sort"]))
    lab = TrackerLab(video, trial, trial, folder / "out.yaml")
    named(lab.view, "zoom").value = 2.0  # each frame is read anew
    (tabs,) = (widget for widget in widgets_in(lab.view) if isinstance(widget, ipywidgets.Tab))
    tabs.selected_index = tabs.titles.index("Tracks")
    rows = next(w for w in widgets_in(tabs.children[tabs.selected_index]) if isinstance(w, ipywidgets.Select))
    frame = named(lab.view, "frame")

    def move() -> None:
        for number in range(80):
            frame.value = number % frame.max

    mover = threading.Thread(target=move)
    mover.start()
    while mover.is_alive():
        for index in range(len(rows.options)):
            rows.index = index
    mover.join()


@pytest.mark.exhaustive
def test_events_in_two_threads_are_handled_one_after_the_other(tmp_path):
    process = multiprocessing.get_context("spawn").Process(target=hurry, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == 0


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
    panel = SettingsPanel(settings, lambda: None)
    assert panel.settings == settings
    descriptions = [getattr(widget, "description", None) for widget in widgets_in(panel.view)]
    assert set(descriptions) > set(TRACKERS[name].options_type.model_fields)
    assert set(descriptions) > set(LabSettings.model_fields) - {"tracker_options"}


def test_values_as_a_browser_adds_them_up_are_rounded():
    panel = SettingsPanel(LabSettings().changed(["tracker:sort"]), lambda: None)
    named(panel.view, "match_iou").value = 0.30000000000000004
    named(panel.view, "confidence").value = 0.20000000000000001
    assert panel.settings.tracker_options == []
    assert panel.settings.confidence == 0.2


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """The video and its two trials."""
    folder = tmp_path_factory.mktemp("scene")
    params, video = write_scene(folder), open_scene(folder)
    return video, *(video.trial(video.settings.changed(changes)) for changes in (params.left, params.right))


@pytest.fixture
def lab(scene, tmp_path):
    video, left, right = scene
    return TrackerLab(replace(video, work_dir=tmp_path, folder=tmp_path), left, right, tmp_path / "settings.yaml").view


LEFT, RIGHT, LEFT_BARS, RIGHT_BARS, STRIP = range(5)


def images_of(lab):
    return [widget.value for widget in widgets_in(lab) if isinstance(widget, ipywidgets.Image)]


def open_tab(lab, name):
    tabs = next(widget for widget in widgets_in(lab) if isinstance(widget, ipywidgets.Tab))
    tabs.selected_index = list(tabs.titles).index(name)
    return tabs.children[tabs.selected_index]


def rows_of(tab):
    """The list of a table, and its lines."""
    table = next(widget for widget in widgets_in(tab) if isinstance(widget, ipywidgets.Select))
    return table, [line for line, _ in table.options]


def texts_of(lab):
    return " ".join(widget.value for widget in widgets_in(lab) if isinstance(widget, ipywidgets.HTML))


def test_frame_slider_changes_all_images(lab):
    before = images_of(lab)
    named(lab, "frame").value = 20
    after = images_of(lab)
    assert all(after[image] != before[image] for image in (LEFT, RIGHT, LEFT_BARS, RIGHT_BARS))
    assert after[STRIP] == before[STRIP] == b""


def test_every_setting_changes_the_time_lines_at_once(lab):
    before = images_of(lab)[LEFT_BARS]
    named(lab, "confidence").value = UNSURE_SCORE + 0.1
    assert images_of(lab)[LEFT_BARS] != before
    named(lab, "tracker", side=1).value = "bytetrack"
    before = images_of(lab)[RIGHT_BARS]
    named(lab, "track_high_thresh").value = 0.99
    assert images_of(lab)[RIGHT_BARS] != before


def test_zoom_and_layers_change_the_frames_of_both_sides(lab):
    for control, value in (("zoom", 3.0), ("detections", True), ("truth", True)):
        before = images_of(lab)
        named(lab, control).value = value
        after = images_of(lab)
        assert after[LEFT] != before[LEFT], control
        assert after[RIGHT] != before[RIGHT], control


def test_choosing_a_track_shows_the_person_until_the_tracks_are_others(lab):
    table, _ = rows_of(open_tab(lab, "Tracks"))
    table.index = 0
    strip = [widget for widget in widgets_in(lab) if isinstance(widget, ipywidgets.Image)][STRIP]
    assert bytes(strip.value).startswith(b"\xff\xd8")
    assert strip.layout.display != "none"
    named(lab, "confidence", side=1).value = 0.8
    assert strip.layout.display != "none"
    named(lab, "confidence", side=0).value = 0.8
    assert strip.layout.display == "none"


def test_tracks_are_sorted_by_a_click_on_a_heading(lab):
    tab = open_tab(lab, "Tracks")
    seconds = [float(line.split()[2]) for line in rows_of(tab)[1]]
    named(tab, "secs").click()
    assert [float(line.split()[2]) for line in rows_of(tab)[1]] == sorted(seconds)
    named(tab, "secs▲").click()
    assert [float(line.split()[2]) for line in rows_of(tab)[1]] == sorted(seconds, reverse=True)


@pytest.mark.parametrize(
    ("kind", "words", "frame"),
    [
        ("differences", "left: 4 is on this side only", 5),
        ("hints left", "gap: ", 14),
        ("errors right", "missed: person 4", 5),
    ],
)
def test_choosing_a_place_goes_there(lab, kind, words, frame):
    tab = open_tab(lab, "Places")
    named(lab, "go to").value = kind
    table, lines = rows_of(tab)
    table.index = next(i for i, line in enumerate(lines) if words in line)
    assert named(lab, "frame").value == frame


def test_figures_against_ground_truth_follow_the_settings(lab):
    assert "HOTA" in texts_of(lab)
    before = texts_of(lab)
    named(lab, "confidence", side=0).value = UNSURE_SCORE + 0.1
    assert texts_of(lab) != before


def test_sweep_measures_a_grid_and_a_click_loads_one(lab):
    tab = open_tab(lab, "Sweep")
    grid = next(widget for widget in widgets_in(tab) if isinstance(widget, ipywidgets.Textarea))
    next(w for w in widgets_in(tab) if "add a parameter" in str(getattr(w, "options", ""))).value = "confidence"
    assert grid.value.startswith("confidence: ")
    grid.value = f"confidence: 0.3 {UNSURE_SCORE + 0.1}\nmax_gap_s: 0 1"
    named(tab, "run sweep").click()
    wait_for(lambda: not named(tab, "run sweep").disabled)
    table, lines = rows_of(tab)
    assert len(lines) == 4
    assert bytes(next(w for w in widgets_in(tab) if isinstance(w, ipywidgets.Image)).value).startswith(b"\x89PNG")
    table.index = 1
    assert (named(lab, "confidence", side=1).value, named(lab, "max_gap_s", side=1).value) == (0.3, 1)


def test_wrong_grid_is_reported(lab):
    tab = open_tab(lab, "Sweep")
    grid = next(widget for widget in widgets_in(tab) if isinstance(widget, ipywidgets.Textarea))
    grid.value = "confidense: 1 2"
    named(tab, "run sweep").click()
    assert "did you mean confidence" in texts_of(tab)


def test_named_settings_are_kept_and_shown_again(lab, tmp_path):
    tab = open_tab(lab, "Named")
    named(lab, "confidence", side=0).value = 0.3
    next(widget for widget in widgets_in(tab) if isinstance(widget, ipywidgets.Text)).value = "low"
    named(tab, "save left").click()
    table, lines = rows_of(tab)
    assert [line.strip() for line in lines] == ["low"]
    table.index = 0
    named(tab, "show right").click()
    assert named(lab, "confidence", side=1).value == 0.3
    assert NamedSettings(tmp_path)["low"].confidence == 0.3
    named(tab, "delete").click()
    assert NamedSettings(tmp_path).names == []


def corrections_of(folder):
    lines = read_corrections((folder / "corrections.yaml").read_text(encoding="utf-8")).of_video("video.mp4", "")
    return [line.describe() for line in lines]


def test_tracks_are_corrected_by_hand_and_a_line_is_undone(lab, tmp_path):
    table, _ = rows_of(open_tab(lab, "Tracks"))
    table.index = 0  # track 1
    named(lab, "frame").value = 20
    named(lab, "split at this frame").click()
    assert corrections_of(tmp_path) == ["split 1 at 2 s"]
    table, lines = rows_of(open_tab(lab, "Tracks"))
    assert [line.split()[0] for line in lines] == ["1", "2", "3", "4", "5"]
    table.index = 4
    tab = open_tab(lab, "Correct")
    named(tab, "delete track").click()
    assert corrections_of(tmp_path) == ["split 1 at 2 s", "delete 1@2"]
    rows_of(tab)[0].index = 1
    named(tab, "remove line").click()
    assert corrections_of(tmp_path) == ["split 1 at 2 s"]

    rows_of(open_tab(lab, "Tracks"))[0].index = 4
    other = next(w for w in widgets_in(tab) if isinstance(w, ipywidgets.Dropdown))
    other.index = 1  # the earlier piece is nearest
    assert other.value == 1
    named(tab, "merge with").click()
    assert corrections_of(tmp_path)[1] == "merge 1@2, 1"
    assert len(rows_of(open_tab(lab, "Tracks"))[1]) == 4
    settings = read_settings(tmp_path / "corrected_params.yaml", [])
    assert settings.of("track_persons").tracker == "sort"


def test_corrections_are_read_again_and_left_out_for_other_settings(lab, scene, tmp_path):
    rows_of(open_tab(lab, "Tracks"))[0].index = 0
    named(lab, "delete track").click()
    video, left, right = scene
    again = TrackerLab(replace(video, folder=tmp_path, work_dir=tmp_path), left, right, tmp_path / "x.yaml").view
    assert len(rows_of(open_tab(again, "Tracks"))[1]) == 3
    named(again, "max_gap_s").value = 0.0
    assert len(rows_of(open_tab(again, "Tracks"))[1]) == 4
    rows_of(open_tab(again, "Tracks"))[0].index = 1
    named(again, "delete track").click()
    assert "remove them first" in texts_of(again)


def test_a_part_of_a_video_is_not_corrected(scene, tmp_path):
    video, left, right = scene
    lab = TrackerLab(replace(video, is_whole=False, folder=tmp_path), left, right, tmp_path / "x.yaml").view
    rows_of(open_tab(lab, "Tracks"))[0].index = 0
    named(lab, "delete track").click()
    assert "clip_count" in texts_of(lab)
    assert not (tmp_path / "corrections.yaml").exists()


def test_export_writes_what_the_controls_show(lab, tmp_path):
    named(lab, "confidence", side=0).value = 0.3
    named(lab, "confidence", side=1).value = 0.4
    named(lab, "export right").click()
    named(lab, "export left").click()
    for side, confidence in (("left", 0.3), ("right", 0.4)):
        settings = read_settings(tmp_path / f"settings_{side}.yaml", [])
        assert settings.of("track_persons").confidence == confidence


def test_settings_that_do_not_fit_the_video_are_reported_in_the_lab(scene, tmp_path):
    video, _, _ = scene
    stage = video.stage.model_copy(update={"frame_stride": 2})
    settings = video.settings.changed(["tracker:sort"])
    trial = video.trial(settings)
    coarse = replace(video, stage=stage)
    lab = TrackerLab(coarse, trial, trial, tmp_path / "settings.yaml").view
    named(lab, "frame_stride").value = 3
    assert any("expected a multiple" in str(getattr(widget, "value", "")) for widget in widgets_in(lab))
