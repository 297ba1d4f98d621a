"""Many followers of one job: they share what is read, and none of them can hold up the others."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.support.job_services import wait_until
from tests.support.web_server import RunningServer, bearer, log_in, make_users, read_events, running_server
from videoprep_nb.server.api import feeds
from videoprep_nb.server.security import gate
from videoprep_nb.server.security.user_file import new_token, remove_user
from videoprep_nb.server.security.users import Users

FOLLOWERS = 20
LONG_MESSAGE = "A message of some length. " * 400
BAD_VIDEOS = [("videos", (f"{number}.mp4", b"no video")) for number in range(5)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("events")) as running:
        yield running


@pytest.fixture
def path(server: RunningServer) -> Iterator[str]:
    """A job that waits for the end of one that was submitted before."""
    first, second = (f"/api/jobs/{submit(server.client)}" for _ in range(2))
    yield second
    for path in (first, second):
        server.client.post(f"{path}/cancel")
        server.client.get(f"{path}/events")


def submit(client: httpx.Client) -> str:
    return client.post("/api/jobs", files=BAD_VIDEOS).json()["job_id"]


def measured(server: RunningServer, name: str) -> float:
    [value] = re.findall(rf"^{name} (.*)$", server.client.get("/metrics").text, re.MULTILINE)
    return float(value)


def add_message(server: RunningServer, path: str, text: str = "Something has happened.") -> None:
    server.service._store.add_event(path.rpartition("/")[2], text, datetime.now(UTC))


def follow(server: RunningServer, path: str) -> list[dict]:
    with server.fresh_client() as client:
        return read_events(client, f"{path}/events")


@contextmanager
def followers(server: RunningServer, path: str, count: int = FOLLOWERS) -> Iterator[list[list[dict]]]:
    """Many who follow a job; after the block, what each of them got."""
    answers: list[list[dict]] = []
    with ThreadPoolExecutor(count) as threads:
        running = [threads.submit(follow, server, path) for _ in range(count)]
        assert wait_until(lambda: measured(server, "videoprep_followers") == count, 30)
        yield answers
        answers += [one.result() for one in running]


def test_all_followers_get_every_event_and_the_end(server: RunningServer, path: str):
    with followers(server, path) as answers:
        for number in range(3):
            add_message(server, path, f"Message {number}.")
        server.client.post(f"{path}/cancel")
    assert len(answers) == FOLLOWERS
    assert all(answer == answers[0] for answer in answers)
    assert answers[0] == read_events(server.client, f"{path}/events")
    assert answers[0][-1] == {"event": "end", "data": {"state": "cancelled"}}
    texts = [event["data"].get("text") for event in answers[0]]
    assert {"Message 0.", "Message 1.", "Message 2."} <= set(texts)
    assert wait_until(lambda: measured(server, "videoprep_followers") == 0, 30)


@pytest.mark.parametrize("count", [1, FOLLOWERS])
def test_reads_do_not_grow_with_the_followers(count: int, server: RunningServer, path: str):
    with followers(server, path, count):
        before = measured(server, "videoprep_follower_reads_total")
        assert wait_until(lambda: measured(server, "videoprep_follower_reads_total") >= before + 3, 30)
        add_message(server, path)
        assert measured(server, "videoprep_follower_reads_total") < before + 10
        server.client.post(f"{path}/cancel")


def test_follower_that_does_not_read_holds_up_nobody(server: RunningServer, path: str):
    """More is waiting for it than fits into its connection."""
    for _ in range(600):
        add_message(server, path, LONG_MESSAGE)
    with socket.socket() as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.connect(("127.0.0.1", server.port))
        stuck.sendall(f"GET {path}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert wait_until(lambda: measured(server, "videoprep_followers") == 1, 30)
        server.client.post(f"{path}/cancel")
        events = read_events(server.client, f"{path}/events")
        assert events[-1]["event"] == "end"
        assert sum(event["data"].get("text") == LONG_MESSAGE for event in events) == 600
        assert measured(server, "videoprep_followers") == 1
    assert wait_until(lambda: measured(server, "videoprep_followers") == 0, 30)


def test_events_that_are_not_kept_are_read_again(server: RunningServer, path: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(feeds, "_MAX_KEPT_EVENTS", 3)
    monkeypatch.setattr(feeds, "_OLDER_EVENTS_AT_A_TIME", 2)
    for number in range(20):
        add_message(server, path, f"Message {number}.")
    server.client.post(f"{path}/cancel")
    events = read_events(server.client, f"{path}/events")
    assert events == read_events(server.client, f"{path}/events", follow=False)
    assert read_events(server.client, f"{path}/events", since=events[4]["id"]) == events[5:]


def test_stream_of_a_deleted_job_ends(server: RunningServer, path: str):
    with followers(server, path, 2) as answers:
        server.service._store.delete_job(path.rpartition("/")[2])
    assert [answer[-1]["event"] == "end" for answer in answers] == [False, False]


def test_stream_ends_when_its_user_may_see_the_job_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gate, "_RECHECK_INTERVAL_S", 0.0)
    monkeypatch.setattr(feeds, "_INTERVALS_PER_PING", 1)
    user_file = make_users(tmp_path)
    with running_server(tmp_path / "workspace", users=Users(user_file)) as server:
        with server.fresh_client() as client:
            client.headers.update(bearer(new_token(user_file, "anna")))
            submit(client)
            path = f"/api/jobs/{submit(client)}"
            assert_stream_ends_after(lambda: remove_user(user_file, "anna"), client, path)
        with log_in(server, "root") as browser:
            assert_stream_ends_after(lambda: browser.post("/logout"), browser, path)


def assert_stream_ends_after(revoke: Callable[[], object], client: httpx.Client, path: str) -> None:
    with client.stream("GET", f"{path}/events", timeout=30) as answer:
        lines = answer.iter_lines()
        next(lines)
        revoking = threading.Thread(target=revoke)
        revoking.start()
        assert "event: end" not in list(lines)
        revoking.join()
    assert client.get(path).status_code == 401
