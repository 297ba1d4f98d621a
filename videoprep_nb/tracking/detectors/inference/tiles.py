"""Small persons seen larger: overlapping tiles of the frame go through the network beside the whole frame.

Slicing aided hyper inference of Akyon, Altinuc and Temizel (ICIP 2022, arXiv:2202.06934). A tile has the size of the
frame in the network, so that one compiled network serves both. Of a person whom the border of a tile cuts, the box
in that tile is left out, since a neighbouring tile or the whole frame shows the person uncut.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import area, iou_matrix
from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detector_options import inputs_per_frame
from videoprep_nb.tracking.detectors.base import RgbFrame
from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox

_OVERLAP = 0.2  # of the side of a tile, as in the paper
_SAME_PERSON = 0.8  # intersection over the smaller area, above which boxes of two inputs show one person
_BORDER_PX = 2.0  # as near to the border of a tile, in pixels of the network, a box counts as cut


@dataclass(frozen=True)
class Tiling:
    """How a frame is cut.

    Args:
        letterbox: How one input, whole frame or tile, comes into the network.
        count: Tiles across the frame and down; 1 for the whole frame alone.
    """

    letterbox: Letterbox
    count: int

    @property
    def width(self) -> int:
        """Width in pixels, even, of the frame that the tiles are cut from."""
        return self._span(self.letterbox.scaled_width)

    @property
    def height(self) -> int:
        """Its height, even."""
        return self._span(self.letterbox.scaled_height)

    def inputs(self, frames: Iterable[RgbFrame]) -> Iterator[RgbFrame]:
        """Each frame, ``(h, w, 3)`` uint8 RGB, and then its tiles, row by row."""
        for frame in frames:
            yield frame
            if self.count > 1:
                yield from self._tiles(frame)

    def merge(self, found: Iterable[FrameDetections]) -> Iterator[FrameDetections]:
        """Put together what was found in the inputs of each frame.

        Args:
            found: For each input, in the order of ``inputs``; boxes as if the input were the whole frame.

        Yields:
            The detections of each frame, in pixels of the frame, strongest first.
        """
        if self.count == 1:
            yield from found
            return
        remaining = iter(found)
        while parts := list(islice(remaining, inputs_per_frame(self.count))):
            yield self._merge_frame(parts)

    def _tiles(self, frame: RgbFrame) -> Iterator[RgbFrame]:
        if frame.shape[:2] != (self.height, self.width):
            frame = cv2.resize(frame, (self.width, self.height), interpolation=cv2.INTER_LINEAR)
        for left, top in self._corners():
            yield frame[top : top + self.letterbox.scaled_height, left : left + self.letterbox.scaled_width]

    def _merge_frame(self, found: Sequence[FrameDetections]) -> FrameDetections:
        whole, *tiles = found
        parts = [whole, *(self._in_frame(tile, *corner) for tile, corner in zip(tiles, self._corners(), strict=True))]
        boxes_xyxy = np.concatenate([part.boxes_xyxy for part in parts])
        scores = np.concatenate([part.scores for part in parts])
        source = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        order = np.argsort(-scores, kind="stable")
        boxes_xyxy, scores, source = boxes_xyxy[order], scores[order], source[order]
        is_same = (_intersection_over_smaller(boxes_xyxy) > _SAME_PERSON) & (source[:, None] != source)
        is_kept = np.ones(len(order), dtype=np.bool_)
        for row in range(len(order)):
            if is_kept[row]:
                is_kept[row + 1 :] &= ~is_same[row, row + 1 :]
        return FrameDetections(boxes_xyxy[is_kept], scores[is_kept])

    def _in_frame(self, found: FrameDetections, left: int, top: int) -> FrameDetections:
        """The boxes of a tile that its inner borders do not cut, in pixels of the frame."""
        box = self.letterbox
        network_px = np.tile([box.scaled_width / box.frame_width, box.scaled_height / box.frame_height], 2)
        boxes_xyxy = found.boxes_xyxy * network_px
        room = np.array([left, top, self.width - box.scaled_width - left, self.height - box.scaled_height - top])
        to_border = np.hstack([boxes_xyxy[:, :2], [box.scaled_width, box.scaled_height] - boxes_xyxy[:, 2:]])
        is_whole = ((to_border > _BORDER_PX) | (room == 0)).all(axis=1)
        frame_px = np.tile([box.frame_width / self.width, box.frame_height / self.height], 2)
        in_frame = (boxes_xyxy[is_whole] + np.tile([left, top], 2)) * frame_px
        return FrameDetections(in_frame.astype(np.float32), found.scores[is_whole])

    def _corners(self) -> list[tuple[int, int]]:
        """Left and upper border of each tile, row by row."""
        lefts = self._begins(self.width - self.letterbox.scaled_width)
        tops = self._begins(self.height - self.letterbox.scaled_height)
        return [(left, top) for top in tops for left in lefts]

    def _begins(self, room_px: int) -> list[int]:
        begins: npt.NDArray[np.float64] = np.linspace(0, room_px, self.count)
        return [round(begin) for begin in begins.tolist()]

    def _span(self, tile_px: int) -> int:
        """Length of so many overlapping tiles in a row, even."""
        return round(tile_px * (self.count - (self.count - 1) * _OVERLAP) / 2) * 2


def _intersection_over_smaller(boxes_xyxy: npt.NDArray[np.float32]) -> npt.NDArray[np.floating]:
    """``(N, N)`` the share of the smaller of two boxes that lies in the other."""
    iou, areas = iou_matrix(boxes_xyxy, boxes_xyxy), area(boxes_xyxy)
    intersection = iou / (1 + iou) * (areas[:, None] + areas)
    share: npt.NDArray[np.floating] = intersection / np.minimum(areas[:, None], areas)
    return share
