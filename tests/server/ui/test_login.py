"""Logging in and out with a browser; sessions and when they end."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest

from tests.support.web_server import PASSWORDS, RunningServer, assert_problem, log_in, make_users, running_server
from videoprep_nb.server.security.known_clients import KNOWN_FOR
from videoprep_nb.server.security.sessions import SESSION_LIFETIME, Sessions
from videoprep_nb.server.security.user_file import Role, add_user, remove_user, set_password
from videoprep_nb.server.security.users import Users
from videoprep_nb.server.ui.login import own_page


@pytest.fixture(scope="module")
def user_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_users(tmp_path_factory.mktemp("users"))


@pytest.fixture(scope="module")
def server(user_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("login"), users=Users(user_file)) as running:
        yield running


@pytest.fixture
def browser(server: RunningServer) -> Iterator[httpx.Client]:
    with server.fresh_client() as client:
        yield client


def is_inside(client: httpx.Client) -> bool:
    return client.get("/api/jobs").status_code == 200


def send_form(client: httpx.Client, name: str, password: str, **more: str) -> httpx.Response:
    return client.post("/login", data={"name": name, "password": password, **more})


def test_cookie_is_for_this_server_alone(browser: httpx.Client):
    answer = send_form(browser, "anna", PASSWORDS["anna"], next="/?job=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?job=1")
    cookies = SimpleCookie()
    for header in answer.headers.get_list("set-cookie"):
        cookies.load(header)
    expected = {"videoprep_session": ("/", SESSION_LIFETIME), "videoprep_device": ("/login", KNOWN_FOR)}
    assert cookies.keys() == expected.keys()
    for name, (path, lifetime) in expected.items():
        cookie = cookies[name]
        assert cookie["httponly"]
        assert (cookie["samesite"], cookie["path"], cookie["domain"], cookie["secure"]) == ("lax", path, "", "")
        assert int(cookie["max-age"]) == lifetime.total_seconds()
    assert is_inside(browser)
    assert browser.get("/login").status_code == 303


@pytest.mark.parametrize(
    ("name", "password"),
    [("anna", "guesswork"), ("anna", ""), ("nobody", PASSWORDS["anna"]), ("", ""), ("anna\0", "x")],
)
def test_wrong_login_says_no_more_than_that(name: str, password: str, browser: httpx.Client):
    answer = send_form(browser, name, password)
    assert answer.status_code == 403
    assert "User name or password is wrong." in answer.text
    assert "set-cookie" not in answer.headers
    assert "guesswork" not in answer.text
    assert not is_inside(browser)


def test_page_runs_nothing_and_shows_names_as_text(browser: httpx.Client):
    answer = send_form(browser, '"><script>alert(1)</script>', "x", next='/"><script>alert(2)</script>')
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_form_of_any_size_is_not_taken(browser: httpx.Client):
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 10_000

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert_problem(browser.post("/login", content=endless(), headers=headers), 413)


@pytest.mark.parametrize("ends", ["log out", "password", "removal"])
def test_session_ends(ends: str, server: RunningServer, user_file: Path):
    with log_in(server, "anna") as anna, server.fresh_client() as copy:
        copy.cookies = httpx.Cookies(anna.cookies)
        assert is_inside(copy)
        if ends == "log out":
            assert anna.post("/logout").headers["location"] == "/login"
            assert "videoprep_session" not in anna.cookies
        elif ends == "password":
            set_password(user_file, "anna", PASSWORDS["anna"])
        else:
            remove_user(user_file, "anna")
            add_user(user_file, "anna", Role.MEMBER, PASSWORDS["anna"])
        assert not is_inside(anna)
        assert not is_inside(copy)


def test_second_login_ends_the_first_of_the_same_browser(server: RunningServer):
    with log_in(server, "anna") as anna, server.fresh_client() as copy, log_in(server, "anna") as elsewhere:
        copy.cookies = httpx.Cookies(anna.cookies)
        send_form(anna, "bert", PASSWORDS["bert"])
        assert not is_inside(copy)
        assert is_inside(anna)
        assert is_inside(elsewhere)


def test_sessions_outlive_the_server(user_file: Path, tmp_path: Path):
    users = Users(user_file)
    with running_server(tmp_path / "workspace", users=users) as first, log_in(first, "anna") as anna:
        cookies = dict(anna.cookies)
        file = tmp_path / "workspace" / "sessions.json"
        assert cookies["videoprep_session"] not in file.read_text()
        assert file.stat().st_mode & 0o777 == 0o600
    with running_server(tmp_path / "workspace", users=users) as second, second.fresh_client() as anna:
        anna.cookies = httpx.Cookies(cookies)
        assert is_inside(anna)


def test_sessions_expire_and_their_number_is_bounded(user_file: Path, tmp_path: Path):
    now = datetime(2026, 1, 31, tzinfo=UTC)
    users = Users(user_file)
    anna = users.named("anna")
    assert anna is not None
    sessions = Sessions(tmp_path / "sessions.json", lambda: now)
    secrets = [sessions.start(anna) for _ in range(25)]
    assert [sessions.user_of(secret, users) is not None for secret in secrets] == [False] * 5 + [True] * 20
    now += SESSION_LIFETIME - timedelta(seconds=1)
    assert sessions.user_of(secrets[-1], users) == anna.user
    now += timedelta(seconds=1)
    assert sessions.user_of(secrets[-1], users) is None
    sessions.start(anna)
    assert (tmp_path / "sessions.json").read_text().count("expires_at") == 1


def test_broken_session_file_means_logging_in_anew(user_file: Path, tmp_path: Path):
    (tmp_path / "sessions.json").write_text("{")
    users = Users(user_file)
    anna = users.named("anna")
    assert anna is not None
    sessions = Sessions(tmp_path / "sessions.json")
    assert sessions.user_of(sessions.start(anna), users) == anna.user


def test_guesses_are_throttled_and_others_are_not(user_file: Path, tmp_path: Path):
    with running_server(tmp_path, users=Users(user_file)) as server:
        statuses = []

        def guess(number: int) -> None:
            with server.fresh_client() as client:
                statuses.append(send_form(client, "anna", f"guess {number}").status_code)

        threads = [threading.Thread(target=guess, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [403] * 10 + [429] * 2
        answer = send_form(server.client, "anna", PASSWORDS["anna"])
        assert answer.status_code == 429
        assert "Too many failed attempts" in answer.text
        assert int(answer.headers["retry-after"]) >= 1
        assert send_form(server.client, "bert", PASSWORDS["bert"]).status_code == 303


@pytest.mark.parametrize(
    ("requested", "page"),
    [
        ("/?job=20260131-0123456789abcdef", "/?job=20260131-0123456789abcdef"),
        ("/api/jobs/x/reports/index.html", "/api/jobs/x/reports/index.html"),
        ("", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\tevil", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("http://[", "/"),
        ("/login?next=/login", "/"),
        ("evil.example", "/"),
    ],
)
def test_login_leads_to_own_pages_only(requested: str, page: str):
    assert own_page(requested) == page


def test_without_users_there_is_nothing_to_log_in_to(tmp_path: Path):
    with running_server(tmp_path) as local:
        assert local.client.get("/login").headers["location"] == "/"
        assert send_form(local.client, "", "").status_code == 403
