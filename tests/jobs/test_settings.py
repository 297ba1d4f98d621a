"""Parameters as people write them."""

from pathlib import Path

import pytest

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.jobs.settings import read_settings
from videoprep_nb.stages.registry import STAGES


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        pytest.param("clip.clip_duration_s=10", {"clip": {"clip_duration_s": 10.0}}, id="number"),
        pytest.param("resize.frame_rate=25", {"resize": {"frame_rate": "25"}}, id="number for a text"),
        pytest.param("resize.upscale=false", {"resize": {"upscale": False}}, id="truth value"),
        pytest.param(
            "track_persons.estimate_camera_motion=off",
            {"track_persons": {"estimate_camera_motion": "off"}},
            id="word of YAML",
        ),
        pytest.param("clip.end_s=null", {"clip": {"end_s": None}}, id="none"),
        pytest.param(
            "track_persons.tracker_options=max_age_s:2, match_iou:0.3",
            {"track_persons": {"tracker_options": ["max_age_s:2", "match_iou:0.3"]}},
            id="list with commas",
        ),
    ],
)
def test_assignment_is_read(assignment: str, expected: dict):
    assert read_settings(None, [assignment]).model_dump() == expected


@pytest.mark.parametrize(
    ("assignment", "field", "hint"),
    [
        pytest.param("clip_duration_s=10", "clip_duration_s=10", "stage.param=value", id="no stage"),
        pytest.param("clip.clip_duration_s", "clip.clip_duration_s", "stage.param=value", id="no value"),
        pytest.param("clips.clip_duration_s=1", "stage", "clip", id="misspelt stage"),
        pytest.param("clip.clip_duration=1", "clip.clip_duration", "clip_duration_s", id="misspelt parameter"),
        pytest.param("clip.clip_duration_s=-1", "clip.clip_duration_s", "-1", id="out of range"),
        pytest.param("clip.remainder=throw", "clip.remainder", "keep", id="no such choice"),
        pytest.param("resize.frame_rate=fast", "resize.frame_rate", "30000/1001", id="no rate"),
        pytest.param("resize.timeout_s=.inf", "resize.timeout_s", "finite", id="endless"),
        pytest.param("resize.width=2026-13-45", "resize.width", "2026-13-45", id="no date"),
        pytest.param("track_persons.tracker=motoin", "track_persons.tracker", "motion", id="misspelt tracker"),
        pytest.param("track_persons.tracker_options=a:1", "track_persons.tracker_options", "match_iou", id="no option"),
        pytest.param("track_persons.detector=precomputed", "track_persons.detections_file", "file", id="no detections"),
        pytest.param("track_persons.detections_file=no.txt", "track_persons.detections_file", "no.txt", id="no file"),
        pytest.param(
            "track_persons.frames_per_second=2", "track_persons.frames_per_second", "job sets this", id="follows"
        ),
        pytest.param("resize.output_dir=/tmp", "resize.output_dir", "job sets this itself", id="owned by the job"),
    ],
)
def test_wrong_assignment_names_the_field_and_what_is_expected(assignment: str, field: str, hint: str):
    with pytest.raises(ParameterError) as caught:
        read_settings(None, [assignment])
    assert caught.value.field == field
    assert hint in caught.value.reason


def test_assignment_wins_over_file(tmp_path: Path):
    file = tmp_path / "params.yaml"
    file.write_text("clip:\n  clip_duration_s: 5\n  overlap_s: 1\nresize:\n  frame_rate: 12.5\n")
    assert read_settings(file, ["clip.clip_duration_s=7"]).model_dump() == {
        "clip": {"clip_duration_s": 7.0, "overlap_s": 1.0},
        "resize": {"frame_rate": "12.5"},
    }


def test_old_names_are_accepted_with_a_warning(tmp_path: Path):
    file = tmp_path / "params.yaml"
    file.write_text("track_persons:\n  level_scores: false\n  camera_motion: sparse_flow\n")
    with pytest.warns(FutureWarning, match="until version"):
        settings = read_settings(file, ["track_persons.both_directions=false", "track_persons.second_look=true"])
    assert settings.model_dump() == {
        "track_persons": {
            "normalize_scores": False,
            "estimate_camera_motion": "sparse_flow",
            "bidirectional": False,
        }
    }


def test_an_old_name_and_the_new_one_are_refused(tmp_path: Path):
    assignments = ["track_persons.level_scores=false", "track_persons.normalize_scores=true"]
    with pytest.raises(ParameterError, match="level_scores: was renamed to normalize_scores, and both are given"):
        read_settings(None, assignments)


def test_list_grows_with_each_assignment():
    options = [f"track_persons.tracker_options={text}" for text in ("max_age_s:2", "min_hits:1", "match_iou:0.2")]
    read = read_settings(None, ["track_persons.tracker=sort", *options, "clip.overlap_s=1", "clip.overlap_s=2"])
    assert read.of("track_persons").tracker_options == ["max_age_s:2", "min_hits:1", "match_iou:0.2"]
    assert read.of("clip").overlap_s == 2


def test_file_may_be_half_filled_in(tmp_path: Path):
    file = tmp_path / "params.yaml"
    file.write_text("clip:\n  # clip_duration_s: 10\ntrack_persons:\n  estimate_camera_motion: off\n  smooth: false\n")
    assert read_settings(file, []).model_dump() == {"track_persons": {"estimate_camera_motion": "off", "smooth": False}}


def test_files_are_named_from_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "det.txt").touch()
    monkeypatch.chdir(tmp_path)
    settings = read_settings(
        None, ["track_persons.detector=precomputed", "track_persons.detections_file=det.txt", "track_persons.weights=a"]
    )
    assert settings.of("track_persons").detections_file == str(tmp_path / "det.txt")
    assert settings.of("track_persons").weights == "a"


@pytest.mark.parametrize("name", ["mine", "mine.pt", "./mine", "a_openvino_model", "a"])
def test_weights_are_named_from_where_one_stands(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "mine.pt").touch()
    (tmp_path / "a_openvino_model").mkdir()
    monkeypatch.chdir(tmp_path)
    weights = Path(read_settings(None, [f"track_persons.weights={name}"]).of("track_persons").weights)
    assert weights.is_absolute()
    assert weights.name == ("mine.pt" if "mine" in name else "a_openvino_model")


@pytest.mark.parametrize(
    "content",
    ["[1, 2]", "clip: 3", "clip: {a: ", "\x00", "1: {a: 2}", "clip: {1: 2}"],
    ids=["list", "flat", "broken", "nul", "number for a stage", "number for a name"],
)
def test_unusable_file_is_refused(tmp_path: Path, content: str):
    file = tmp_path / "params.yaml"
    file.write_text(content)
    with pytest.raises(ParameterError):
        read_settings(file, [])


def test_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(ParameterError):
        read_settings(tmp_path / "absent.yaml", [])


def test_folders_belong_to_the_job():
    assert STAGES["track_persons"].job_parameters == {
        *("clips_dir", "output_dir", "detections_dir", "video_id", "part", "first_clip", "clip_count"),
        "preview_dir",
        "original_name",
        "frames_per_second",
    }
