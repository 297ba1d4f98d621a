"""Coordinates that go with a moving camera, so that tracking can do as if it stood still.

Detections are brought into them before they are tracked, and tracks are brought back: every tracker, the linking of
tracklets and the filling of gaps gain by that.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import from_cxywh, to_cxywh
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.tracks import Tracks

_Array = npt.NDArray[np.float64]

_MEMORY_S = 30.0


@dataclass(frozen=True)
class CameraPath:
    """Coordinates that go with the camera: a point z of the frame, as x + iy, is at ``turn * z + shift``.

    Args:
        frames: ``(K,)`` int64, sampled frames, increasing.
        turn: ``(K,)`` complex128, turn and zoom.
        shift: ``(K,)`` complex128, pixels.
    """

    frames: npt.NDArray[np.int64]
    turn: npt.NDArray[np.complex128]
    shift: npt.NDArray[np.complex128]

    @classmethod
    def from_steps(
        cls, frames: npt.NDArray[np.int64], steps: _Array, size: tuple[int, int], tracked_rate: float
    ) -> Self:
        """Put the movements from frame to frame together.

        What was long ago is forgotten little by little, lest errors grow without limit in a long video: a movement that
        goes on for ever looks like one of the persons.

        Args:
            frames: ``(K,)`` int64, sampled frames, increasing.
            steps: ``(K, 2, 3)`` matrices that map points of the frame before to this one, in pixels of the video.
            size: Width and height of the video in pixels.
            tracked_rate: Sampled frames per second.
        """
        centre = complex(size[0] / 2, size[1] / 2)
        kept = np.exp(-1 / (_MEMORY_S * tracked_rate))
        turns, shifts = np.empty(len(frames), np.complex128), np.empty(len(frames), np.complex128)
        turn, shift = 1 + 0j, 0j
        step_turns = steps[:, 0, 0] + 1j * steps[:, 1, 0]
        step_shifts = steps[:, 0, 2] + 1j * steps[:, 1, 2]
        for row, (step_turn, step_shift) in enumerate(zip(step_turns.tolist(), step_shifts.tolist(), strict=True)):
            before = (centre - step_shift) / step_turn  # where the point in the middle was
            middle = centre + kept * (turn * before + shift - centre)
            turn = complex(np.exp(kept * np.log(turn / step_turn)))
            shift = middle - turn * centre
            turns[row], shifts[row] = turn, shift
        return cls(frames, turns, shifts)

    def removed(self, found: Detections) -> Detections:
        """The detections in coordinates that go with the camera."""
        turn, shift = self._at(found.frame_index)
        boxes = to_cxywh(found.boxes_xyxy.astype(np.float64))
        centre = (boxes[:, 0] + 1j * boxes[:, 1]) * turn + shift
        return replace(found, boxes_xyxy=_boxes(centre, boxes[:, 2:] * np.abs(turn)[:, None]).astype(np.float32))

    def restored(self, tracks: Tracks) -> Tracks:
        """Tracks in coordinates of the frame again."""
        turn, shift = self._at(tracks.frame_index)
        boxes = to_cxywh(tracks.boxes_xyxy)
        centre = (boxes[:, 0] + 1j * boxes[:, 1] - shift) / turn
        return replace(tracks, boxes_xyxy=_boxes(centre, boxes[:, 2:] / np.abs(turn)[:, None]))

    def _at(self, frame_index: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.complex128], npt.NDArray[np.complex128]]:
        if not len(frame_index):
            return np.ones(0, np.complex128), np.zeros(0, np.complex128)
        return np.interp(frame_index, self.frames, self.turn), np.interp(frame_index, self.frames, self.shift)


def _boxes(centre: npt.NDArray[np.complex128], sides: _Array) -> _Array:
    return from_cxywh(np.column_stack([centre.real, centre.imag, sides]))
