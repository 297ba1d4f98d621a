"""The motion trackers of ultralytics behind our interface; only detections are read.

Deep OC-SORT is left out: without appearance and camera motion it is OC-SORT.
"""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.trackers.base import TrackedBoxes, Tracker, TrackerOptions
from videoprep_nb.tracking.trackers.ultralytics_options import (
    BotSortOptions,
    ByteTrackOptions,
    FastTrackOptions,
    OcSortOptions,
    TrackTrackOptions,
)
from videoprep_nb.tracking.ultralytics_env import offline_ultralytics

_MOTION_ONLY: dict[str, float | str] = {
    "gmc_method": "none",
    "with_reid": False,
    "proximity_thresh": 0.5,
    "appearance_thresh": 0.8,
}

_FRAME_COUNTS = {
    "track_buffer_s": "track_buffer",
    "delta_s": "delta_t",
    "reset_velocity_s": "reset_velocity_offset_occ",
    "reset_position_s": "reset_pos_offset_occ",
    "active_occ_to_lost_s": "active_occ_to_lost_thresh",
    "occ_reappear_s": "occ_reappear_window",
    "min_track_s": "min_track_len",
}
"""Our options in seconds, and what ultralytics calls them as numbers of frames."""

_RESULT_BOX, _RESULT_ID, _RESULT_ROW = slice(0, 4), 4, 7


class _UltralyticsTracker(Tracker):
    library_class: ClassVar[str]

    def __init__(self, frame_rate: float, options: TrackerOptions | None = None) -> None:
        with offline_ultralytics():
            from ultralytics import trackers
            from ultralytics.utils import IterableSimpleNamespace

            settings = library_settings(options or self.options_type(), frame_rate)
            self._tracker = getattr(trackers, self.library_class)(IterableSimpleNamespace(**settings))
        super().__init__(frame_rate)

    def reset(self) -> None:
        """Forget everything; ids begin at 1 again."""
        self._tracker.reset()

    def update(self, detections: FrameDetections, frame: npt.NDArray[np.uint8] | None = None) -> TrackedBoxes:
        """Track one more frame; see ``Tracker.update``. The frame itself is not read."""
        from ultralytics.engine.results import Boxes

        person = np.zeros(len(detections), dtype=np.float32)
        boxes = Boxes(np.column_stack([detections.boxes_xyxy, detections.scores, person]), orig_shape=(0, 0))
        results = self._tracker.update(boxes).reshape(-1, _RESULT_ROW + 1)
        return TrackedBoxes(
            track_ids=results[:, _RESULT_ID].astype(np.int64),
            boxes_xyxy=results[:, _RESULT_BOX].astype(np.float64),
            rows=results[:, _RESULT_ROW].astype(np.int64),
        )


def library_settings(options: TrackerOptions, frame_rate: float) -> dict[str, float | str]:
    """Options as the trackers of ultralytics take them; times become at least one frame.

    Args:
        options: Options of one of the trackers of this module.
        frame_rate: Tracked frames per second.
    """
    settings = dict(_MOTION_ONLY)
    for name, value in options.model_dump().items():
        if name in _FRAME_COUNTS:
            settings[_FRAME_COUNTS[name]] = max(1, round(value * frame_rate))
        else:
            settings[name] = value
    return settings


class ByteTrack(_UltralyticsTracker):
    """ByteTrack of ultralytics: detections of low score continue tracks (Zhang et al. 2022, arXiv:2110.06864)."""

    name: ClassVar[str] = "bytetrack"
    options_type: ClassVar[type[TrackerOptions]] = ByteTrackOptions
    library_class: ClassVar[str] = "BYTETracker"


class BotSort(_UltralyticsTracker):
    """BoT-SORT of ultralytics: ByteTrack whose filter knows width and height (Aharon et al. 2022, arXiv:2206.14651)."""

    name: ClassVar[str] = "botsort"
    options_type: ClassVar[type[TrackerOptions]] = BotSortOptions
    library_class: ClassVar[str] = "BOTSORT"


class OcSort(_UltralyticsTracker):
    """OC-SORT of ultralytics: corrects the filter after a gap, uses directions (Cao et al. 2023, arXiv:2203.14360)."""

    name: ClassVar[str] = "ocsort"
    options_type: ClassVar[type[TrackerOptions]] = OcSortOptions
    library_class: ClassVar[str] = "OCSORT"


class FastTrack(_UltralyticsTracker):
    """FastTracker of ultralytics: ByteTrack that keeps occluded persons (2025, arXiv:2508.14370)."""

    name: ClassVar[str] = "fasttrack"
    options_type: ClassVar[type[TrackerOptions]] = FastTrackOptions
    library_class: ClassVar[str] = "FASTTracker"


class TrackTrack(_UltralyticsTracker):
    """TrackTrack of ultralytics: several cues, matched in rounds (Shim et al., CVPR 2025)."""

    name: ClassVar[str] = "tracktrack"
    options_type: ClassVar[type[TrackerOptions]] = TrackTrackOptions
    library_class: ClassVar[str] = "TRACKTRACK"
