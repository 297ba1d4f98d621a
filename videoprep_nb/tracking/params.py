"""Parameters of tracking: which tracker, and what is done to its tracks when the whole video is known.

The single source of truth for stage 4, the evaluation and the notebook in which trackers are explored. The module
imports nothing heavy, so that a page can show it.
"""

from pydantic import Field

from videoprep_nb.core.params import Params


class TrackingParams(Params):
    """From detections to tracks."""

    tracker: str = Field("motion", description="name of the tracker")
    tracker_options: list[str] = Field([], description="options of the tracker, each written name:value")
    confidence: float = Field(0.1, ge=0.05, lt=1, description="least score of a detection that is tracked")
    level_scores: bool = Field(True, description="raise all scores of a cautious detector before tracking")
    both_directions: bool = Field(True, description="track forward and backward, and keep what agrees")
    follow_camera: bool = Field(True, description="link and fill in coordinates that go with the camera")
    max_link_s: float = Field(
        2.0, ge=0, le=60, description="pieces of a person up to this many seconds apart are linked"
    )
    min_length_s: float = Field(0.5, ge=0, le=60, description="tracks seen for less than this are dropped")
    smooth: bool = Field(True, description="smooth the detected boxes in both directions of time")
    max_gap_s: float = Field(2.0, ge=0, le=60, description="gaps in a track up to this many seconds are filled")
    second_look: bool = Field(
        False, description="fill gaps with detections that no track has taken, where there are any"
    )
    drop_duplicates: bool = Field(True, description="of two tracks on one person drop the shorter")
