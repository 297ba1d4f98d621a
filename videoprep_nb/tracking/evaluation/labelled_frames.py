"""Frames on which detectors are judged, and the persons in them as somebody labelled them."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import FrameTransform, clip_to_frame
from videoprep_nb.core.errors import InputError, WeightsError
from videoprep_nb.core.records import natural_order
from videoprep_nb.core.text import reason_of
from videoprep_nb.media.frames import RgbImage
from videoprep_nb.media.geometry import place
from videoprep_nb.tracking.detectors.inference.person_classes import person_class_indices
from videoprep_nb.tracking.evaluation.detection_score import LabelledBoxes
from videoprep_nb.tracking.evaluation.mot_rows import read_ground_truth

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")

Truth = Callable[[str, int], LabelledBoxes | None]
"""The persons in a source image of a name and a number, from 1; None: nobody labelled it."""


@dataclass(frozen=True)
class SourceFrame:
    """A frame in the standard form.

    Args:
        name: Name of its file, or its number.
        number: Its place in the video or folder, from 1; for files named by numbers, that number.
        frame: ``(height, width, 3)`` uint8 RGB.
        transform: From source pixels to those of the frame.
    """

    name: str
    number: int
    frame: RgbImage
    transform: FrameTransform

    def labels(self, truth: Truth) -> LabelledBoxes | None:
        """The persons in it, in its pixels, cut off at its borders, beyond which no detector sees."""
        found = truth(self.name, self.number)
        if found is None:
            return None
        height, width = self.frame.shape[:2]
        boxes_xyxy = clip_to_frame(self.transform.to_standard(found.boxes_xyxy), width, height).astype(np.float64)
        has_area = (boxes_xyxy[:, :2] < boxes_xyxy[:, 2:]).all(axis=1)
        return LabelledBoxes(boxes_xyxy[has_area], found.counts[has_area])


def to_standard(image: RgbImage, size: tuple[int, int]) -> tuple[RgbImage, FrameTransform]:
    """An image as stage 1 would make it with its defaults: scaled into the frame, black bars around.

    Args:
        image: ``(h, w, 3)`` uint8.
        size: Width and height of the frame in pixels.
    """
    height, width = image.shape[:2]
    placement = place((width, height), Fraction(1), size, "letterbox", upscale=True)
    scaled = (placement.scaled_width, placement.scaled_height)
    shrinks = cv2.INTER_AREA if scaled[0] < width else cv2.INTER_CUBIC
    frame = np.zeros((size[1], size[0], 3), np.uint8)
    left, top, right, bottom = placement.content_xyxy
    frame[top:bottom, left:right] = cv2.resize(image, scaled, interpolation=shrinks)
    return frame, placement.transform_from(width, height)


def image_files(folder: Path, every: int, limit: int) -> list[tuple[int, Path]]:
    """Every n-th image of a folder, in natural order, with its number.

    Args:
        folder: The folder.
        every: The n.
        limit: The most images.

    Raises:
        InputError: It cannot be read, or holds no images.
    """
    try:
        names = natural_order(path.name for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    except OSError as error:
        raise InputError(f"{folder} cannot be read ({reason_of(error)}); give a folder of images or a video.") from None
    if not names:
        raise InputError(f"{folder} contains no images (files such as .jpg or .png); subfolders are not searched.")
    paths = [folder / name for name in names]
    named_by_numbers = all(path.stem.isdecimal() for path in paths)
    numbered = [(int(path.stem) if named_by_numbers else place, path) for place, path in enumerate(paths, start=1)]
    return numbered[::every][:limit]


def read_frames(files: Iterable[tuple[int, Path]], size: tuple[int, int]) -> list[SourceFrame]:
    """Read images as frames in the standard form.

    Args:
        files: Number and path of each.
        size: Width and height of the frames in pixels.

    Raises:
        InputError: One cannot be decoded.
    """
    frames = []
    for number, path in files:
        image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR_RGB) if path.stat().st_size else None
        if image is None:
            raise InputError(f"{path} cannot be decoded as an image; remove it from the folder.")
        frames.append(SourceFrame(path.name, number, *to_standard(np.asarray(image, np.uint8), size)))
    return frames


def read_truth(path: Path) -> Truth:
    """Read labels: the ``gt.txt`` of MOTChallenge, or a JSON file of COCO.

    Raises:
        InputError: The file is missing, or neither.
    """
    return _read_coco(path) if path.suffix.lower() == ".json" else _read_mot(path)


def _read_mot(path: Path) -> Truth:
    """Persons (class 1) count; distractors and rows that are marked as not considered do not."""
    rows = read_ground_truth(path)

    def of(name: str, number: int) -> LabelledBoxes:
        chosen = rows.frame_number == number
        corners = rows.boxes_xywh[chosen, :2] - 1
        counts = (rows.scores[chosen] > 0) & (rows.classes[chosen] == 1)
        return LabelledBoxes(np.hstack([corners, corners + rows.boxes_xywh[chosen, 2:]]), counts)

    return of


def _read_coco(path: Path) -> Truth:
    """Crowds (``iscrowd``) do not count; other categories than persons are left out."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        names = {int(category["id"]): str(category["name"]) for category in content["categories"]}
        images = {image["id"]: Path(str(image["file_name"])).name for image in content["images"]}
        persons = set(person_class_indices(names, source=path))
        boxes: dict[str, list[list[float]]] = {name: [] for name in images.values()}
        for annotation in content["annotations"]:
            if annotation["category_id"] in persons:
                boxes[images[annotation["image_id"]]].append(_coco_row(annotation))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({reason_of(error)}).") from None
    except WeightsError as error:
        raise InputError(f"{str(error).partition(';')[0]}; name the category of persons so.") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is not COCO JSON with images, categories and annotations ({error}).") from None

    def of(name: str, number: int) -> LabelledBoxes | None:
        return _labels_of_rows(boxes[name]) if name in boxes else None

    return of


def _coco_row(annotation: dict[str, Any]) -> list[float]:
    left, top, width, height = map(float, annotation["bbox"])
    return [left, top, left + width, top + height, float(not annotation.get("iscrowd"))]


def _labels_of_rows(rows: Sequence[Sequence[float]]) -> LabelledBoxes:
    table: npt.NDArray[np.float64] = np.array(rows, np.float64).reshape(-1, 5)
    return LabelledBoxes(table[:, :4], table[:, 4] > 0)
