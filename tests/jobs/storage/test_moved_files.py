"""A service that is killed at every step of a submission: each upload is in its job, or still an upload."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

# Each step is a call that makes, moves or deletes something: the kill comes just before it.
KILL_AT_EACH_STEP = """
import json, os, signal, sqlite3, sys, threading
from contextlib import closing
from pathlib import Path
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.service import Limits, Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.server.security.access import UserJobs
from videoprep_nb.server.security.user_file import (Role, User)
from videoprep_nb.server.uploads.resumable import UserUploads, give_back_claims
from videoprep_nb.server.uploads.sources import VideoSource

NOBODY_WORKS = EngineSettings(scheduler="tcp://127.0.0.1:9")
STEPS = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.")
folder, attempt = Path(sys.argv[1]), sys.argv[2]

def upload(uploads, name, content):
    info = uploads.create(name, len(content))
    uploads.get(info.upload_id).path.write_bytes(content)
    return info.upload_id

def kill_before(step):
    count, main = 0, threading.main_thread().ident
    def hook(event, _):
        nonlocal count
        if threading.get_ident() == main and event.startswith(STEPS):
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)

def submit(step):
    service = Service(Workspace(folder / str(step)), NOBODY_WORKS, Limits(free_bytes=0, free_per_input_byte=0))
    jobs = UserJobs(service, User("anna", Role.MEMBER, "anna"))
    sources = [VideoSource(upload_id=upload(jobs.uploads, f"{n}.mp4", b"video %d" % n)) for n in range(2)]
    if attempt == "that fails":
        service._store._database._connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON jobs BEGIN SELECT raise(ABORT, 'full'); END"
        )
    kill_before(step)
    try:
        jobs.submit_sources(sources)
    except Exception as error:
        assert "full" in str(error), error
    os._exit(0)

def look(step):
    with closing(sqlite3.connect(folder / str(step) / "jobs.sqlite")) as connection:
        connection.execute("DROP TRIGGER IF EXISTS full")
    service = Service(Workspace(folder / str(step)), NOBODY_WORKS)
    give_back_claims(service.workspace.uploads_dir)
    rows, _ = service.jobs()
    specs = [json.loads(service.workspace.job_folder(row.job_id).spec.read_text()) for row in rows]
    in_jobs = [Path(video["path"]).read_text() for spec in specs for video in spec["videos"]]
    uploads = UserUploads(service, "anna").all()
    in_uploads = sorted(upload.path.read_text() for upload in uploads if upload.is_complete)
    notes = [str(path) for path in service.workspace.path.glob("*/[!.]*/moves.json")]
    print(json.dumps([in_jobs, in_uploads, [row.owner for row in rows], notes]), flush=True)
    os._exit(0)

def in_child(work, step):
    child = os.fork()
    if not child:
        try:
            work(step)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

step, status = 0, -signal.SIGKILL
while status == -signal.SIGKILL:
    step += 1
    status = in_child(submit, step)
    assert status in (0, -signal.SIGKILL), (step, status)
    assert in_child(look, step) == 0, step
"""


@pytest.mark.slow
@pytest.mark.parametrize("attempt", ["that succeeds", pytest.param("that fails", marks=pytest.mark.exhaustive)])
def test_submission_that_is_killed_loses_no_upload(attempt: str, tmp_path: Path):
    run = subprocess.run(
        [sys.executable, "-c", KILL_AT_EACH_STEP, str(tmp_path), attempt],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert run.returncode == 0, run.stderr
    steps = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(steps) > 10
    videos = ["video 0", "video 1"]
    for number, (in_jobs, in_uploads, owners, notes) in enumerate(steps, start=1):
        assert sorted(in_jobs + in_uploads) == videos, f"step {number}: {in_jobs} in jobs, {in_uploads} in uploads"
        assert in_jobs in ([], videos), f"step {number}"
        assert owners == ["anna"] * bool(in_jobs)
        assert notes == []
    assert steps[0][:2] == [[], videos]
    assert bool(steps[-1][0]) == (attempt == "that succeeds")
