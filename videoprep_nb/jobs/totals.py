"""What came out of a job, added up."""

from collections import Counter
from collections.abc import Sequence

from videoprep_nb.core.records import LeftOutClip, Record
from videoprep_nb.core.text import plural
from videoprep_nb.jobs.models import State, VideoResult

_MAX_REASONS = 3


class Totals(Record):
    """What came out of a job, over all its videos.

    Args:
        person_count: Different persons; two videos share none.
        clip_count: Clips in the package.
        frame_count: JPEGs in the package.
        refused_count: Videos that are not in the package.
    """

    person_count: int
    clip_count: int
    frame_count: int
    refused_count: int

    @classmethod
    def of(cls, videos: Sequence[VideoResult]) -> "Totals":
        """Add up the videos of a job."""
        done = [video for video in videos if video.state is State.DONE]
        return cls(
            person_count=sum(video.person_count or 0 for video in done),
            clip_count=sum(video.clip_count - len(video.left_out) for video in done),
            frame_count=sum(video.frame_count for video in done)
            - sum(clip.frame_count for video in done for clip in video.left_out),
            refused_count=len(videos) - len(done),
        )

    def __str__(self) -> str:
        came_out = counted(self.person_count, self.clip_count, self.frame_count)
        return f"{came_out}, {plural(self.refused_count, 'video')} refused" if self.refused_count else came_out


def counted(person_count: int, clip_count: int, frame_count: int) -> str:
    """Counts for people.

    Example:
        >>> counted(1, 2, 60)
        '1 person, 2 clips, 60 frames'
    """
    return f"{plural(person_count, 'person')}, {plural(clip_count, 'clip')}, {plural(frame_count, 'frame')}"


def left_out_in_words(clips: Sequence[LeftOutClip]) -> str:
    """What was left out, and the most frequent reasons.

    Args:
        clips: At least one.

    Example:
        >>> clip = LeftOutClip(clip_id="1_clip_000", start_s=0, end_s=15, reason="no persons found")
        >>> left_out_in_words([clip, clip])
        '2 clips left out: no persons found (2)'
    """
    counts = Counter(clip.reason for clip in clips).most_common()
    reasons = [f"{reason} ({count:,})" for reason, count in counts[:_MAX_REASONS]]
    more = [f"{len(counts) - _MAX_REASONS:,} more reasons"] if len(counts) > _MAX_REASONS else []
    return f"{plural(len(clips), 'clip')} left out: {', '.join([*reasons, *more])}"
