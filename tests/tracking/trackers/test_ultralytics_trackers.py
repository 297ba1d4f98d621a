"""The trackers of ultralytics behind our interface do what they do when they are called directly."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.evaluation.evaluate import Tracking, evaluate_detections
from videoprep_nb.tracking.evaluation.score import combine
from videoprep_nb.tracking.params import TrackingParams
from videoprep_nb.tracking.trackers import TRACKERS, create_tracker
from videoprep_nb.tracking.trackers.ultralytics_trackers import library_settings
from videoprep_nb.tracking.ultralytics_env import offline_ultralytics

LIBRARY_CLASSES = {
    "bytetrack": "BYTETracker",
    "botsort": "BOTSORT",
    "ocsort": "OCSORT",
    "fasttrack": "FASTTracker",
    "tracktrack": "TRACKTRACK",
}


def crowd(frame_count: int = 120, person_count: int = 15) -> list[FrameDetections]:
    """Persons who walk criss-cross, cover each other and stay away for 40 frames in 100; detections of all scores."""
    rng = np.random.default_rng(7)
    places, steps = rng.uniform(0, 900, (person_count, 2)), rng.normal(0, 6, (person_count, 2))
    frames = []
    for index in range(frame_count):
        places, steps = places + steps, steps + rng.normal(0, 0.3, steps.shape)
        corners = places + rng.normal(0, 1.5, places.shape)
        boxes = np.hstack([corners, corners + np.array([70, 170])]).astype(np.float32)
        scores = rng.beta(3, 1, person_count).astype(np.float32)
        seen = (rng.random(person_count) > 0.1) & ((index + 8 * np.arange(person_count)) % 100 >= 40)
        frames.append(FrameDetections(boxes[seen], scores[seen]))
    return frames


def library_tracks(name: str, frames: list[FrameDetections], **changes: float | bool) -> list[np.ndarray]:
    """What the library gives with its own defaults but without camera motion: x1 y1 x2 y2 id score class row."""
    with offline_ultralytics():
        import ultralytics.trackers
        from ultralytics.engine.results import Boxes
        from ultralytics.utils import ROOT, YAML, IterableSimpleNamespace

        settings = YAML.load(ROOT / "cfg" / "trackers" / f"{name}.yaml") | {"gmc_method": "none"} | changes
        tracker = getattr(ultralytics.trackers, LIBRARY_CLASSES[name])(IterableSimpleNamespace(**settings))
    found = []
    for frame in frames:
        columns = [frame.boxes_xyxy, frame.scores, np.zeros(len(frame))]
        found.append(tracker.update(Boxes(np.column_stack(columns).astype(np.float32), (1080, 1920))).reshape(-1, 8))
    return found


def assert_same(name: str, frame_rate: float, options: list[str], expected: list[np.ndarray]) -> None:
    tracker = create_tracker(name, frame_rate, options)
    frames = crowd()
    for frame, theirs in zip(frames, expected, strict=True):
        ours = tracker.update(frame)
        assert ours.track_ids.tolist() == theirs[:, 4].tolist()
        assert np.array_equal(ours.boxes_xyxy, theirs[:, :4])
        assert frame.scores[ours.rows].tolist() == theirs[:, 5].tolist()


@pytest.mark.parametrize("name", LIBRARY_CLASSES)
def test_the_library_called_directly_gives_the_same(name: str) -> None:
    expected = library_tracks(name, crowd())
    assert max(frame[:, 4].max(initial=0) for frame in expected) > 15  # persons were lost and begun anew
    assert_same(name, 30, [], expected)


def test_options_reach_the_library() -> None:
    changes = {"track_high_thresh": 0.6, "new_track_thresh": 0.7, "track_buffer": 20, "fuse_score": False}
    options = ["track_high_thresh:0.6", "new_track_thresh:0.7", "track_buffer_s:2", "fuse_score:false"]
    assert_same("bytetrack", 10, options, library_tracks("bytetrack", crowd(), **changes))


@pytest.mark.parametrize(("frame_rate", "buffer", "delta"), [(1, 1, 1), (10, 10, 1), (30, 30, 3), (60, 60, 6)])
def test_times_are_at_least_one_frame(frame_rate: float, buffer: int, delta: int) -> None:
    settings = library_settings(TRACKERS["ocsort"].options_type(), frame_rate)
    assert (settings["track_buffer"], settings["delta_t"]) == (buffer, delta)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "hota", "mota", "idf1"),
    [
        ("bytetrack", ["track_high_thresh:0.6", "new_track_thresh:0.7", "match_thresh:0.9"], 71.1, 79.9, 82.7),
        pytest.param("ocsort", [], 69.0, 76.5, 79.0, marks=pytest.mark.exhaustive),
        pytest.param("tracktrack", [], 70.9, 79.3, 82.0, marks=pytest.mark.exhaustive),
    ],
    ids=["bytetrack-thresholds", "ocsort", "tracktrack"],
)
def test_the_reference_figures(
    shared_data: Path, name: str, options: list[str], hota: float, mota: float, idf1: float
) -> None:
    """The figures that others got with ultralytics alone on the second halves of MOT17-02, -04 and -09."""
    tracking = Tracking(TrackingParams(tracker=name, tracker_options=options, confidence=0.05), refine=False)
    folders = [shared_data / "mot17" / f"MOT17-{number}" for number in ("02", "04", "09")]
    scores = combine(
        [
            evaluate_detections(folder / "gt" / "gt.txt", folder / "det" / "yolox_x.txt", tracking, "val").result
            for folder in folders
        ]
    ).as_dict()
    assert [scores[figure] for figure in ("HOTA", "MOTA", "IDF1")] == pytest.approx([hota, mota, idf1], abs=0.051)


IN_A_NEW_PROCESS = """
import json, sys
from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.trackers import TRACKERS, create_tracker
for tracker in TRACKERS.values():
    tracker.options_type.model_json_schema()
heavy_when_listed = sorted({"torch", "cv2", "ultralytics"} & set(sys.modules))
for name in TRACKERS:
    create_tracker(name, 10.0).update(FrameDetections.empty())
print(json.dumps([heavy_when_listed, "ultralytics" in sys.modules, "torchvision" in sys.modules]))
"""


def test_what_is_imported_and_written(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path / "home"), "VIDEOPREP_CACHE_DIR": str(tmp_path / "cache"), "PATH": ""}
    (tmp_path / "home").mkdir()
    process = subprocess.run(
        [sys.executable, "-c", IN_A_NEW_PROCESS],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(process.stdout) == [[], True, False]
    assert list((tmp_path / "home").iterdir()) == []
