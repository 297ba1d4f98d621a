"""What cameras do to a detector: ``python -m benchmarks.condition_table`` renews the guide.

The labelled frames of ``detector_table`` are changed as a camera would: in colour, light, sharpness, compression and
orientation. The boxes stay where they are, so that recall can be compared.
"""

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from benchmarks.detector_table import GUIDE, LabelledFrame, mot17_images, pets_images
from benchmarks.guides import replace_table
from videoprep_nb.tracking.detector_options import YoloOptions
from videoprep_nb.tracking.detectors.base import RgbFrame
from videoprep_nb.tracking.detectors.yolo import YoloDetector
from videoprep_nb.tracking.evaluation.detection_score import DetectionScore, LabelledBoxes

Change = Callable[[LabelledFrame], LabelledFrame]

SETTINGS: list[dict[str, Any]] = [{}, {"image_size": 1280}, {"tiles": 2}]
NOISE = 8.0  # standard deviation, of 255


def of_pixels(change: Callable[[RgbFrame], RgbFrame]) -> Change:
    """A change that leaves persons where they are."""
    return lambda image: LabelledFrame(change(image.frame), image.labels)


def grey(frame: RgbFrame) -> RgbFrame:
    """Without colour."""
    return np.repeat(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def darker(frame: RgbFrame, share: float) -> RgbFrame:
    """A share of the light, with the noise of a sensor."""
    noise = np.random.default_rng(0).normal(0, NOISE, frame.shape)
    return np.clip(frame * share + noise, 0, 255).astype(np.uint8)


def blurred(frame: RgbFrame, length_px: int) -> RgbFrame:
    """Moved sideways while the shutter was open."""
    return np.asarray(cv2.blur(frame, (length_px, 1)), np.uint8)


def compressed(frame: RgbFrame, quality: int) -> RgbFrame:
    """As a JPEG of a quality from 1 to 100."""
    _, encoded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)


def on_its_side(image: LabelledFrame) -> LabelledFrame:
    """A quarter turn anticlockwise."""
    left, top, right, bottom = image.labels.boxes_xyxy.T
    width = image.frame.shape[1]
    boxes_xyxy = np.stack([top, width - right, bottom, width - left], axis=1)
    turned = np.ascontiguousarray(np.rot90(image.frame))
    return LabelledFrame(turned, LabelledBoxes(boxes_xyxy, image.labels.counts))


CHANGES: dict[str, Change] = {
    "as it is": lambda image: image,
    "grey": of_pixels(grey),
    "grey, inverted": of_pixels(lambda frame: 255 - grey(frame)),
    "a quarter of the light": of_pixels(lambda frame: darker(frame, 1 / 4)),
    "an eighth of the light": of_pixels(lambda frame: darker(frame, 1 / 8)),
    "blurred over 9 pixels": of_pixels(lambda frame: blurred(frame, 9)),
    "blurred over 21 pixels": of_pixels(lambda frame: blurred(frame, 21)),
    "JPEG of quality 10": of_pixels(lambda frame: compressed(frame, 10)),
    "upside down": lambda image: on_its_side(on_its_side(image)),
    "on its side": on_its_side,
}


def main() -> None:
    """Measure, print, and write the table into the guide."""
    data = [mot17_images(), pets_images()]
    detectors = [YoloDetector(YoloOptions(device="cpu", precision="float32", **setting)) for setting in SETTINGS]
    names = [", ".join(f"`{key}={value}`" for key, value in setting.items()) or "default" for setting in SETTINGS]
    lines = [
        f"| frames | MOT17: {' | '.join(names)} | PETS: {' | '.join(names)} |",
        "|---" * (1 + 2 * len(names)) + "|",
    ]
    for name, change in CHANGES.items():
        cells = [f"{recall(detector, images, change):.2f}" for images in data for detector in detectors]
        lines.append(f"| {name} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    replace_table(GUIDE, "python -m benchmarks.condition_table", "\n".join(lines) + "\n")


def recall(detector: YoloDetector, images: Sequence[LabelledFrame], change: Change) -> float:
    """Share of the persons in changed frames that a detector finds."""
    total = DetectionScore()
    for image in map(change, images):
        height, width = image.frame.shape[:2]
        total.add(detector.detect([image.frame], [0], width, height)[0], image.labels)
    return total.figures().recall


if __name__ == "__main__":
    main()
