"""How papermill runs our notebooks: as it always does, but it saves them now and then, and whole or not at all."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.iorw import LocalHandler, papermill_io

from videoprep_nb.core.layout import staged_file

ENGINE = "videoprep"
_SAVE_INTERVAL = timedelta(seconds=1)


class _Manager(NotebookExecutionManager):  # type: ignore[misc]
    """Keeps the state of the cells in the notebook.

    papermill saves the whole notebook before and after each cell, which takes longer than most cells of a short video.
    """

    def save(self, **kwargs: Any) -> None:
        """Save the notebook at its start and end, and between them at most once a second."""
        if self.end_time is None and self.now() < self.last_save_time + _SAVE_INTERVAL:
            return
        super().save(**kwargs)


class _Engine(NBClientEngine):  # type: ignore[misc]
    """papermill's own engine with our manager."""

    @classmethod
    def execute_notebook(
        cls, nb: NotebookNode, kernel_name: str, output_path: str, progress_bar: bool, **options: Any
    ) -> NotebookNode:
        """Run a notebook that has its parameters; see ``papermill.engines.Engine``."""
        manager = _Manager(nb, output_path=output_path, progress_bar=progress_bar)
        manager.last_save_time -= _SAVE_INTERVAL  # nothing is saved yet
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, **options)
        finally:
            manager.notebook_complete()
        return manager.nb


class _WholeFiles(LocalHandler):  # type: ignore[misc]
    """How papermill reads and writes files; whoever reads a notebook that is being saved gets all of it."""

    def write(self, buf: str, path: str) -> None:
        """Write a notebook, which appears complete; the next save comes soon."""
        with staged_file(Path(self._cwd or "") / path, durable=False) as staging:
            staging.write_text(buf, encoding="utf-8")


papermill_engines.register(ENGINE, _Engine)
papermill_io.register("", _WholeFiles())  # for every path, also one that looks like an address
