"""Many settings in the background, and settings under names."""

import threading
from typing import Any

import pytest

from tests.support.lab_scene import UNSURE_SCORE, open_scene
from videoprep_nb.core.errors import InputError, ParameterError
from videoprep_nb.lab.figures import Figures
from videoprep_nb.lab.named_settings import NAMED_SETTINGS_NAME, NamedSettings
from videoprep_nb.lab.settings import LabSettings
from videoprep_nb.lab.sweep import Sweep, read_grid


def test_grid_is_every_combination_also_of_tracker_options():
    base = LabSettings().changed(["tracker:sort", "tracker_options:min_hits:2", "tracker_options:match_iou:0.4"])
    found = [one.settings for one in read_grid("match_iou: 0.2, 0.3\nmax_gap_s: 1 2", base)]
    assert [(one.tracker_options, one.max_gap_s) for one in found] == [
        (["min_hits:2", f"match_iou:{iou}"], gap_s) for iou in ("0.2", "0.3") for gap_s in (1, 2)
    ]


def test_options_of_another_tracker_are_left_out():
    base = LabSettings().changed(["tracker:sort", "tracker_options:min_hits:2"])
    assert [one.settings.tracker_options for one in read_grid("tracker: sort bytetrack", base)] == [["min_hits:2"], []]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "got no line"),
        ("confidence", "a name and its values"),
        ("confidence: 0.1 7", "got '7'"),
        ("confidence: 0.1 0.2 0.3\nmax_gap_s: " + " ".join(map(str, range(60))) + "\nmin_length_s: 0 1 2 3", "720"),
    ],
    ids=["nothing", "no values", "out of range", "too many"],
)
def test_wrong_grids_are_reported(text, words):
    with pytest.raises(ParameterError, match=words):
        read_grid(text, LabSettings())


@pytest.mark.exhaustive
def test_sweep_in_the_background_gives_the_figures_of_each_and_can_be_cancelled(tmp_path):
    video = open_scene(tmp_path)
    base = video.settings.changed(["tracker:sort"])
    settings = [base, base.changed([f"confidence:{UNSURE_SCORE + 0.1}"])]
    results: dict[int, Any] = {}
    end: list[str] = []
    ended = threading.Event()

    def note_end(words):
        end.append(words)
        ended.set()

    sweep = Sweep(video)
    sweep.start(settings, results.__setitem__, note_end)
    assert ended.wait(60)
    for index, one in enumerate(settings):
        expected = Figures.of(video.trial(one)).values
        expected.pop("time"), results[index].values.pop("time")
        assert results[index].values == pytest.approx(expected)
    assert end == ["All 2 settings are measured."]

    ended.clear()
    first = threading.Event()
    sweep.start([base] * 400, lambda index, result: first.set(), note_end)
    assert first.wait(60)
    sweep.cancel()
    assert ended.wait(60)
    assert not sweep.is_running
    assert "Cancelled after" in end[-1]


def test_named_settings_are_read_again(tmp_path):
    settings = LabSettings().changed(["tracker:sort", "confidence:0.4"])
    NamedSettings(tmp_path).save(" night, IR ", settings)
    again = NamedSettings(tmp_path)
    assert again.names == ["night, IR"]
    assert again["night, IR"] == settings


@pytest.mark.parametrize("name", ["", "a/b", "x" * 61])
def test_odd_names_are_refused(tmp_path, name):
    with pytest.raises(ParameterError, match="expected 1 to 60 letters"):
        NamedSettings(tmp_path).save(name, LabSettings())


@pytest.mark.parametrize("text", ["- a", "night: {confidense: 1}", "night: &x {confidence: 7}", "a: !!python/x y"])
def test_wrong_files_of_names_are_reported(tmp_path, text):
    (tmp_path / NAMED_SETTINGS_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="is not understood"):
        NamedSettings(tmp_path)
