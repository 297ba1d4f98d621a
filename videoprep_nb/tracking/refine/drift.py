"""Camera drift, estimated from the boxes alone: if all persons move the same way at once, the camera has moved.

Tracklets are linked and gaps are filled in coordinates that move with the camera. Nothing is lost where it stands: only
what changes within a gap of a second or two matters, a steady movement cancels out. Whether the estimate is a camera or
the rhythm of a few people is decided by how well it predicts others.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import to_cxywh
from videoprep_nb.tracking.refine.misses import MotionMisses, measure_misses
from videoprep_nb.tracking.tracks import Tracks

_Array = npt.NDArray[np.float64]

_BASE_S = 0.1  # over which movement is measured, so that it is more than the trembling of the boxes
_DOUBT = 2  # as if so many persons more were there, who stand still
_GROUPS = 3  # of tracklets; the movement of each is predicted by the drift of the others
_MAX_MISS_RATIO = 0.9  # a drift that leaves more than this of the misses is no camera
_COMPARED_GAP_S = 0.5


@dataclass(frozen=True)
class Drift:
    """Where the frame has moved to since the first frame.

    Args:
        frames: ``(K,)`` int64, sampled frames, increasing.
        offset_xy: ``(K, 2)`` float64, pixels to the right and down.
    """

    frames: npt.NDArray[np.int64]
    offset_xy: _Array

    @classmethod
    def none(cls) -> Self:
        """A camera that stands still."""
        return cls(np.zeros(0, np.int64), np.zeros((0, 2)))

    def removed(self, tracks: Tracks) -> Tracks:
        """The tracks in coordinates that move with the camera."""
        return replace(tracks, boxes_xyxy=tracks.boxes_xyxy - self._at(tracks.frame_index))

    def restored(self, tracks: Tracks) -> Tracks:
        """The same tracks in coordinates of the frame again."""
        return replace(tracks, boxes_xyxy=tracks.boxes_xyxy + self._at(tracks.frame_index))

    def _at(self, frame_index: npt.NDArray[np.int64]) -> _Array:
        if not len(self.frames):
            return np.zeros((len(frame_index), 4))
        xy = np.stack([np.interp(frame_index, self.frames, offset) for offset in self.offset_xy.T], axis=1)
        return np.tile(xy, 2)


def drift_that_helps(
    tracks: Tracks, frames: npt.NDArray[np.int64], rate: Fraction, frame_stride: int
) -> tuple[Drift, MotionMisses]:
    """Estimate how the camera moves, if that helps to predict how persons move who took no part in the estimate.

    Measured with the persons that it was estimated from, a drift always helps: it follows them. So the tracklets are
    divided into three groups, and each is seen from the drift of both others (cross-validation).

    Args:
        tracks: Tracklets with boxes in consecutive frames.
        frames: ``(K,)`` int64, the sampled frames, increasing.
        rate: Frames of the video per second.
        frame_stride: Frames of the video from one sampled frame to the next.

    Returns:
        The drift of all tracklets together, or none; and how well movement can be predicted in its coordinates.
    """
    tracked_rate = float(rate / frame_stride)
    still = measure_misses(tracks, rate, frame_stride)
    group = np.cumsum(np.diff(tracks.track_id, prepend=-1) != 0) % _GROUPS
    seen = tracks.boxes_xyxy.copy()
    for number in range(_GROUPS):
        others = estimate_drift(tracks.rows(group != number), frames, tracked_rate, frame_stride)
        seen[group == number] = others.removed(tracks.rows(group == number)).boxes_xyxy
    followed = measure_misses(replace(tracks, boxes_xyxy=seen), rate, frame_stride)
    gap_s = np.array([_COMPARED_GAP_S])
    if followed.deviation_xy(gap_s).sum() > _MAX_MISS_RATIO * still.deviation_xy(gap_s).sum():
        return Drift.none(), still
    return estimate_drift(tracks, frames, tracked_rate, frame_stride), followed


def estimate_drift(tracks: Tracks, frames: npt.NDArray[np.int64], tracked_rate: float, frame_stride: int) -> Drift:
    """Estimate how the camera moves: the median movement of all persons, as far as they move alike.

    The median m counts by m² / (m² + MAD²), MAD being the median absolute deviation from it, and by the number n of
    persons, n / (n + 2).

    Args:
        tracks: Tracks or tracklets with boxes in consecutive frames.
        frames: ``(K,)`` int64, the sampled frames, increasing.
        tracked_rate: Sampled frames per second.
        frame_stride: Frames of the video from one sampled frame to the next.
    """
    base = max(1, round(_BASE_S * tracked_rate))
    first = np.arange(max(len(tracks) - base, 0))
    is_whole = (tracks.track_id[first] == tracks.track_id[first + base]) & (
        tracks.frame_index[first + base] - tracks.frame_index[first] == base * frame_stride
    )
    first = first[is_whole]
    centre = to_cxywh(tracks.boxes_xyxy)[:, :2]
    step_xy = (centre[first + base] - centre[first]) / base
    # the step from one frame to the next that lies in the middle of the base, by the number of the latter
    step = np.searchsorted(frames, tracks.frame_index[first]) + base // 2 + 1
    moved = np.stack([_common_step(values, step, len(frames)) for values in step_xy.T], axis=1)
    return Drift(frames, np.cumsum(moved, axis=0))


def _common_step(values: _Array, group: npt.NDArray[np.intp], group_count: int) -> _Array:
    median = _group_medians(values, group, group_count)
    deviation = _group_medians(np.abs(values - median[group]), group, group_count)
    count = np.bincount(group, minlength=group_count)
    alike = np.divide(median**2, median**2 + deviation**2, out=np.zeros(group_count), where=median != 0)
    return np.where(count >= 2, median * alike * count / (count + _DOUBT), 0.0)


def _group_medians(values: _Array, group: npt.NDArray[np.intp], group_count: int) -> _Array:
    """``(group_count,)`` the median of the values of each group; 0 for a group without any."""
    order = np.lexsort((values, group))
    count = np.bincount(group, minlength=group_count)
    begin = np.cumsum(count) - count
    medians = np.zeros(group_count)
    some = count > 0
    ordered = values[order]
    lower, upper = (begin + (count - 1) // 2)[some], (begin + count // 2)[some]
    medians[some] = (ordered[lower] + ordered[upper]) / 2
    return medians
