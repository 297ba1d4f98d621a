"""Guesses of passwords and tokens, from one address and from many: they are slowed down, and nobody is kept out."""

import itertools
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.logs import noted
from tests.support.web_server import PASSWORDS, RunningServer, bearer, log_in, make_users, running_server
from videoprep_nb.server.security.user_file import Role, add_user
from videoprep_nb.server.security.users import Users

KNOWN, ELSEWHERE = "192.0.2.1", "203.0.113.7"
PROXY = ["127.0.0.1"]


@pytest.fixture(scope="module")
def user_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_users(tmp_path_factory.mktemp("users"))


@pytest.fixture
def server(user_file: Path, tmp_path: Path) -> Iterator[RunningServer]:
    with running_server(tmp_path / "workspace", users=Users(user_file), trusted_proxies=PROXY) as running:
        yield running


def attempt(server: RunningServer, name: str, password: str, address: str, **cookies: str) -> httpx.Response:
    """Log in from an address, as a reverse proxy on this machine reports it."""
    with server.fresh_client() as client:
        client.cookies = httpx.Cookies(cookies)
        client.timeout = httpx.Timeout(300)  # many at once, on a machine that may be busy
        form = {"name": name, "password": password}
        return client.post("/login", data=form, headers={"X-Forwarded-For": address})


def log_in_as(server: RunningServer, name: str, address: str, **cookies: str) -> httpx.Response:
    return attempt(server, name, PASSWORDS[name], address, **cookies)


def device_of(answer: httpx.Response) -> dict[str, str]:
    return {"videoprep_device": answer.cookies["videoprep_device"]}


def test_guesses_for_one_name_from_many_addresses(server: RunningServer):
    own = device_of(log_in_as(server, "anna", KNOWN))
    guesses = [attempt(server, "anna", "a wrong password", f"198.51.100.{number}") for number in range(14)]
    assert [guess.status_code for guess in guesses] == [403] * 10 + [429] * 4
    assert 1 <= int(guesses[-1].headers["retry-after"]) <= 60
    assert log_in_as(server, "anna", ELSEWHERE).status_code == 429
    assert log_in_as(server, "anna", KNOWN).status_code == 303
    assert log_in_as(server, "anna", ELSEWHERE, **own).status_code == 303
    assert log_in_as(server, "bert", ELSEWHERE).status_code == 303
    wrong = [line for line in noted(server, "log-in") if line["outcome"] == "wrong"]
    assert [line["count"] for line in wrong] == list(range(1, 11))
    [slowed] = [line for line in noted(server, "log-in") if line["outcome"] == "slowed"]
    assert (slowed["name"], slowed["address"], slowed["count"]) == ("anna", "198.51.100.9", 10)
    assert 1 <= slowed["wait_s"] <= 60


def test_guesses_for_many_names_from_one_address(server: RunningServer):
    own = device_of(log_in_as(server, "bert", KNOWN))
    statuses = []
    for number in range(33):
        statuses.append(attempt(server, f"user{number}", "a wrong password", KNOWN).status_code)
        if number % 10 == 0:  # what an own password does not undo
            assert log_in_as(server, "bert", KNOWN).status_code == 303
    assert statuses == [403] * 30 + [429] * 3
    assert log_in_as(server, "anna", KNOWN).status_code == 429
    assert log_in_as(server, "bert", KNOWN).status_code == 303
    assert log_in_as(server, "bert", KNOWN, **own).status_code == 303
    assert log_in_as(server, "anna", ELSEWHERE).status_code == 303
    [slowed] = [line for line in noted(server, "log-in") if line["outcome"] == "slowed"]
    assert (slowed["name"], slowed["address"], slowed["count"]) == ("user29", KNOWN, 30)


def test_network_of_ipv6_is_one_address(server: RunningServer):
    addresses = [f"2001:db8:1:2::{number:x}" for number in range(32)]
    statuses = [attempt(server, f"user{number}", "x", address).status_code for number, address in enumerate(addresses)]
    assert statuses == [403] * 30 + [429] * 2
    assert attempt(server, "somebody", "x", "2001:db8:1:3::1").status_code == 403


