"""The tracker lab as a plain report, and in JupyterLab in a real browser."""

import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import papermill
import pytest
from PIL import Image
from playwright.sync_api import Locator, expect
from playwright.sync_api import Page as BrowserPage

from tests.support.browser import chromium
from tests.support.html_pages import Page
from tests.support.jupyter_lab import jupyter_lab, open_notebook, run_all
from videoprep_nb.jobs.reports.render import export_html
from videoprep_nb.jobs.settings import read_settings
from videoprep_nb.lab.drawing import PANE_WIDTH_PX
from videoprep_nb.lab.model import ExploreTrackerParams, LabVideo, open_video
from videoprep_nb.media.sample import write_sample
from videoprep_nb.tracking.evaluation.mot_rows import MotRows

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "explore_tracker.ipynb"
MAX_REPORT_BYTES = 5_000_000
WIDTH_PX = 1280

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
    assert read_settings(folder / "work" / "tracking.yaml", []).of("track_persons").tracker == "sort"


def _open(folder: Path) -> LabVideo:
    params = ExploreTrackerParams(source=str(folder / "work" / "sample.mp4"), work_dir=str(folder / "work" / "explore"))
    return open_video(params)


@pytest.fixture(scope="module")
def server(folder) -> Iterator[str]:
    """A JupyterLab of its own; the detections of the report are there already, and the left tracks are the truth."""
    video = _open(folder)
    truth = MotRows.from_tracks(video.trial(video.settings).tracks)
    replace(truth, scores=np.ones(len(truth))).write(folder / "work" / "gt.txt")
    notebook = folder / "explore_tracker.ipynb"
    text = notebook.read_text(encoding="utf-8")
    notebook.write_text(
        text.replace('ground_truth: str = \\"\\"', 'ground_truth: str = \\"work/gt.txt\\"'), encoding="utf-8"
    )
    with jupyter_lab(folder) as address:
        yield address


def _place_of_a_person(folder: Path, frame: int) -> tuple[float, float]:
    """Where the middle of a tracked person is in the image of one side of a frame."""
    video = _open(folder)
    tracks = video.trial(video.settings).tracks
    left, top, right, bottom = tracks.boxes_xyxy[tracks.frame_index == frame][0] * PANE_WIDTH_PX / WIDTH_PX
    return (left + right) / 2, (top + bottom) / 2


def _click(image: Locator, x: float, y: float) -> None:
    """Click a place in an image, given in its own pixels."""
    scale = image.evaluate("image => image.clientWidth / image.naturalWidth")
    image.click(position={"x": x * scale, "y": y * scale})


def _slider(page: BrowserPage, name: str) -> Locator:
    """The handle of the first slider with a name; the left panel comes first."""
    return page.locator(".widget-hslider").filter(has_text=name).first.locator(".noUi-handle")


def _is_in_sight(element: Locator) -> bool:
    """Whether an element lies within the window, not below its lower edge."""
    box = element.bounding_box()
    size = element.page.viewport_size
    assert box is not None
    assert size is not None
    return bool(
        box["x"] >= 0 and box["x"] + box["width"] <= size["width"] and box["y"] + box["height"] <= size["height"]
    )


