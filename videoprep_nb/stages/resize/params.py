"""Parameters of stage 1, resize."""

from typing import Literal, Optional

from pydantic import Field, field_validator

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.params import VIDEO_ID_HELP, VIDEO_ID_PATTERN, Params
from videoprep_nb.core.time_ranges import TimeRanges
from videoprep_nb.core.timecode import parse_rate


class ResizeParams(Params):
    """Stage 1: convert one raw video to the standard form."""

    input_file: str = Field("work/sample.mp4", description="raw video file")
    output_dir: str = Field("work/resized", description="folder for <video_id>.mp4 and <video_id>.json")
    video_id: str = Field("1", pattern=VIDEO_ID_PATTERN, description=VIDEO_ID_HELP)
    original_name: str = Field("", description="name shown in the report; empty: name of input_file")
    width: int = Field(1280, ge=16, le=7680, multiple_of=2, description="width in pixels, even")
    height: int = Field(720, ge=16, le=4320, multiple_of=2, description="height in pixels, even")
    fit: Literal["letterbox", "crop", "stretch"] = Field(
        "letterbox", description="letterbox (pad with black), crop or stretch"
    )
    upscale: bool = Field(True, description="enlarge small frames; otherwise they are padded with black")
    frame_rate: str = Field("keep", description="keep, or frames per second such as 25 or 30000/1001")
    max_frame_rate: float = Field(
        60.0, ge=1, le=240, description="thin out faster sources to a whole part of their rate"
    )
    time_ranges: list[str] = Field(
        [], description="parts of videos to take, each video:start-end in seconds, such as 2:12.5-60; empty: all"
    )
    max_pause_s: float = Field(60.0, gt=0, description="cut out longer pauses of the recording")
    video_stream: int = Field(0, ge=0, le=99, description="number of the video stream, from 1; 0 chooses")
    deinterlace: Literal["auto", "on", "off"] = Field(
        "auto", description="take lines of two moments apart: auto (where marked or measured), on or off"
    )
    damaged_frames: Literal["keep", "leave_out"] = Field("keep", description="keep or leave_out damaged frames")
    encoder_preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium"] = Field(
        "ultrafast", description="x264 preset, ultrafast (fast, large file) to medium (slow, small file)"
    )
    crf: int = Field(18, ge=0, le=40, description="x264 quality, 0 (lossless) to 40 (poor)")
    clip_duration_s: float = Field(
        15.0, ge=0.5, le=3600, description="as in 02_clip, to begin every clip with a key frame"
    )
    clip_overlap_s: float = Field(0.0, ge=0, description="overlap_s as in 02_clip")
    clips_start_s: float = Field(0.0, ge=0, description="start_s as in 02_clip")
    part: Optional[int] = Field(None, ge=1, description="part of the video to convert alone, from 1; None: all of it")
    part_count: int = Field(1, ge=1, le=10_000, description="parts of the video; all of it is joined from them")
    timeout_s: float = Field(21600.0, gt=0, description="give up after this many seconds")

    @field_validator("time_ranges")
    @classmethod
    def _check_time_ranges(cls, value: list[str]) -> list[str]:
        TimeRanges.read(value)
        return value

    @field_validator("frame_rate")
    @classmethod
    def _check_frame_rate(cls, value: str) -> str:
        if value != "keep":
            try:
                parse_rate(value)
            except ParameterError as error:
                raise ValueError(error.reason) from None
        return value
