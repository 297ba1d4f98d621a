"""In which order things are made of the jobs of several owners."""

import threading
from contextlib import closing
from pathlib import Path

from tests.support.job_services import wait_until
from tests.support.store_records import START, job_id, spec
from videoprep_nb.jobs.background import BackgroundWork, Order
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.store import Store


def test_many_orders_of_one_delay_that_of_another_by_one(tmp_path: Path):
    workspace = Workspace(tmp_path)
    begin, made = threading.Event(), []

    def make(folder: JobFolder, place: Path) -> None:
        begin.wait(60)
        place.write_text("made")
        made.append(store.job(folder.path.name).owner)

    def order(number: int, owner: str) -> Order:
        store.add_job(spec(number), 0, owner, START)
        for state in (State.RUNNING, State.DONE):
            store.set_job_state(job_id(number), state, "", START)
        folder = workspace.job_folder(job_id(number))
        folder.path.mkdir(parents=True)
        folder.package.touch()
        return Order(job_id(number), "format", "Format", make, folder.exports / "format.zip")

    with closing(Store(workspace.database)) as store:
        measured: list[str] = []
        work = BackgroundWork(
            workspace,
            lambda job: workspace.job_folder(job).package,
            store.job,
            lambda action: action(),
            free_bytes=0,
            measure=measured.append,
        )
        for number in range(5):
            work.start(order(number, "anna"))
        work.start(order(5, "bert"))
        begin.set()
        assert wait_until(lambda: len(made) == 6)
        assert wait_until(lambda: (workspace.job_folder(job_id(4)).exports / "format.zip").exists())
        assert wait_until(lambda: len(measured) == 6)
        work.close()
    assert made.index("bert") <= 2
