import io
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from PIL import Image

from tests.support.html_pages import Page
from videoprep_nb.core.records import PlaceRecord
from videoprep_nb.jobs.reports.links import Neighbours, link_page, without_moments
from videoprep_nb.jobs.reports.render import (
    FAILURE_TAG,
    JobSummary,
    ReportEntry,
    VideoEntry,
    export_html,
    first_image,
    write_index,
)
from videoprep_nb.viz import images, tables

HOSTILE_NAME = "<script src=https://evil.example/x.js></script>\"'&.mp4"


def image_output(colour: tuple[int, int, int], size: tuple[int, int] = (1200, 900)):
    shown = images.notebook_image(np.full((size[1], size[0], 3), colour, np.uint8), "a plain colour")
    data, metadata = shown._repr_mimebundle_()
    return new_output("display_data", {"image/jpeg": data["image/jpeg"]}, metadata=metadata)


def error_output(sentence: str):
    return new_output("error", ename="ProbeError", evalue=sentence, traceback=["\x1b[31mProbeError\x1b[0m", sentence])


def html_output(shown):
    return new_output("execute_result", {"text/html": shown.data}, execution_count=1)


def exported(folder: Path, *cells) -> tuple[Page, str]:
    notebook, html = folder / "01_resize_1.ipynb", folder / "01_resize_1.html"
    nbformat.write(new_notebook(cells=list(cells)), notebook)
    export_html(notebook, html)
    return Page(html), html.read_text(encoding="utf-8")


@pytest.fixture
def whole_page(tmp_path):
    return exported(
        tmp_path,
        new_markdown_cell("# 1 · Resize\n\nBrings **one** video to a form."),
        new_code_cell("width: int = 1280  # width", metadata={"tags": ["parameters"]}),
        new_code_cell("result = resize(params)", outputs=[new_output("stream", name="stderr", text="\r1 %\r100 %")]),
        new_code_cell("view.before_and_after(result)", outputs=[image_output((200, 30, 30))]),
        new_code_cell("view.summary(result)", outputs=[html_output(tables.facts([("file", HOSTILE_NAME)]))]),
        new_code_cell("widget", outputs=[new_output("display_data", {"application/javascript": "alert(1)"})]),
    )


def test_page_needs_nothing_from_outside_and_runs_nothing(whole_page):
    page, source = whole_page
    assert page.loads_from_outside == []
    assert "script" not in page.tags
    assert "http://" not in source.replace(HOSTILE_NAME, "")
    assert "alert(1)" not in source


def test_page_shows_images_text_and_folded_code(whole_page):
    page, _ = whole_page
    (image,) = page.images
    assert Image.open(io.BytesIO(image)).size == (1200, 900)
    assert "Brings one video to a form." in page.text
    assert "result = resize(params)" in page.text.replace("\n", "")
    assert page.tags.count("details") == 6  # five cells and the messages


def test_page_has_the_heading_as_title(whole_page):
    assert "<title>1 · Resize</title>" in whole_page[1]


def test_hostile_file_name_is_text(whole_page):
    assert HOSTILE_NAME in whole_page[0].text


def test_progress_bar_leaves_its_last_state(whole_page):
    assert "100 %" in whole_page[0].text
    assert "\r" not in whole_page[0].text


def test_error_is_on_top_with_its_sentence(tmp_path):
    sentence = f"{HOSTILE_NAME} cannot be processed: it has no video stream."
    marker = new_markdown_cell("<a href=#x>An Exception</a>", metadata={"tags": ["papermill-error-cell-tag"]})
    page, source = exported(tmp_path, marker, new_code_cell("run_the_stage", outputs=[error_output(sentence)]))
    assert page.text.count(sentence) >= 2  # on top and at the cell
    assert page.text.index(sentence) < page.text.index("run_the_stage")
    assert "An Exception" not in page.text
    assert "\x1b" not in source
    assert "script" not in page.tags


def test_cells_after_the_failing_one_are_left_out(tmp_path):
    cells = [new_code_cell("", outputs=[error_output("no")]), new_markdown_cell("## Never reached")]
    page, _ = exported(tmp_path, new_markdown_cell("# 1 · Resize"), *cells)
    assert "Never reached" not in page.text


def test_failure_that_no_cell_shows_is_on_top(tmp_path):
    sentence = "The memory ran out."
    cell = new_raw_cell(sentence, metadata={"tags": [FAILURE_TAG]})
    page, _ = exported(tmp_path, cell, new_markdown_cell("# 4 · Track persons"))
    assert page.text.count(sentence) == 1


def test_first_image_is_small_and_the_first(tmp_path):
    path = tmp_path / "a.ipynb"
    cells = [
        new_code_cell("", outputs=[image_output((200, 30, 30))]),
        new_code_cell("", outputs=[image_output((0, 0, 0))]),
    ]
    nbformat.write(new_notebook(cells=cells), path)
    small = Image.open(io.BytesIO(first_image(path) or b""))
    assert small.format == "JPEG"
    assert small.width <= 480
    assert small.height <= 300
    assert np.allclose(small.getpixel((10, 10)), (200, 30, 30), atol=6)


def test_no_first_image_in_a_notebook_that_failed_early(tmp_path):
    path = tmp_path / "a.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("", outputs=[error_output("no")])]), path)
    assert first_image(path) is None


