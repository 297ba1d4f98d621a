"""From files on somebody's disk to the package, in a real browser: uploads, settings, start, restart, download."""

import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.browser import DESKTOP, clean_page, watched_context
from tests.support.web_server import free_port, running_server, server_process
from videoprep_nb.exports.validation.validate import validate_package
from videoprep_nb.jobs.models import JobSpec, State
from videoprep_nb.jobs.presets import presets
from videoprep_nb.jobs.service import Limits
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.sample import write_sample

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = "<img src=x onerror=alert(1)>.mp4"
ROOMY = Limits(free_bytes=0, free_per_input_byte=0)


@pytest.fixture
def street(tmp_path: Path) -> Path:
    video = tmp_path / "street.mp4"
    write_sample(video, duration_s=1.0)
    return video


def choose(page: Page, *files: Path) -> None:
    page.locator("#vp-files").set_input_files([str(file) for file in files])


def row_of(page: Page, name: str):
    return page.locator("#vp-videos tbody tr").filter(has_text=name)


def start(page: Page) -> str:
    """Start the job; its id, as the address has it."""
    button = page.get_by_role("button", name="Start", exact=True)
    expect(button).to_be_enabled()
    button.click()
    expect(page).to_have_url(re.compile(r"\?job="))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Job 1")
    return page.url.partition("?job=")[2]


def state_of(page: Page):
    return page.get_by_role("heading", level=1).locator(".vp-state")


@pytest.mark.exhaustive
@pytest.mark.slow
def test_from_real_videos_to_the_package(browser: Browser, shared_data: Path, tmp_path: Path):
    videos = [shared_data / "videos" / name for name in ("spatiotemporal_demo.mp4", "no_person_bottles.mp4")]
    bad = [tmp_path / HOSTILE, tmp_path / "empty.mp4"]
    bad[0].write_bytes(b"no video")
    bad[1].touch()
    with running_server(tmp_path / "workspace", ROOMY) as server:
        address = f"http://127.0.0.1:{server.port}/"
        with clean_page(browser, address, viewport=DESKTOP) as page:
            choose(page, *videos, *bad)
            expect(row_of(page, "spatiotemporal_demo.mp4")).to_contain_text("340×256, 6 frames per second, 9.5 s")
            expect(row_of(page, "spatiotemporal_demo.mp4").locator("img")).to_be_visible()
            expect(row_of(page, HOSTILE)).to_contain_text("not a video")
            expect(row_of(page, "empty.mp4")).to_contain_text("is empty")
            page.get_by_role("button", name="Move no_person_bottles.mp4 up").press("Enter")
            page.get_by_label("Fast draft").check()
            expect(page.locator("#vp-cost")).to_contain_text("Takes about")
            job_id = start(page)
        spec = server.service.workspace.job_folder(job_id).spec.read_text()
        assert spec.index("no_person_bottles.mp4") < spec.index("spatiotemporal_demo.mp4")
        assert '"sampled_fps":8' in spec.replace(" ", "")

        with clean_page(browser, f"{address}?job={job_id}") as page:  # the next day, in another browser
            expect(state_of(page)).to_have_text("done", timeout=240_000)
            video = page.locator("video").first
            expect(video).to_be_visible()
            video.evaluate("video => video.play()")
            page.wait_for_function("document.querySelector('video').currentTime > 0")
            with page.expect_download() as download:
                page.get_by_role("link", name="Download package").click()
            download.value.save_as(tmp_path / "package.zip")
        assert validate_package(tmp_path / "package.zip") == []


@pytest.mark.slow
def test_upload_goes_on_after_a_cut_and_after_the_page_was_closed(browser: Browser, tmp_path: Path):
    video = tmp_path / "street.mp4"
    write_sample(video, duration_s=2.0)
    half = video.stat().st_size // 2
    with (
        running_server(tmp_path / "workspace", ROOMY) as server,
        watched_context(browser) as (context, _),
    ):
        sent = []

        def cut_in_the_middle(route: Route) -> None:
            body = route.request.post_data_buffer or b""
            if route.request.method == "PATCH":
                sent.append(len(body))
            if route.request.method == "PATCH" and len(sent) == 1:  # half of it arrives, then the network is gone
                server.client.patch(
                    route.request.url,
                    content=body[:half],
                    headers={key: route.request.headers[key] for key in ("tus-resumable", "upload-offset")}
                    | {"content-type": "application/offset+octet-stream"},
                )
                route.abort()
            else:
                route.continue_()

        page = context.new_page()
        context.route(re.compile(r"/api/uploads/[0-9a-f]{32}$"), cut_in_the_middle)
        page.goto(f"http://127.0.0.1:{server.port}/")
        choose(page, video)
        expect(row_of(page, "street.mp4")).to_contain_text("frames per second")
        assert sent == [2 * half + video.stat().st_size % 2, video.stat().st_size - half]


