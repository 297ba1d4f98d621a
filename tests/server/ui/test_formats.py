"""Formats on the page, in a real browser: chosen for a new job, created from a finished one, fetched."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.server.api.test_exports import LABELS, Gated, finished_job, gated  # noqa: F401 - a fixture
from tests.support.browser import PHONE, clean_page
from tests.support.proposal_files import good_proposals
from tests.support.web_server import RunningServer, running_server
from videoprep_nb.jobs.models import JobSpec
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.media.sample import write_sample


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("formats")) as running:
        yield running


@pytest.fixture(scope="module")
def job_id(server: RunningServer) -> str:
    return finished_job(server, package={"labels": LABELS})


def address(server: RunningServer, job_id: str = "") -> str:
    return f"http://127.0.0.1:{server.port}/" + (f"?job={job_id}" if job_id else "")


def row_of(page, name: str):
    return page.locator(f"#format-{name}")


@pytest.mark.slow
def test_format_is_created_and_fetched(server: RunningServer, job_id: str, browser: Browser, tmp_path: Path):
    with clean_page(browser, address(server, job_id)) as page:
        row = row_of(page, "cvat-backup")
        expect(row).to_contain_text("A CVAT project in one file")
        row.get_by_role("button", name="Create CVAT project backup").click()
        link = row.get_by_role("link", name="Download CVAT project backup")
        expect(link).to_be_visible()
        expect(row.get_by_role("button")).to_have_count(0)
        with page.expect_download() as started:
            link.click()
        assert started.value.suggested_filename == f"cvat_backup_{job_id}.zip"
        started.value.save_as(tmp_path / "backup.zip")
        size_kb = -(-(tmp_path / "backup.zip").stat().st_size // 1000)
        expect(row).to_contain_text(f"{size_kb} KB")
    with zipfile.ZipFile(tmp_path / "backup.zip") as backup:
        assert backup.testzip() is None
        [label] = json.loads(backup.read("project.json"))["labels"]
        tasks = [json.loads(backup.read(name)) for name in backup.namelist() if name.endswith("/task.json")]
    assert ["not labelled", "stand", "walk"] in [attribute["values"] for attribute in label["attributes"]]
    assert len(tasks) == len(good_proposals())


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_open_page_follows_a_format(
    scheme: str,
    server: RunningServer,
    browser: Browser,
    gated: type[Gated],  # noqa: F811
):
    job_id = finished_job(server, kept=False)
    gated.error = ValueError("no room for people")
    with clean_page(browser, address(server, job_id), viewport=PHONE, color_scheme=scheme) as page:
        row = row_of(page, "gated")
        row.get_by_role("button").click()
        expect(row).to_contain_text("being created")
        expect(row.get_by_role("button")).to_have_count(0)
        gated.gate.set()
        expect(row).to_contain_text("no room for people")
        gated.error = None
        row.get_by_role("button").click()
        expect(row.get_by_role("link")).to_be_visible()
        expect(row_of(page, "label-studio")).to_contain_text("Needs clips and dense tracks, which were not kept")
        expect(row_of(page, "label-studio").get_by_role("button")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.slow
def test_new_job_has_the_formats_and_labels_that_were_chosen(server: RunningServer, browser: Browser, tmp_path: Path):
    video = tmp_path / "street.mp4"
    write_sample(video, duration_s=1.0)
    with clean_page(browser, address(server)) as page:
        page.locator("#vp-files").set_input_files(str(video))
        page.get_by_text("For engineers").click()
        page.get_by_role("group", name="Exports").get_by_label("CVAT project backup").check()
        page.get_by_label("Labels", exact=True).fill("label: [")
        page.get_by_label("Labels", exact=True).blur()
        expect(page.locator("#vp-problem")).to_contain_text("Package – Labels: this is not YAML: line 1")
        page.get_by_label("Labels", exact=True).fill("")
        page.get_by_label("Settings from a file").fill("package: {exports: [no-format]}")
        page.get_by_role("button", name="Apply settings").click()
        expect(page.locator("#vp-pasted-problem")).to_contain_text("no-format")
        pasted = json.dumps({"package": {"exports": ["manifest", "coco"], "labels": LABELS}})
        page.get_by_label("Settings from a file").fill(pasted)
        page.get_by_role("button", name="Apply settings").click()
        expect(page.get_by_role("group", name="Exports").get_by_label("Manifest")).to_be_checked()
        expect(page.get_by_role("group", name="Exports").get_by_label("CVAT project backup")).not_to_be_checked()
        page.get_by_role("button", name="Start", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Job")
        job_id = page.url.partition("?job=")[2]
    folder = JobFolder(server.service.workspace.job_folder(job_id).path)
    given = JobSpec.read(folder.spec).params.given("package")
    assert given == {"exports": ["coco", "manifest"], "labels": LABELS.rstrip()}
    server.service.cancel(job_id)
