"""Jobs on the page, in a real browser: followed live, read, fetched, cancelled, tried again, deleted."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import DESKTOP, PHONE, clean_page, watched_context
from tests.support.job_services import package_content
from tests.support.web_server import PASSWORDS, RunningServer, make_users, running_server
from videoprep_nb.core.layout import staging_path
from videoprep_nb.core.records import PlaceRecord
from videoprep_nb.exports.validation.validate import validate_package
from videoprep_nb.jobs.models import JobResult, State
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.media.sample import write_sample
from videoprep_nb.server.security.users import Users

HOSTILE = "<img src=x onerror=alert(1)>.mp4"
QUICK = JobParams({"track_persons": {"frame_stride": 5}})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("page")) as running:
        yield running


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "street.mp4"
    write_sample(path, duration_s=2.0)
    return path


@pytest.fixture(scope="module")
def done_job(server: RunningServer, sample: Path, browser: Browser) -> str:
    """A job that was followed from its start to its end on an open page."""
    job_id = server.service.submit([("street.mp4", sample), (HOSTILE, sample)], QUICK)
    with clean_page(browser, address(server, f"?job={job_id}"), viewport=DESKTOP) as page:
        expect(state_of(page)).to_have_text("running")
        expect(page.locator("#video-1")).to_contain_text("frames", timeout=60_000)
        expect(state_of(page)).to_have_text("done", timeout=120_000)
        expect(page.get_by_role("progressbar")).to_have_count(0)
        # who has watched it end reads the overview, not the report of the first stage
        report = page.frame_locator("iframe[name=report]")
        page.locator("iframe[name=report]").scroll_into_view_if_needed()
        expect(report.get_by_role("heading", level=1)).to_have_text("Job 1")
    return job_id


def address(server: RunningServer, rest: str) -> str:
    return f"http://127.0.0.1:{server.port}/{rest}"


def state_of(page: Page):
    return page.get_by_role("heading", level=1).locator(".vp-state")


@pytest.mark.slow
def test_report_is_read_inside_the_page(done_job: str, server: RunningServer, browser: Browser):
    with clean_page(browser, address(server, f"?job={done_job}")) as page:
        report = page.frame_locator("iframe[name=report]")
        page.locator("iframe[name=report]").scroll_into_view_if_needed()
        expect(report.get_by_role("heading", level=1)).to_have_text("Job 1")
        report.locator(".card a").first.click()
        expect(report.get_by_role("heading", level=1)).to_contain_text("1 ·")
        report.get_by_role("link", name="Clips →").first.click()
        expect(report.get_by_role("heading", level=1)).to_contain_text("2 ·")
        report.get_by_role("link", name="Overview").last.click()
        expect(report.get_by_role("heading", level=1)).to_have_text("Job 1")
        page.get_by_role("link", name="People, Video 1", exact=True).click()
        expect(report.get_by_role("heading", level=1)).to_contain_text("4 ·")
        assert "allow-scripts" not in (page.locator("iframe[name=report]").get_attribute("sandbox") or "allow-scripts")


@pytest.mark.slow
def test_half_written_reports_are_no_reports(done_job: str, server: RunningServer):
    partial = staging_path(server.service.workspace.job_folder(done_job).reports / "04_track_persons_1.html")
    partial.write_text("half")
    names = [report["name"] for report in server.client.get(f"/api/jobs/{done_job}/reports").json()]
    assert "index.html" in names
    assert not any("partial" in name for name in names)
    assert server.client.get(f"/api/jobs/{done_job}/reports/{partial.name}").status_code == 404
    archive = zipfile.ZipFile(io.BytesIO(server.client.get(f"/api/jobs/{done_job}/reports.zip").content))
    assert sorted(archive.namelist()) == sorted(f"reports/{name}" for name in names)
    partial.unlink()


@pytest.mark.slow
def test_counts_are_what_came_out(done_job: str, server: RunningServer, browser: Browser):
    _, frames_of_clips = package_content(server.service.package_path(done_job))
    frame_count = sum(map(len, frames_of_clips.values()))
    videos = server.client.get(f"/api/jobs/{done_job}").json()["videos"]
    with clean_page(browser, address(server, f"?job={done_job}")) as page:
        for video in videos:
            cells = page.locator(f"#video-{video['video_id']} td")
            assert video["person_count"] > 1
            frames, clips, people = "50 frames", "1 clip", f"{video['person_count']} people"
            expect(cells).to_have_text(
                [re.compile(rf"^\s*done\s+{text}\s*$") for text in (frames, clips, r"\d frames", people)]
            )
            outcome = page.locator(f"#outcome-{video['video_id']}")
            expect(outcome.get_by_role("cell").nth(1)).to_have_text(str(video["person_count"]))
            expect(outcome).to_contain_text("2.0 s")
            outcome.locator("img").evaluate("image => image.decode()")
        expect(page.locator(".vp-joined td")).to_contain_text([f"{frame_count} frames"] * 2)
        expect(page.locator(".vp-sum")).to_contain_text(re.compile(rf"people\s+2 clips\s+{frame_count} frames\s+in "))


@pytest.mark.slow
def test_a_hint_plays_its_moment(done_job: str, server: RunningServer, browser: Browser):
    result_file = server.service.workspace.job_folder(done_job).result
    result = JobResult.read(result_file)
    place = PlaceRecord(kind="gap", track_ids=[1], start_s=61.5, end_s=61.7, words="1 is not seen", preview_s=1.5)
    unseen = place.model_copy(update={"start_s": 5.0, "preview_s": None})
    first = result.videos[0].model_copy(update={"places": (place, unseen)})
    result.model_copy(update={"videos": [first, *result.videos[1:]]}).write(result_file)
    with clean_page(browser, address(server, f"?job={done_job}")) as page:
        page.get_by_role("link", name="Play street.mp4 at 1:01.5").click()
        player = page.locator("#result-1 video")
        expect(player).to_be_in_viewport()
        page.wait_for_function(
            "video => video.currentTime >= 0.5 && video.readyState >= 2", arg=player.element_handle()
        )
        assert page.get_by_text("Settings that differ").count() == 1
        expect(page.locator(".vp-places li").filter(has_text="0:05.0")).to_be_visible()
        # the preview video does not show it
        assert page.get_by_role("link", name="Play street.mp4 at 0:05.0").count() == 0


@pytest.mark.slow
def test_history_names_steps_as_the_page_does(done_job: str, server: RunningServer, browser: Browser):
    with clean_page(browser, address(server, f"?job={done_job}")) as page:
        page.get_by_text("Activity log").click()
        lines = page.locator(".vp-history li").all_inner_texts()
        assert lines[0].endswith("Job: queued")
        assert any(line.endswith("People, Video 1: running") for line in lines)
        assert lines[-1].endswith("Job: done")


@pytest.mark.slow
def test_package_is_fetched_and_valid(done_job: str, server: RunningServer, browser: Browser, tmp_path: Path):
    with clean_page(browser, address(server, f"?job={done_job}")) as page:
        with page.expect_download() as started:
            page.get_by_role("link", name="Download package").click()
        assert started.value.suggested_filename == f"final_package_{done_job}.zip"
        started.value.save_as(tmp_path / "package.zip")
    assert validate_package(tmp_path / "package.zip") == []


@pytest.mark.slow
def test_names_are_text_and_nothing_else(done_job: str, server: RunningServer, browser: Browser):
    for rest in (f"?job={done_job}", "?view=jobs"):
        with clean_page(browser, address(server, rest)) as page:
            expect(page.get_by_text(HOSTILE).first).to_be_visible()
            assert page.locator("img[src=x]").count() == 0


@pytest.mark.slow
def test_list_is_searched_and_filtered(done_job: str, server: RunningServer, browser: Browser):
    with clean_page(browser, address(server, "?view=jobs")) as page:
        row = page.locator(f"#job-{done_job}")
        expect(row).to_contain_text("street.mp4")
        page.get_by_role("searchbox").fill("no such video")
        expect(row).to_have_count(0)
        page.get_by_role("searchbox").fill("STREET")
        expect(row).to_be_visible()
        page.get_by_label("State", exact=True).select_option("failed")
        expect(row).to_have_count(0)
        page.get_by_label("State", exact=True).select_option("done")
        row.get_by_role("link").first.click()
        expect(state_of(page)).to_have_text("done")
        page.go_back()
        expect(row).to_be_visible()
        page.reload()
        expect(page.get_by_role("searchbox")).to_have_value("STREET")
        expect(page.get_by_label("State", exact=True)).to_have_value("done")


@pytest.mark.slow
@pytest.mark.parametrize(
    "query", ["?view=jobs&page=1", "?view=jobs&page=x&deep_link=x&ui=canvas", "?view=jobs&search=str"]
)
def test_list_is_loaded_again_at_its_address(query: str, done_job: str, server: RunningServer, browser: Browser):
    with clean_page(browser, address(server, query)) as page:
        expect(page.locator(f"#job-{done_job}")).to_be_visible()
        answer = page.reload()
        assert answer is not None
        assert answer.ok
        expect(page.locator(f"#job-{done_job}")).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("is_secure", [True, False])
def test_address_is_copied(is_secure: bool, done_job: str, server: RunningServer, browser: Browser):
    with watched_context(browser) as (context, watched):
        if is_secure:
            context.grant_permissions(["clipboard-write"])
        else:  # as everywhere but on the own machine
            context.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        page = context.new_page()
        page.goto(address(server, f"?job={done_job}"))
        page.get_by_role("button", name="Copy address").click()
        expect(page.get_by_text("Copied")).to_be_visible()
        page.get_by_role("link", name="Jobs", exact=True).click()
        page.get_by_role("searchbox").press("Control+V")
        expect(page.get_by_role("searchbox")).to_have_value(address(server, f"?job={done_job}"))
        assert watched.errors == []


@pytest.mark.slow
def test_open_list_shows_a_new_job_by_itself(server: RunningServer, browser: Browser, tmp_path: Path):
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    with clean_page(browser, address(server, "?view=jobs")) as page:
        expect(page.locator("#vp-live")).to_have_attribute("aria-busy", "false")
        job_id = server.service.submit([("broken.mp4", tmp_path / "broken.mp4")])
        expect(page.locator(f"#job-{job_id}")).to_be_visible()
        expect(page.locator(f"#job-{job_id}")).to_contain_text("failed")
        page.get_by_role("link", name=f"Job {server.service.job(job_id).job.number}", exact=True).click()
        expect(page.locator("#video-1 td")).to_have_text(["failed", *["skipped"] * 3])  # nobody cancelled them
        expect(page.locator(".vp-joined td")).to_have_text(["skipped", "skipped"])
        expect(page.get_by_text("Videos that could not be processed: 1 of 1.")).to_be_visible()
        expect(page.locator("#outcome-1")).to_have_text(
            re.compile(r"1\. broken\.mp4\s+cannot be processed: .*not a video.*\s+failed")
        )


@pytest.mark.slow
def test_tab_and_browser_tell_that_a_job_has_ended(server: RunningServer, sample: Path, browser: Browser):
    job_id = server.service.submit([("street.mp4", sample)], QUICK)
    number = server.service.row(job_id).number
    with clean_page(browser, address(server, "?view=jobs"), permissions=["notifications"]) as page:
        # what the browser shows beside the page, nobody can read
        page.evaluate(
            "() => { window.shown = []; window.Notification = class extends EventTarget {"
            " constructor(title, options) { super(); window.shown.push([title, options.body]); }"
            " static requestPermission() { return Promise.resolve('granted'); } } }"
        )
        expect(page).to_have_title("videoprep")
        page.get_by_role("link", name=f"Job {number}").click()
        page.get_by_role("button", name="Notify me when it ends").click()
        expect(page.get_by_role("button", name="Notify me")).to_be_hidden()
        expect(page).to_have_title(re.compile(rf"^\d+ % · Job {number} · videoprep$"))
        expect(page).to_have_title(f"done · Job {number} · videoprep", timeout=120_000)
        people = server.client.get(f"/api/jobs/{job_id}").json()["videos"][0]["person_count"]
        [[title, summary]] = page.evaluate("window.shown")
        assert title == f"done · Job {number}"
        assert re.fullmatch(rf"{people} (people|person), 1 clip, 2 frames", summary)


@pytest.mark.slow
def test_cancel_try_again_and_delete(server: RunningServer, sample: Path, browser: Browser):
    job_id = server.service.submit([(f"{number}.mp4", sample) for number in range(5)], QUICK)
    with clean_page(browser, address(server, f"?job={job_id}")) as page:
        page.get_by_role("button", name="Cancel job").click()
        answer(page, "Keep running")
        expect(state_of(page)).not_to_have_text("cancelled")
        page.get_by_role("button", name="Cancel job").click()
        answer(page, "Cancel job")
        expect(state_of(page)).to_have_text("cancelled")
        page.get_by_role("button", name="Retry").click()
        expect(page.get_by_role("button", name="Cancel job")).to_be_visible()
        page.get_by_role("button", name="Cancel job").click()
        answer(page, "Cancel job")
        page.get_by_role("button", name="Delete job").click()
        answer(page, "Delete job")
        expect(page).to_have_url(address(server, "?view=jobs"))
        expect(page.locator(f"#job-{job_id}")).to_have_count(0)


@pytest.mark.slow
def test_question_that_is_answered_late_starts_nothing(server: RunningServer, sample: Path, browser: Browser):
    job_id = server.service.submit([(f"{number}.mp4", sample) for number in range(5)], QUICK)
    with watched_context(browser) as (context, _):  # the browser itself reports the refusal
        page = context.new_page()
        page.goto(address(server, f"?job={job_id}"))
        page.get_by_role("button", name="Cancel job").click()
        server.service.cancel(job_id)
        expect(state_of(page)).to_have_text("cancelled")
        answer(page, "Cancel job")
        expect(page.locator("#vp-notice")).to_contain_text("there is nothing to cancel")
    assert server.service.job(job_id).job.state is State.CANCELLED


@pytest.mark.parametrize(("path", "target"), [("", "vp-new"), ("?view=health", "vp-content")])
def test_link_to_the_content_stays_on_the_page(path: str, target: str, server: RunningServer, browser: Browser):
    with clean_page(browser, address(server, path)) as page:
        page.get_by_role("link", name="Skip to the content").press("Enter")
        expect(page.locator(f"#{target}")).to_be_focused()
        assert page.url == address(server, path)


@pytest.mark.parametrize("path", ["", "?view=jobs", "?view=health", "?job=20260131-0123456789abcdef"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone(path: str, scheme: str, server: RunningServer, browser: Browser):
    with clean_page(browser, address(server, path), viewport=PHONE, color_scheme=scheme) as page:
        expect(page.locator("#vp-live[aria-busy=false], #vp-new:visible").first).to_be_attached()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize(
    "path",
    [
        "gradio_api/upload",
        "gradio_api/file=/etc/passwd",
        "gradio_api/proxy=http://127.0.0.1",
        "gradio_api/info",
        "gradio_api/queue/data",
        "config",
        "monitoring",
        "page/static/../routes.py",
        "page/static/%2e%2e/routes.py",
    ],
)
def test_routes_of_the_framework_that_nobody_needs_are_closed(path: str, server: RunningServer):
    assert server.client.get(f"/{path}").status_code == 404


@pytest.mark.slow
def test_members_see_their_own_jobs_only(browser: Browser, tmp_path: Path):
    (tmp_path / "secret.mp4").write_bytes(b"no video")
    users = Users(make_users(tmp_path))
    with running_server(tmp_path / "workspace", users=users) as server:
        anna = users.named("anna").user_id
        job_id = server.service.submit([("secret.mp4", tmp_path / "secret.mp4")], owner=anna)
        for name, is_theirs in (("anna", True), ("bert", False), ("root", True)):
            with clean_page(browser, address(server, f"?job={job_id}")) as page:
                log_in(page, name)
                live = page.locator("#vp-live")
                expect(live).to_contain_text("secret.mp4" if is_theirs else "There is no job")
                page.get_by_role("link", name="Jobs", exact=True).first.click()
                expect(live).to_contain_text("secret.mp4" if is_theirs else "There are no jobs yet")
                expect(page.get_by_role("link", name="Health")).to_have_count(int(name == "root"))


@pytest.mark.slow
def test_page_of_somebody_who_logged_out_asks_to_log_in(browser: Browser, tmp_path: Path):
    with (
        running_server(tmp_path / "workspace", users=Users(make_users(tmp_path))) as server,
        watched_context(browser) as (context, _),
    ):
        page = context.new_page()
        page.goto(address(server, "?view=jobs"))
        log_in(page, "anna")
        expect(page.locator("#vp-live")).to_contain_text("There are no jobs yet")
        other_tab = context.new_page()
        other_tab.goto(address(server, ""))
        other_tab.get_by_role("button", name="Log out").click()
        expect(page.get_by_label("Password")).to_be_visible()


def answer(page: Page, button: str) -> None:
    """Answer the question that the page asks."""
    page.get_by_role("dialog").get_by_role("button", name=button).click()


def log_in(page: Page, name: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORDS[name])
    page.get_by_role("button", name="Log in").click()
