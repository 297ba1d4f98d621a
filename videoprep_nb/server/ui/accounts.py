"""Changing one's password and mail address, inviting users, and accepting an invite: plain HTML without scripts."""

import re
from http import HTTPStatus
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from videoprep_nb.core.errors import InputError
from videoprep_nb.jobs.announcing.mail import Mail
from videoprep_nb.jobs.service import Service
from videoprep_nb.server.problems import Refused
from videoprep_nb.server.security.authentication import LoggedIn, TooManyTries, address_of
from videoprep_nb.server.security.invites import INVITE_DAYS, INVITE_PATH, MAX_INVITE_DAYS, make_invite, revoke_invite
from videoprep_nb.server.security.user_file import Role, UserRecord, set_mail_address
from videoprep_nb.server.ui import account_texts, texts
from videoprep_nb.server.ui.login import PLAIN_HEADERS, authentication_of, keep_session, read_fields
from videoprep_nb.server.ui.templates import render

PASSWORD_PATH = "/login/password"  # noqa: S105 - below the path of the cookie by which a browser is known
MAIL_PATH = "/login/mail"
_USERS_PATH = "/users"
_INVITES_PATH = f"{_USERS_PATH}/invites"

router = APIRouter(include_in_schema=False)


def _logged_in(request: Request) -> UserRecord:
    return authentication_of(request).logged_in(request)


def _logged_in_admin(request: Request) -> UserRecord:
    record = _logged_in(request)
    if not record.user.is_admin:
        raise Refused(HTTPStatus.FORBIDDEN, "Only administrators may invite users.")
    return record


LoggedInUser = Annotated[UserRecord, Depends(_logged_in)]
LoggedInAdmin = Annotated[UserRecord, Depends(_logged_in_admin)]


@router.get(PASSWORD_PATH)
def show_password_form(request: Request, user: LoggedInUser) -> Response:
    """Show the form."""
    return _password_page(request, user)


