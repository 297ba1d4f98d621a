"""What stage 4 hands to its view and to those who call it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from videoprep_nb.core.records import ClipRecord
from videoprep_nb.stages.track_persons.params import TrackPersonsParams
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.quality import Quality
from videoprep_nb.tracking.tracks import Tracks
from videoprep_nb.viz.preview import Preview
from videoprep_nb.viz.tracks import VideoTracks


@dataclass(frozen=True)
class TrackResult:
    """What the stage did, with all that it detected and tracked.

    Args:
        params: What it was asked for.
        clips: The clips, in order.
        detections: Detections of each clip; frames are those of the clip.
        tracks: Tracks through all clips; frames are those of the standard video.
        cached_clip_count: Clips whose detections were there already.
        detector: What detected: weights, size, precision, device.
        quality: What can be said about the tracks without knowing the truth.
        preview: The preview video and thumbnails; None if none was made.
        corrections: Corrections that were applied, in words.
        correction_problems: Why others were not, a sentence each.
    """

    params: TrackPersonsParams
    clips: Sequence[ClipRecord]
    detections: Sequence[Detections]
    tracks: Tracks
    cached_clip_count: int
    detector: str
    quality: Quality
    preview: Preview | None = None
    corrections: Sequence[str] = ()
    correction_problems: Sequence[str] = ()

    @property
    def clips_folder(self) -> Path:
        """Where the clips are."""
        return Path(self.params.clips_dir) / self.params.video_id

    @property
    def video_tracks(self) -> VideoTracks:
        """The tracks with their clips, to be drawn."""
        return VideoTracks(self.clips, self.tracks)

    @property
    def frame_count(self) -> int:
        """Frames of the video that lie in its clips."""
        last = self.clips[-1]
        return last.start_frame + last.frame_count - self.clips[0].start_frame

    @property
    def sampled_count(self) -> int:
        """Frames among them that were sampled."""
        return sum(len(found.sampled) for found in self.detections)

    @property
    def detected_frame_count(self) -> int:
        """Sampled frames that the detector saw; all of them without a gate."""
        return self.sampled_count - sum(len(found.held) for found in self.detections)

    @property
    def detection_count(self) -> int:
        """Persons detected in them, with at least the confidence asked for."""
        return sum(len(found.above(self.params.confidence)) for found in self.detections)

    @property
    def interpolated_count(self) -> int:
        """Boxes that were filled in between two detections."""
        return int(self.tracks.interpolated.sum())

    @property
    def track_count(self) -> int:
        """Different persons, as far as the tracker can tell."""
        return self.tracks.track_count

    @property
    def box_count(self) -> int:
        """Boxes of persons, one per person and frame of the video."""
        return len(self.tracks)

    @property
    def notes(self) -> list[str]:
        """What the reader of a report should know."""
        return [] if self.box_count else ["No persons were detected."]
