"""The login page, plain HTML without scripts, and logging out."""

from http import HTTPStatus
from typing import Annotated, Literal, TypedDict
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from videoprep_nb.server.security.authentication import COOKIE, DEVICE_COOKIE, Authentication, LoggedIn, TooManyTries
from videoprep_nb.server.security.gate import LOGIN_PATH
from videoprep_nb.server.security.known_clients import KNOWN_FOR
from videoprep_nb.server.security.sessions import SESSION_LIFETIME
from videoprep_nb.server.ui import account_texts
from videoprep_nb.server.ui.templates import render
from videoprep_nb.server.uploads.form import read_small

PLAIN_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "Cache-Control": "no-store",
}
_START_PAGE = "/"
_MAX_FORM_BYTES = 16 * 1024

router = APIRouter(include_in_schema=False)


class _CookieOptions(TypedDict):
    httponly: bool
    samesite: Literal["lax"]
    secure: bool


@router.get(LOGIN_PATH)
def show_login(request: Request, next: Annotated[str, Query()] = "") -> Response:  # noqa: A002 - as in other programs
    """Show the form; whoever is logged in goes on at once."""
    if request.state.user is not None:
        return RedirectResponse(own_page(next), HTTPStatus.SEE_OTHER)
    return _form("", next, "", HTTPStatus.OK)


@router.post(LOGIN_PATH)
async def log_in(request: Request) -> Response:
    """Begin a session, or say that name or password is wrong."""
    fields = await read_fields(request)
    name, requested = fields.get("name", ""), fields.get("next", "")
    try:
        entered = await authentication_of(request).log_in(request, name, fields.get("password", ""))
    except TooManyTries as error:
        message = account_texts.TOO_MANY_TRIES.format(seconds=error.wait_s)
        return _form(name, requested, message, HTTPStatus.TOO_MANY_REQUESTS, error.headers)
    if entered is None:
        return _form(name, requested, account_texts.WRONG_LOGIN, HTTPStatus.FORBIDDEN)
    response = RedirectResponse(own_page(requested), HTTPStatus.SEE_OTHER)
    keep_session(request, response, entered)
    return response


async def read_fields(request: Request) -> dict[str, str]:
    """The fields of a small form; a framework would read bodies of any size into memory, and from anybody.

    Raises:
        TooLarge: It is not small.
    """
    body = await read_small(request, _MAX_FORM_BYTES)
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def keep_session(request: Request, response: Response, entered: LoggedIn) -> None:
    """Give a browser the cookies of a session that has begun."""
    # not strict: an address of a job that a colleague sent has to open
    options: _CookieOptions = {"httponly": True, "samesite": "lax", "secure": request.url.scheme == "https"}
    response.set_cookie(COOKIE, entered.session, max_age=int(SESSION_LIFETIME.total_seconds()), **options)
    # it stays when somebody logs out: it says who has been here, not who is
    lifetime_s = int(KNOWN_FOR.total_seconds())
    response.set_cookie(DEVICE_COOKIE, entered.device, max_age=lifetime_s, path=LOGIN_PATH, **options)


@router.post("/logout")
def log_out(request: Request) -> RedirectResponse:
    """End the session."""
    authentication_of(request).log_out(request)
    response = RedirectResponse(LOGIN_PATH, HTTPStatus.SEE_OTHER)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=request.url.scheme == "https")
    return response


def own_page(requested: str) -> str:
    """A path of this service that somebody asked for; the start page when it leads anywhere else."""
    try:
        parts = urlsplit(requested)
    except ValueError:
        return _START_PAGE
    leads_away = parts.scheme or parts.netloc or not requested.startswith("/") or requested.startswith("//")
    is_plain = requested.isascii() and requested.isprintable() and "\\" not in requested
    return _START_PAGE if leads_away or not is_plain or parts.path == LOGIN_PATH else requested


def authentication_of(request: Request) -> Authentication:
    """The users of the service, and how they prove who they are."""
    authentication: Authentication = request.app.state.authentication
    return authentication


def _form(
    name: str, requested: str, message: str, status: HTTPStatus, headers: dict[str, str] | None = None
) -> HTMLResponse:
    html = render("login.html", name=name, requested=own_page(requested), message=message, action=LOGIN_PATH)
    return HTMLResponse(html, status, PLAIN_HEADERS | (headers or {}))
