"""What is to be done with a raw file; the parent process writes it, the child reads it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from videoprep_nb.media.geometry import Fit
from videoprep_nb.media.raw.clip_grid import ClipGrid

Deinterlace = Literal["auto", "on", "off"]
DamagedFrames = Literal["keep", "leave_out"]


@dataclass(frozen=True)
class Conversion:
    """How a raw file becomes a standard video.

    Args:
        input_file: The raw file.
        video_stream: Number of the video stream, from 1; 0 chooses.
        width: Width of the standard frame in pixels, even.
        height: Height of the standard frame in pixels, even.
        fit: How the source frame is fitted into it.
        upscale: Whether a small frame may be enlarged.
        frame_rate: Frames per second as a fraction; empty: those of the source.
        max_frame_rate: Faster sources are thinned out to a whole part of their rate.
        max_pause_s: Longer pauses are cut out.
        deinterlace: Whether lines of two moments are taken apart; ``auto``: where that was measured, or else where
            frames say so.
        damaged_frames: Whether damaged frames are kept or left out.
        encoder_preset: x264 preset.
        crf: x264 quality.
        threads: Threads of decoder, filters and encoder each.
        start_s: Frames before this time are left out, in seconds after the first frame.
        end_s: Frames from this time on are left out; None: none.
        clip_duration_s: Length of the clips that the standard video will be cut into, in seconds.
        clip_overlap_s: Seconds that a clip shares with the previous one.
        clips_start_s: Where the first clip begins, in seconds.
        part: Number of the part to convert, from 1; 0 for all of it.
        part_count: How many parts there are.
    """

    input_file: str
    video_stream: int
    width: int
    height: int
    fit: Fit
    upscale: bool
    frame_rate: str
    max_frame_rate: float
    max_pause_s: float
    deinterlace: Deinterlace
    damaged_frames: DamagedFrames
    encoder_preset: str
    crf: int
    threads: int
    start_s: float = 0.0
    end_s: float | None = None
    clip_duration_s: float = 15.0
    clip_overlap_s: float = 0.0
    clips_start_s: float = 0.0
    part: int = 0
    part_count: int = 1

    def clip_grid(self, rate: Fraction) -> ClipGrid:
        """Where clips begin in the standard video.

        Args:
            rate: Its frames per second.
        """
        step_s = Fraction(str(self.clip_duration_s)) - Fraction(str(self.clip_overlap_s))
        return ClipGrid(rate, Fraction(str(self.clips_start_s)), max(step_s, 1 / rate))


@dataclass(frozen=True)
class Targets:
    """The files of a conversion.

    Args:
        video: The standard video.
        placed: Which source frames it shows, and their times, see ``PlacedFrames``.
        stills: Folder for images of source frames, named by the index of the standard frame.
    """

    video: str
    placed: str
    stills: str