@router.post(PASSWORD_PATH)
async def change_password(request: Request, user: LoggedInUser) -> Response:
    """Change the password of who has logged in, or say what is wrong."""
    fields = await read_fields(request)
    if fields.get("new", "") != fields.get("again", ""):
        return _password_page(request, user, account_texts.NOT_REPEATED, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        entered = await authentication_of(request).change_password(
            request, fields.get("old", ""), fields.get("new", "")
        )
    except TooManyTries as error:
        message = account_texts.TOO_MANY_TRIES.format(seconds=error.wait_s)
        return _password_page(request, user, message, HTTPStatus.TOO_MANY_REQUESTS, error.headers)
    except InputError as error:
        return _password_page(request, user, str(error), HTTPStatus.UNPROCESSABLE_ENTITY)
    if entered is None:
        return _password_page(request, user, account_texts.WRONG_PASSWORD, HTTPStatus.FORBIDDEN)
    response = _password_page(request, user, is_changed=True)
    keep_session(request, response, entered)
    return response


@router.post(MAIL_PATH)
async def change_mail_address(request: Request, user: LoggedInUser) -> Response:
    """Change where who has logged in gets messages about their jobs, or say what is wrong."""
    authentication = authentication_of(request)
    assert authentication.users is not None
    address = (await read_fields(request)).get("mail", "").strip()
    try:
        await to_thread.run_sync(set_mail_address, authentication.users.file, user.name, address)
    except InputError as error:
        return _password_page(request, user, status=HTTPStatus.UNPROCESSABLE_ENTITY, mail=address, problem=str(error))
    authentication.audit.note("change mail address", "done", user.name, address_of(request))
    return _password_page(request, user, mail=address, is_mail_changed=True)


@router.get(INVITE_PATH)
def show_invite(request: Request, key: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Show the form of an invite, or that it has ended."""
    return _invite_page(request, key)


@router.post(INVITE_PATH)
async def accept_invite(request: Request) -> Response:
    """Make the user and begin their session, or say what is wrong."""
    fields = await read_fields(request)
    key, name = fields.get("key", ""), fields.get("name", "")
    page = _invite_page(request, key, name)
    if page.status_code != HTTPStatus.OK:
        return page
    if fields.get("new", "") != fields.get("again", ""):
        return _invite_page(request, key, name, account_texts.NOT_REPEATED)
    try:
        entered: LoggedIn = await authentication_of(request).accept_invite(request, key, name, fields.get("new", ""))
    except InputError as error:
        return _invite_page(request, key, name, str(error))
    response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    keep_session(request, response, entered)
    return response


@router.get(_USERS_PATH)
def show_users(request: Request, admin: LoggedInAdmin) -> Response:
    """Show users and invites."""
    return _users_page(request)


@router.post(_INVITES_PATH)
async def invite(request: Request, admin: LoggedInAdmin) -> Response:
    """Make an invite; its link is shown once."""
    fields = await read_fields(request)
    days = fields.get("days", "")
    if not re.fullmatch("[0-9]{1,3}", days) or not 1 <= int(days) <= MAX_INVITE_DAYS:
        message = account_texts.BAD_INVITE.format(days=days[:20] or texts.NOTHING, max_days=MAX_INVITE_DAYS)
        return _users_page(request, message=message)
    users = authentication_of(request).users
    assert users is not None
    role = Role.ADMIN if fields.get("role") == Role.ADMIN.value else Role.MEMBER
    try:
        key = await to_thread.run_sync(make_invite, users.file, role, int(days), admin.name)
    except InputError as error:
        return _users_page(request, message=str(error))
    return _users_page(request, link=f"{request.url.scheme}://{request.url.netloc}{INVITE_PATH}?key={key}")


@router.post(_INVITES_PATH + "/{invite_id}/revoke")
def revoke(request: Request, invite_id: str, admin: LoggedInAdmin) -> Response:
    """End an invite."""
    users = authentication_of(request).users
    assert users is not None
    try:
        revoke_invite(users.file, invite_id)
    except InputError as error:
        return _users_page(request, message=str(error))
    return RedirectResponse(_USERS_PATH, HTTPStatus.SEE_OTHER)


def _password_page(
    request: Request,
    user: UserRecord,
    message: str = "",
    status: HTTPStatus = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
    **shown: Any,
) -> HTMLResponse:
    service: Service = request.app.state.service
    of_mail = {"has_mail": Mail.name in service.announcers, "mail": user.mail_address, "mail_action": MAIL_PATH}
    values = {"is_changed": False, "is_mail_changed": False, "problem": "", **of_mail, **shown}
    html = render("password.html", user=user, message=message, action=PASSWORD_PATH, **values)
    return HTMLResponse(html, status, PLAIN_HEADERS | (headers or {}))


def _invite_page(request: Request, key: str, name: str = "", message: str = "") -> HTMLResponse:
    try:
        found = authentication_of(request).find_invite(request, key)
    except TooManyTries as error:
        html = render("invite.html", key="", message=account_texts.TOO_MANY_TRIES.format(seconds=error.wait_s))
        return HTMLResponse(html, HTTPStatus.TOO_MANY_REQUESTS, PLAIN_HEADERS | (error.headers or {}))
    if found is None:
        html = render("invite.html", key="", message=account_texts.INVITE_ENDED)
        return HTMLResponse(html, HTTPStatus.NOT_FOUND, PLAIN_HEADERS)
    html = render("invite.html", key=key, role=found.role, name=name, message=message, action=INVITE_PATH)
    return HTMLResponse(html, HTTPStatus.UNPROCESSABLE_ENTITY if message else HTTPStatus.OK, PLAIN_HEADERS)


def _users_page(request: Request, link: str = "", message: str = "") -> HTMLResponse:
    users = authentication_of(request).users
    assert users is not None
    html = render(
        "users.html",
        content=users.content,
        link=link,
        message=message,
        action=_INVITES_PATH,
        days=INVITE_DAYS,
        max_days=MAX_INVITE_DAYS,
    )
    return HTMLResponse(html, HTTPStatus.UNPROCESSABLE_ENTITY if message else HTTPStatus.OK, PLAIN_HEADERS)
