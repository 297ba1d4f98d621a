"""Another language is one file: a page whose ``texts.py`` marks all that it says shows nothing without a mark."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import DESKTOP, clean_page
from tests.support.web_server import PASSWORDS, ROOT, free_port, make_users, server_process
from videoprep_nb.media.sample import write_sample
from videoprep_nb.server.ui import texts, translation

MARK_EVERYTHING = """

def _marked(said):
    if isinstance(said, dict):
        return {key: _marked(value) for key, value in said.items()}
    return tuple(map(_marked, said)) if isinstance(said, tuple) else f"«{said}»"


LANGUAGE = "eo"
for _name in [name for name in globals() if name.isupper() and name not in ("LANGUAGE", "ACRONYMS")]:
    globals()[_name] = _marked(globals()[_name])
SENTENCES = {"{anything}": "«{anything}»"}
"""
SHOWN = """
() => {
  const words = [];
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true });
  for (const element of document.querySelectorAll("body, body *")) {
    if (["SCRIPT", "STYLE", "TIME"].includes(element.tagName) || !isShown(element)) continue;
    for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) words.push(node.textContent);
    for (const name of ["aria-label", "title", "placeholder", "alt", "data-ask", "data-freed"]) {
      words.push(element.getAttribute(name) ?? "");
    }
  }
  return [document.title, ...words].filter((text) => text.trim());
}
"""
MARKED = re.compile("«[^«»]*»")
NO_WORDS = re.compile(r"root|street\.mp4|odd\.mp4|20\d{6}-\w+|tcp://\S+|/\S+|\b(?:s|min|h|[KMGT]B)\b")
"""What is the same in every language: names of files, users and jobs, addresses, units."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the page in another language."""
    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "videoprep_nb", folder / "videoprep_nb", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    shutil.copy(ROOT / "app_gradio.py", folder)
    with (folder / "videoprep_nb/server/ui/texts.py").open("a") as texts:
        texts.write(MARK_EVERYTHING)
    return folder


def words_in_english(page: Page) -> list[str]:
    """What is shown without a mark."""
    found = []
    for text in page.evaluate(SHOWN):
        rest = text
        while rest != (rest := MARKED.sub("", rest)):
            pass
        if re.search(r"[^\W\d_]", NO_WORDS.sub("", rest)):
            found.append(text)
    return found


@pytest.fixture
def german(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    sentences = {
        "claims {claimed} frames, holds {held}": "enthält {held} Bilder, nicht {claimed}",
        "{name} is empty.": "{name} ist leer.",
        "The disk is full (100 %).": "Die Platte ist voll.",
    }
    monkeypatch.setattr(texts, "SENTENCES", sentences)
    translation._patterns.cache_clear()
    yield
    monkeypatch.undo()
    translation._patterns.cache_clear()


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    ("english", "said"),
    [
        ("claims 444 frames, holds 68", "enthält 68 Bilder, nicht 444"),
        ("a {b}.mp4 is empty.", "a {b}.mp4 ist leer."),
        ("The disk is full (100 %).", "Die Platte ist voll."),
        ("The disk is full (1000 %).", "The disk is full (1000 %)."),
        ("a.mp4 is empty. Nobody knows this. b.mp4 is empty.", "a.mp4 ist leer. Nobody knows this. b.mp4 ist leer."),
        ("line\nbreak.mp4 is empty.", "line\nbreak.mp4 ist leer."),
        ("", ""),
    ],
)
def test_sentences_are_said_in_the_language_of_the_page(english: str, said: str):
    assert translation.translate(english) == said


@pytest.mark.slow
def test_another_language_is_one_file(browser: Browser, checkout: Path, tmp_path: Path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    write_sample(inbox / "street.mp4", duration_s=1.0)
    (inbox / "odd.mp4").write_bytes(b"no video")
    port = free_port()
    options = ["--auth-file", str(make_users(tmp_path)), "--import-root", str(inbox)]
    with (
        server_process(tmp_path / "workspace", port, *options, checkout=checkout),
        clean_page(browser, f"http://127.0.0.1:{port}/", viewport=DESKTOP) as page,
    ):
        assert page.locator("html").get_attribute("lang") == "eo"
        page.locator("#name").fill("root")
        page.locator("#password").fill(PASSWORDS["root"])
        assert words_in_english(page) == []
        page.get_by_role("button").click()
        page.locator("#vp-browse").click()
        page.locator("#vp-folders li button").first.click()
        page.locator("#vp-folders li button").nth(1).wait_for()
        assert words_in_english(page) == []
        page.locator("#vp-folders [value=all]").click()
        expect(page.locator("#vp-videos .vp-bad")).to_be_visible()
        expect(page.locator("#vp-start")).to_be_enabled()
        page.get_by_text("Advanced settings").click()
        page.locator("#vp-resize-width input").fill("7")
        page.locator("#vp-resize-width input").blur()
        expect(page.locator("#vp-cost .vp-alert")).to_be_visible()
        assert words_in_english(page) == []
        page.locator("#vp-resize-width input").fill("1280")
        page.locator("#vp-resize-width input").blur()
        expect(page.locator("#vp-start")).to_be_enabled()
        page.locator("#vp-start").click()
        expect(page.locator(".vp-bar").first).to_be_visible()
        assert words_in_english(page) == []
        expect(page.locator("h1 .vp-done")).to_be_visible(timeout=180_000)
        page.locator("summary").last.click()
        assert words_in_english(page) == []
        page.locator("[data-ask]").click()
        expect(page.locator("#vp-question")).to_be_visible()
        assert words_in_english(page) == []
        page.locator("#vp-question [value=no]").click()
        for address in ("?view=jobs", "?view=jobs&text=nothing", "?job=unknown", "?view=health"):
            page.goto(f"http://127.0.0.1:{port}/{address}")
            expect(page.locator("#vp-live section").first).to_be_visible()
            assert words_in_english(page) == []
        expect(page.locator("#vp-live .vp-cards")).to_be_visible()
        assert words_in_english(page) == []
