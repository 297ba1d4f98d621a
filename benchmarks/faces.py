"""How many faces another detector finds before and after: ``python -m benchmarks.faces`` renews the table in the guide.

Material: the photographs of the package ultralytics and the frames of ``mot17_images`` in the shared data, both in the
standard frame of 1280 x 720, and frames of the built-in sample video. Persons are detected and tracked as a job does it
by default; the other detector is libfacedetection, see ``benchmarks.other_faces``.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.guides import replace_table
from benchmarks.other_faces import other_faces
from benchmarks.scenes import DATA
from videoprep_nb.media.photographs import PHOTOGRAPH_NAMES, photograph_path
from videoprep_nb.media.random_frames import RandomFrames
from videoprep_nb.media.sample import write_sample
from videoprep_nb.privacy.cover import How, cover
from videoprep_nb.privacy.face_detector import FaceDetector
from videoprep_nb.privacy.follow import FollowOptions, follow_faces
from videoprep_nb.privacy.plan import CoverPlan
from videoprep_nb.privacy.regions import Regions
from videoprep_nb.tracking.associate import associate
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.detectors import Detector, RgbFrame, create_detector
from videoprep_nb.tracking.params import TrackingParams
from videoprep_nb.tracking.trackers import create_tracker
from videoprep_nb.tracking.tracks import Tracks

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "privacy.md"
COMMAND = "python -m benchmarks.faces"
WIDTH, HEIGHT = 1280, 720
SURE_SCORE = 0.8
"""Score of the other detector that OpenCV's example takes; from 0.5 on, it takes some other things for faces."""
_SAMPLE_STRIDE = 10
_MIN_FACE_SCORE = 0.2


@dataclass(frozen=True)
class Material:
    """Frames, ``(720, 1280, 3)`` uint8 RGB, of one video, and how many of it there are per second."""

    name: str
    frames: Sequence[RgbFrame]
    rate: float


@dataclass(frozen=True)
class Detected:
    """What both detectors found in the frames of a material, and who is tracked in them.

    Args:
        material: The material.
        faces: Faces by ours.
        tracks: The persons.
        others: Faces by the other one, ``(N, 4)`` and ``(N,)`` scores for each frame.
        detection_s: Processor time of our detector per frame.
    """

    material: Material
    faces: Detections
    tracks: Tracks
    others: Detections
    detection_s: float


def main() -> None:
    """Measure, print, and write the table into the guide."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    table = markdown()
    print(table)
    replace_table(GUIDE, COMMAND, table)


def markdown() -> str:
    """The table of the guide, a row per material and choice of heads."""
    head = (
        "material",
        "heads",
        "found before",
        *(f"after {how}" for how in get_args(How)),
        "hidden area",
        "of it no face",
        "detection",
        "cover",
    )
    rows = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for material in materials():
        detected = detect(material)
        for heads in get_args(FollowOptions.model_fields["heads"].annotation):
            rows.append(
                f"| {material.name} | `{heads}` | {' | '.join(figures(detected, FollowOptions(heads=heads)))} |"
            )
    return "\n".join(rows) + "\n"


def materials() -> Iterator[Material]:
    """All material there is; without shared data, less."""
    photographs = [_read(photograph_path(name)) for name in PHOTOGRAPH_NAMES]
    for name, photograph in zip(PHOTOGRAPH_NAMES, photographs, strict=True):
        yield Material(name, [photograph], 1.0)
    for folder in sorted((DATA / "mot17_images").glob("*")):
        images = [_read(path) for path in sorted((folder / "img1").glob("*.jpg"))]
        yield Material(f"{folder.name.removesuffix('-FRCNN')}, {len(images)} frames", images, 30.0)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "sample.mp4"
        write_sample(path)
        video = RandomFrames(path)
        frames = [video.at(index) for index in range(0, 500, _SAMPLE_STRIDE)]
        yield Material(f"sample video, {len(frames)} frames", frames, 25 / _SAMPLE_STRIDE)


def detect(material: Material) -> Detected:
    """Find faces and persons."""
    face_detector = FaceDetector()
    _found(face_detector, material.frames[:1])  # compiles the network
    started_s = time.process_time()
    faces = _found(face_detector, material.frames)
    detection_s = (time.process_time() - started_s) / len(material.frames)
    params = TrackingParams()
    persons = _found(create_detector("yolo", ["device:cpu"]), material.frames).above(params.confidence)
    tracks = associate(create_tracker(params.tracker, material.rate), persons).tracks()
    found = [other_faces(frame) for frame in material.frames]
    others = Detections.from_frames(np.arange(len(found)), found)
    return Detected(material, faces, tracks, others, detection_s)


def figures(detected: Detected, options: FollowOptions) -> list[str]:
    """The cells of a row."""
    material = detected.material
    plan = CoverPlan.of_tables([follow_faces(detected.faces, detected.tracks, material.rate, options)], WIDTH, HEIGHT)
    after, cover_s = [], []
    for how in get_args(How):
        started_s = time.process_time()
        covered = [cover(frame, plan.in_frame(index), how) for index, frame in enumerate(material.frames)]
        cover_s.append((time.process_time() - started_s) / len(covered))
        scores = np.concatenate([other_faces(frame).scores for frame in covered])
        after.append(_counts(scores))
    hidden, empty = np.mean([_areas(plan, detected, index) for index in range(len(material.frames))], axis=0)
    return [
        _counts(detected.others.scores),
        *after,
        f"{hidden:.2%}",
        f"{empty:.2%}",
        f"{1000 * detected.detection_s:.0f} ms",
        f"{1000 * max(cover_s):.1f} ms",
    ]


def _counts(scores: npt.NDArray[np.float32]) -> str:
    """All faces, and those that the other detector is sure of."""
    return f"{len(scores)} ({(scores >= SURE_SCORE).sum()})"


def _areas(plan: CoverPlan, detected: Detected, index: int) -> tuple[float, float]:
    """Shares of a frame that are hidden, and that are hidden and no face by either detector."""
    ours = detected.faces.above(_MIN_FACE_SCORE).in_frame(index).boxes_xyxy
    both = np.vstack([ours, detected.others.in_frame(index).boxes_xyxy])
    margin = (both[:, 2:] - both[:, :2]) * 0.3
    faces = _mask(Regions.of_boxes(np.hstack([both[:, :2] - margin, both[:, 2:] + margin]), WIDTH, HEIGHT))
    hidden = _mask(plan.in_frame(index))
    return float(hidden.mean()), float((hidden & ~faces).mean())


def _mask(regions: Regions) -> npt.NDArray[np.bool_]:
    white = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    mask: npt.NDArray[np.bool_] = cover(white, regions, "box")[:, :, 0] == 0
    return mask


def _found(detector: Detector, frames: Sequence[RgbFrame]) -> Detections:
    indices = list(range(len(frames)))
    return Detections.from_frames(np.array(indices), detector.detect(frames, indices, WIDTH, HEIGHT))


def _read(path: Path) -> RgbFrame:
    """An image in the standard frame, black around."""
    image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    scale = min(WIDTH / image.shape[1], HEIGHT / image.shape[0])
    width, height = round(image.shape[1] * scale), round(image.shape[0] * scale)
    left, top = (WIDTH - width) // 2, (HEIGHT - height) // 2
    frame = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    frame[top : top + height, left : left + width] = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return frame


if __name__ == "__main__":
    main()