@pytest.mark.exhaustive
@pytest.mark.slow
def test_open_page_comes_back_after_the_server_was_killed(browser: Browser, tmp_path: Path):
    video = tmp_path / "street.mp4"
    write_sample(video, duration_s=4.0)
    port = free_port()
    with watched_context(browser) as (context, _):  # the browser itself complains about a server that is gone
        page = context.new_page()
        with server_process(tmp_path / "workspace", port) as server:
            page.goto(f"http://127.0.0.1:{port}/")
            choose(page, video)
            start(page)
            expect(state_of(page)).to_have_text("running")
            os.kill(server.pid, signal.SIGKILL)
            expect(page.get_by_text("The connection to the server is lost")).to_be_visible()
        with server_process(tmp_path / "workspace", port):
            expect(page.get_by_text("The connection to the server is lost")).to_be_hidden()
            expect(state_of(page)).to_have_text("done", timeout=240_000)
            expect(page.get_by_role("link", name="Download package")).to_be_visible()


@pytest.mark.slow
def test_advanced_settings_are_checked_and_reach_the_job(browser: Browser, street: Path, tmp_path: Path):
    with running_server(tmp_path / "workspace", ROOMY) as server:
        with clean_page(browser, f"http://127.0.0.1:{server.port}/") as page:
            choose(page, street)
            expect(page.locator("#vp-cost")).to_contain_text("Takes about")
            page.get_by_text("For engineers").click()
            expect(page.get_by_label("End (seconds)")).to_have_value("")
            duration = page.get_by_label("Clip duration (seconds)")
            duration.fill("-1")
            duration.blur()
            expect(page.get_by_role("alert")).to_contain_text(
                re.compile(r"Clips, frames and exports – Clip duration \(seconds\): \w+ -1")
            )
            expect(duration).to_have_attribute("aria-invalid", "true")
            expect(page.get_by_role("button", name="Start", exact=True)).to_be_disabled()
            duration.fill("")
            duration.blur()
            expect(page.get_by_role("alert")).to_contain_text("Clip duration (seconds): empty, expected a number")
            duration.fill("5")
            page.get_by_label("Upscale").uncheck()
            expect(page.locator("#vp-cost")).to_contain_text("Takes about")
            job_id = start(page)
        spec = JobSpec.read(server.service.workspace.job_folder(job_id).spec)
        assert spec.params.model_dump() == {"clip": {"clip_duration_s": 5.0}, "resize": {"upscale": False}}
        server.service.cancel(job_id)


@pytest.mark.slow
def test_settings_of_the_lab_are_pasted(browser: Browser, street: Path, tmp_path: Path):
    with (
        running_server(tmp_path / "workspace", ROOMY) as server,
        clean_page(browser, f"http://127.0.0.1:{server.port}/") as page,
    ):
        choose(page, street)
        expect(page.locator("#vp-cost")).to_contain_text("Takes about")
        page.get_by_text("For engineers").click()
        pasted, take = page.get_by_label("Settings from a file"), page.get_by_role("button", name="Apply settings")
        pasted.fill("track_persons:\n  trackr: sort\n")
        take.click()
        expect(page.get_by_role("alert")).to_contain_text("trackr")
        pasted.fill("track_persons:\n  tracker: sort\n  image_size: 960\n")
        take.click()
        expect(page.get_by_label("Tracker", exact=True)).to_have_value("sort")
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(page.locator("#vp-cost")).to_contain_text("Takes about")
        job_id = start(page)
        spec = JobSpec.read(server.service.workspace.job_folder(job_id).spec)
        assert spec.params.model_dump() == {"track_persons": {"tracker": "sort", "image_size": 960}}
        server.service.cancel(job_id)


