"""Who gets through the gate: tokens, names of this machine, pages of other sites."""

import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from web_server import RunningServer, assert_problem, running_server

from videoprep_nb.errors import InputError
from videoprep_nb.web.auth import Tokens, add_token, check_host


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("local")) as running:
        yield running


@pytest.fixture(scope="module")
def auth_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("auth") / "tokens"


@pytest.fixture(scope="module")
def anna(auth_file: Path) -> str:
    return add_token(auth_file, "anna")


@pytest.fixture(scope="module")
def guarded(auth_file: Path, anna: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("guarded"), tokens=Tokens.read(auth_file)) as running:
        yield running


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({"Authorization": "Bearer"}, id="empty"),
        pytest.param(bearer("x" * 43), id="wrong"),
        pytest.param({"Authorization": "Basic YTpi"}, id="password"),
        pytest.param({"Authorization": b"Bearer \xff\xfe"}, id="no text"),
    ],
)
@pytest.mark.parametrize("path", ["/api/jobs", "/api/health", "/openapi.json", "/nothing"])
def test_nothing_is_told_without_a_token(headers: dict, path: str, guarded: RunningServer):
    answer = guarded.client.get(path, headers=headers)
    assert_problem(answer, 401, "token")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_token_opens_and_names_the_owner(guarded: RunningServer, anna: str):
    files = {"videos": ("x.mp4", b"no video")}
    assert guarded.client.post("/api/jobs", files=files).status_code == 401
    assert guarded.client.post("/api/jobs", files=files, headers=bearer(anna)).status_code == 202
    jobs = guarded.client.get("/api/jobs", headers=bearer(anna)).json()["jobs"]
    assert [job["owner"] for job in jobs] == ["anna"]


def test_auth_file_keeps_no_token(auth_file: Path, anna: str):
    assert anna not in auth_file.read_text()
    assert stat.S_IMODE(auth_file.stat().st_mode) == 0o600
    assert Tokens.read(auth_file).owner_of(anna) == "anna"
    assert Tokens.read(auth_file).owner_of(anna + "x") is None
    with pytest.raises(InputError, match="anna has a token"):
        add_token(auth_file, "anna")


@pytest.mark.parametrize("name", ["", "a:b", "a\nb:c", "ä", "x" * 65])
def test_names_that_would_break_the_auth_file(name: str, tmp_path: Path):
    with pytest.raises(InputError, match="no name"):
        add_token(tmp_path / "tokens", name)
    assert not (tmp_path / "tokens").exists()


@pytest.mark.parametrize("text", ["", "# nobody\n", "anna\n", "anna:secret\n", "anna:" + "A" * 64])
def test_bad_auth_files_are_refused(text: str, tmp_path: Path):
    (tmp_path / "tokens").write_text(text)
    with pytest.raises(InputError, match="videoprep token"):
        Tokens.read(tmp_path / "tokens")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_token(host: str):
    check_host(host, None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org", "localhost.example.org", ""])
def test_other_hosts_need_tokens(host: str):
    with pytest.raises(InputError, match="--auth-file"):
        check_host(host, None)
    check_host(host, Tokens({"anna": "0" * 64}))


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST", "localhost:1"])
def test_names_of_this_machine_are_answered(name: str, local: RunningServer):
    assert local.client.get("/api/health", headers={"Host": name}).status_code == 200


@pytest.mark.parametrize(
    "name", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "[", ""]
)
def test_other_names_are_refused(name: str, local: RunningServer):
    answer = local.client.get("/api/health", headers={"Host": name})
    assert_problem(answer, 403, "localhost")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1", "http://[", ""])
def test_pages_of_other_sites_change_nothing(origin: str, local: RunningServer):
    def send(method: str, path: str) -> httpx.Response:
        return local.client.request(method, path, headers={"Origin": origin})

    assert send("GET", "/api/jobs").status_code == 200
    assert "access-control-allow-origin" not in send("GET", "/api/jobs").headers
    for method, path in [("POST", "/api/jobs"), ("POST", "/api/clean"), ("DELETE", "/api/jobs/x"), ("PUT", "/")]:
        assert_problem(send(method, path), 403, "page")


def test_own_page_may_change_things(local: RunningServer):
    origin = f"http://127.0.0.1:{local.port}"
    assert local.client.post("/api/clean", headers={"Origin": origin}).status_code == 200
