"""A JupyterLab of its own, and a notebook opened and run in it by a real browser."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

TOKEN = "lab"
TIMEOUT_S = 120
_KERNEL = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"


@contextmanager
def jupyter_lab(folder: Path) -> Iterator[str]:
    """Run a server on a folder; gives its address."""
    private = {f"JUPYTER_{name}_DIR": str(folder / f"jupyter-{name}") for name in ("CONFIG", "DATA", "RUNTIME")}
    options = {
        "ServerApp.port": 0,
        "ServerApp.root_dir": folder,
        "IdentityProvider.token": TOKEN,
        "LabApp.expose_app_in_browser": True,
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"]
    command += [f"--{name}={value}" for name, value in options.items()]
    _ask_nothing(Path(private["JUPYTER_CONFIG_DIR"]))
    with (folder / "jupyter.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=os.environ | private, stdout=log, stderr=log)
    try:
        yield _address(folder / "jupyter-RUNTIME", process)
    finally:
        process.terminate()
        process.wait(TIMEOUT_S)


def open_notebook(page: Page, server: str, name: str) -> None:
    """Open a notebook and wait for its kernel: cells that are run before it is connected are lost."""
    page.set_default_timeout(TIMEOUT_S * 1000)
    page.goto(f"{server}lab/tree/{name}?token={TOKEN}")
    page.wait_for_function(f"{_KERNEL}?.connectionStatus === 'connected' && {_KERNEL}.status === 'idle'", polling=500)


def run_all(page: Page) -> None:
    """Run all cells, as the menu does."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()


def _ask_nothing(config: Path) -> None:
    """A question about news would cover what is clicked."""
    settings = config / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}', encoding="utf-8")


def _address(runtime: Path, process: subprocess.Popen[bytes]) -> str:
    deadline_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline_s:
        assert process.poll() is None, "JupyterLab has ended"
        for path in runtime.glob("jpserver-*.json"):
            return str(json.loads(path.read_text(encoding="utf-8"))["url"])
        time.sleep(0.2)
    raise AssertionError("JupyterLab does not start")
