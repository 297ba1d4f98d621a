"""``manifest.json``: where every frame of a package comes from (docs/formats.md, section 7)."""

from collections.abc import Container, Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import Any, Self

from pydantic import Field

from videoprep_nb.core.boxes import FrameTransform
from videoprep_nb.core.file_names import ShownName
from videoprep_nb.core.layout import video_id_of_clip
from videoprep_nb.core.records import LeftOutClip, Record, natural_order
from videoprep_nb.exports.dense_proposals import DenseProposals

MANIFEST_VERSION = 1


class ManifestFrame(Record):
    """One extracted frame.

    Args:
        name: Name of its JPEG.
        index_in_clip: Zero-based index among all frames of the clip.
        time_in_clip_s: Its time in the clip, in seconds.
        time_in_source_s: Its time in the recording, in seconds after a player begins to play it; pauses that were cut
            out count.
        source_pts_s: Presentation time stamp of the frame of the source file that it shows, in seconds; None if
            unknown.
        wall_clock: When it was recorded; None if the container does not say.
        is_damaged: The decoder had to conceal damage in it, or it is built on a damaged frame.
        sha256: Hash of the JPEG, hexadecimal; empty if unknown.
        reason: Why it was taken, such as ``fixed rate`` or ``person 7 appears``; empty if all were at a fixed rate.
    """

    name: str
    index_in_clip: int = Field(ge=0)
    time_in_clip_s: float
    time_in_source_s: float
    source_pts_s: float | None = None
    wall_clock: datetime | None = None
    is_damaged: bool = False
    sha256: str = ""
    reason: str = ""


class ManifestClip(Record):
    """One clip.

    Args:
        clip_id: Its name, ``1_clip_000``.
        start_frame: Index of its first frame in the standard video.
        frame_count: All its frames, not only the extracted ones.
        rate: Its frames per second.
        frames: The extracted frames, in the order of time.
    """

    clip_id: str
    start_frame: int = Field(ge=0)
    frame_count: int = Field(ge=1)
    rate: Fraction = Field(gt=0)
    frames: list[ManifestFrame]

    @property
    def video_id(self) -> str:
        """The video that it was cut from."""
        return video_id_of_clip(self.clip_id)

    @property
    def start_s(self) -> Fraction:
        """Time of its first frame in the standard video, in seconds."""
        return self.start_frame / self.rate


class ManifestPart(Record):
    """Frames of a video whose source frames have one shape.

    Args:
        start_frame: Index of the first one in the standard video.
        source_width: Width of the source in pixels, as a player shows it.
        source_height: The same for its height.
        transform: From pixels of the source to pixels of the frame.
    """

    start_frame: int = Field(ge=0)
    source_width: int
    source_height: int
    transform: FrameTransform


class ManifestDamage(Record):
    """Damaged frames of a video, in a row.

    Args:
        start_frame: The first frame of the standard video that shows them, or would if they were not left out.
        end_frame: The last one.
        frame_count: How many of the source.
        lacks_key_frame: They are built on a key frame that is not in the file.
    """

    start_frame: int = Field(ge=0)
    end_frame: int = Field(ge=0)
    frame_count: int = Field(ge=1)
    lacks_key_frame: bool = False


