"""How good and how fast each setting of the detector is: ``python -m benchmarks.detector_table`` renews the guide.

Prints the table and the figures as JSON. Images are brought to the standard size of 1280 x 720 first, as stage 1
does. The speed is that of the detector with frames in memory. Each setting is measured between two runs of the default,
many times over, since other work may share the machine; what counts is the median of the ratios.
"""

import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from benchmarks.guides import replace_table
from videoprep_nb.tracking.detector_options import YoloOptions
from videoprep_nb.tracking.detectors.base import RgbFrame
from videoprep_nb.tracking.detectors.precomputed import PrecomputedDetector
from videoprep_nb.tracking.detectors.yolo import YoloDetector
from videoprep_nb.tracking.evaluation.detection_score import DetectionScore, LabelledBoxes
from videoprep_nb.tracking.evaluation.labelled_frames import read_truth, to_standard

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
GUIDE = ROOT / "docs" / "detectors.md"
SIZE = (1280, 720)
PETS_STEP = 40  # frames from one that is sampled to the next
PETS_SURE = 0.5  # least score of a public detection that counts as a person; below it, as perhaps one
SPEED_FRAMES, SPEED_ROUNDS = 12, 7

DEFAULT: dict[str, Any] = {}
SETTINGS: list[dict[str, Any]] = [
    DEFAULT,
    {"precision": "float32"},
    {"precision": "int8"},
    {"image_size": 960},
    {"image_size": 1280},
    {"tiles": 2},
    {"tiles": 3},
    {"image_size": 960, "tiles": 2},
]


@dataclass(frozen=True)
class LabelledFrame:
    """A frame, ``(720, 1280, 3)`` RGB, and the persons in it."""

    frame: RgbFrame
    labels: LabelledBoxes


def main() -> None:
    """Measure, print, and write the table into the guide."""
    mot17, pets = mot17_images(), pets_images()
    detectors = [YoloDetector(YoloOptions(device="cpu", **setting)) for setting in SETTINGS]
    rows: list[dict[str, Any]] = []
    for setting, detector in zip(SETTINGS, detectors, strict=True):
        sys.stderr.write(f"{detector.description} …\n")
        rows.append({"setting": setting, "mot17": score(detector, mot17), "pets": score(detector, pets)})
    frames = [image.frame for image in pets][:SPEED_FRAMES]
    for row, (fps, ratio) in zip(rows, speeds(detectors, frames), strict=True):
        row |= {"fps": fps, "speed": ratio}
    table = markdown(rows, [detector.description for detector in detectors])
    print(table)
    print(json.dumps(rows, indent=1))
    replace_table(GUIDE, "python -m benchmarks.detector_table", table)


def mot17_images() -> list[LabelledFrame]:
    """The frames of MOT17; distractors and persons who are marked as not considered do not count."""
    images = []
    for folder in sorted((DATA / "mot17_images").iterdir()):
        truth = read_truth(folder / "gt" / "gt.txt")
        for number, path in enumerate(sorted((folder / "img1").glob("*.jpg")), start=1):
            labels = truth(path.name, number)
            assert labels is not None
            images.append(standard(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), labels))
    return images


def pets_images() -> list[LabelledFrame]:
    """Frames of PETS09-S2L1 with its public detections, for which there is no ground truth."""
    public = PrecomputedDetector.from_file(DATA / "mot15" / "PETS09-S2L1" / "det" / "det.txt")
    images = []
    with av.open(str(DATA / "videos" / "pets09_s2l1.avi")) as video:
        for index, frame in islice(enumerate(video.decode(video=0)), 0, None, PETS_STEP):
            found = public.detect([], [index], frame.width, frame.height)[0]
            labels = LabelledBoxes.from_detections(found, PETS_SURE)
            images.append(standard(frame.to_ndarray(format="rgb24"), labels))
    return images


def standard(image: RgbFrame, labels: LabelledBoxes) -> LabelledFrame:
    """Frame and boxes in the standard size, black bars around."""
    frame, transform = to_standard(image, SIZE)
    return LabelledFrame(
        frame, LabelledBoxes(transform.to_standard(labels.boxes_xyxy).astype(np.float64), labels.counts)
    )


def score(detector: YoloDetector, images: Sequence[LabelledFrame]) -> dict[str, float]:
    """Recall, precision and average precision of a detector."""
    total = DetectionScore()
    found = detector.detect([image.frame for image in images], range(len(images)), *SIZE)
    for one, image in zip(found, images, strict=True):
        total.add(one, image.labels)
    return {name: round(value, 3) for name, value in asdict(total.figures()).items()}


def speeds(detectors: Sequence[YoloDetector], frames: Sequence[RgbFrame]) -> list[tuple[float, float]]:
    """Frames per second of each detector, and the ratio to the first one; medians of the rounds."""
    scaled = [[cv2.resize(frame, detector.input_size(*SIZE)) for frame in frames] for detector in detectors]
    measured: list[list[tuple[float, float]]] = [[] for _ in detectors]
    for _ in range(SPEED_ROUNDS):
        before = fps(detectors[0], scaled[0])
        for detector, images, values in zip(detectors, scaled, measured, strict=True):
            own = fps(detector, images)
            after = fps(detectors[0], scaled[0])
            values.append((own, 2 * own / (before + after)))
            before = after
    return [
        (round(statistics.median(own for own, _ in values), 1), round(statistics.median(r for _, r in values), 2))
        for values in measured
    ]


def fps(detector: YoloDetector, frames: Sequence[RgbFrame]) -> float:
    """Frames per second."""
    started_s = time.perf_counter()
    detector.detect(frames, range(len(frames)), *SIZE)
    return len(frames) / (time.perf_counter() - started_s)


def markdown(rows: Sequence[dict[str, Any]], descriptions: Sequence[str]) -> str:
    """The table of the guide."""
    lines = [
        "| setting | MOT17: recall | precision | AP | PETS: recall | precision | AP | frames/s | speed |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row, description in zip(rows, descriptions, strict=True):
        name = ", ".join(f"`{key}={value}`" for key, value in row["setting"].items()) or "**default**"
        values = [f"{row[data][figure]:.3f}" for data in ("mot17", "pets") for figure in ("recall", "precision", "ap")]
        cells = [f"{name} ({description.partition(' on ')[0]})", *values, f"{row['fps']:.1f}", f"{row['speed']:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
