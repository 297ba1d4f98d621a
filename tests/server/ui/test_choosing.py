"""What people choose for a new job, in a real browser: files, folders, settings, and what is wrong with them."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.browser import clean_page, watched_context
from tests.support.web_server import RunningServer, running_server
from videoprep_nb.jobs.service import Limits
from videoprep_nb.media.sample import write_sample

_BELOW = "(words, field) => words.getBoundingClientRect().top - field.getBoundingClientRect().bottom"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    limits = Limits(free_bytes=0, free_per_input_byte=0)
    with running_server(tmp_path_factory.mktemp("choosing"), limits) as running:
        yield running


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a recorder leaves it: videos on several levels, one name twice, and other files."""
    folder = tmp_path_factory.mktemp("disk") / "camera"
    (folder / "2" / "night").mkdir(parents=True)
    (folder / "10").mkdir()
    write_sample(folder / "2" / "street.mp4", duration_s=0.4)
    for copy in (folder / "10" / "street.mp4", folder / "2" / "night" / "yard.MP4"):
        shutil.copy2(folder / "2" / "street.mp4", copy)
    (folder / "2" / "index.txt").write_text("nothing")
    (folder / ".DS_Store").write_text("nothing")
    return folder


def address(server: RunningServer) -> str:
    return f"http://127.0.0.1:{server.port}/"


def drop(page: Page, *paths: Path) -> None:
    """Drop files and folders from the disk onto the page, as a file manager does."""
    box = page.locator("#vp-drop").bounding_box()
    assert box is not None
    place = {"x": box["x"] + 9, "y": box["y"] + 9}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})


def rows(page: Page):
    return page.locator("#vp-videos tbody tr")


def expect_videos_of_folder(page: Page) -> None:
    expect(rows(page)).to_have_count(3)
    for row, folder in zip(rows(page).all(), ["camera/2/night/", "camera/2/", "camera/10/"], strict=True):
        expect(row).to_contain_text(folder)
        expect(row).to_contain_text("frames per second")  # it has arrived, and was inspected
    expect(page.locator("#vp-left-out")).to_be_visible()
    expect(page.locator("#vp-left-out li")).to_have_text(["camera/2/index.txt"])


@pytest.mark.slow
def test_dropped_folder_gives_all_videos_inside(server: RunningServer, camera: Path, browser: Browser):
    with clean_page(browser, address(server)) as page:
        expect(page.locator("#vp-cost")).to_be_visible()
        drop(page, camera)
        expect_videos_of_folder(page)
        expect(page.get_by_role("button", name="Start", exact=True)).to_be_enabled()
        drop(page, camera)
        expect(page.get_by_text("yard.MP4 is already in the list.")).to_be_visible()
        expect(rows(page)).to_have_count(3)


@pytest.mark.slow
def test_folder_is_chosen(server: RunningServer, camera: Path, browser: Browser):
    with clean_page(browser, address(server)) as page:
        page.get_by_role("button", name="Choose a folder", exact=True).set_input_files(camera)
        expect_videos_of_folder(page)


def test_folder_without_videos_says_so(server: RunningServer, tmp_path: Path, browser: Browser):
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "list.txt").write_text("nothing")
    with clean_page(browser, address(server)) as page:
        expect(page.locator("#vp-cost")).to_be_visible()
        drop(page, tmp_path / "papers")
        expect(page.get_by_text("The folder contains no videos.")).to_be_visible()
        expect(page.locator("#vp-left-out li")).to_have_text(["papers/list.txt"])
        expect(rows(page)).to_have_count(0)


@pytest.mark.slow
def test_file_that_vanishes_is_given_up(server: RunningServer, camera: Path, tmp_path: Path, browser: Browser):
    gone = tmp_path / "gone.mp4"
    shutil.copy(camera / "2" / "street.mp4", gone)

    def vanish(route: Route) -> None:
        gone.unlink(missing_ok=True)
        route.continue_()

    with watched_context(browser) as (context, _):  # the browser itself complains
        page = context.new_page()
        page.route(re.compile("/api/uploads/$"), vanish)
        page.goto(address(server))
        page.get_by_label("Choose files").set_input_files(gone)
        expect(rows(page)).to_contain_text("The browser cannot read this file")
        expect(rows(page)).to_contain_text("This file will be skipped")
        expect(page.locator("#vp-cost")).to_contain_text("Choose at least one video")


