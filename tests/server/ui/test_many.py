"""Several jobs of the list at once, in a real browser: chosen, cancelled, deleted, each with what became of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import PHONE, clean_page, watched_context
from tests.support.job_services import wait_until
from tests.support.web_server import PASSWORDS, RunningServer, make_users, running_server
from videoprep_nb.jobs.models import ENDED, JobAbout, State
from videoprep_nb.server.security.users import Users

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with running_server(tmp_path / "workspace") as running:
        yield running


@pytest.fixture
def ended(server: RunningServer, no_video: tuple[str, Path]) -> list[str]:
    """Two jobs that have ended."""
    job_ids = [server.service.submit([no_video], about=JobAbout(name="<b>Market</b>")) for _ in range(2)]
    assert wait_until(lambda: all(state_of(server, job_id) in ENDED for job_id in job_ids))
    return job_ids


@pytest.fixture
def no_video(tmp_path: Path) -> tuple[str, Path]:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    return "a.mp4", tmp_path / "a.mp4"


def state_of(server: RunningServer, job_id: str) -> State:
    return server.service.row(job_id).state


def job_list(server: RunningServer) -> str:
    return f"http://127.0.0.1:{server.port}/?view=jobs"


def answer(page: Page, button: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=button).click()


def test_ended_jobs_are_deleted_together_and_a_running_one_is_refused(
    server: RunningServer, browser: Browser, ended: list[str], no_video: tuple[str, Path]
):
    running = server.service.submit([no_video] * 5)
    with watched_context(browser) as (context, watched):  # the browser itself reports the refusal
        page = context.new_page()
        page.goto(job_list(server))
        delete = page.get_by_role("button", name="Delete jobs")
        expect(delete).to_be_disabled()
        page.get_by_label("Choose all on this page").check()
        expect(page.get_by_text("3 chosen")).to_be_visible()
        delete.click()
        question = page.get_by_role("dialog")
        expect(question).to_contain_text("Delete 3 jobs")
        expect(question).to_contain_text("Job 3, Job 2 · <b>Market</b>, Job 1 · <b>Market</b>")
        answer(page, "Keep jobs")
        expect(page.locator("#vp-live tbody tr")).to_have_count(3)
        delete.click()
        answer(page, "Delete jobs")
        done = page.locator("#vp-many-done")
        expect(done).to_contain_text("Deleted: 2 jobs. Refused: 1 job.")
        expect(done.get_by_role("listitem")).to_contain_text(["Job 3 is"])
        expect(page.locator("#vp-live tbody tr")).to_have_count(1)
        expect(page.get_by_label("Choose Job 3")).to_be_checked()  # what was refused stays chosen
        assert [row.job_id for row in server.service.jobs()[0]] == [running]
        page.get_by_role("button", name="Cancel jobs").click()
        answer(page, "Cancel jobs")
        expect(done).to_contain_text("Cancelled: 1 job.")
        expect(page.locator(f"#job-{running}")).to_contain_text("cancelled")
        assert all("409" in error for error in watched.errors)


def test_jobs_are_chosen_by_keyboard_and_stay_chosen_while_the_list_changes(
    server: RunningServer, browser: Browser, ended: list[str], no_video: tuple[str, Path]
):
    with clean_page(browser, job_list(server), viewport=PHONE) as page:
        page.get_by_label("Choose Job 1").focus()
        page.keyboard.press("Space")
        later = server.service.submit([no_video])
        expect(page.locator(f"#job-{later}")).to_contain_text("failed")
        expect(page.get_by_label("Choose Job 1")).to_be_checked()
        expect(page.get_by_label("Choose Job 1")).to_be_focused()
        expect(page.get_by_text("1 chosen")).to_be_visible()
        page.get_by_role("button", name="Delete jobs").press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#vp-many-done")).to_contain_text("Deleted: 1 job.")
        expect(page.locator(f"#job-{ended[0]}")).to_have_count(0)
        expect(page.get_by_role("button", name="Delete jobs")).to_be_disabled()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert {row.job_id for row in server.service.jobs()[0]} == {ended[1], later}


def test_members_choose_among_their_own(browser: Browser, tmp_path: Path, no_video: tuple[str, Path]):
    users = Users(make_users(tmp_path))
    with running_server(tmp_path / "workspace", users=users) as server:
        ids = {name: users.named(name).user_id for name in ("anna", "bert")}
        jobs = {name: server.service.submit([no_video], owner=ids[name]) for name in ids}
        assert wait_until(lambda: all(state_of(server, job_id) in ENDED for job_id in jobs.values()))
        with clean_page(browser, job_list(server)) as page:
            page.get_by_label("User name").fill("anna")
            page.get_by_label("Password").fill(PASSWORDS["anna"])
            page.get_by_role("button", name="Log in").click()
            page.get_by_label("Choose all on this page").check()
            page.get_by_role("button", name="Delete jobs").click()
            answer(page, "Delete jobs")
            expect(page.get_by_text("Deleted: 1 job.")).to_be_visible()
        assert [row.job_id for row in server.service.jobs()[0]] == [jobs["bert"]]
