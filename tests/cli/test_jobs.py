"""``videoprep jobs`` against a real service: the page's "Job 32" is the job 32 of every command."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import Result

from tests.support.command_line import videoprep
from tests.support.web_server import RunningServer, make_users, read_events, running_server
from videoprep_nb.media.sample import write_sample
from videoprep_nb.server.security.user_file import new_token
from videoprep_nb.server.security.users import Users


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_users(tmp_path_factory.mktemp("users"))


@pytest.fixture(scope="module")
def server(users: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("jobs"), users=Users(users)) as running:
        yield running


@pytest.fixture(scope="module")
def tokens(users: Path) -> dict[str, str]:
    return {name: new_token(users, name) for name in ("anna", "bert")}


def jobs(server: RunningServer, token: str, *arguments: str) -> Result:
    environment = {"VIDEOPREP_SERVER": str(server.client.base_url), "VIDEOPREP_TOKEN": token, "NO_PROXY": "*"}
    return videoprep("jobs", *arguments, env=environment)


def submit(server: RunningServer, token: str, content: bytes = b"no video") -> dict:
    """A job of one file, when it has ended; by default it fails."""
    with server.fresh_client() as client:
        client.headers["Authorization"] = f"Bearer {token}"
        submitted = client.post("/api/jobs", files={"videos": ("a.mp4", content)}).json()
        read_events(client, f"/api/jobs/{submitted['job_id']}/events")
    return submitted


def test_job_is_known_by_the_number_that_the_list_shows(server: RunningServer, tokens: dict[str, str]):
    anna = tokens["anna"]
    submitted = submit(server, anna)
    number = str(submitted["number"])
    assert f"Job {number} " in jobs(server, anna, "list").stdout
    assert f"Job {number} " in jobs(server, anna, "list", "--search", f"job {number}").stdout
    assert f"Job {number} ({submitted['job_id']}): failed" in jobs(server, anna, "show", number).stdout
    by_number, by_id = (jobs(server, anna, "show", name, "--json") for name in (number, submitted["job_id"]))
    assert json.loads(by_number.stdout) == json.loads(by_id.stdout)
    assert "failed" in jobs(server, anna, "events", number).stdout
    assert jobs(server, anna, "retry", number).exit_code == 0
    assert jobs(server, anna, "cancel", number).exit_code == 0
    assert jobs(server, anna, "events", "--follow", number).exit_code == 0
    assert jobs(server, anna, "delete", number).exit_code == 0
    gone = jobs(server, anna, "show", number)
    assert (gone.exit_code, gone.stdout) == (1, "")
    assert gone.stderr == f"There is no job {number}; it may have been deleted.\n"


def test_number_of_somebody_elses_job_is_like_a_free_one(server: RunningServer, tokens: dict[str, str]):
    number = str(submit(server, tokens["anna"])["number"])
    for arguments in (["show"], ["cancel"], ["retry"], ["delete"], ["events"]):
        theirs, free = (jobs(server, tokens["bert"], *arguments, name) for name in (number, "987654"))
        assert theirs.exit_code == free.exit_code == 1
        assert (
            theirs.stderr
            == free.stderr.replace("987654", number)
            == (f"There is no job {number}; it may have been deleted.\n")
        )
    assert jobs(server, tokens["anna"], "show", number).exit_code == 0


@pytest.mark.slow
def test_progress_of_every_task_is_shown(server: RunningServer, tokens: dict[str, str], tmp_path: Path):
    write_sample(tmp_path / "a.mp4", duration_s=1.0)
    number = str(submit(server, tokens["anna"], (tmp_path / "a.mp4").read_bytes())["number"])
    shown = jobs(server, tokens["anna"], "show", number)
    assert shown.exit_code == 0
    assert f"Job {number} " in shown.stdout
    assert re.search(r"01_resize_1 +done +(\d+) of \1 frames", shown.stdout), shown.stdout
