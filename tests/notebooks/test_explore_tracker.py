"""The tracker lab as a plain report, and in JupyterLab in a real browser."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import papermill
import pytest
from playwright.sync_api import Locator, expect
from playwright.sync_api import Page as BrowserPage

from tests.support.browser import chromium
from tests.support.html_pages import Page
from videoprep_nb.jobs.reports.render import export_html
from videoprep_nb.jobs.settings import read_settings
from videoprep_nb.lab import views
from videoprep_nb.lab.model import ExploreTrackerParams, open_video
from videoprep_nb.media.sample import write_sample

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "explore_tracker.ipynb"
MAX_REPORT_BYTES = 5_000_000
TOKEN = "lab"
TIMEOUT_S = 120
WIDTH_PX, HEIGHT_PX = 1280, 720

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The notebook beside a sample video, as in the folder of the notebooks, and the report that papermill made."""
    root = tmp_path_factory.mktemp("lab")
    shutil.copy(NOTEBOOK, root)
    write_sample(root / "work" / "sample.mp4", duration_s=3)
    papermill.execute_notebook(str(NOTEBOOK), str(root / "report.ipynb"), {}, cwd=str(root), progress_bar=False)
    return root


def test_report_needs_no_widgets(folder):
    export_html(folder / "report.ipynb", folder / "report.html")
    text = (folder / "report.html").read_text(encoding="utf-8")
    page = Page(folder / "report.html")
    assert len(text) < MAX_REPORT_BYTES
    assert page.loads_from_outside == []
    assert len(page.images) >= 3
    assert all(f'id="{link[1:]}"' in text for link in page.links)
    assert "ids per person-second" in page.text
    cells = {cell.id: cell for cell in nbformat.read(folder / "report.ipynb", as_version=4).cells}
    assert cells["lab"].outputs == []


def test_report_leaves_the_settings_as_a_file(folder):
    assert read_settings(folder / "work" / "tracking.yaml", []).of("track_persons").tracker == "bytetrack"


@pytest.fixture(scope="module")
def server(folder) -> Iterator[str]:
    """A JupyterLab of its own; the detections of the report are there already."""
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
    with (folder / "jupyter.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=os.environ | private, stdout=log, stderr=log)
    try:
        yield _address(folder / "jupyter-RUNTIME", process)
    finally:
        process.terminate()
        process.wait(TIMEOUT_S)


def _address(runtime: Path, process: subprocess.Popen[bytes]) -> str:
    deadline_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline_s:
        assert process.poll() is None, "JupyterLab has ended"
        for path in runtime.glob("jpserver-*.json"):
            return str(json.loads(path.read_text(encoding="utf-8"))["url"])
        time.sleep(0.2)
    raise AssertionError("JupyterLab does not start")


def _place_of_a_person(folder: Path, frame: int) -> tuple[float, float]:
    """Where the middle of a tracked person is in one half of the image of a frame, without the words above it."""
    params = ExploreTrackerParams(source=str(folder / "work" / "sample.mp4"), work_dir=str(folder / "work" / "explore"))
    video = open_video(params)
    tracks = video.trial(video.settings).tracks
    left, top, right, bottom = tracks.boxes_xyxy[tracks.frame_index == frame][0] * views.HALF_WIDTH_PX / WIDTH_PX
    return (left + right) / 2, (top + bottom) / 2


def _click(image: Locator, x: float, y: float) -> None:
    """Click a place in an image, given in its own pixels."""
    scale = image.evaluate("image => image.clientWidth / image.naturalWidth")
    image.click(position={"x": x * scale, "y": y * scale})


def _slider(page: BrowserPage, name: str) -> Locator:
    """The handle of the first slider with a name; the left panel comes first."""
    return page.locator(".widget-hslider").filter(has_text=name).first.locator(".noUi-handle")


def test_sliders_and_clicks_change_the_images_in_jupyterlab(folder, server):
    (folder / "work" / "tracking_left.yaml").unlink(missing_ok=True)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1500, "height": 1100})
        page.set_default_timeout(TIMEOUT_S * 1000)
        page.goto(f"{server}lab/tree/explore_tracker.ipynb?token={TOKEN}")
        # cells that are run before the page is connected to its kernel are lost
        kernel = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
        page.wait_for_function(f"{kernel}?.connectionStatus === 'connected' && {kernel}.status === 'idle'", polling=500)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        # the page shows the last cell then, and keeps only the cells around it
        page.wait_for_function(
            """() => { document.querySelector(".jp-WindowedPanel-outer").scrollTop = 0;
                       return document.querySelector("img.widget-image"); }""",
            polling=500,
        )
        image, time_lines = (page.locator("img.widget-image").nth(number) for number in (0, 1))
        before = image.get_attribute("src") or ""
        assert image.evaluate("image => image.naturalWidth") > 1000

        _slider(page, "frame").last.press("ArrowRight")
        expect(image).not_to_have_attribute("src", before)

        strip = page.locator("img.widget-image").nth(2)
        expect(strip).to_be_hidden()
        x, y = _place_of_a_person(folder, frame=1)
        words_px = image.evaluate("image => image.naturalHeight") - HEIGHT_PX * views.HALF_WIDTH_PX / WIDTH_PX
        _click(image, x, y + words_px)
        expect(strip).to_be_visible()
        first_strip = strip.get_attribute("src") or ""
        _click(time_lines, x=views.HALF_WIDTH_PX * 1.6, y=32)  # the first bar on the right
        expect(strip).not_to_have_attribute("src", first_strip)

        before = time_lines.get_attribute("src") or ""
        _slider(page, "confidence").press("End")  # nobody is as sure as that
        expect(time_lines).not_to_have_attribute("src", before)

        page.get_by_role("button", name="export left").click()
        page.get_by_text("Written to work/tracking_left.yaml").wait_for()
    assert read_settings(folder / "work" / "tracking_left.yaml", []).of("track_persons").confidence > 0.9
