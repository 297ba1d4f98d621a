"""E-mail at the end of a job: a real mail server gets it, whatever happens on the way."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.command_line import videoprep
from tests.support.job_services import NO_LIMITS, submit, wait_for_end, wait_until
from tests.support.mail_receiver import MailReceiver, mail_receiver
from tests.support.web_server import make_users
from videoprep_nb.core.errors import InputError
from videoprep_nb.jobs.announcing import announcer
from videoprep_nb.jobs.announcing.announcement import AnnouncementError
from videoprep_nb.jobs.announcing.mail import PASSWORD_VARIABLE, Mail, MailServer
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.sample import write_sample
from videoprep_nb.server.security.users import Users

NO_WORKERS = EngineSettings(scheduler="tcp://127.0.0.1:9")
TEAM = "team@example.org"


def server_at(receiver: MailReceiver, **values) -> MailServer:
    known = MailServer(receiver.url, receiver.password, "videoprep@example.org", (TEAM,), "https://vp.example.org")
    return replace(known, **values)


def service_with(workspace: Path, mail: Mail, engine: EngineSettings = NO_WORKERS) -> Service:
    return Service(Workspace(workspace), engine, NO_LIMITS, channels=[mail])


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcer, "_FIRST_PAUSE_S", 0.1)


@pytest.mark.usefixtures("quick_retries")
def test_owner_and_team_get_one_message_after_the_server_was_busy(tmp_path: Path, no_video: Path):
    users = make_users(tmp_path)
    assert videoprep("users", "mail", "anna", "anna@example.org", "--auth-file", users).exit_code == 0
    known = Users(users)
    owner = known.named("anna")
    assert owner is not None
    with mail_receiver() as receiver:
        receiver.refusals = 2
        mail = Mail(server_at(receiver), known.mail_address_of)
        with service_with(tmp_path / "workspace", mail) as service:
            job_id = submit(service, no_video, owner=owner.user_id)
            service.cancel(job_id)
            wait_for_end(service, job_id)
            assert wait_until(lambda: receiver.messages)
            assert wait_until(lambda: not service.notices())
    (message,) = receiver.messages
    assert message["To"] == f"anna@example.org, {TEAM}"
    assert message["Subject"] == f"Job 1: cancelled ({no_video.name})"
    assert f"https://vp.example.org/?job={job_id}" in message.get_content()


@pytest.mark.exhaustive
@pytest.mark.slow
def test_message_says_what_came_out(tmp_path: Path):
    video = tmp_path / "persons.mp4"
    write_sample(video, duration_s=1.0)
    with mail_receiver("videoprep", "a secret") as receiver:
        mail = Mail(server_at(receiver), lambda owner_id: "")
        with service_with(tmp_path / "workspace", mail, EngineSettings(worker_count=1)) as service:
            [outcome] = wait_for_end(service, submit(service, video)).result.videos
            assert wait_until(lambda: receiver.messages)
    text = receiver.messages[0].get_content()
    assert outcome.frame_count == 1
    assert "1 clip, 1 frame\n" in text.replace("\r", "")


def test_hostile_names_write_no_headers(tmp_path: Path, no_video: Path):
    with mail_receiver() as receiver:
        mail = Mail(server_at(receiver), lambda owner_id: "anna@example.org\nBcc: all@example.org")
        with service_with(tmp_path / "workspace", mail) as service:
            job_id = service.submit([("a\r\nBcc: all@example.org\r\n\r\n.mp4", no_video)])
            service.cancel(job_id)
            assert wait_until(lambda: receiver.messages)
    (message,) = receiver.messages
    assert message["Bcc"] is None
    assert message["To"] == TEAM


def test_wrong_password_is_reported_before_the_start():
    with mail_receiver("videoprep", "a secret") as receiver:
        assert receiver.url.rpartition("@")[2] in Mail(server_at(receiver), lambda owner_id: "").check()
        with pytest.raises(AnnouncementError, match="535"):
            Mail(server_at(receiver, password="another"), lambda owner_id: "").check()


def test_server_elsewhere_without_encryption_gets_nothing(monkeypatch: pytest.MonkeyPatch):
    from videoprep_nb.jobs.announcing import mail as mail_module

    monkeypatch.setattr(mail_module, "is_loopback", lambda name: False)
    with mail_receiver() as receiver, pytest.raises(AnnouncementError, match="STARTTLS"):
        Mail(server_at(receiver), lambda owner_id: "").check()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--smtp", "mail.example.org", "--mail-from", "a@b.org"], "is no mail server"),
        (["--smtp", "smtps://mail.example.org"], "--mail-from"),
        (["--smtp", "smtps://mail.example.org", "--mail-from", "nobody"], "is no address"),
        (["--smtp", "smtps://u@mail.example.org", "--mail-from", "a@b.org"], PASSWORD_VARIABLE),
        (["--smtp", "smtps://mail.example.org", "--mail-from", "a@b.org", "--host", "0.0.0.0"], "--public-url"),
        (["--mail-to", "a@b.org"], "need --smtp"),
    ],
    ids=["server", "no sender", "sender", "no password", "no links", "alone"],
)
def test_wrong_option_is_refused_before_the_start(options, message, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    done = videoprep("serve", "--workspace", tmp_path / "workspace", *options)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
    assert not (tmp_path / "workspace").exists()


def test_user_without_an_address_is_known_by_none(tmp_path: Path):
    users = make_users(tmp_path)
    assert videoprep("users", "mail", "anna", "Anna <anna@example.org>", "--auth-file", users).exit_code == 2
    assert Users(users).mail_address_of("somebody") == ""
    with pytest.raises(InputError):
        MailServer("smtp://u:secret@mail.example.org", "", "a@b.org", (), "https://vp.example.org")
