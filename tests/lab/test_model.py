"""Opening a video for the tracker lab, and tracking it in several ways."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.lab_scene import FRAME_COUNT, UNSURE_SCORE, open_scene, write_scene
from videoprep_nb.core.errors import InputError, ParameterError
from videoprep_nb.core.layout import clip_id
from videoprep_nb.jobs.settings import read_settings
from videoprep_nb.lab.model import ExploreTrackerParams, open_video
from videoprep_nb.lab.settings import LabSettings
from videoprep_nb.media.sample import write_sample
from videoprep_nb.stages.track_persons.params import TrackPersonsParams


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    return open_scene(tmp_path_factory.mktemp("scene"))


def quiet(done, total, unit):
    """Progress that nobody watches."""


def test_settings_change_the_tracks(scene):
    settings = scene.settings.changed(["tracker:sort", "max_gap_s:1"])
    every = scene.trial(settings)
    assert set(every.tracks.frame_index.tolist()) == set(range(FRAME_COUNT))
    sure = scene.trial(settings.changed([f"confidence:{UNSURE_SCORE + 0.1}"]))
    assert (every.quality.track_count, sure.quality.track_count) == (4, 3)


@pytest.mark.parametrize("sampling", ["frame_stride:4", "sampled_fps:2.5"])
def test_stride_is_tried_without_detecting_again(scene, sampling):
    settings = scene.settings.changed(["tracker:sort", sampling, "max_gap_s:1"])
    tracks = scene.trial(settings).tracks
    seen = set(tracks.frame_index[~tracks.interpolated].tolist())
    assert seen == {*range(0, FRAME_COUNT, 4), FRAME_COUNT - 1}
    assert set(tracks.frame_index.tolist()) == set(range(FRAME_COUNT))


def test_stride_must_fit_the_detections(scene):
    coarse = replace(scene, stage=scene.stage.model_copy(update={"frame_stride": 2}))
    with pytest.raises(ParameterError, match="expected a multiple"):
        coarse.trial(scene.settings.changed(["frame_stride:3"]))


def test_video_is_prepared_once(tmp_path):
    params = write_scene(tmp_path)
    open_video(params, quiet)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "explore").rglob("*.*")}
    open_video(params, quiet)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "explore").rglob("*.*")} == before


def test_another_video_of_the_same_name_is_another_video(tmp_path):
    params = write_scene(tmp_path)
    open_video(params, quiet)
    with Path(params.source).open("ab") as video:
        video.write(b"\0" * 8)
    open_video(params, quiet)
    assert len(list((tmp_path / "explore").iterdir())) == 2


def as_job(folder, scene, **params):
    """The folder of a job that kept its scratch files."""
    (folder / "scratch").mkdir(parents=True)
    video_folder = scene.clips_folder.parents[1]
    for name in ("clips", "detections"):
        (video_folder / name).rename(folder / "scratch" / name)
    (folder / "job.json").write_text(json.dumps({"params": {"track_persons": params}}), encoding="utf-8")


def test_job_is_opened_with_its_own_settings(tmp_path):
    as_job(tmp_path / "job", open_scene(tmp_path), confidence=0.7, tracker="sort")
    job = open_video(ExploreTrackerParams(source=str(tmp_path / "job")), quiet)
    assert (job.settings.confidence, job.settings.tracker) == (0.7, "sort")
    assert job.trial(job.settings).quality.track_count == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [({"source": "nowhere.mp4"}, "nowhere.mp4 does not exist"), ({"source": "."}, "holds no clips of video 1")],
    ids=["no file", "no job"],
)
def test_what_is_not_there_is_reported(tmp_path, monkeypatch, change, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=words):
        open_video(ExploreTrackerParams(**change), quiet)


def test_job_is_not_detected_in_another_way(tmp_path):
    as_job(tmp_path / "job", open_scene(tmp_path))
    with pytest.raises(ParameterError, match="detected already"):
        open_video(ExploreTrackerParams(source=str(tmp_path / "job"), detection=["image_size:960"]), quiet)


def test_job_without_detections_is_reported(tmp_path):
    as_job(tmp_path / "job", open_scene(tmp_path))
    (tmp_path / "job" / "scratch" / "detections" / "1" / f"{clip_id('1', 0)}.npz").unlink()
    with pytest.raises(InputError, match="run 04_track_persons"):
        open_video(ExploreTrackerParams(source=str(tmp_path / "job")), quiet)


@pytest.mark.parametrize(
    ("texts", "words"),
    [(["confidence"], "name:value"), (["confidense:0.4"], "did you mean confidence"), (["confidence:2"], "got '2'")],
    ids=["no value", "misspelt", "out of range"],
)
def test_wrong_changes_are_reported(texts, words):
    with pytest.raises(ParameterError, match=words):
        LabSettings().changed(texts)


def test_old_names_are_accepted_with_a_warning():
    with pytest.warns(FutureWarning, match="level_scores was renamed to normalize_scores"):
        assert LabSettings().changed(["level_scores:false"]) == LabSettings(normalize_scores=False)


def test_exported_settings_are_what_a_job_takes(tmp_path):
    settings = LabSettings().changed(["tracker:sort", "tracker_options:match_iou:0.4", "frame_stride:2"])
    video = open_scene(tmp_path)
    video = replace(video, stage=video.stage.model_copy(update={"image_size": 960, "detector": "yolo"}))
    video.write(settings, tmp_path / "settings.yaml")
    params = read_settings(tmp_path / "settings.yaml", [])
    given = params.given("track_persons")
    assert given.pop("image_size") == 960
    assert given.pop("detections_file")
    assert given == settings.model_dump()
    assert params.of("track_persons").tracker_options == ["match_iou:0.4"]


def test_defaults_of_the_lab_are_those_of_the_stage():
    stage = TrackPersonsParams()
    assert LabSettings().model_dump() == stage.model_dump(include=set(LabSettings.model_fields))


TRACK_AGAIN = """
import json, sys
from videoprep_nb.stages.track_persons.params import TrackPersonsParams
from videoprep_nb.stages.track_persons.stage import track_persons
result = track_persons(TrackPersonsParams.checked(json.loads(sys.argv[1])), lambda *progress: None)
print(json.dumps([result.cached_clip_count, list(sys.modules)]))
"""


@pytest.mark.exhaustive
@pytest.mark.slow
def test_another_tracker_does_not_load_the_detector(tmp_path):
    """Stage 4 for the second time, with other trackers, each in a process of its own."""
    write_sample(tmp_path / "sample.mp4", duration_s=2)
    video = open_video(ExploreTrackerParams(source=str(tmp_path / "sample.mp4"), work_dir=str(tmp_path)), quiet)
    networks = {f"videoprep_nb.tracking.detectors.inference.{name}_network" for name in ("openvino", "torch")}
    # the trackers of ultralytics bring torch with them, though they do not use it
    for tracker, unwanted in (("sort", {"torch", "ultralytics"}), ("bytetrack", set())):
        values = video.stage.model_dump() | {"output_dir": str(tmp_path / "tracks"), "tracker": tracker}
        command = [sys.executable, "-c", TRACK_AGAIN, json.dumps(values)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        cached_clip_count, modules = json.loads(done.stdout)
        assert cached_clip_count == len(video.clips)
        assert not ({"openvino"} | networks | unwanted) & set(modules), tracker
