"""A preview video and thumbnails of a video with its tracks drawn, for people who do not read reports."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from videoprep_nb.core.layout import staged_file
from videoprep_nb.core.records import ClipRecord, ShownSpan
from videoprep_nb.media.frames import RgbImage
from videoprep_nb.media.rgb_writer import RgbWriter
from videoprep_nb.media.scaled_frames import read_scaled_frames
from videoprep_nb.viz import images
from videoprep_nb.viz.frames import VideoFrames
from videoprep_nb.viz.track_drawing import draw_tracks
from videoprep_nb.viz.tracks import VideoTracks

_WIDTH_PX = 640
_MAX_RATE = 10
_MAX_DURATION_S = 30.0
_ENCODER_OPTIONS = {"preset": "superfast", "crf": "28"}


@dataclass(frozen=True)
class Preview:
    """What people watch while a job runs.

    Args:
        video: The preview video.
        thumbnails: Frames with many persons, as JPEGs.
        clips: The clips that the video shows, in order.
        step: Every how many frames it shows one.
    """

    video: Path
    thumbnails: list[Path]
    clips: list[ClipRecord]
    step: int

    @property
    def spans(self) -> list[ShownSpan]:
        """The parts of the standard video that the preview video shows, in order."""
        found, shown = [], 0
        for clip in self.clips:
            start_s, end_s = float(clip.start_s), float(clip.start_s + clip.duration_s)
            found.append(ShownSpan(start_s=start_s, end_s=end_s, preview_s=float(shown * self.step / clip.rate)))
            shown += len(_shown_indices(clip, self.step))
        return found


def write_preview(tracks: VideoTracks, clips_folder: Path, folder: Path, video_id: str) -> Preview:
    """Write a preview video and thumbnails of the busiest frames.

    The video is ``<video_id>.mp4``: H.264, 640 pixels wide, at most 10 frames per second, playable while it loads. It
    shows the clips with most persons, about half a minute of them. The thumbnails are ``<video_id>_1.jpg`` and so on.

    Args:
        tracks: The tracks.
        clips_folder: The clips of the video.
        folder: Where to write.
        video_id: The video.

    Raises:
        DiskFullError: The disk was full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    thumbnails = []
    frames = VideoFrames(tracks.clips, clips_folder).read(tracks.busy_frames())
    for number, (frame, image) in enumerate(frames, start=1):
        small = images.shrink(image, _WIDTH_PX)
        draw_tracks(small, tracks.table, frame, rate=tracks.rate, source_width=tracks.clips[0].width)
        thumbnails.append(folder / f"{video_id}_{number}.jpg")
        with staged_file(thumbnails[-1]) as staging:
            staging.write_bytes(images.encode_jpeg(small))
    video = folder / f"{video_id}.mp4"
    clips, step = _busy_clips(tracks), math.ceil(tracks.clips[0].rate / _MAX_RATE)
    _write_video(video, tracks, clips_folder, clips, step)
    return Preview(video, thumbnails, clips, step)


def _write_video(path: Path, tracks: VideoTracks, clips_folder: Path, clips: Sequence[ClipRecord], step: int) -> None:
    first = tracks.clips[0]
    height = 2 * round(_WIDTH_PX * first.height / first.width / 2)
    with (
        staged_file(path) as staging,
        RgbWriter(staging, (_WIDTH_PX, height), first.rate / step, _ENCODER_OPTIONS) as writer,
    ):
        for clip in clips:
            for image in _drawn_frames(clip, tracks, clips_folder, step, height):
                writer.write(image)


def _busy_clips(tracks: VideoTracks) -> list[ClipRecord]:
    """The clips with most persons, as many as make half a minute but at least one, in order of time."""
    counts = tracks.persons_per_frame()
    persons = [counts[clip.start_frame :][: clip.frame_count].mean() for clip in tracks.clips]
    chosen: list[int] = []
    duration_s = 0.0
    for index in sorted(range(len(persons)), key=lambda index: -persons[index]):
        duration_s += float(tracks.clips[index].frame_count / tracks.clips[index].rate)
        if chosen and duration_s > _MAX_DURATION_S:
            break
        chosen.append(index)
    return [tracks.clips[index] for index in sorted(chosen)]


def _shown_indices(clip: ClipRecord, step: int) -> range:
    """The frames of a clip that the preview video shows."""
    return range(-clip.start_frame % step, clip.frame_count, step)


def _drawn_frames(
    clip: ClipRecord, tracks: VideoTracks, clips_folder: Path, step: int, height: int
) -> Iterator[RgbImage]:
    indices = _shown_indices(clip, step)
    # the clip and the second before it: searching the rows of hours for each frame would take long
    lately = tracks.table.in_frames(clip.start_frame - math.ceil(clip.rate), clip.start_frame + clip.frame_count)
    frames = read_scaled_frames(clips_folder / clip.file_name, indices, (_WIDTH_PX, height))
    for index, image in zip(indices, frames, strict=False):
        draw_tracks(image, lately, clip.start_frame + index, rate=tracks.rate, source_width=clip.width)
        yield image
