"""Corrections of a finished job by hand: its tracks, what is corrected, and its package made again."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from videoprep_nb.core.yaml_text import MAX_CHARACTERS
from videoprep_nb.jobs.corrections import CorrectableTrack, CorrectableVideo
from videoprep_nb.server.api.dependencies import JobId, Jobs, KnownJobId
from videoprep_nb.server.api.downloads import file_docs
from videoprep_nb.server.problems import problem_docs
from videoprep_nb.server.security.access import UserJobs

_EXAMPLE = "cam1.avi:\n- {merge: [3, 7]}\n- {split: 5, at_s: 12.4}\n- {delete: 9}\n"

router = APIRouter(prefix="/api")


class TrackStatus(BaseModel):
    """A track as it is with the corrections so far."""

    pieces: list[str] = Field(
        description="names of the pieces that it consists of, as corrections name them; the first one stands for it",
        examples=[["3", "7"]],
    )
    start_s: float = Field(description="its first frame, in seconds of the standard video")
    end_s: float = Field(description="the end of its last frame")

    @classmethod
    def of(cls, track: CorrectableTrack) -> "TrackStatus":
        """The track as the service knows it."""
        return cls(pieces=track.pieces, start_s=track.start_s, end_s=track.end_s)


class CorrectedVideoStatus(BaseModel):
    """A video of the job."""

    video_id: str = Field(examples=["1"])
    original_name: str = Field(examples=["cam1.avi"])
    lines: list[str] = Field(description="its corrections in words", examples=[["merge 3, 7"]])
    tracks: list[TrackStatus]

    @classmethod
    def of(cls, video: CorrectableVideo) -> "CorrectedVideoStatus":
        """The video as the service knows it."""
        tracks = [TrackStatus.of(track) for track in video.tracks]
        return cls(video_id=video.video_id, original_name=video.original_name, lines=video.lines, tracks=tracks)


class CorrectionsStatus(BaseModel):
    """The corrections of a job."""

    text: str = Field(description="corrections.yaml", examples=[_EXAMPLE])
    videos: list[CorrectedVideoStatus]
    is_running: bool = Field(description="whether the package is being made again")
    is_applied: bool = Field(description="whether the package has these corrections")
    problem: str = Field(
        description="why nothing can be corrected, or why the last attempt failed; empty otherwise", examples=[""]
    )

    @classmethod
    def of(cls, job_id: str, jobs: UserJobs) -> "CorrectionsStatus":
        """The corrections as the service knows them."""
        found = jobs.corrections(job_id)
        return cls(
            text=found.text,
            videos=[CorrectedVideoStatus.of(video) for video in found.videos],
            is_running=found.is_running,
            is_applied=found.is_applied,
            problem=found.problem,
        )


class CorrectionsRequest(BaseModel):
    """All corrections of a job."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(
        description="corrections.yaml; JSON of the same form is YAML too",
        max_length=MAX_CHARACTERS,
        examples=[_EXAMPLE],
    )


@router.get("/jobs/{job_id}/corrections", responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
def show_corrections(job_id: JobId, jobs: Jobs) -> CorrectionsStatus:
    """Show the corrections of a job that has ended, and its tracks as they are with these."""
    return CorrectionsStatus.of(job_id, jobs)


@router.put(
    "/jobs/{job_id}/corrections",
    responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def save_corrections(job_id: KnownJobId, request: CorrectionsRequest, jobs: Jobs) -> CorrectionsStatus:
    """Replace the corrections of a job; refused as a whole if a line does not fit its tracks.

    The package stays as it is until it is made again.
    """
    jobs.save_corrections(job_id, request.text)
    return CorrectionsStatus.of(job_id, jobs)


@router.post(
    "/jobs/{job_id}/corrections/package",
    status_code=HTTPStatus.ACCEPTED,
    responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.INSUFFICIENT_STORAGE),
)
def make_corrected_package(job_id: JobId, jobs: Jobs) -> CorrectionsStatus:
    """Make the package again with the corrections of the job, in the background; the old one stays until then."""
    jobs.make_corrected_package(job_id)
    return CorrectionsStatus.of(job_id, jobs)


@router.get(
    "/jobs/{job_id}/corrections/strips/{video_id}/{piece}",
    response_class=Response,
    responses=file_docs("thumbnails of the track", "image/jpeg", ranges=False),
)
def fetch_track_strip(
    job_id: JobId,
    video_id: Annotated[str, Path(description="the video", examples=["1"], max_length=40)],
    piece: Annotated[str, Path(description="the first piece of the track", examples=["3"], max_length=40)],
    jobs: Jobs,
) -> Response:
    """Fetch thumbnails of a track, side by side, from the frames of the package."""
    strip = jobs.track_strip(job_id, video_id, piece)
    return Response(strip, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=300"})
