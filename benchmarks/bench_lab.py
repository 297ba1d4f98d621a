"""The tracker lab in JupyterLab in a browser: the first frames, and from a slider to the frames.

Run as ``python benchmarks/bench_lab.py``; prints one JSON object. The video is 30 s of PETS09-S2L1 with ground truth,
its detections are cached, and the kernel is a new one each time. Other work on the machine lengthens the times, so both
are also given as ratios: to the same cells in a process without a browser, and to the bare tracking.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from playwright.sync_api import Page

from benchmarks.bench_page import fresh_page
from benchmarks.tracker_table import DATA
from tests.support.jupyter_lab import TIMEOUT_S, jupyter_lab, open_notebook, run_all
from videoprep_nb.lab.model import ExploreTrackerParams, LabVideo, open_video

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "explore_tracker.ipynb"
ROUNDS = 5
MOVES = 10
LIMITS = {"first_frames_s": 5.0, "slider_to_frames_s": 0.3}

FRAMES_ARE_SHOWN = "document.querySelector('.vp-lab-pane img')?.naturalWidth > 0"
TIME_FRAMES = """() => {
  window.measured_ms = [];
  let pressed_ms = 0;
  document.addEventListener("keydown", () => { pressed_ms = performance.now(); }, true);
  new MutationObserver(() => window.measured_ms.push(performance.now() - pressed_ms))
    .observe(document.querySelector(".vp-lab-pane img"), { attributes: true, attributeFilter: ["src"] });
}"""


def parameters(folder: Path) -> dict[str, str]:
    """The video and where what is made of it is kept."""
    return {
        "source": str(DATA / "videos" / "pets09_s2l1.avi"),
        "work_dir": str(folder / "explore"),
        "ground_truth": str(DATA / "mot15" / "PETS09-S2L1" / "gt" / "gt.txt"),
    }


def write_notebook(folder: Path) -> Path:
    """The notebook with the parameters below its own."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    lines = [f"{name} = {value!r}" for name, value in parameters(folder).items()]
    notebook.cells.insert(2, nbformat.v4.new_code_cell("\n".join(lines)))
    nbformat.write(notebook, folder / NOTEBOOK.name)
    return folder / NOTEBOOK.name


def time_cells(notebook: Path) -> float:
    """Seconds for the code of all cells in a new process, without kernel and browser."""
    cells = nbformat.read(notebook, as_version=4).cells
    script = notebook.with_suffix(".py")
    script.write_text("\n".join(cell.source for cell in cells if cell.cell_type == "code"), encoding="utf-8")
    started_s = time.perf_counter()
    subprocess.run([sys.executable, script], check=True, stdout=subprocess.DEVNULL, cwd=notebook.parent)
    return time.perf_counter() - started_s


def time_tracking(video: LabVideo) -> float:
    """Seconds for the tracking that the slider at its lower end asks for."""
    settings = video.settings.changed(["confidence:0.05"])
    return statistics.median(video.trial(settings).elapsed_s for _ in range(ROUNDS))


def time_first_frames(page: Page, server: str, name: str) -> float:
    """Seconds from Run All in a new kernel to the frames of the lab."""
    open_notebook(page, server, name)
    started_s = time.perf_counter()
    run_all(page)
    page.wait_for_function(FRAMES_ARE_SHOWN, polling=20)
    return time.perf_counter() - started_s


def time_slider(page: Page) -> float:
    """Seconds from a key on the slider of a threshold, which tracks everything again, to other frames."""
    page.evaluate(TIME_FRAMES)
    handle = page.locator(".widget-hslider").filter(has_text="confidence").first.locator(".noUi-handle")
    for move in range(2 * MOVES):
        handle.press("Home" if move % 2 else "End")
        page.wait_for_function(f"window.measured_ms.length > {move}", polling=20)
    return float(statistics.median(page.evaluate("window.measured_ms")[1::2])) / 1e3


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        video = open_video(ExploreTrackerParams(**parameters(folder)), lambda done, total, unit: None)
        notebook = write_notebook(folder)
        first_s, cells_s, slider_s, tracking_s = [], [], [], []
        with jupyter_lab(folder) as server:
            for _ in range(ROUNDS):
                cells_s.append(time_cells(notebook))
                tracking_s.append(time_tracking(video))
                with fresh_page() as page:
                    first_s.append(time_first_frames(page, server, notebook.name))
                    page.wait_for_timeout(TIMEOUT_S * 10)  # what comes after the frames shall not count
                    slider_s.append(time_slider(page))
                    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    measured = {
        "first_frames_s": statistics.median(first_s),
        "slider_to_frames_s": statistics.median(slider_s),
        "first_frames_to_cells": statistics.median(a / b for a, b in zip(first_s, cells_s, strict=True)),
        "slider_to_tracking": statistics.median(a / b for a, b in zip(slider_s, tracking_s, strict=True)),
        "cells_s": statistics.median(cells_s),
        "tracking_s": statistics.median(tracking_s),
    }
    passed = all(measured[name] <= limit for name, limit in LIMITS.items())
    print(json.dumps({"measured": measured, "rounds": first_s, "limits": LIMITS, "passed": passed}, indent=1))


if __name__ == "__main__":
    main()
