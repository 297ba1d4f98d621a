"""``track`` of ultralytics as its users call it, to be scored beside our tracks."""

import json
import time
from pathlib import Path

import av

from benchmarks.bench_tracking import whole_torchvision
from benchmarks.scenes import Scene
from videoprep_nb.tracking.detectors.inference.weights import resolve_weights
from videoprep_nb.tracking.evaluation.mot_rows import MotRows, read_tracks
from videoprep_nb.tracking.tracks import Tracks
from videoprep_nb.tracking.ultralytics_env import offline_ultralytics

IMAGE_SIZE = 640


def track_with_ultralytics(scene: Scene, tracker: str, folder: Path) -> tuple[MotRows, float]:
    """Track the frames of a raw video with the defaults of ultralytics, unless the folder has its tracks.

    Args:
        scene: The scene.
        tracker: Name of a tracker of ultralytics.
        folder: Keeps the tracks.

    Returns:
        The tracks in source pixels, and the processor time they took in seconds, decoding included.
    """
    rows = folder / f"{scene.name}_{tracker}.txt"
    cost = rows.with_suffix(".json")
    if not cost.is_file():
        started_s = time.process_time()
        MotRows.from_tracks(_track(scene.video, tracker)).write(rows)
        cost.write_text(json.dumps(time.process_time() - started_s), encoding="utf-8")
    return read_tracks(rows), float(json.loads(cost.read_text(encoding="utf-8")))


def _track(video: Path, tracker: str) -> Tracks:
    frames: list[int] = []
    ids: list[int] = []
    boxes: list[list[float]] = []
    scores: list[float] = []
    with offline_ultralytics(), whole_torchvision(), av.open(str(video)) as container:
        from ultralytics import YOLO

        model = YOLO(resolve_weights("yolov8n").path)
        options = {"imgsz": IMAGE_SIZE, "classes": [0], "device": "cpu", "verbose": False}
        for index, frame in enumerate(container.decode(video=0)):
            image = frame.to_ndarray(format="bgr24")
            found = model.track(image, persist=True, tracker=f"{tracker}.yaml", **options)[0].boxes
            if found.id is None:
                continue
            frames += [index] * len(found)
            ids += found.id.int().tolist()
            boxes += found.xyxy.tolist()
            scores += found.conf.tolist()
    return Tracks.from_arrays(frames, ids, boxes, scores)
