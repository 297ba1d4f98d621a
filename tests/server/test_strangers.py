"""Other users of the machine and of the network get no code into a running service."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from distributed import LocalCluster
from distributed.security import Security

from tests.support.job_services import NO_LIMITS, submit, wait_for_end, wait_until
from tests.support.strangers import beyond_loopback, listeners, ports_that_run_code
from tests.support.web_server import bearer, free_port, make_users, server_process
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.engine.tls import temporary_security, write_certificate
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.sample import write_sample
from videoprep_nb.server.security.user_file import new_token

pytestmark = pytest.mark.slow


@dataclass
class Running:
    """A service that offers its page to the network."""

    process: psutil.Process
    port: int
    client: httpx.Client
    temporary: Path

    def processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("service")
    users = make_users(folder)
    port = free_port()
    temporary = folder / "temporary"
    # the name that Dask takes by default, from which it also imports
    (temporary / "dask-scratch-space").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(temporary))
        with (
            server_process(folder / "workspace", port, "--host", "0.0.0.0", "--auth-file", str(users)) as process,
            httpx.Client(
                base_url=f"http://127.0.0.1:{port}/api", headers=bearer(new_token(users, "root")), trust_env=False
            ) as client,
        ):
            assert wait_until(lambda: client.get("/health").json()["workers"], 30)
            yield Running(process, port, client, temporary)


@contextmanager
def _cluster(security: Security | None) -> Iterator[set[int]]:
    """A scheduler and a worker of Dask: the ports of both and of the worker's nanny."""
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", security=security) as cluster:
        [nanny] = cluster.workers.values()
        addresses = [cluster.scheduler_address, nanny.address, nanny.worker_address]
        yield {int(address.rpartition(":")[2]) for address in addresses}


def test_without_certificates_a_stranger_gets_in(tmp_path: Path):
    with _cluster(None) as ports:
        assert ports_that_run_code(ports, None, tmp_path) == ports


def test_certificates_let_in_only_who_has_them(tmp_path: Path):
    files = write_certificate(tmp_path)
    for name in ("plain", "other authority", "member"):
        (tmp_path / name).mkdir()
    with _cluster(files.security()) as ports:
        assert ports_that_run_code(ports, None, tmp_path / "plain") == set()
        assert ports_that_run_code(ports, temporary_security(), tmp_path / "other authority") == set()
        assert ports_that_run_code(ports, files.security(), tmp_path / "member") == ports


@pytest.mark.parametrize("security", [None, temporary_security()], ids=["plain", "other authority"])
def test_a_stranger_runs_no_code_in_the_service(service: Running, security: Security | None, tmp_path: Path):
    ports = {port for _, port in listeners(service.processes())}
    assert len(ports) >= 4  # the page, scheduler, nanny and worker
    assert ports_that_run_code(ports, security, tmp_path) == set()


def test_a_job_runs_and_only_the_page_listens_beyond_loopback(service: Running, tmp_path: Path):
    video = tmp_path / "people.mp4"
    write_sample(video, duration_s=1.0)
    job = service.client.post("/jobs", files=[("videos", (video.name, video.read_bytes()))]).json()["job_id"]
    found: set[tuple[str, int]] = set()

    def has_ended() -> bool:
        found.update(listeners(service.processes()))
        return service.client.get(f"/jobs/{job}").json()["state"] in {"done", "failed"}

    assert wait_until(has_ended)
    assert service.client.get(f"/jobs/{job}").json()["state"] == "done"
    # a worker that is busy may be away for a moment
    assert wait_until(lambda: len(service.client.get("/health").json()["workers"]) == 1)
    [worker] = service.client.get("/health").json()["workers"]
    assert worker["address"].startswith("tls://127.0.0.1:")
    assert beyond_loopback(found) == {("0.0.0.0", service.port)}


def test_the_services_of_dask_tell_strangers_nothing(service: Running):
    answers = []
    for _, port in listeners(service.processes()) - {("0.0.0.0", service.port)}:
        for path in ("/health", "/metrics", "/info/main/workers.html", "/json/counts.json", "/statics/js/gpu.js"):
            try:
                answers.append(httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=2).status_code)
            except httpx.TransportError:
                continue
    assert set(answers) == {404}


def test_keys_and_modules_of_workers_are_out_of_reach(service: Running):
    assert list((service.temporary / "dask-scratch-space").iterdir()) == []
    [scratch] = service.temporary.glob("videoprep-workers-*")
    assert scratch.stat().st_mode & 0o077 == 0
    texts = [file.read_bytes() for file in service.temporary.rglob("*") if file.is_file()]
    assert not [text for text in texts if b"PRIVATE KEY" in text]
    for process in service.processes():
        assert not any("PRIVATE KEY" in value for value in (*process.cmdline(), *process.environ().values()))


def test_job_whose_worker_is_a_thread_listens_on_loopback_only(tmp_path: Path):
    """As ``videoprep run`` starts it."""
    video = tmp_path / "no video.mp4"
    video.write_bytes(b"This is no video.")

    def all_listeners() -> set[tuple[str, int]]:
        return listeners([psutil.Process(), *psutil.Process().children(recursive=True)])

    before = all_listeners()
    settings = EngineSettings(worker_count=1, separate_processes=False)
    with Service(Workspace(tmp_path / "workspace"), settings, NO_LIMITS) as service:
        assert wait_until(service.workers, 10)
        found = all_listeners()
        assert found > before
        assert beyond_loopback(found - before) == set()
        assert wait_for_end(service, submit(service, video)).job.state is State.FAILED
