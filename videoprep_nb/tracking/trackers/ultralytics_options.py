"""Options of the trackers of ultralytics: its own names and defaults, but times in seconds.

The defaults are those of ultralytics 8.4 at 30 frames per second. Scores and thresholds keep the names that they have
there and in the papers. Camera motion and appearance are left out: both need the frames, which are not read again
when the detections are there.
"""

from pydantic import Field

from videoprep_nb.tracking.trackers.base import TrackerOptions


class ByteTrackOptions(TrackerOptions):
    """Options of ByteTrack, which the others share."""

    track_high_thresh: float = Field(
        default=0.25, ge=0, le=1, description="detections of at least this score are matched first"
    )
    track_low_thresh: float = Field(
        default=0.1, ge=0, le=1, description="those above this score are matched to what is left of the tracks"
    )
    new_track_thresh: float = Field(
        default=0.25, ge=0, le=1, description="minimum score of a detection that starts a track"
    )
    track_buffer_s: float = Field(
        default=1.0, ge=0, le=60, description="seconds a person may be out of sight and keep the id"
    )
    match_thresh: float = Field(
        default=0.8, gt=0, le=1, description="greatest cost (1 - IoU, times the score) of the first match"
    )
    fuse_score: bool = Field(default=True, description="weigh the IoU with the score in the first match")


class BotSortOptions(ByteTrackOptions):
    """Options of BoT-SORT without appearance and camera motion."""


class OcSortOptions(ByteTrackOptions):
    """Options of OC-SORT."""

    delta_s: float = Field(
        default=0.1, gt=0, le=10, description="seconds between the two places that give the direction of motion"
    )
    inertia: float = Field(default=0.2, ge=0, le=1, description="weight of the direction of motion in the cost")
    use_byte: bool = Field(default=False, description="match detections of low score too, as ByteTrack does")


class FastTrackOptions(ByteTrackOptions):
    """Options of FastTracker."""

    reset_velocity_s: float = Field(
        default=5 / 30, gt=0, le=10, description="an occluded person goes on as fast as this many seconds before"
    )
    reset_position_s: float = Field(
        default=0.1, gt=0, le=10, description="and from where the person was this many seconds before"
    )
    enlarge_bbox_occ: float = Field(
        default=1.1, ge=1, le=3, description="factor for the height of the box of an occluded person"
    )
    dampen_motion_occ: float = Field(default=0.5, ge=0, le=1, description="factor for the speed of an occluded person")
    active_occ_to_lost_s: float = Field(
        default=10 / 30, ge=0, le=60, description="seconds after which an occluded person is lost"
    )
    occ_cover_thresh: float = Field(
        default=0.7, ge=0, le=1, description="part of a box under another one from which on a person is covered"
    )
    occ_reappear_s: float = Field(
        default=40 / 30, ge=0, le=60, description="seconds an occluded person may be lost and keep the id"
    )
    init_iou_suppress: float = Field(
        default=0.7, gt=0, le=1, description="overlap (IoU) with a track from which on no new one is begun; 1: any"
    )


class TrackTrackOptions(TrackerOptions):
    """Options of TrackTrack without appearance and camera motion."""

    track_high_thresh: float = Field(default=0.6, ge=0, le=1, description="least score of a detection of full weight")
    track_low_thresh: float = Field(default=0.25, ge=0, le=1, description="minimum score of a detection that is used")
    new_track_thresh: float = Field(
        default=0.7, ge=0, le=1, description="minimum score of a detection that starts a track"
    )
    track_buffer_s: float = Field(
        default=1.0, ge=0, le=60, description="seconds a person may be out of sight and keep the id"
    )
    match_thresh: float = Field(default=0.7, gt=0, le=1, description="greatest cost of the first round of matches")
    reduce_step: float = Field(default=0.05, ge=0, le=1, description="by which the greatest cost falls in each round")
    lost_match_thr: float = Field(
        default=0.0, ge=0, le=1, description="greatest cost for persons out of sight in a round of their own; 0: none"
    )
    conf_weight: float = Field(default=0.1, ge=0, le=1, description="weight of the change of the score in the cost")
    angle_weight: float = Field(default=0.05, ge=0, le=1, description="weight of the direction of motion in the cost")
    penalty_p: float = Field(default=0.2, ge=0, le=1, description="what a detection of low score costs more")
    tai_thr: float = Field(
        default=0.55, ge=0, le=1, description="overlap (IoU) with a track above which no new one is begun"
    )
    min_track_s: float = Field(
        default=0.1, ge=0, le=10, description="seconds a new person must be seen before being reported"
    )
