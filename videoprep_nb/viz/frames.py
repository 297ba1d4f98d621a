"""Frames of a video that is cut into clips, by their index in the whole video."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from videoprep_nb.core.records import ClipRecord
from videoprep_nb.media.frames import RgbImage, read_frames_at
from videoprep_nb.media.random_frames import RandomFrames
from videoprep_nb.viz import images

_SECONDS_KEPT = 8
_CLIPS_OPEN = 2


def shown_frames_at(path: Path, indices: Sequence[int]) -> Iterator[tuple[int, RgbImage]]:
    """Frames of one of our own videos as a report may show them, see ``media.frames.read_frames_at``."""
    for index, image in read_frames_at(path, indices):
        yield index, images.shown(image)


class VideoFrames:
    """Reads frames out of the clips of a video; the clips used last stay open.

    Args:
        clips: The clips, in order.
        clips_folder: Where they lie.
    """

    def __init__(self, clips: Sequence[ClipRecord], clips_folder: Path) -> None:
        self._clips = clips
        self._open = lru_cache(_CLIPS_OPEN)(lambda file_name: RandomFrames(clips_folder / file_name))

    def clip_of(self, frame: int) -> ClipRecord:
        """The first clip that holds a frame.

        Raises:
            IndexError: None does.
        """
        for clip in self._clips:
            if clip.start_frame <= frame < clip.start_frame + clip.frame_count:
                return clip
        raise IndexError(f"frame {frame} lies in none of the clips")

    def read(self, frames: Iterable[int]) -> Iterator[tuple[int, RgbImage]]:
        """Read frames in ascending order, each once, whatever order and number they are asked for in.

        Yields:
            The index of the frame in the standard video and the frame.
        """
        for frame in sorted(set(frames)):
            clip = self.clip_of(frame)
            yield frame, images.shown(self._open(clip.file_name).at(frame - clip.start_frame))


class ShrunkFrames:
    """Frames for somebody who moves through a video: small, and kept for the seconds around the last ones.

    Args:
        frames: Where they come from.
        width: Their width in pixels.
    """

    def __init__(self, frames: VideoFrames, width: int) -> None:
        self._frames = frames
        self._width = width
        self._second_at = lru_cache(_SECONDS_KEPT)(self._read_second)

    def at(self, frame: int) -> RgbImage:
        """A copy of one frame, to draw into."""
        clip = self._frames.clip_of(frame)
        # one second at a time, because that is how far a keyframe may be away
        second = int((frame - clip.start_frame) / clip.rate)
        return self._second_at(clip, second)[frame].copy()

    def _read_second(self, clip: ClipRecord, second: int) -> dict[int, RgbImage]:
        frames = [index for index in range(clip.frame_count) if int(index / clip.rate) == second]
        chosen_frames = [clip.start_frame + index for index in frames]
        return {frame: images.shrink(image, self._width) for frame, image in self._frames.read(chosen_frames)}
