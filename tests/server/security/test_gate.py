"""Who gets through the gate: logged in users, tokens, names of this machine, pages of other sites."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from tests.support.web_server import RunningServer, assert_problem, bearer, make_users, running_server
from videoprep_nb.core.errors import InputError
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.server.logs import ServiceLogs
from videoprep_nb.server.security import gate as gate_module
from videoprep_nb.server.security.authentication import Authentication
from videoprep_nb.server.security.gate import Gate, check_host
from videoprep_nb.server.security.user_file import new_token, remove_user
from videoprep_nb.server.security.users import Users


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("local")) as running:
        yield running


@pytest.fixture(scope="module")
def user_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_users(tmp_path_factory.mktemp("users"))


@pytest.fixture(scope="module")
def guarded(user_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("guarded"), users=Users(user_file)) as running:
        yield running


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({"Authorization": "Bearer"}, id="empty"),
        pytest.param(bearer("x" * 43), id="wrong"),
        pytest.param({"Authorization": "Basic YTpi"}, id="password"),
        pytest.param({"Authorization": b"Bearer \xff\xfe"}, id="no text"),
        pytest.param({"Cookie": "videoprep_session=" + "x" * 43}, id="cookie"),
        pytest.param({"Cookie": b'videoprep_session="\xff; \\'}, id="broken cookie"),
    ],
)
@pytest.mark.parametrize("path", ["/api/jobs", "/api/health", "/openapi.json", "/nothing", "/", "/login/../api/jobs"])
def test_nothing_is_shown_to_strangers(headers: dict, path: str, guarded: RunningServer):
    answer = guarded.client.get(path, headers=headers)
    assert_problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_browser_is_sent_to_the_login_page(guarded: RunningServer):
    answer = guarded.client.get("/?job=1&x=%22", headers={"Accept": "text/html,*/*"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2F%3Fjob%3D1%26x%3D%2522")


def test_token_opens_and_names_the_owner(guarded: RunningServer, user_file: Path):
    headers = bearer(new_token(user_file, "anna"))
    files = {"videos": ("x.mp4", b"no video")}
    assert guarded.client.post("/api/jobs", files=files).status_code == 401
    job_id = guarded.client.post("/api/jobs", files=files, headers=headers).json()["job_id"]
    jobs = guarded.client.get("/api/jobs", headers=headers).json()["jobs"]
    assert [(job["job_id"], job["owner"]) for job in jobs] == [(job_id, "anna")]


def test_new_token_ends_the_old_one(guarded: RunningServer, user_file: Path):
    old, new = new_token(user_file, "bert"), new_token(user_file, "bert")
    assert_problem(guarded.client.get("/api/jobs", headers=bearer(old)), 401, "token")
    assert guarded.client.get("/api/jobs", headers=bearer(new)).status_code == 200


def test_refused_tokens_are_throttled_and_right_ones_are_not(user_file: Path, tmp_path: Path):
    token = new_token(user_file, "bert")
    with running_server(tmp_path, users=Users(user_file)) as server:
        answers = [server.client.get("/api/jobs", headers=bearer(f"guess {number}")) for number in range(31)]
        assert [answer.status_code for answer in answers] == [401] * 30 + [429]
        assert_problem(answers[-1], 429, "wait")
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert server.client.get("/api/jobs", headers=bearer(token)).status_code == 200


def test_user_file_is_read_again_when_it_changes(guarded: RunningServer, tmp_path: Path):
    file = make_users(tmp_path)
    token = new_token(file, "anna")
    with running_server(tmp_path / "workspace", users=Users(file)) as server:
        assert server.client.get("/api/jobs", headers=bearer(token)).status_code == 200
        remove_user(file, "anna")
        assert server.client.get("/api/jobs", headers=bearer(token)).status_code == 401
        bert = new_token(file, "bert")
        assert server.client.get("/api/jobs", headers=bearer(bert)).status_code == 200
        file.write_text("broken by hand")
        assert server.client.get("/api/jobs", headers=bearer(bert)).status_code == 401


def test_stream_of_events_ends_when_its_user_logs_out(user_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gate_module, "_RECHECK_INTERVAL_S", 0.0)
    workspace = Workspace(tmp_path)
    authentication = Authentication.of_workspace(workspace, Users(user_file), ServiceLogs(workspace))
    anna = Users(user_file).named("anna")
    assert anna is not None
    secret = authentication.sessions.start(anna)
    sent: list[Message] = []

    async def stream_for_ever(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while True:
            await send({"type": "http.response.body", "body": b"data: x\n\n", "more_body": True})

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) == 4:
            authentication.sessions.end(secret)

    async def receive() -> Message:
        await anyio.sleep_forever()
        raise AssertionError

    async def follow() -> None:
        cookie = f"videoprep_session={secret}".encode()
        scope = {"type": "http", "method": "GET", "path": "/api", "query_string": b"", "headers": [(b"cookie", cookie)]}
        with anyio.fail_after(30):
            await Gate(stream_for_ever, authentication)(scope, receive, send)

    anyio.run(follow)
    assert [message.get("more_body") for message in sent] == [None, True, True, True, False]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_users(host: str):
    check_host(host, None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org", "localhost.example.org", ""])
def test_other_hosts_need_users(host: str, user_file: Path):
    with pytest.raises(InputError, match="--auth-file"):
        check_host(host, None)
    check_host(host, Users(user_file))


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST", "localhost:1"])
def test_names_of_this_machine_are_answered(name: str, local: RunningServer):
    assert local.client.get("/api/health", headers={"Host": name}).status_code == 200


@pytest.mark.parametrize(
    "name", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "[", ""]
)
@pytest.mark.parametrize("path", ["/api/health", "/login", "/"])
def test_other_names_are_refused(name: str, path: str, local: RunningServer):
    answer = local.client.get(path, headers={"Host": name})
    assert_problem(answer, 403, "localhost")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1", "http://[", ""])
def test_pages_of_other_sites_change_nothing(origin: str, local: RunningServer):
    def send(method: str, path: str) -> httpx.Response:
        return local.client.request(method, path, headers={"Origin": origin})

    assert send("GET", "/api/jobs").status_code == 200
    for method, path in [
        ("POST", "/api/jobs"),
        ("POST", "/api/clean"),
        ("DELETE", "/api/jobs/x"),
        ("PUT", "/"),
        ("POST", "/login"),
        ("POST", "/logout"),
        ("PATCH", "/api/uploads/x"),
    ]:
        assert_problem(send(method, path), 403, "page")


def test_browser_without_origin_says_whose_page_it_is(local: RunningServer):
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert_problem(local.client.post("/api/clean", headers=headers), 403, "page")


def test_own_page_may_change_things(local: RunningServer):
    origin = f"http://127.0.0.1:{local.port}"
    assert local.client.post("/api/clean", headers={"Origin": origin}).status_code == 200


@pytest.mark.parametrize("path", ["/api/jobs", "/login", "/", "/gradio_api/info", "/nothing"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_no_other_site_may_read_an_answer(method: str, path: str, guarded: RunningServer, user_file: Path):
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "GET"}
    for headers in (asked, asked | bearer(new_token(user_file, "anna"))):
        answer = guarded.client.request(method, path, headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"
