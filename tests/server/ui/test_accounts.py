"""Changing one's password and inviting users: as people do it in a browser, and what others may try."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import DESKTOP, PHONE, clean_page, watched_context
from tests.support.job_services import wait_until
from tests.support.mail_receiver import mail_receiver
from tests.support.web_server import (
    PASSWORDS,
    RunningServer,
    assert_problem,
    bearer,
    log_in,
    make_users,
    running_server,
)
from videoprep_nb.jobs.announcing.mail import Mail, MailServer
from videoprep_nb.server.security import invites as invites_module
from videoprep_nb.server.security.invites import accept_invite, find_invite, make_invite
from videoprep_nb.server.security.user_file import Role, new_token, read_users
from videoprep_nb.server.security.users import Users

NEW = "bert has thought of a better one"
PASSWORD_PATH = "/login/password"
INVITE_PATH = "/login/invite"


@pytest.fixture(scope="module")
def user_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_users(tmp_path_factory.mktemp("users"))


@pytest.fixture(scope="module")
def server(user_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("accounts"), users=Users(user_file)) as running:
        yield running


def address_of(server: RunningServer) -> str:
    return str(server.client.base_url).rstrip("/")


def enter(page: Page, name: str, password: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#vp-new")).to_be_visible()


@contextmanager
def page_with_mistakes(browser: Browser, address: str) -> Iterator[Page]:
    """A page on a phone where nothing goes wrong but what its user enters."""
    with watched_context(browser, viewport=PHONE) as (context, watched):
        page = context.new_page()
        page.goto(address)
        yield page
        assert all("422" in error for error in watched.errors), watched.errors


def is_inside(client: httpx.Client) -> bool:
    return client.get("/api/jobs").status_code == 200


def audited(server: RunningServer, action: str) -> list[dict]:
    lines = (server.service.workspace.path / "logs" / "audit.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["action"] == action]


def test_user_changes_the_password_on_the_page(server: RunningServer, user_file: Path, browser: Browser):
    token = new_token(user_file, "bert")
    with (
        log_in(server, "bert") as elsewhere,
        page_with_mistakes(browser, f"{address_of(server)}/login") as page,
    ):
        enter(page, "bert", PASSWORDS["bert"])
        page.get_by_role("link", name="bert").click()
        page.get_by_label("Current password").fill(PASSWORDS["bert"])
        page.get_by_label("New password").fill(NEW)
        page.get_by_label("Repeat the password").fill(NEW + "x")
        page.get_by_role("button", name="Change password").click()
        expect(page.get_by_role("alert")).to_contain_text("The two passwords differ")
        assert is_inside(elsewhere)
        page.get_by_label("Current password").fill(PASSWORDS["bert"])
        page.get_by_label("New password").fill(NEW)
        page.get_by_label("Repeat the password").fill(NEW)
        page.get_by_role("button", name="Change password").click()
        expect(page.get_by_role("status")).to_contain_text("Your password is changed")
        page.get_by_role("link", name="Back to the jobs").click()
        expect(page.locator("#vp-new")).to_be_visible()  # this browser stays logged in
        assert not is_inside(elsewhere)
        assert_problem(server.client.get("/api/jobs", headers=bearer(token)), 401)
    users = Users(user_file)
    assert users.with_password("bert", NEW) is not None
    assert users.with_password("bert", PASSWORDS["bert"]) is None
    assert [(line["name"], line["outcome"]) for line in audited(server, "change password")] == [("bert", "done")]


def send(client: httpx.Client, old: str, new: str, again: str | None = None) -> httpx.Response:
    return client.post(PASSWORD_PATH, data={"old": old, "new": new, "again": new if again is None else again})


def test_user_says_where_messages_about_their_jobs_go(tmp_path: Path, browser: Browser):
    users = Users(make_users(tmp_path))
    with mail_receiver() as receiver:
        mail_server = MailServer(receiver.url, "", "videoprep@example.org", (), "https://vp.example.org")
        mail = Mail(mail_server, users.mail_address_of)
        with (
            running_server(tmp_path / "workspace", users=users, channels=[mail]) as server,
            page_with_mistakes(browser, f"{address_of(server)}/login") as page,
        ):
            enter(page, "bert", PASSWORDS["bert"])
            page.get_by_role("link", name="bert").click()
            page.get_by_label("Your address").fill("b" * 65 + "@example.org")  # a browser accepts it
            page.get_by_role("button", name="Save address").click()
            expect(page.get_by_role("alert")).to_contain_text("no address of e-mail")
            page.get_by_label("Your address").fill("bert@example.org")
            page.get_by_role("button", name="Save address").click()
            expect(page.get_by_role("status")).to_contain_text("Messages about your jobs go to this address")
            assert audited(server, "change mail address")[-1]["name"] == "bert"
            with log_in(server, "bert") as bert:
                bert.post("/api/jobs", files={"videos": ("a.mp4", b"no video")})
            assert wait_until(lambda: receiver.messages)
    assert receiver.messages[0]["To"] == "bert@example.org"


def test_service_without_a_mail_server_asks_for_no_address(server: RunningServer):
    with log_in(server, "anna") as anna:
        assert "Save address" not in anna.get(PASSWORD_PATH).text


def test_wrong_passwords_change_nothing_and_are_slowed_down(tmp_path: Path):
    user_file = make_users(tmp_path)
    before = user_file.read_bytes()
    with running_server(tmp_path / "workspace", users=Users(user_file)) as server, log_in(server, "anna") as anna:
        assert (short := send(anna, PASSWORDS["anna"], "short")).status_code == 422
        assert "5 characters" in short.text
        answers = [send(anna, f"guess {number}", NEW) for number in range(11)]
        assert [answer.status_code for answer in answers] == [403] * 10 + [429]
        assert "The current password is wrong." in answers[0].text
        assert "Too many failed attempts" in answers[-1].text
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert user_file.read_bytes() == before
        assert "set-cookie" not in answers[0].headers
        assert audited(server, "change password")[0]["outcome"] == "wrong"
        assert answers[0].headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answers[0].headers["content-security-policy"]


def test_accounts_are_for_people_in_a_browser(server: RunningServer, user_file: Path):
    root = bearer(new_token(user_file, "root"))
    for path in (PASSWORD_PATH, "/users"):
        assert_problem(server.client.get(path), 401)
        assert_problem(server.client.get(path, headers=root), 403, "browser")
    assert_problem(server.client.post("/users/invites", data={"days": "1"}, headers=root), 403, "browser")
    with log_in(server, "anna") as anna:
        assert_problem(anna.get("/users"), 403, "administrators")
        assert_problem(anna.post("/users/invites", data={"days": "1", "role": "admin"}), 403)
        assert_problem(anna.post("/users/invites/x/revoke"), 403)
        assert "users" not in re.findall(r'href="(\w+)"', anna.get("/page/header").text)
        other_site = {"Origin": "https://evil.example"}
        assert_problem(anna.post(PASSWORD_PATH, data={}, headers=other_site), 403, "evil.example")
    assert read_users(user_file).invites == ()


def test_service_without_users_has_no_accounts(tmp_path: Path):
    with running_server(tmp_path) as local:
        for path in (PASSWORD_PATH, "/users"):
            assert_problem(local.client.get(path), 403)
        assert local.client.get(INVITE_PATH, params={"key": "x"}).status_code == 404
        assert 'href="users"' not in local.client.get("/page/header").text


def test_admin_invites_somebody_who_chooses_name_and_password(server: RunningServer, user_file: Path, browser: Browser):
    with clean_page(browser, f"{address_of(server)}/login", viewport=DESKTOP) as page:
        enter(page, "root", PASSWORDS["root"])
        page.get_by_role("link", name="Users").click()
        page.get_by_label("Valid for (days)").fill("3")
        page.get_by_role("button", name="Create invite").click()
        link = page.get_by_label("Send this link").input_value()
        [invite] = read_users(user_file).invites
        expect(page.get_by_role("row").filter(has_text=invite.invite_id)).to_contain_text("root")
    key = link.partition("?key=")[2]
    assert link == f"{address_of(server)}{INVITE_PATH}?key={key}"
    assert key not in user_file.read_text()
    assert (invite.role, invite.made_by) == (Role.MEMBER, "root")
    assert invite.expires_at - datetime.now(UTC) == pytest.approx(timedelta(days=3), abs=timedelta(minutes=5))
    with page_with_mistakes(browser, link) as page:
        page.get_by_label("User name").fill("anna")
        page.get_by_label("Password", exact=True).fill(NEW)
        page.get_by_label("Repeat the password").fill(NEW)
        page.get_by_role("button", name="Create account").click()
        expect(page.get_by_role("alert")).to_contain_text("There is a user anna already")
        page.get_by_label("User name").fill("carla")
        page.get_by_label("Password", exact=True).fill(NEW)
        page.get_by_label("Repeat the password").fill(NEW)
        page.get_by_role("button", name="Create account").click()
        expect(page.locator("#vp-new")).to_be_visible()
        expect(page.get_by_role("link", name="carla")).to_be_visible()
    carla = Users(user_file).with_password("carla", NEW)
    assert carla is not None
    assert carla.role is Role.MEMBER
    again = server.client.get(link)
    assert again.status_code == 404
    assert "This invite was used" in again.text
    assert [line["name"] for line in audited(server, "accept invite")] == ["carla"]
    assert [line["name"] for line in audited(server, "invite created for member")] == ["root"]
    logs = "".join(file.read_text() for file in (server.service.workspace.path / "logs").iterdir())
    assert key not in logs


def test_revoked_invite_ends(server: RunningServer, user_file: Path):
    key = make_invite(user_file, Role.ADMIN)
    [invite] = read_users(user_file).invites
    assert "administrator" in server.client.get(INVITE_PATH, params={"key": key}).text
    with log_in(server, "root") as root:
        assert root.post(f"/users/invites/{invite.invite_id}/revoke").status_code == 303
        assert "no invite" in root.post(f"/users/invites/{invite.invite_id}/revoke").text
        for days in ("0", "91", "-1", "1.5", "x", "9" * 5000):
            assert root.post("/users/invites", data={"days": days}).status_code == 422
    account = {"key": key, "name": "eve", "new": NEW, "again": NEW}
    assert server.client.post(INVITE_PATH, data=account).status_code == 404
    assert Users(user_file).named("eve") is None


def test_invite_makes_one_user_and_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    user_file = make_users(tmp_path)
    once, late = make_invite(user_file, Role.MEMBER), make_invite(user_file, Role.MEMBER, days=1)
    accept_invite(user_file, once, "carla", NEW)
    with pytest.raises(invites_module.InputError, match="was used"):
        accept_invite(user_file, once, "dora", NEW)

    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(days=1)

    assert find_invite(read_users(user_file), late) is not None
    monkeypatch.setattr(invites_module, "datetime", Tomorrow)
    assert find_invite(read_users(user_file), late) is None
    assert [user.name for user in read_users(user_file).users] == [*PASSWORDS, "carla"]


def test_guessed_invites_are_slowed_down_and_right_ones_are_not(tmp_path: Path):
    user_file = make_users(tmp_path)
    key = make_invite(user_file, Role.MEMBER)
    with running_server(tmp_path / "workspace", users=Users(user_file)) as server:
        answers = [server.client.get(INVITE_PATH, params={"key": f"guess {number}"}) for number in range(31)]
        assert [answer.status_code for answer in answers] == [404] * 30 + [429]
        assert server.client.get(INVITE_PATH, params={"key": key}).status_code == 200
