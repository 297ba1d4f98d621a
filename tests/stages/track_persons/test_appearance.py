"""Appearance through stage 4: real persons, cut out of a photograph, who are hidden for five seconds."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.support.clip_tables import write_table_of_one_clip
from tests.support.dressed_people import HEIGHT, RATE, SIDES, WIDTH, box_of, swapping
from tests.support.photographs import bus_photograph
from tests.support.synthetic import write_video
from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.stages.track_persons.params import TrackPersonsParams
from videoprep_nb.stages.track_persons.result import TrackResult
from videoprep_nb.stages.track_persons.stage import STAGE, track_persons
from videoprep_nb.tracking.appearance.colours import Colours
from videoprep_nb.tracking.detections import Detections

FRAME_COUNT = 170
PERSONS_XYXY = [(50, 400, 245, 903), (222, 408, 345, 857)]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One clip in which two persons go behind a wall, turn back there and come out after five seconds."""
    folder = tmp_path_factory.mktemp("wall") / "clips"
    (folder / "1").mkdir(parents=True)
    photograph, walks = bus_photograph(), swapping(gap_s=5)
    persons = [
        cv2.resize(photograph[y1:y2, x1:x2], SIDES, interpolation=cv2.INTER_AREA) for x1, y1, x2, y2 in PERSONS_XYXY
    ]

    # without any texture, the persons would be all that shows whether the camera moves
    coarse = np.random.default_rng(0).integers(90, 150, (HEIGHT // 16, WIDTH // 16, 3), np.uint8)
    wall = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)

    def frame(index: int) -> np.ndarray:
        image = wall.copy()
        for person, walk in zip(persons, walks, strict=True):
            if index in walk:
                x1, y1, x2, y2 = map(int, box_of(walk[index]))
                image[y1:y2, x1:x2] = person
        return image

    write_video(folder / "1" / "1_clip_000.mp4", map(frame, range(FRAME_COUNT)), Fraction(RATE))
    write_table_of_one_clip(folder / "1", "1_clip_000", FRAME_COUNT, RATE, (WIDTH, HEIGHT))
    return folder.parent


def run(folder: Path, **values: Any) -> TrackResult:
    places = {f"{name}_dir": str(folder / name) for name in ("clips", "detections")}
    params = places | {"output_dir": str(folder / "tracks"), "device": "cpu", "confidence": 0.3}
    return track_persons(TrackPersonsParams.checked(params | values), lambda done, total, unit: None)


@pytest.mark.exhaustive
def test_persons_keep_their_ids_behind_a_wall(clips: Path) -> None:
    tracks = run(clips, appearance="on").tracks
    assert tracks.track_count == 2
    for walk in swapping(gap_s=5):
        ids = set()
        for frame in (20, 40, 130, 150):
            rows = np.flatnonzero(tracks.frame_index == frame)
            iou = iou_matrix(np.array([box_of(walk[frame])]), tracks.boxes_xyxy[rows])[0]
            ids.add(int(tracks.track_id[rows][iou.argmax()]))
        assert len(ids) == 1
    assert run(clips, appearance="auto").track_count == 2
    assert run(clips, appearance="off").track_count == 4


@pytest.mark.exhaustive
def test_features_are_cached_beside_the_detections(clips: Path) -> None:
    file = clips / "detections" / "1" / "1_clip_000.npz"
    file.unlink(missing_ok=True)
    assert run(clips, appearance="off").cached_clip_count == 0
    plain = Detections.read(file)
    assert plain.features.shape == (len(plain), 0)
    assert run(clips, appearance="off").cached_clip_count == 1
    assert run(clips, appearance="on").cached_clip_count == 0, "these detections have no features"
    described = Detections.read(file)
    assert described.features.shape == (len(plain), Colours.size)
    assert described.features.dtype == np.float16
    assert described.content_xyxy.tolist() == [0, 0, WIDTH, HEIGHT]
    assert np.array_equal(described.boxes_xyxy, plain.boxes_xyxy)
    assert np.array_equal(described.scores, plain.scores)
    assert run(clips, appearance="auto").cached_clip_count == 1
    assert run(clips, appearance="off").cached_clip_count == 1


def test_files_of_older_versions_serve_without_appearance(clips: Path) -> None:
    run(clips, appearance="off")
    file = clips / "detections" / "1" / "1_clip_000.npz"
    with np.load(file) as arrays:
        old = {name: arrays[name] for name in ("sampled", "frame_index", "boxes_xyxy", "scores", "fingerprint")}
    np.savez(file, **old)
    assert run(clips, appearance="off").cached_clip_count == 1


def test_a_detector_that_reads_no_frames_describes_nobody(clips: Path) -> None:
    values = {"detector": "precomputed", "detections_file": "det.txt", "appearance": "on"}
    assert TrackPersonsParams.checked(values).create_describer() is None


def test_a_service_takes_reid_weights_from_its_folder_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accepts = STAGE.server_rules["reid_weights"].accepts
    (tmp_path / "osnet.onnx").touch()
    assert accepts("")
    assert not accepts("osnet.onnx")
    monkeypatch.setenv("VIDEOPREP_WEIGHTS_DIR", str(tmp_path))
    assert accepts("osnet.onnx")
    for name in ("other.onnx", "../osnet.onnx", str(tmp_path / "osnet.onnx"), "osnet"):
        assert not accepts(name)