@pytest.mark.slow
def test_form_works_again_after_the_network_was_away(browser: Browser, street: Path, tmp_path: Path):
    with (
        running_server(tmp_path / "workspace", ROOMY) as server,
        watched_context(browser) as (context, _),  # the browser itself complains about a network that is gone
    ):
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.port}/")
        choose(page, street)
        expect(page.get_by_role("button", name="Start", exact=True)).to_be_enabled()
        context.set_offline(True)
        page.get_by_label("Fast draft").check()
        expect(page.locator("#vp-cost")).to_contain_text("The connection to the server is lost.")
        page.get_by_role("button", name="Start", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("The server could not be reached.")
        with page.expect_response(lambda answer: "api/estimate" in answer.url and answer.ok):
            context.set_offline(False)  # the rest it does by itself
        page.get_by_label("Crowded scene").check()
        expect(row_of(page, "street.mp4")).to_be_visible()
        job_id = start(page)
        assert (
            JobSpec.read(server.service.workspace.job_folder(job_id).spec).params.model_dump()
            == presets()["crowded scene"].model_dump()
        )
        server.service.cancel(job_id)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_form_works_again_after_the_server_was_restarted(browser: Browser, street: Path, tmp_path: Path):
    port = free_port()
    with watched_context(browser) as (context, _):  # the browser itself complains about a server that is gone
        page = context.new_page()
        with server_process(tmp_path / "workspace", port):
            page.goto(f"http://127.0.0.1:{port}/")
            choose(page, street)
            expect(page.get_by_role("button", name="Start", exact=True)).to_be_enabled()
            page.get_by_text("For engineers").click()
            page.get_by_label("Clip duration (seconds)").fill("7")
        page.get_by_label("Fast draft").check()
        expect(page.locator("#vp-cost")).to_contain_text("The connection to the server is lost.")
        with server_process(tmp_path / "workspace", port):
            expect(page.locator("#vp-cost")).to_contain_text("Takes about")
            job_id = start(page)
            spec = JobSpec.read(Workspace(tmp_path / "workspace").job_folder(job_id).spec)
    chosen = presets()["fast draft"].model_dump() | {"clip": {"clip_duration_s": 7.0}}
    assert spec.params.model_dump() == chosen


@pytest.mark.slow
def test_preset_leaves_what_no_preset_sets(browser: Browser, tmp_path: Path):
    with (
        running_server(tmp_path / "workspace", ROOMY) as server,
        clean_page(browser, f"http://127.0.0.1:{server.port}/") as page,
    ):
        page.get_by_text("For engineers").click()
        page.get_by_label("End (seconds)").fill("9")
        image_size, sampled = page.get_by_label("Image size", exact=True), page.get_by_label("Sampled fps")
        image_size.fill("960")
        page.get_by_label("Fast draft").check()
        expect(sampled).to_have_value("8")
        expect(image_size).to_have_value("640")
        page.get_by_label("Standard").check()
        expect(sampled).to_have_value("60")
        expect(page.get_by_label("End (seconds)")).to_have_value("9")


@pytest.mark.slow
def test_file_is_taken_once(browser: Browser, street: Path, tmp_path: Path):
    with (
        running_server(tmp_path / "workspace", ROOMY) as server,
        clean_page(browser, f"http://127.0.0.1:{server.port}/") as page,
    ):
        choose(page, street)
        expect(row_of(page, "street.mp4")).to_be_visible()
        choose(page, street)
        expect(page.get_by_text("street.mp4 is already in the list.")).to_be_visible()
        expect(page.locator("#vp-videos tbody tr")).to_have_count(1)
        page.get_by_role("button", name="Remove street.mp4").click()
        choose(page, street)
        expect(row_of(page, "street.mp4")).to_contain_text("frames per second")


@pytest.mark.slow
def test_folder_of_the_server_is_taken_without_an_upload(browser: Browser, tmp_path: Path):
    folder = tmp_path / "camera"
    (folder / "monday").mkdir(parents=True)
    write_sample(folder / "street.mp4", duration_s=1.0)
    shutil.copyfile(folder / "street.mp4", folder / "monday" / "gate.mp4")
    (folder / "monday" / "notes.txt").touch()
    limits = Limits(free_bytes=0, free_per_input_byte=0, import_roots=(folder,))
    with running_server(tmp_path / "workspace", limits) as server:
        with clean_page(browser, f"http://127.0.0.1:{server.port}/") as page:
            page.get_by_role("button", name="Choose a folder on the server").click()
            page.get_by_role("button", name="camera/").click()
            page.get_by_role("button", name="Add all videos").click()
            expect(row_of(page, "street.mp4")).to_contain_text("frames per second")
            expect(row_of(page, "gate.mp4")).to_contain_text("camera/monday/")
            expect(page.locator("#vp-left-out")).to_contain_text("camera/monday/notes.txt")
            job_id = start(page)
        assert server.service.job(job_id).job.video_names == ("gate.mp4", "street.mp4")
        assert (folder / "street.mp4").exists()
        if server.service.job(job_id).job.state is not State.DONE:
            server.service.cancel(job_id)
