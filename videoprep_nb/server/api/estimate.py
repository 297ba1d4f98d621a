"""Before a job is submitted: are its parameters valid, how long will it take, how much room does it need?

Invalid parameters are an answer here, not an error: people fill in a form step by step.
"""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import islice
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from videoprep_nb.core.errors import ParameterError, TooLarge
from videoprep_nb.core.file_names import visible
from videoprep_nb.jobs.params import JobParams, params_problems
from videoprep_nb.jobs.settings import read_yaml
from videoprep_nb.server.api.dependencies import Jobs
from videoprep_nb.server.problems import problem_docs
from videoprep_nb.server.security.access import UserJobs
from videoprep_nb.server.uploads.form import read_small
from videoprep_nb.stages.base import VideoLength

_MAX_YAML_BYTES = 64 * 1024
_MAX_PROBLEMS = 20
_NOTEBOOKS_S = 7.0
"""What the notebooks of a video cost beside the work itself, measured on two cores (docs/benchmarks.md)."""
_EXAMPLE_YAML = "clip:\n  clip_duration_s: 10\n"
_YAML_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/yaml": {
                "schema": {"type": "string", "description": "parameters by stage and name"},
                "example": _EXAMPLE_YAML,
            }
        },
    }
}

router = APIRouter(prefix="/api")


class VideoFacts(BaseModel):
    """What is known about a video before any work, as a probe reports it."""

    duration_s: float = Field(ge=0, le=1e9, description="length in seconds", examples=[3600.0])
    rate: float = Field(ge=0, le=1e6, description="frames per second", examples=[25.0])
    name: str = Field("", max_length=1000, description="name of its file, for parameters that name it")


class EstimateRequest(BaseModel):
    """A job that may be submitted later."""

    videos: list[VideoFacts] = Field(description="its videos", max_length=1000)
    params: dict[str, Any] = Field(
        {},
        description="parameters that differ from the defaults, by stage and name",
        examples=[read_yaml(_EXAMPLE_YAML, "example")],
    )


class ParamProblem(BaseModel):
    """Why a parameter is not accepted."""

    field: str = Field(
        description="stage and parameter, or the stage alone; empty: all together", examples=["clip.clip_duration_s"]
    )
    detail: str = Field(description="what was given, what is expected, what to do")


class Estimate(BaseModel):
    """What a job will cost, roughly."""

    time_s: float = Field(description="seconds of work when nothing else runs; 0 if a parameter is invalid")
    disk_bytes: float = Field(description="room beside the videos themselves, most of it only until the end")
    problems: list[ParamProblem] = Field(description="invalid parameters, each once")


class CheckedParams(BaseModel):
    """Parameters as `POST /api/jobs` takes them."""

    params: JobParams = Field(description="parameters by stage and name; empty if one is invalid")
    problems: list[ParamProblem] = Field(description="invalid parameters, each once")


@router.post("/estimate", responses=problem_docs(HTTPStatus.UNPROCESSABLE_ENTITY))
def estimate_job(request: EstimateRequest, jobs: Jobs) -> Estimate:
    """Estimate time and disk space of a job, and check its parameters. Nothing is submitted."""
    checked = check_params(request.params, jobs)
    if checked.problems:
        return Estimate(time_s=0, disk_bytes=0, problems=checked.problems)
    try:
        found = estimate(request.videos, checked.params)
    except ParameterError as error:
        return Estimate(time_s=0, disk_bytes=0, problems=[_problem(error)])
    try:
        jobs.check_scratch_bytes(found.disk_bytes)
    except TooLarge as error:
        return found.model_copy(update={"problems": [ParamProblem(field="", detail=str(error))]})
    return found


@router.post("/params", responses=problem_docs(HTTPStatus.REQUEST_ENTITY_TOO_LARGE), openapi_extra=_YAML_BODY)
async def read_params(request: Request, jobs: Jobs) -> CheckedParams:
    """Read parameters from YAML, as `videoprep run --params` and the tracker lab have them, and check them."""
    body = await read_small(request, _MAX_YAML_BYTES)
    return await to_thread.run_sync(_checked_yaml, body, jobs)


def _checked_yaml(body: bytes, jobs: UserJobs) -> CheckedParams:
    """Parameters from YAML."""
    try:
        return check_params(read_yaml(body.decode("utf-8", "replace"), "YAML"), jobs)
    except ParameterError as error:
        return CheckedParams(params=JobParams({}), problems=[_problem(error)])


def check_params(values: Mapping[str, Any], jobs: UserJobs) -> CheckedParams:
    """Check all parameters.

    Args:
        values: Parameters by stage and name.
        jobs: The jobs of whoever asks.

    Returns:
        The parameters, or the problem of each, of some if very many are wrong.
    """
    problems = list(islice(_problems(values, jobs), _MAX_PROBLEMS))
    return CheckedParams(params=JobParams({}) if problems else JobParams(values), problems=problems)


def estimate(videos: Sequence[VideoFacts], params: JobParams) -> Estimate:
    """Estimate a job from what its stages say they cost.

    Args:
        videos: Its videos.
        params: Its parameters.

    Raises:
        ParameterError: The part of a video begins after its end.
    """
    cost = params.cost(
        VideoLength(video.duration_s, video.rate, str(number), video.name)
        for number, video in enumerate(videos, start=1)
    )
    return Estimate(time_s=_NOTEBOOKS_S * len(videos) + cost.time_s, disk_bytes=cost.disk_bytes, problems=[])


def _problems(values: Mapping[str, Any], jobs: UserJobs) -> Iterator[ParamProblem]:
    for stage, of_stage in values.items():
        is_wrong = False
        for error in params_problems(stage, of_stage):
            is_wrong = True
            yield _problem(error)
        if not is_wrong:
            yield from map(_problem, jobs.params_problems(JobParams({stage: of_stage})))


def _problem(error: ParameterError) -> ParamProblem:
    return ParamProblem(field=visible(error.field), detail=visible(error.reason))
