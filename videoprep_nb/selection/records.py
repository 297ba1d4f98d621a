"""What is known of every clip, and which ones are kept; ``selection.json``."""

from collections.abc import Sequence

from pydantic import Field

from videoprep_nb.core.layout import video_id_of_clip
from videoprep_nb.core.records import LeftOutClip, Record

SELECTION_NAME = "selection.json"
NO_PERSONS = "no persons found"
NOTHING_KEPT = "Nothing of it was kept: "
"""What is said of a video of which no clip is kept begins so."""


class SelectedClip(Record):
    """One clip with its scores, and what became of it.

    Args:
        clip_id: Its name.
        start_s: Where it begins, in seconds of the standard video.
        end_s: Where it ends.
        frame_count: Frames extracted from it.
        recorded_start_s: When a player of the source shows its first frame, in seconds.
        recorded_end_s: The same for its end.
        person_count: Different track ids.
        seconds_by_count: How long there are at least 1, 2, 3, … persons, in seconds; ends with the most at once.
        new_person_count: Persons that the clip before it does not have.
        motion: Mean speed of the persons in heights of their boxes per second.
        frame_motion: Mean change from one small frame to the next, as a share of white, 0 to 1.
        sharpness: Variance of the Laplacian of its small frames; blurred ones have little.
        darkness: 0 for white frames to 1 for black ones.
        duplicate_of: An earlier clip whose frames and boxes are about the same; empty if there is none.
        is_kept: Whether it goes into the package.
        reason: Why, or why not.
    """

    clip_id: str
    start_s: float
    end_s: float
    frame_count: int = 0
    recorded_start_s: float
    recorded_end_s: float
    person_count: int = Field(ge=0)
    seconds_by_count: list[float]
    new_person_count: int = Field(ge=0)
    motion: float
    frame_motion: float
    sharpness: float
    darkness: float
    duplicate_of: str = ""
    is_kept: bool = True
    reason: str = ""

    @property
    def video_id(self) -> str:
        """The video that it was cut from."""
        return video_id_of_clip(self.clip_id)

    @property
    def person_s(self) -> float:
        """Seconds of all persons together."""
        return sum(self.seconds_by_count)

    def seconds_with(self, person_count: int) -> float:
        """How long there are at least so many persons, 1 or more, in seconds."""
        return self.seconds_by_count[person_count - 1] if person_count <= len(self.seconds_by_count) else 0.0

    def as_left_out(self) -> LeftOutClip:
        """What a result says of it when it is left out."""
        return LeftOutClip(
            clip_id=self.clip_id,
            start_s=self.start_s,
            end_s=self.end_s,
            frame_count=self.frame_count,
            reason=self.reason,
        )


class Selection(Record):
    """All clips of a job with their scores; lies as ``selection.json`` in the folder of the stage.

    Args:
        clips: The clips, in the order of the package.
        problems: What of the list of times does not fit the job, a sentence each.
    """

    written_by = "05b_select"

    clips: list[SelectedClip]
    problems: list[str] = []  # noqa: RUF012 - pydantic copies it

    @property
    def kept(self) -> list[SelectedClip]:
        """The clips that go into the package."""
        return [clip for clip in self.clips if clip.is_kept]

    @property
    def left_out(self) -> list[SelectedClip]:
        """The other ones."""
        return [clip for clip in self.clips if not clip.is_kept]

    def of_video(self, video_id: str) -> list[SelectedClip]:
        """The clips of a video."""
        return [clip for clip in self.clips if clip.video_id == video_id]


def why_nothing_is_kept(clips: Sequence[SelectedClip]) -> str:
    """Why no clip of a video, or of a job, is kept; empty if one is.

    Args:
        clips: All its clips.
    """
    if not clips or any(clip.is_kept for clip in clips):
        return ""
    if not any(clip.person_count for clip in clips):
        return NO_PERSONS
    reasons = {clip.reason for clip in clips}
    return reasons.pop() if len(reasons) == 1 else "no clip meets the rules of the selection"