def test_first_level_is_what_everybody_understands(server: RunningServer, browser: Browser):
    plain = ["Clip duration (seconds)", "Frames per second", "JPEG quality", "Hide people", "Selection of clips"]
    with clean_page(browser, address(server)) as page:
        for label in plain:
            expect(page.get_by_label(label, exact=True)).to_be_visible()
        expect(page.get_by_role("group", name="Exports", exact=True)).to_be_visible()
        expect(page.locator("#vp-settings [data-kind]:visible")).to_have_count(len(plain) + 1)
        page.get_by_text("For engineers").click()
        expect(page.get_by_label("Image size", exact=True)).to_be_visible()


@pytest.mark.slow
def test_all_wrong_values_are_marked_at_once(server: RunningServer, browser: Browser):
    wrong = {
        "Clip duration (seconds)": ("-1", "got -1, expected 0.5 or more", "9"),
        "Start (seconds)": ("-3", "got -3, expected 0 or more", "3"),
        "Image size": ("33", "got 33, expected a multiple of 32", "640"),
        "JPEG quality": ("", "empty, expected a number", "90"),
    }
    with clean_page(browser, address(server)) as page:
        page.get_by_text("For engineers").click()
        for label, (value, _, _) in wrong.items():
            page.get_by_label(label, exact=True).fill(value)
        page.get_by_label("JPEG quality").blur()
        for label, (_, sentence, _) in wrong.items():
            field = page.get_by_label(label, exact=True)
            expect(field).to_have_attribute("aria-invalid", "true")
            expect(field).to_have_accessible_description(re.compile(rf"^{re.escape(sentence)}"))
            words = page.locator(".vp-field").filter(has=field).locator(".vp-problem")
            expect(words).to_have_text(sentence)
            assert 0 <= words.evaluate(_BELOW, field.element_handle()) < 20
        expect(page.locator("[aria-invalid]")).to_have_count(len(wrong))
        expect(page.get_by_role("alert").locator("p")).to_have_count(len(wrong))
        page.get_by_text("For engineers").click()
        page.get_by_role("link", name="People – Image size").click()
        expect(page.get_by_label("Image size", exact=True)).to_be_focused()
        for label, (_, _, right) in wrong.items():
            page.get_by_label(label, exact=True).fill(right)
        page.get_by_label("JPEG quality").blur()
        expect(page.locator("[aria-invalid]")).to_have_count(0)
        expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.slow
def test_time_of_every_preset_is_that_of_its_estimate(server: RunningServer, camera: Path, browser: Browser):
    with clean_page(browser, address(server)) as page:
        page.get_by_label("Choose files").set_input_files(camera / "2" / "street.mp4")
        for preset in page.locator(".vp-presets label").all():
            time = preset.locator(".vp-preset-time")
            expect(time).to_contain_text("about")
            promised = time.inner_text().removeprefix("· ")
            preset.click()
            expect(page.locator("#vp-cost")).to_contain_text(f"Takes {promised} if")
            expect(time).to_have_text(f"· {promised}")


@pytest.mark.slow
def test_many_videos_are_sorted_dragged_summed_and_removed(server: RunningServer, tmp_path: Path, browser: Browser):
    write_sample(tmp_path / "cam10.mp4", duration_s=0.4)
    shutil.copy2(tmp_path / "cam10.mp4", tmp_path / "cam2.mp4")
    write_sample(tmp_path / "cam1.mp4", duration_s=0.8)
    with clean_page(browser, address(server), viewport={"width": 1280, "height": 700}) as page:
        page.locator("#vp-files").set_input_files([tmp_path / name for name in ("cam10.mp4", "cam2.mp4", "cam1.mp4")])
        names = page.locator("#vp-videos tbody th span:first-child")
        expect(names).to_have_text(["cam10.mp4", "cam2.mp4", "cam1.mp4"])
        expect(rows(page).nth(1)).to_contain_text("same content as cam10.mp4")
        expect(page.locator("#vp-totals")).to_have_text(re.compile(r"^3 videos, [\d.]+ (KB|MB), 2 s$"))
        page.get_by_role("button", name="Sort by name").click()
        expect(names).to_have_text(["cam1.mp4", "cam2.mp4", "cam10.mp4"])
        rows(page).nth(2).locator(".vp-number").drag_to(rows(page).nth(0).locator(".vp-number"))
        expect(names).to_have_text(["cam10.mp4", "cam1.mp4", "cam2.mp4"])
        page.mouse.wheel(0, -5000)
        expect(page.locator("#vp-start")).to_be_in_viewport(ratio=1)
        page.get_by_role("button", name="Remove all").click()
        expect(rows(page)).to_have_count(0)
        expect(page.locator("#vp-start")).to_be_disabled()
