"""From the detections of a whole video to its tracks: the one way that stage, evaluation and notebooks take."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from videoprep_nb.tracking.associate import associate, normalize_scores
from videoprep_nb.tracking.camera.path import CameraPath
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.params import TrackingParams
from videoprep_nb.tracking.refine import (
    Drift,
    Tracklets,
    agreed_tracklets,
    bridge_tracks,
    clip_boxes,
    drift_that_helps,
    drop_duplicates,
    drop_short_tracks,
    drop_static_tracks,
    extend_tracks,
    fill_gaps,
    link_tracklets,
    measure_misses,
    one_run,
    relink_by_looks,
    renumber,
    safe_gap_s,
    smooth_boxes,
)
from videoprep_nb.tracking.trackers import create_tracker
from videoprep_nb.tracking.tracks import Tracks

_MIN_TRACKLET_S = 0.15  # shorter ones show no movement; the boxes filled in are better than those of a crowd


@dataclass(frozen=True)
class TrackedVideo:
    """What tracking has to know of a video.

    Args:
        rate: Frames per second.
        frame_stride: Frames from one sampled frame to the next.
        width: Width of the frames in pixels.
        height: Height of the frames in pixels.
    """

    rate: Fraction
    frame_stride: int
    width: int
    height: int

    @property
    def tracked_rate(self) -> Fraction:
        """Sampled frames per second."""
        return self.rate / self.frame_stride


def track(
    detections: Detections,
    *,
    rate: Fraction | float,
    width: int,
    height: int,
    frame_stride: int = 1,
    params: TrackingParams | Mapping[str, Any] | None = None,
) -> Tracks:
    """Track the persons of a video from detections that anybody made.

    Args:
        detections: The detections of the whole video.
        rate: Frames of the video per second.
        width: Width of the frames in pixels.
        height: Height of the frames in pixels.
        frame_stride: Frames from one that was sampled to the next.
        params: Tracker and refinement, or values by name; None for the defaults.

    Returns:
        The tracks; ids are 1 … n in the order of appearance, boxes lie inside the frame.

    Raises:
        ParameterError: A parameter is unknown or wrong.

    Example:
        >>> boxes = [[100 + 4 * time, 50, 140 + 4 * time, 170] for time in range(30)]
        >>> tracks = track(Detections.from_arrays(range(30), boxes, [0.9] * 30), rate=10, width=1280, height=720)
        >>> tracks.track_count, len(tracks)
        (1, 30)
    """
    checked = params if isinstance(params, TrackingParams) else TrackingParams.checked(params or {})
    video = TrackedVideo(Fraction(rate).limit_denominator(100_000), frame_stride, width, height)
    return track_video([(0, detections)], video, checked)


def track_video(
    clips: Sequence[tuple[int, Detections]],
    video: TrackedVideo,
    params: TrackingParams,
    camera: CameraPath | None = None,
    cuts: Sequence[int] = (),
) -> Tracks:
    """Track the persons of a video and refine their tracks.

    Args:
        clips: For each clip, in order: index of its first frame in the video, and its detections. Clips may overlap,
            but no frame of the video is sampled twice.
        video: The video they come from.
        params: Tracker and refinement.
        camera: How the camera moves, estimated from the frames; None if that was not requested.
        cuts: Frames of the video with which a new shot starts, increasing; no track goes on across them.

    Returns:
        The tracks; ids are 1 … n in the order of appearance, boxes lie inside the frame.

    Raises:
        ParameterError: There is no such tracker or option.
    """
    return renumber(clip_boxes(track_beyond_border(clips, video, params, camera, cuts), video.width, video.height))


def track_beyond_border(
    clips: Sequence[tuple[int, Detections]],
    video: TrackedVideo,
    params: TrackingParams,
    camera: CameraPath | None = None,
    cuts: Sequence[int] = (),
) -> Tracks:
    """Do what ``track_video`` does, but leave the parts of boxes that lie outside the frame.

    MOTChallenge boxes a person whole, also where the frame ends: to be compared with its ground truth, boxes must not
    be cut.
    """
    found = Detections.from_clips(clips, params.confidence)
    if camera is not None:
        found = camera.removed(found)
    seen = normalize_scores(found) if params.normalize_scores else found
    shots = zip(found.split(cuts), seen.split(cuts), strict=True)
    # where the camera moves, the place of the frame's border is not known in these coordinates
    looks = "off" if camera is not None or not found.features.shape[1] else params.appearance
    tracks = Tracks.joined([_track_shot(*shot, video, params, looks) for shot in shots])
    if camera is not None:
        tracks = camera.restored(tracks)
    is_held = np.isin(tracks.frame_index, found.held)
    return renumber(replace(tracks, interpolated=tracks.interpolated | is_held))


def _track_shot(
    found: Detections,
    seen: Detections,
    video: TrackedVideo,
    params: TrackingParams,
    looks: Literal["off", "auto", "on"],
) -> Tracks:
    """Track the persons of one shot; ``seen`` has the scores that the tracker is to see."""
    tracklets = _tracklets(found, seen, video, params)
    drift = Drift.none()
    if params.compensate_drift:
        drift, misses = drift_that_helps(tracklets.tracks, found.sampled, video.rate, video.frame_stride)
    else:
        misses = measure_misses(tracklets.tracks, video.rate, video.frame_stride)
    tracklets = replace(tracklets, tracks=drift.removed(tracklets.tracks))
    tracks = link_tracklets(tracklets, misses, params.max_link_s, video.rate, video.frame_stride)
    tracks = drop_short_tracks(tracks, params.min_length_s, video.tracked_rate)
    if params.extend_tracks:
        tracks = drift.restored(tracks)
        tracks = extend_tracks(tracks, found, seen.scores, video.rate, video.frame_stride)
        tracks = drift.removed(bridge_tracks(tracks, found, video.rate, video.frame_stride))
    max_gap_s = min(params.max_gap_s, safe_gap_s(tracks, video.rate, video.frame_stride))
    if params.smooth:
        tracks = smooth_boxes(tracks, video.rate)
    tracks = drift.restored(fill_gaps(tracks, max_gap_s, video.rate, video.frame_stride))
    if params.drop_duplicates:
        tracks = drop_duplicates(tracks)
    if looks != "off":
        size = (video.width, video.height)
        tracks = relink_by_looks(tracks, found, looks, float(video.tracked_rate), float(video.rate), size)
        tracks = fill_gaps(tracks, max_gap_s, video.rate, video.frame_stride)
    return drop_static_tracks(tracks, video.rate) if params.drop_static else tracks


def _tracklets(found: Detections, seen: Detections, video: TrackedVideo, params: TrackingParams) -> Tracklets:
    rate, options = float(video.tracked_rate), params.tracker_options
    forward = associate(create_tracker(params.tracker, rate, options), seen)
    if not params.bidirectional:
        return one_run(forward, found.scores)
    backward = associate(create_tracker(params.tracker, rate, options), seen, backward=True)
    tracklets = agreed_tracklets(forward, backward, found.scores)
    return tracklets.without_shorter_than(math.ceil(_MIN_TRACKLET_S * video.tracked_rate))
