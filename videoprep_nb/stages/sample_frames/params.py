"""Parameters of stage 4a, sample frames."""

from pydantic import Field

from videoprep_nb.core.params import VIDEO_ID_HELP, VIDEO_ID_PATTERN, Params

FIXED_RATE = "fixed rate"
"""Why a frame of stage 3 is there."""


class SampleFramesParams(Params):
    """Stage 4a: further frames of one video, where persons come, go, meet or change."""

    clips_dir: str = Field("work/clips", description="folder written by 02_clip")
    frames_dir: str = Field("work/frames", description="folder written by 03_extract_frames")
    tracks_dir: str = Field("work/tracks", description="folder written by 04_track_persons")
    frames_output_dir: str = Field("work/sampled/frames", description="folder; frames go to its <video_id> folder")
    tracks_output_dir: str = Field("work/sampled/tracks", description="folder; tracks go to its <video_id> folder")
    video_id: str = Field("1", pattern=VIDEO_ID_PATTERN, description=VIDEO_ID_HELP)
    budget_per_minute: float = Field(
        0.0, ge=0, le=600, description="frames to add per minute of video, where people come, go, meet or move; 0: none"
    )
    min_distance_s: float = Field(0.2, ge=0, le=10, description="seconds from an added frame to any other, at least")
    jpeg_quality: int = Field(95, ge=1, le=100, description="as in 03_extract_frames, 1 to 100")