@pytest.mark.exhaustive
def test_an_engineer_works_in_the_lab_on_a_small_screen(folder, server):
    (folder / "work" / "tracking_left.yaml").unlink(missing_ok=True)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1000, "height": 800})
        open_notebook(page, server, "explore_tracker.ipynb")
        run_all(page)
        images = page.locator("img.widget-image")
        left, right, left_bars, right_bars, strip = (images.nth(number) for number in range(5))
        # Run All ends at the lab: frames of both sides, figures and controls are in sight together
        page.wait_for_function("document.querySelector('img.widget-image')?.naturalWidth > 0", polling=100)
        confidence = _slider(page, "confidence")
        figures = page.locator(".vp-lab-figures")
        for element in (left, right, figures, page.get_by_role("tab", name="Sweep")):
            expect(element).to_be_visible()
            page.wait_for_function(
                "element => element.getBoundingClientRect().bottom < innerHeight", arg=element.element_handle()
            )
            assert _is_in_sight(element)

        before = left.get_attribute("src") or ""
        _slider(page, "frame").last.press("ArrowRight")
        expect(left).not_to_have_attribute("src", before)

        expect(strip).to_be_hidden()
        _click(left, *_place_of_a_person(folder, frame=1))
        expect(strip).to_be_visible()
        first_strip = strip.get_attribute("src") or ""
        _click(right_bars, x=PANE_WIDTH_PX / 2, y=45)  # the second bar
        expect(strip).not_to_have_attribute("src", first_strip)

        before = left.get_attribute("src") or ""
        left.hover()
        page.mouse.wheel(0, -100)  # enlarges what is under the mouse
        expect(left).not_to_have_attribute("src", before)

        # a slider moves while its result stays in sight
        before, figures_before = left_bars.get_attribute("src") or "", figures.inner_text()
        confidence.press("End")  # nobody is as sure as that
        expect(left_bars).not_to_have_attribute("src", before)
        expect(figures).not_to_have_text(figures_before)
        assert _is_in_sight(figures)
        assert _is_in_sight(left)

        page.get_by_role("tab", name="Named").click()
        page.get_by_role("button", name="export left").click()
        page.get_by_text("Written to work/tracking_left.yaml").wait_for()
        page.get_by_placeholder("name", exact=True).fill("nobody")
        page.get_by_role("button", name="save left").click()
        page.get_by_text("nobody is kept in").wait_for()

        # with ground truth: its figures, and every error in a jump list
        expect(figures).to_contain_text("HOTA")
        page.get_by_role("tab", name="Places").click()
        page.get_by_label("go to").select_option("errors left")
        before = left.get_attribute("src") or ""
        rows = page.locator(".vp-lab-table select:visible")
        expect(rows.locator("option").last).to_have_text(re.compile("missed:"))
        rows.select_option(index=rows.locator("option").count() - 1)
        expect(left).not_to_have_attribute("src", before)

        page.get_by_role("tab", name="Tracks").click()
        page.get_by_role("button", name="right", exact=True).click()
        expect(rows.locator("option").first).to_be_attached()
        rows.select_option(index=0)
        page.get_by_role("tab", name="Correct").click()
        page.get_by_text("Right, track").wait_for()
        before = right_bars.get_attribute("src") or ""
        page.get_by_role("button", name="delete track").click()
        page.get_by_text("for videoprep run --corrections").wait_for()
        expect(right_bars).not_to_have_attribute("src", before)

        page.get_by_role("tab", name="Sweep").click()
        page.locator(".vp-lab textarea").fill("confidence: 0.1 0.3\nmax_gap_s: 1 2")
        page.get_by_role("button", name="run sweep").click()
        page.get_by_text("All 4 settings are measured.").wait_for()
        before = right_bars.get_attribute("src") or ""
        page.locator(".vp-lab-table select:visible").select_option(index=2)
        expect(right_bars).not_to_have_attribute("src", before)
    assert read_settings(folder / "work" / "tracking_left.yaml", []).of("track_persons").confidence > 0.9


@pytest.mark.exhaustive
def test_the_time_lines_follow_the_theme(folder, server):
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        open_notebook(page, server, "explore_tracker.ipynb")
        run_all(page)
        bars = page.locator(".vp-lab-bars img").first
        page.wait_for_function("document.querySelector('.vp-lab-bars img')?.naturalWidth > 0", polling=100)
        for theme, expected in (("JupyterLab Light", 255), ("JupyterLab Dark", 17)):
            page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
            page.wait_for_function(
                "expected => getComputedStyle(document.body).getPropertyValue('--jp-layout-color0') === expected",
                arg={255: "white", 17: "#111"}[expected],
            )
            bars.scroll_into_view_if_needed()
            page.screenshot(path=f"/tmp/cmp/lab_{expected}.png")
            shown = np.asarray(Image.open(io.BytesIO(bars.screenshot())).convert("L")).astype(int)
            assert abs(int(np.median(shown[:4])) - expected) < 12, "the paper is that of the notebook"
            assert np.abs(shown[:24] - expected).max() > 90, "the title can be read"
