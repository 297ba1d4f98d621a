"""Workers that offer a GPU; real ones, on a machine that has none: nobody opens it."""

import json
import logging
import threading
from collections import defaultdict
from functools import partial
from pathlib import Path

import nbformat
import pytest
from distributed import Scheduler, SpecCluster, Worker

from tests.support.job_services import NO_LIMITS, submit, wait_for_end, wait_until
from videoprep_nb.jobs.engine import gpus
from videoprep_nb.jobs.engine.attempt import request_attempt
from videoprep_nb.jobs.engine.cluster import Engine, EngineSettings, Slots
from videoprep_nb.jobs.engine.gpus import visible_gpus
from videoprep_nb.jobs.engine.worker import TaskRequest
from videoprep_nb.jobs.fingerprints.code import code_version
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.notebook_runner.process import Outcome, OutcomeKind
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.sample import write_sample

TIMEOUT_S = 120
PARAMETERS = 'folder: str = ""\nname: str = ""\ntogether: int = 1'
# each waits for the others, so no worker can run two of them one after the other
SOURCE = """
import json, os, time
from functools import partial
from pathlib import Path
seen = Path(folder, name + ".json")
seen.write_text(json.dumps(os.environ["CUDA_VISIBLE_DEVICES"]))
give_up_s = time.monotonic() + 60
while len(list(Path(folder).glob("*.json"))) < together:
    assert time.monotonic() < give_up_s, "the others do not run meanwhile"
    time.sleep(0.05)
"""


def write_notebook(path: Path) -> Path:
    cells = [nbformat.v4.new_code_cell(source) for source in (PARAMETERS, SOURCE)]
    cells[0].metadata["tags"] = ["parameters"]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)
    return path


def make_task(notebook: Path, folder: Path, name: str, together: int) -> TaskRequest:
    own = folder.parent / f"task {name}"
    own.mkdir()
    request_attempt(own, name)
    return TaskRequest(
        attempt=name,
        version=code_version(),
        folder=own,
        notebook=notebook,
        output=own / "report.ipynb",
        parameters={"folder": str(folder), "name": name, "together": together},
        fingerprint=name,
        environment={},
        timeout_s=TIMEOUT_S,
        memory_limit_bytes=None,
    )


@pytest.mark.slow
def test_each_gpu_has_a_worker_of_its_own_and_other_tasks_run_elsewhere(tmp_path: Path):
    folder = tmp_path / "seen"
    folder.mkdir()
    notebook = write_notebook(tmp_path / "01_resize.ipynb")
    names = ["gpu a", "gpu b", "cpu a"]
    outcomes: dict[str, Outcome] = {}
    all_ended = threading.Event()
    engine = Engine(EngineSettings(worker_count=1, gpus=("0", "GPU-7f3a"), separate_processes=False))
    try:
        assert engine.slots() == Slots(tasks=3, gpu=2, gpu_is_reserved=True)
        assert sorted(tuple(worker.resources) for worker in engine.workers()) == [("CPU",), ("GPU",), ("GPU",)]

        def note(name: str, outcome: Outcome) -> None:
            outcomes[name] = outcome
            if len(outcomes) == len(names):
                all_ended.set()

        for name in names:
            task = make_task(notebook, folder, name, together=len(names))
            engine.submit(task, name.startswith("gpu"), partial(note, name))
        assert all_ended.wait(TIMEOUT_S)
    finally:
        engine.close()
    assert [outcomes[name].kind for name in names] == [OutcomeKind.DONE] * len(names), outcomes
    seen: dict[str, list[str]] = defaultdict(list)
    for name in names:
        seen[name[:3]].append(json.loads((folder / f"{name}.json").read_text()))
    assert sorted(seen["gpu"]) == ["0", "GPU-7f3a"]
    assert seen["cpu"] == [""]


def test_machine_without_gpu_reserves_nothing():
    settings = EngineSettings(worker_count=2, gpus=())
    assert settings.local_worker_count == 2
    assert not settings.may_have_gpu
    assert Slots(tasks=3, gpu=1).cpu == 3
    assert Slots(tasks=3, gpu=1, gpu_is_reserved=True).cpu == 2


@pytest.mark.parametrize(
    ("devices", "build", "variable", "expected"),
    [
        pytest.param(["nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"], "2.13.0", None, ("0", "1"), id="two"),
        pytest.param(["nvidia5"], "2.13.0", None, ("0",), id="one-of-many-in-a-container"),
        pytest.param(["nvidia0", "nvidia1"], "2.13.0", "1", ("1",), id="one-chosen"),
        pytest.param(["nvidia0", "nvidia1"], "2.13.0", "GPU-1, GPU-2", ("GPU-1", "GPU-2"), id="by-uuid"),
        pytest.param(["nvidia0", "nvidia1"], "2.13.0", "", (), id="none-chosen"),
        pytest.param(["nvidia0", "nvidia1"], "2.13.0", "0,-1,1", ("0",), id="list-that-ends"),
        pytest.param(["nvidia0"], "2.13.0+cpu", None, (), id="torch-without-cuda"),
        pytest.param(["null"], "2.13.0", None, (), id="no-gpu"),
    ],
)
def test_gpus_of_this_machine(
    devices: list[str],
    build: str,
    variable: str | None,
    expected: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    for name in devices:
        (tmp_path / name).touch()
    monkeypatch.setattr(gpus, "_DEVICES", tmp_path)
    monkeypatch.setattr(gpus.metadata, "version", lambda _: build)
    if variable is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    assert visible_gpus() == expected


@pytest.mark.parametrize(
    ("others", "is_reserved"),
    [pytest.param({"CPU": 1}, True, id="others-offer-cpu"), pytest.param({}, False, id="others-offer-nothing")],
)
def test_workers_of_a_scheduler_say_whether_gpus_are_reserved(others: dict[str, int], is_reserved: bool):
    workers = {
        index: {"cls": Worker, "options": {"nthreads": 1, "resources": resources, "dashboard": False}}
        for index, resources in enumerate([{"GPU": 1}, others, others])
    }
    scheduler = {"cls": Scheduler, "options": {"host": "127.0.0.1", "dashboard": False}}
    with SpecCluster(scheduler=scheduler, workers=workers, silence_logs=logging.ERROR) as cluster:
        engine = Engine(EngineSettings(scheduler=cluster.scheduler_address))
        try:
            assert engine.slots() == Slots(tasks=3, gpu=1, gpu_is_reserved=is_reserved)
        finally:
            engine.close()


@pytest.mark.exhaustive
@pytest.mark.slow
def test_whole_job_leaves_only_tracking_to_the_gpu(tmp_path: Path):
    """The choice of the device is left open; torch finds no GPU, and the worker with one detects on its processor."""
    video = tmp_path / "persons.mp4"
    write_sample(video, duration_s=1.0)
    settings = EngineSettings(worker_count=1, gpus=("0",))
    with Service(Workspace(tmp_path / "workspace"), settings, NO_LIMITS) as service:
        assert wait_until(lambda: len(service.workers()) == 2)
        with_gpu = {worker.address for worker in service.workers() if "GPU" in worker.resources}
        job_id = submit(service, video)
        view = wait_for_end(service, job_id)
        assert view.job.state is State.DONE, view.job.message
        events = service.events(job_id)
    ran_on = {event.data["key"]: event.data["worker"] for event in events if "worker" in event.data}
    assert {key for key, worker in ran_on.items() if worker in with_gpu} == {"04_track_persons_1"}
    assert len(ran_on) == 6
