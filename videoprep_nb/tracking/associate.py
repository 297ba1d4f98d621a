"""Detections of a video's clips to tracks."""

from collections.abc import Iterable

import numpy as np

from videoprep_nb.tracking.detections import ClipDetections, Detections
from videoprep_nb.tracking.trackers.base import TrackedBoxes, Tracker
from videoprep_nb.tracking.tracks import TrackTable


def associate(
    tracker: Tracker, clips: Iterable[tuple[int, ClipDetections]], confidence: float, *, keep_detected_boxes: bool
) -> TrackTable:
    """Track persons through the clips of a video, so that ids last from clip to clip.

    Args:
        tracker: A new tracker.
        clips: For each clip, in order: index of its first frame in the video, and its detections. Clips may overlap,
            but no frame of the video is looked at twice.
        confidence: Least score of a detection that the tracker sees.
        keep_detected_boxes: Take the boxes as they were detected, not as the tracker has filtered them; a smoother that
            knows what comes later does that better.

    Returns:
        The tracks in the frames that were looked at.
    """
    frame_index: list[int] = []
    tracked: list[TrackedBoxes] = []
    found: list[Detections] = []
    for start_frame, detections in clips:
        for index in detections.looked_at.tolist():
            seen = detections.in_frame(index).above(confidence)
            tracked.append(tracker.update(seen))
            found.append(seen.rows(tracked[-1].rows))
            frame_index.append(start_frame + index)
    boxes_xyxy = [boxes.boxes_xyxy for boxes in (found if keep_detected_boxes else tracked)]
    counts = [len(boxes) for boxes in found]
    return TrackTable.ordered(
        frame_index=np.repeat(np.array(frame_index, dtype=np.int64), counts),
        track_id=np.concatenate([np.zeros(0, np.int64), *(boxes.track_ids for boxes in tracked)]),
        boxes_xyxy=np.concatenate([np.zeros((0, 4)), *boxes_xyxy]),
        scores=np.concatenate([np.zeros(0), *(boxes.scores for boxes in found)]),
        interpolated=np.zeros(sum(counts), dtype=np.bool_),
    )
