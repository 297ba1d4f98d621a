"""Parameters of stage 2, clip."""

from typing import Literal, Optional

from pydantic import Field, ValidationInfo, field_validator

from videoprep_nb.core.params import VIDEO_ID_HELP, VIDEO_ID_PATTERN, Params


class ClipParams(Params):
    """Stage 2: one standard video to clips."""

    input_file: str = Field("work/resized/1.mp4", description="standard video written by 01_resize")
    output_dir: str = Field("work/clips", description="folder; clips and clips.json go to its <video_id> folder")
    video_id: str = Field("1", pattern=VIDEO_ID_PATTERN, description=VIDEO_ID_HELP)
    clip_duration_s: float = Field(15.0, ge=0.5, le=3600, description="length of a clip in seconds, 0.5 to 3600")
    overlap_s: float = Field(0.0, ge=0, description="seconds that a clip shares with the one before it")
    remainder: Literal["keep", "drop", "merge"] = Field(
        "keep", description="the last, shorter clip: keep it, drop it, or merge it into the one before"
    )
    start_s: float = Field(0.0, ge=0, description="leave out what comes before this second of the video")
    end_s: Optional[float] = Field(None, gt=0, description="leave out what comes after this second; without: nothing")

    @field_validator("overlap_s")
    @classmethod
    def _check_overlap(cls, value: float, info: ValidationInfo) -> float:
        duration_s = info.data.get("clip_duration_s", value + 1)
        if value >= duration_s:
            raise ValueError(f"wanted less than the {duration_s:g} s of a clip")
        return value

    @field_validator("end_s")
    @classmethod
    def _check_end(cls, value: Optional[float], info: ValidationInfo) -> Optional[float]:
        start_s = info.data.get("start_s", 0.0)
        if value is not None and value <= start_s:
            raise ValueError(f"wanted more than the {start_s:g} s at which the first clip starts")
        return value
