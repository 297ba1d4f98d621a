"""Where a video of a new job comes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, Field, model_validator

from videoprep_nb.jobs.params import JobParams


class VideoSource(BaseModel):
    """A video of a new job: an upload, or a file on the server."""

    upload_id: str = Field("", description="an upload that has arrived in full", max_length=100)
    server_path: str = Field("", description="a file that `/api/imports` lists; it is read in place", max_length=4096)

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if bool(self.upload_id) == bool(self.server_path):
            raise ValueError("name either upload_id or server_path")
        return self


@dataclass(frozen=True)
class SourceAgain:
    """A video of a job, for a new one.

    Args:
        name: Name to show.
        size_bytes: Its size.
        upload_id: An upload of the user that has arrived; empty for a file on the server.
        server_path: By which a file on the server is chosen; empty for an upload.
    """

    name: str
    size_bytes: int
    upload_id: str = ""
    server_path: str = ""


@dataclass(frozen=True)
class JobAgain:
    """What a new job begins with that is made from another one.

    Args:
        sources: The videos that are still there, in order.
        missing: Names of the others.
        params: The settings.
    """

    sources: Sequence[SourceAgain]
    missing: Sequence[str]
    params: JobParams
