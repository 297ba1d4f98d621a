"""Links that show one job to whoever has them, without an account."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from videoprep_nb.server.api.dependencies import JobId, Jobs, KnownJobId
from videoprep_nb.server.problems import problem_docs
from videoprep_nb.server.security.shares import MAX_SHARE_DAYS, SHARE_DAYS, SHARED_PATH, Share
from videoprep_nb.server.security.sharing import JobShares, maker_of

_EXAMPLE_ID = "0123456789ab"

router = APIRouter(prefix="/api")


class ShareRequest(BaseModel):
    """A link to make."""

    model_config = ConfigDict(extra="forbid")

    days: float = Field(SHARE_DAYS, gt=0, le=MAX_SHARE_DAYS, description="days until it expires")


class ShareStatus(BaseModel):
    """A link to a job."""

    share_id: str = Field(description="what it is called here; it opens nothing", examples=[_EXAMPLE_ID])
    created_by: str = Field(description="name of the user who made it", examples=["anna"])
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, share: Share) -> "ShareStatus":
        """The link as the service keeps it."""
        return cls(
            share_id=share.share_id,
            created_by=maker_of(share),
            created_at=share.created_at,
            expires_at=share.expires_at,
        )


class NewShare(ShareStatus):
    """A link that was just made."""

    address: str = Field(
        description="the link, with its key, which is shown only now",
        examples=[f"https://videoprep.example.org{SHARED_PATH}{_EXAMPLE_ID}?key=…"],
    )


def shares_of(request: Request) -> JobShares:
    """The links of the service."""
    shares: JobShares = request.app.state.shares
    return shares


@router.get("/jobs/{job_id}/shares", responses=problem_docs(HTTPStatus.NOT_FOUND))
def list_shares(request: Request, job_id: JobId, jobs: Jobs) -> list[ShareStatus]:
    """List the links to a job that have not expired, oldest first."""
    return [ShareStatus.of(share) for share in shares_of(request).of_job(jobs, job_id)]


@router.post(
    "/jobs/{job_id}/shares",
    status_code=HTTPStatus.CREATED,
    responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def share_job(request: Request, job_id: KnownJobId, requested: ShareRequest, jobs: Jobs) -> NewShare:
    """Make a link that shows the results of this job to whoever has it: outcome, previews, reports and package.

    It changes nothing, shows no other job, expires, and can be revoked. It also ends with the account of its maker.
    """
    share, key = shares_of(request).make(jobs, job_id, requested.days)
    address = f"{request.url.scheme}://{request.url.netloc}{share.path}?key={key}"
    return NewShare(**ShareStatus.of(share).model_dump(), address=address)


@router.delete(
    "/jobs/{job_id}/shares/{share_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problem_docs(HTTPStatus.NOT_FOUND),
)
def revoke_share(
    request: Request,
    job_id: JobId,
    share_id: Annotated[str, Path(description="the link", examples=[_EXAMPLE_ID], max_length=100)],
    jobs: Jobs,
) -> None:
    """End a link at once."""
    shares_of(request).revoke(jobs, job_id, share_id)
