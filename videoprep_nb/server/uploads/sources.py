"""Where a video of a new job comes from."""

from typing import Self

from pydantic import BaseModel, Field, model_validator


class VideoSource(BaseModel):
    """A video of a new job: an upload, or a file on the server."""

    upload_id: str = Field("", description="an upload that has arrived in full", max_length=100)
    server_path: str = Field("", description="a file that `/api/imports` lists; it is read in place", max_length=4096)

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if bool(self.upload_id) == bool(self.server_path):
            raise ValueError("name either upload_id or server_path")
        return self