PLACE = PlaceRecord(kind="broken track", track_ids=[3, 7], start_s=62.4, end_s=63.0, words="3 ends, 7 begins")


def job_summary(report_count: int = 2) -> JobSummary:
    small = io.BytesIO()
    Image.new("RGB", (48, 30), "green").save(small, "JPEG")
    reports = [
        ReportEntry("resize", "1", "done", "", 12.5, f"01_resize_{i}.html", small.getvalue())
        for i in range(report_count)
    ]
    reports.append(ReportEntry("resize", "2", "failed", f"{HOSTILE_NAME} is empty.", 0.5, "", None))
    reports.append(ReportEntry("package", None, "done", "", 2.0, "06_package.html", None))
    videos = [
        VideoEntry("1", "Straße 1.mp4", "done", "", 795, 6, 80, 12, [PLACE], ["rotated 90°"]),
        VideoEntry("2", HOSTILE_NAME, "failed", "It is empty.", 0, 0, 0, None, [], []),
    ]
    message = "1 of 2 videos could not be processed."
    return JobSummary(
        title="Job 32",
        submitted="submitted on 2026-01-31 by anna",
        state="completed with errors",
        message=message,
        elapsed_s=75.0,
        package_name="final_package.zip",
        videos=videos,
        reports=reports,
        settings=[("clip.clip_duration_s", "10.0")],
        versions=[("videoprep-nb", "0.3")],
    )


def test_index_leads_to_every_report_and_the_package(tmp_path):
    write_index(tmp_path / "index.html", job_summary(report_count=1))
    page = Page(tmp_path / "index.html")
    assert set(page.links) == {"01_resize_0.html", "06_package.html"}
    assert len(page.images) == 1
    assert page.loads_from_outside == []
    assert "script" not in page.tags


@pytest.mark.parametrize(
    "words",
    [
        "Job 32",
        "submitted on 2026-01-31 by anna",
        "1:02.4",
        "3 ends, 7 begins",
        "clip.clip_duration_s",
        "videoprep-nb",
        "12 people",
        "completed with errors",
        "1 min 15 s",
        "Straße 1.mp4",
        HOSTILE_NAME,
        "It is empty.",
        "Videos that could not be processed",
        "rotated 90°",
        "795",
    ],
)
def test_index_says(tmp_path, words):
    write_index(tmp_path / "index.html", job_summary())
    assert words in Page(tmp_path / "index.html").text


def test_reports_are_linked_with_each_other_whatever_their_names(tmp_path):
    notebook = new_notebook(cells=[new_markdown_cell("# 4 · People")])
    nbformat.write(notebook, tmp_path / "04 a.ipynb")
    export_html(tmp_path / "04 a.ipynb", tmp_path / "04 a.html")
    for after in (("06 b.html", HOSTILE_NAME), None):  # as a retry does it once more
        report = tmp_path / "04 a.html"
        link_page(report, f"People · {HOSTILE_NAME} · Job 32", Neighbours(("02.html", "Clips"), after))
        page = Page(report)
        around = ["02.html", "index.html", *([] if after is None else ["06%20b.html"])]
        assert page.links == around * 2, "above and below"
        assert page.text.strip().startswith(f"People · {HOSTILE_NAME} · Job 32")
        assert "script" not in page.tags


def test_hints_lead_to_their_moments_where_there_is_a_preview_video(tmp_path):
    hints = '<h4 id="hint-gap-1">Gap<span class="moment" data-place="gap-1"></span></h4>'
    output = new_output("execute_result", {"text/html": hints}, execution_count=1)
    exported(tmp_path, new_code_cell("view.hints(result)", outputs=[output]))
    report, around = tmp_path / "01_resize_1.html", Neighbours(None, None)
    for moments in ({"gap-1": "../preview/1.mp4#t=1.5"}, {}):  # the second time as after a retry without previews
        link_page(report, "People", around, moments)
        assert [link for link in Page(report).links if link != "index.html"] == list(moments.values())
    link_page(report, "People", around, {"gap-1": "../preview/1.mp4#t=1.5"})
    report.write_bytes(without_moments(report.read_bytes()))
    assert set(Page(report).links) == {"index.html"}
    assert "preview video" not in Page(report).text


def test_index_leads_to_the_images_of_a_place_and_to_its_moment(tmp_path):
    summary = job_summary()
    place = PLACE.model_copy(update={"name": "broken-track-1", "preview_s": 2.5})
    video = replace(summary.videos[0], places=[place], has_preview=True)
    people = ReportEntry("People", "1", "done", "", 1.0, "04_track_persons_1.html", None, shows_places=True)
    write_index(
        tmp_path / "index.html",
        replace(summary, videos=[video, *summary.videos[1:]], reports=[*summary.reports, people]),
    )
    links = Page(tmp_path / "index.html").links
    assert {"../preview/1.mp4#t=2.5", "04_track_persons_1.html#hint-broken-track-1"} <= set(links)


def test_index_of_a_huge_job_stays_small(tmp_path):
    write_index(tmp_path / "index.html", job_summary(report_count=400))
    page = Page(tmp_path / "index.html")
    assert len(page.images) == 100
    assert "01_resize_399.html" in page.links
