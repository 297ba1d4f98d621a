"""The webhook: a real receiver hears of the end of a job, whatever happens on the way."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import videoprep
from tests.support.job_services import NO_LIMITS, submit, wait_for_end, wait_until
from tests.support.webhook_receiver import BREAK, KEY, SECRET, Receiver, webhook_receiver
from videoprep_nb.jobs.announcing import announcer
from videoprep_nb.jobs.announcing.webhook import SECRET_VARIABLE, Webhook
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.sample import write_sample

NO_WORKERS = EngineSettings(scheduler="tcp://127.0.0.1:9")
PUBLIC_URL = "https://videoprep.example.org/"
CANCELS_A_JOB = """
import sys, time
from pathlib import Path
from tests.jobs.test_webhook import service_with
from tests.support.job_services import submit
with service_with(Path(sys.argv[1]), sys.argv[2]) as service:
    service.cancel(submit(service, Path(sys.argv[3])))
    time.sleep(60)
"""


def service_with(workspace: Path, url: str) -> Service:
    """A service whose jobs end only when they are cancelled."""
    return Service(Workspace(workspace), NO_WORKERS, NO_LIMITS, channels=[Webhook(url, KEY, PUBLIC_URL)])


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcer, "_FIRST_PAUSE_S", 0.1)


def ids(receiver: Receiver) -> set[str]:
    return {message.headers["webhook-id"] for message in receiver.messages}


@pytest.mark.usefixtures("quick_retries")
def test_end_of_a_job_arrives_after_a_broken_connection_an_error_and_a_redirect(tmp_path: Path, no_video: Path):
    with webhook_receiver() as receiver, service_with(tmp_path / "workspace", receiver.url) as service:
        receiver.next_statuses = [BREAK, 500, 302]
        receiver.status = 503
        job_id = submit(service, no_video)
        service.cancel(job_id)
        wait_for_end(service, job_id)
        assert wait_until(lambda: any("status 503" in notice for notice in service.notices())), "Health shows it"
        assert any(
            notice.startswith("The end of Job 1 has not been announced by webhook") for notice in service.notices()
        )
        assert service.row(job_id).state == "cancelled", "the job does not mind"
        receiver.status = 204
        assert wait_until(lambda: not service.notices())
    assert {message.path for message in receiver.messages} == {"/hook"}, "redirects are not followed"
    assert len(ids(receiver)) == 1
    content = receiver.messages[-1].content
    assert content["type"] == "job.ended"
    expected = {"job_id": job_id, "number": 1, "state": "cancelled"}
    expected["address"] = f"https://videoprep.example.org/?job={job_id}"
    assert content["data"].items() >= expected.items()


@pytest.mark.exhaustive
@pytest.mark.slow
def test_webhook_reports_what_came_out(tmp_path: Path):
    video = tmp_path / "persons.mp4"
    write_sample(video, duration_s=1.0)
    here = Workspace(tmp_path / "workspace"), EngineSettings(worker_count=1), NO_LIMITS
    with webhook_receiver() as receiver, Service(*here, channels=[Webhook(receiver.url, KEY, PUBLIC_URL)]) as service:
        job_id = submit(service, video)
        [outcome] = wait_for_end(service, job_id).result.videos
        assert wait_until(lambda: receiver.messages)
    data = receiver.messages[0].content["data"]
    assert data["state"] == "done"
    counts = {"person_count": outcome.person_count, "clip_count": 1, "frame_count": outcome.frame_count}
    assert data["totals"] == counts | {"refused_count": 0}


def test_end_arrives_with_the_same_id_when_the_service_is_killed_before(tmp_path: Path, no_video: Path):
    workspace = tmp_path / "workspace"
    with webhook_receiver() as receiver:
        receiver.status = BREAK
        process = subprocess.Popen([sys.executable, "-c", CANCELS_A_JOB, workspace, receiver.url, no_video])
        try:
            assert wait_until(lambda: receiver.messages)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        receiver.status = 200
        count = len(receiver.messages)
        with service_with(workspace, receiver.url) as service:
            assert wait_until(lambda: len(receiver.messages) > count)
            assert wait_until(lambda: not service._store.deliveries.failing("webhook"))
    assert len(ids(receiver)) == 1


@pytest.mark.parametrize(
    ("options", "secret", "message"),
    [
        pytest.param(["--webhook", "hooks.example.org"], SECRET, "is not an address", id="address"),
        pytest.param(["--webhook", "https://h.example.org"], "", "openssl rand", id="no secret"),
        pytest.param(["--webhook", "https://h.example.org"], "whsec_c2hvcnQ=", "24 bytes", id="short secret"),
        pytest.param(
            ["--webhook", "https://h.example.org", "--host", "0.0.0.0"], SECRET, "--public-url", id="no links"
        ),
        pytest.param(["--webhook-secret-file", "absent"], "", "needs --webhook", id="secret alone"),
        pytest.param(
            ["--webhook", "https://h.example.org", "--webhook-secret-file", "absent"], "", "cannot be read", id="file"
        ),
    ],
)
def test_wrong_option_is_refused_before_the_start(
    options: list[str], secret: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(SECRET_VARIABLE, secret)
    done = videoprep("serve", "--workspace", tmp_path / "workspace", *options)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
    assert not (tmp_path / "workspace").exists()
