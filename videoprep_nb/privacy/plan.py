"""What is hidden in which frame of a video."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import clip_to_frame
from videoprep_nb.privacy.regions import Regions
from videoprep_nb.tracking.detections import Detections


@dataclass(frozen=True)
class CoverPlan:
    """What is hidden in the frames of a video: a table of boxes, and polygons that are the same in all frames.

    Args:
        boxes: What is hidden in single frames, in pixels of the video.
        width: Width of the video in pixels.
        height: Its height.
        polygons_xyn: Corners of polygons in shares of width and height, ``(K, 2)`` float32 each.

    Example:
        >>> faces = Detections.from_arrays([3], [[320, 180, 640, 360]], [0.9])
        >>> plan = CoverPlan(faces, 1280, 720)
        >>> plan.in_frame(3).boxes_xyxyn.tolist(), bool(plan.in_frame(4))
        ([[0.25, 0.25, 0.5, 0.5]], False)
    """

    boxes: Detections
    width: int
    height: int
    polygons_xyn: tuple[npt.NDArray[np.float32], ...] = ()

    @classmethod
    def of_tables(
        cls,
        tables: Sequence[Detections],
        width: int,
        height: int,
        polygons_xyn: Sequence[npt.NDArray[np.float32]] = (),
    ) -> "CoverPlan":
        """Put together what ``follow_faces`` and ``hide_persons`` gave."""
        columns = {name: Detections.stacked(tables)[name] for name in ("frame_index", "boxes_xyxy", "scores")}
        boxes = columns["boxes_xyxy"] = clip_to_frame(columns["boxes_xyxy"], width, height)
        has_area = (boxes[:, :2] < boxes[:, 2:]).all(axis=1)
        in_frame = {name: column[has_area] for name, column in columns.items()}
        return cls(Detections.from_arrays(**in_frame), width, height, tuple(polygons_xyn))

    def in_frame(self, frame_index: int) -> Regions:
        """What is hidden in a frame, by its zero-based index in the video; for a copy of it in any resolution."""
        boxes = Regions.of_boxes(self.boxes.in_frame(frame_index).boxes_xyxy, self.width, self.height)
        return Regions(boxes.boxes_xyxyn, self.polygons_xyn)
