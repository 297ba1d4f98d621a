"""Parameters of stage 5b, selection."""

from typing import Literal, Self

from pydantic import Field, model_validator

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.params import MULTILINE, PLAIN, Params, as_validation_error
from videoprep_nb.selection.listed_times import read_listed_times


class SelectParams(Params):
    """Stage 5b: clips that are worth annotating."""

    resized_dir: str = Field("work/resized", description="folder written by 01_resize")
    clips_dir: str = Field("work/clips", description="folder written by 02_clip")
    frames_dir: str = Field("work/frames", description="folder written by 03_extract_frames")
    proposals_file: str = Field("work/dense_proposals.pkl", description="pickle written by 05_generate_proposals")
    dense_tracks_file: str = Field("work/dense_tracks.npz", description="tracks written by 05_generate_proposals")
    output_dir: str = Field("work/selection", description="folder for selection.json and the proposals of kept clips")
    mode: Literal["off", "score only", "keep"] = Field(
        "off",
        title="Selection of clips",
        description="off, score only (a table, all clips are kept), or keep (clips with people, and other rules)",
        json_schema_extra=PLAIN,
    )
    min_persons: int = Field(
        1,
        ge=0,
        le=1000,
        description="keep clips with so many people at once; 0: also without any",
    )
    min_persons_s: float = Field(1.0, ge=0, le=86_400, description="for so many seconds of the clip in total")
    drop_duplicates: bool = Field(
        True,
        description="leave out clips whose frames and people are about those of a kept clip",
    )
    max_clips: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="keep so many clips of the job, the most varied; 0: all",
    )
    margin_s: float = Field(
        0.0,
        ge=0,
        le=86_400,
        description="keep clips within so many seconds of a kept one as well",
    )
    keep_times: str = Field(
        "",
        description="times to keep whatever the rules say, as CSV lines of video, start and end; empty: none",
        examples=["video,start,end\ncam1.avi,30,75\n2,1:02:03,1:02:30"],
        json_schema_extra=MULTILINE,
    )
    only_listed: bool = Field(False, description="leave out every clip that is in none of keep_times")

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        try:
            listed = read_listed_times(self.keep_times)
        except ParameterError as error:
            raise as_validation_error(error, self) from None
        if self.only_listed and not listed:
            problem = ParameterError("only_listed", "got true, expected times in keep_times")
            raise as_validation_error(problem, self)
        return self
