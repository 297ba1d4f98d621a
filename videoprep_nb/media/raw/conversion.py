"""What is to be done with a raw file; the parent process writes it, the child reads it."""

from dataclasses import dataclass
from typing import Literal

from videoprep_nb.media.geometry import Fit

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


@dataclass(frozen=True)
class Targets:
    """The files of a conversion.

    Args:
        video: The standard video.
        stamps: Presentation stamps of the source frames that its frames show, in seconds, ``.npy``.
        source_times: Their times since a player began to play the source, in seconds, ``.npy``.
        stills: Folder for images of source frames, named by the index of the standard frame.
    """

    video: str
    stamps: str
    source_times: str
    stills: str
