"""Errors of the API: problem details (RFC 9457) in plain words."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from videoprep_nb.core.errors import (
    DiskFullError,
    InputError,
    NoRoom,
    NoSuchJob,
    NoSuchUpload,
    ParameterError,
    StoreDamaged,
    StoreUnavailable,
    TooLarge,
    TooManyJobs,
    VideoPrepError,
    WrongState,
)
from videoprep_nb.core.file_names import visible
from videoprep_nb.core.text import MAX_QUOTED, quoted, shortened

MEDIA_TYPE = "application/problem+json"

_STATUS_OF: dict[type[VideoPrepError], HTTPStatus] = {
    InputError: HTTPStatus.BAD_REQUEST,
    StoreDamaged: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    NoSuchJob: HTTPStatus.NOT_FOUND,
    NoSuchUpload: HTTPStatus.NOT_FOUND,
    WrongState: HTTPStatus.CONFLICT,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ParameterError: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooManyJobs: HTTPStatus.TOO_MANY_REQUESTS,
    NoRoom: HTTPStatus.INSUFFICIENT_STORAGE,
    DiskFullError: HTTPStatus.INSUFFICIENT_STORAGE,
}
_MAX_SENTENCES = 5
_RETRY_AFTER_S = 5
_MAX_DETAIL = 2000
_UNEXPECTED = "Internal server error; see the server log. Report to the administrator what you did and when."


class Refused(VideoPrepError):
    """A request that cannot be served.

    Args:
        status: The HTTP status.
        detail: One sentence for the person who sent it.
        headers: Hints for the program that sent it.
    """

    def __init__(self, status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers


class Problem(BaseModel):
    """Why a request failed (RFC 9457)."""

    type: str = Field("about:blank", description="always `about:blank`: the status says what kind it is")
    title: str = Field(description="the HTTP status in words", examples=["Not Found"])
    status: int = Field(description="the HTTP status", examples=[404])
    detail: str = Field(
        description="one sentence for people: what happened, what was expected, what to do",
        examples=["There is no job 20260131-0123456789abcdef; it may have been deleted."],
    )
    field: str = Field("", description="the parameter that is invalid; empty for other errors", examples=[""])


def problem_response(status: int, detail: str, headers: dict[str, str] | None = None, field: str = "") -> JSONResponse:
    """The answer to a request that failed."""
    problem = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=visible(shortened(detail, _MAX_DETAIL)),
        field=visible(shortened(field, _MAX_DETAIL)),
    )
    return JSONResponse(problem.model_dump(), status, headers, media_type=MEDIA_TYPE)


def problem_docs(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """What the OpenAPI document says about the ways in which a request may fail."""
    content = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {int(status): {"description": status.phrase, "content": content} for status in statuses}


def add_problem_handlers(app: FastAPI) -> None:
    """Have every error of an app answered as problem details; this is the one place that knows their statuses."""
    app.add_exception_handler(VideoPrepError, _answer_own)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(ClientDisconnect, _answer_disconnected)
    app.add_exception_handler(Exception, _answer_unexpected)


def status_of(error: VideoPrepError) -> HTTPStatus:
    """The HTTP status of one of our errors."""
    if isinstance(error, Refused):
        return error.status
    known = (_STATUS_OF[kind] for kind in type(error).__mro__ if kind in _STATUS_OF)
    return next(known, HTTPStatus.INTERNAL_SERVER_ERROR)


def _answer_own(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, VideoPrepError)
    headers = error.headers if isinstance(error, Refused) else None
    if isinstance(error, StoreUnavailable):
        headers = {"Retry-After": str(_RETRY_AFTER_S)}
    field = error.field if isinstance(error, ParameterError) else ""
    return problem_response(status_of(error), str(error), headers, field)


def _answer_http(request: Request, error: Exception) -> JSONResponse:
    """404 for paths and 405 for methods that do not exist."""
    assert isinstance(error, HTTPException)
    detail = error.detail
    path = request.scope["path"]
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"Unknown path {shortened(path, 200)}; see /openapi.json."
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{shortened(path, 200)} does not accept {shortened(request.method, MAX_QUOTED)}; see /openapi.json."
    return problem_response(error.status_code, detail, dict(error.headers or {}))


def _answer_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    sentences = [
        f"{shortened(str((entry['loc'] or ('body',))[-1]), MAX_QUOTED)}: {entry['msg']}, got {quoted(entry['input'])}"
        for entry in error.errors()[:_MAX_SENTENCES]
    ]
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(sentences) + ".")


def _answer_disconnected(request: Request, error: Exception) -> JSONResponse:
    return problem_response(HTTPStatus.BAD_REQUEST, "The connection was closed before the request was complete.")


def _answer_unexpected(request: Request, error: Exception) -> JSONResponse:
    """No details; the server logs the error with its traceback."""
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, _UNEXPECTED)
