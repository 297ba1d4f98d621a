"""Parameters of tracking: which tracker, and what is done to its tracks when the whole video is known.

The single source of truth for stage 4, the evaluation and the notebook in which trackers are explored. The module
imports nothing heavy, so that a page can show it.
"""

from typing import ClassVar, Literal

from pydantic import Field

from videoprep_nb.core.params import Params


class TrackingParams(Params):
    """From detections to tracks."""

    renamed: ClassVar[dict[str, str]] = {
        "level_scores": "normalize_scores",
        "both_directions": "bidirectional",
        "follow_camera": "compensate_drift",
        "second_look": "",
    }

    tracker: str = Field("motion", description="name of the tracker")
    tracker_options: list[str] = Field([], description="options of the tracker, each written name:value")
    confidence: float = Field(0.1, ge=0.05, lt=1, description="minimum score of a detection that is tracked")
    normalize_scores: bool = Field(
        True, description="raise the scores of a detector that gives low ones before tracking"
    )
    bidirectional: bool = Field(True, description="track forward and backward, and keep what agrees")
    compensate_drift: bool = Field(
        True, description="link tracklets and fill gaps in coordinates that move with the camera, if it moves"
    )
    max_link_s: float = Field(
        2.0, ge=0, le=60, description="tracklets of a person up to this many seconds apart are linked"
    )
    min_length_s: float = Field(0.5, ge=0, le=60, description="tracks seen for less than this are dropped")
    extend_tracks: bool = Field(
        True, description="continue tracks with unused detections, at both ends and where a person stands half hidden"
    )
    smooth: bool = Field(True, description="smooth the detected boxes in both directions of time")
    max_gap_s: float = Field(
        2.0,
        ge=0,
        le=60,
        description="gaps up to this many seconds are filled where it is safe",
    )
    appearance: Literal["off", "auto", "on"] = Field(
        "auto", description="link tracks up to 30 s apart by looks; auto: where people look different"
    )
    drop_static: bool = Field(
        False,
        description="drop tracks that stay in place and have low scores, such as posters and mannequins",
    )
    drop_duplicates: bool = Field(True, description="of two tracks on one person drop the shorter")