@pytest.mark.parametrize("by", ["cookie", "address"])
def test_guesses_by_who_is_known_are_slowed_down_too(by: str, server: RunningServer):
    own = device_of(log_in_as(server, "anna", KNOWN))
    address, cookies = (ELSEWHERE, own) if by == "cookie" else (KNOWN, {})
    statuses = [attempt(server, "anna", "x", address, **cookies).status_code for _ in range(12)]
    assert statuses[:10] == [403] * 10
    assert 429 in statuses[10:]
    other = (KNOWN, {}) if by == "cookie" else (ELSEWHERE, own)
    assert log_in_as(server, "anna", other[0], **other[1]).status_code == 303


def test_password_in_the_wrong_field_is_not_logged(server: RunningServer):
    assert attempt(server, PASSWORDS["anna"], "", KNOWN).status_code == 403
    assert [(line["name"], line["outcome"]) for line in noted(server, "log-in")] == [("(not a user name)", "wrong")]


def test_cookie_of_somebody_else_makes_nobody_known(server: RunningServer):
    berts = device_of(log_in_as(server, "bert", KNOWN))
    for number in range(10):
        attempt(server, "anna", "x", f"198.51.100.{number}")
    for cookies in (berts, {"videoprep_device": "x" * 43}, {"videoprep_device": ""}):
        assert log_in_as(server, "anna", KNOWN, **cookies).status_code == 429


def test_known_clients_outlive_the_service(user_file: Path, tmp_path: Path):
    users = Users(user_file)
    with running_server(tmp_path, users=users, trusted_proxies=PROXY) as first:
        own = device_of(log_in_as(first, "anna", KNOWN))
        file = tmp_path / "known_clients.json"
        assert own["videoprep_device"] not in file.read_text()
        assert file.stat().st_mode & 0o777 == 0o600
    with running_server(tmp_path, users=users, trusted_proxies=PROXY) as second:
        for number in range(11):
            attempt(second, "anna", "x", f"198.51.100.{number}")
        assert log_in_as(second, "anna", ELSEWHERE).status_code == 429
        assert log_in_as(second, "anna", ELSEWHERE, **own).status_code == 303


def test_script_with_an_old_token_keeps_nobody_out(server: RunningServer):
    for _ in range(40):
        answer = server.client.get("/api/jobs", headers=bearer("of long ago"))
    assert answer.status_code == 429
    assert attempt(server, "anna", PASSWORDS["anna"], "127.0.0.1").status_code == 303
    refused = noted(server, "token")
    assert [line["count"] for line in refused] == list(range(1, 31))
    assert {(line["outcome"], line["name"], line["address"]) for line in refused} == {("unknown", "", "127.0.0.1")}


@pytest.mark.parametrize("people", [60, pytest.param(200, marks=pytest.mark.exhaustive)])
def test_many_people_log_in_at_once_and_disturb_nobody(people: int, tmp_path: Path):
    file = make_users(tmp_path)
    names = [f"user{number}" for number in range(10)]
    for name in names:
        add_user(file, name, Role.MEMBER, "four words are enough")
    with running_server(tmp_path / "workspace", users=Users(file), trusted_proxies=PROXY) as server:
        statuses: list[int] = []
        waits_s: list[float] = []

        def enter(name: str) -> None:
            statuses.append(attempt(server, name, "four words are enough", "127.0.0.1").status_code)

        threads = [
            threading.Thread(target=enter, args=[name]) for name in itertools.islice(itertools.cycle(names), people)
        ]
        with log_in(server, "anna") as anna:
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                asked_s = time.monotonic()
                assert anna.get("/api/jobs").status_code == 200
                waits_s.append(time.monotonic() - asked_s)
        assert statuses == [303] * people
        assert statistics.median(waits_s) < 0.5
        assert len(noted(server, "log-in")) == people + 1


def test_unknown_names_take_the_time_of_known_ones(user_file: Path):
    users = Users(user_file)

    def cost_s(name: str) -> float:
        began_s = time.thread_time()
        assert users.with_password(name, "a wrong password") is None
        return time.thread_time() - began_s

    known, unknown = (min(cost_s(name) for _ in range(5)) for name in ("anna", "nobody"))
    assert known == pytest.approx(unknown, rel=0.5)
    assert known > 0.003
