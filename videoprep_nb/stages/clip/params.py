"""Parameters of stage 2, clip."""

from typing import Literal, Optional

from pydantic import Field, ValidationInfo, field_validator

from videoprep_nb.core.params import PLAIN, VIDEO_ID_HELP, VIDEO_ID_PATTERN, Params


class ClipParams(Params):
    """Stage 2: cut one standard video into clips."""

    input_file: str = Field("work/resized/1.mp4", description="standard video written by 01_resize")
    output_dir: str = Field("work/clips", description="folder; clips and clips.json go to its <video_id> folder")
    video_id: str = Field("1", pattern=VIDEO_ID_PATTERN, description=VIDEO_ID_HELP)
    clip_duration_s: float = Field(
        15.0, ge=0.5, le=3600, description="length of a clip in seconds, 0.5 to 3600", json_schema_extra=PLAIN
    )
    overlap_s: float = Field(0.0, ge=0, description="seconds that a clip shares with the previous one")
    remainder: Literal["keep", "drop", "merge"] = Field(
        "keep", description="what to do with a shorter last clip: keep, drop, or merge into the previous one"
    )
    start_s: float = Field(0.0, ge=0, description="skip everything before this second of the video")
    end_s: Optional[float] = Field(None, gt=0, description="skip everything from this second on; None: until the end")

    part: Optional[int] = Field(None, ge=1, description="part of a long video to cut alone, from 1; None: all of it")
    part_count: int = Field(1, ge=1, le=10_000, description="parts that 01_resize has made of the video")

    @field_validator("overlap_s")
    @classmethod
    def _check_overlap(cls, value: float, info: ValidationInfo) -> float:
        duration_s = info.data.get("clip_duration_s", value + 1)
        if value >= duration_s:
            raise ValueError(f"expected less than the clip length of {duration_s:g} s")
        return value

    @field_validator("end_s")
    @classmethod
    def _check_end(cls, value: Optional[float], info: ValidationInfo) -> Optional[float]:
        start_s = info.data.get("start_s", 0.0)
        if value is not None and value <= start_s:
            raise ValueError(f"expected more than start_s, {start_s:g} s")
        return value
