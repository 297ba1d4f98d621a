"""Parameters of stage 3, extract frames."""

from typing import Optional

from pydantic import Field

from videoprep_nb.core.params import PLAIN, VIDEO_ID_HELP, VIDEO_ID_PATTERN, Params


class ExtractFramesParams(Params):
    """Stage 3: extract frames from the clips of one video as JPEGs."""

    clips_dir: str = Field("work/clips", description="folder written by 02_clip")
    output_dir: str = Field("work/frames", description="folder; frames and frames.json go to its <video_id> folder")
    video_id: str = Field("1", pattern=VIDEO_ID_PATTERN, description=VIDEO_ID_HELP)
    frames_per_second: float = Field(
        1.0, gt=0, le=240, description="frames to extract per second of a clip", json_schema_extra=PLAIN
    )
    part: Optional[int] = Field(None, ge=1, description="part of a long video to take alone, from 1; None: all of it")
    part_count: int = Field(1, ge=1, le=10_000, description="parts that 02_clip has cut the video in")
    jpeg_quality: int = Field(95, ge=1, le=100, description="JPEG quality, 1 to 100", json_schema_extra=PLAIN)
