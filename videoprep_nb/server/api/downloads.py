"""What the OpenAPI document says about files that are fetched."""

from http import HTTPStatus
from typing import Any

from videoprep_nb.server.problems import problem_docs


def file_docs(description: str, *media_types: str, ranges: bool = True) -> dict[int | str, dict[str, Any]]:
    """The answers of a route that returns a file of a job, or 404.

    Args:
        description: What the file is.
        media_types: What it may be.
        ranges: Whether parts of it can be asked for.
    """
    content: dict[str, Any] = {media_type: {} for media_type in media_types}
    answers: dict[int | str, dict[str, Any]] = {HTTPStatus.OK: {"content": content, "description": description}}
    if ranges:
        answers[HTTPStatus.PARTIAL_CONTENT] = {"content": content, "description": "the range asked for"}
    return answers | problem_docs(HTTPStatus.NOT_FOUND)