class ManifestVideo(Record):
    """One video.

    Args:
        video_id: Its number in the job.
        original_name: File name of the source as submitted; empty if unknown.
        size_bytes: Size of the source file; None if unknown.
        sha256: Hash of the source file, hexadecimal; empty if unknown.
        source_width: Width of the source in pixels, as a player shows it, in the first part; None if unknown.
        source_height: The same for its height.
        transform: From pixels of the source to pixels of the frame, in the first part; None if unknown.
        parts: Parts of the source whose frames have one shape, in order; empty if unknown.
        starts_at_s: When a player shows its first frame, in seconds after it began to play the file.
        undecodable_first_frames: Frames at its beginning that cannot be decoded.
        damage: Damaged frames.
        width: Width of the frames in pixels.
        height: Height of the frames in pixels.
        clips: Its clips, in order.
    """

    video_id: str
    original_name: ShownName = ""
    size_bytes: int | None = None
    sha256: str = ""
    source_width: int | None = None
    source_height: int | None = None
    transform: FrameTransform | None = None
    parts: list[ManifestPart] = []  # noqa: RUF012 - pydantic copies it
    starts_at_s: float = 0.0
    undecodable_first_frames: int = 0
    damage: list[ManifestDamage] = []  # noqa: RUF012 - pydantic copies it
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    clips: list[ManifestClip]

    def part_of(self, frame: int) -> ManifestPart | None:
        """The part that a frame of the standard video belongs to; None if the way to the source is unknown."""
        earlier = [part for part in self.parts if part.start_frame <= frame]
        if earlier:
            return earlier[-1]
        if self.transform is None or not self.source_width or not self.source_height:
            return None
        return ManifestPart(
            start_frame=0, source_width=self.source_width, source_height=self.source_height, transform=self.transform
        )


class Manifest(Record):
    """Where every frame of a package comes from, and how the package was made.

    Args:
        manifest_version: Version of this format.
        videos: The videos, in the order of the package.
        parameters: Parameters of the job, by stage and name, where they differ from the defaults.
        versions: Versions of videoprep and of what decided about the result.
        left_out: Clips that a selection left out, with the reasons; ``left_out.zip`` describes them.
    """

    manifest_version: int = MANIFEST_VERSION
    videos: list[ManifestVideo]
    parameters: Mapping[str, Any] = {}
    versions: Mapping[str, str] = {}
    left_out: list[LeftOutClip] = []  # noqa: RUF012 - pydantic copies it

    def only(self, clip_ids: Container[str]) -> Self:
        """What it says of some clips; videos without any of them are left out, too."""
        videos = [
            video.model_copy(update={"clips": [clip for clip in video.clips if clip.clip_id in clip_ids]})
            for video in self.videos
        ]
        return self.model_copy(update={"videos": [video for video in videos if video.clips]})

    def joined(self, other: Self) -> Self:
        """This manifest with the clips of another one of the same job that it does not have."""
        clips = {clip.clip_id: clip for clip in (*other.clips, *self.clips)}
        of_video: dict[str, list[ManifestClip]] = {}
        for clip_id in natural_order(clips):
            of_video.setdefault(video_id_of_clip(clip_id), []).append(clips[clip_id])
        described = {**other.video_of, **self.video_of}
        videos = [described[video].model_copy(update={"clips": of_video[video]}) for video in of_video]
        return self.model_copy(update={"videos": videos})

    @property
    def clips(self) -> Iterator[ManifestClip]:
        """All clips, in the order of the package."""
        return (clip for video in self.videos for clip in video.clips)

    @cached_property
    def video_of(self) -> Mapping[str, ManifestVideo]:
        """Video id → video."""
        return {video.video_id: video for video in self.videos}


def inferred_manifest(proposals: DenseProposals, width: int, height: int) -> Manifest:
    """What can be said of a package without a manifest: frames one second apart, clips one behind the other.

    Args:
        proposals: Clip id → frame name → boxes.
        width: Width of the frames in pixels.
        height: Height of the frames in pixels.
    """
    clips: dict[str, list[ManifestClip]] = {}
    for clip_id, frames in proposals.items():
        of_video = clips.setdefault(video_id_of_clip(clip_id), [])
        start = sum(clip.frame_count for clip in of_video)
        extracted = [
            ManifestFrame(name=name, index_in_clip=rank, time_in_clip_s=rank, time_in_source_s=start + rank)
            for rank, name in enumerate(frames)
        ]
        of_video.append(
            ManifestClip(
                clip_id=clip_id,
                start_frame=start,
                frame_count=max(1, len(frames)),
                rate=Fraction(1),
                frames=extracted,
            )
        )
    return Manifest(
        videos=[
            ManifestVideo(video_id=video, width=width, height=height, clips=of_video)
            for video, of_video in clips.items()
        ]
    )
