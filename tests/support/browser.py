"""A real browser for tests: Chromium, headless, watched for errors and for requests to anywhere else."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, expect, sync_playwright

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}


@dataclass
class Watched:
    """What went wrong in the pages of a context, and where they asked for something."""

    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def note_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.text} ({message.location})")

    def note_request(self, request: Request) -> None:
        host = urlsplit(request.url).hostname
        if host is not None:  # data: and blob: have none
            self.hosts.add(host)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser that playwright has installed, or that of the system; the test is skipped where there is neither."""
    expect.set_options(timeout=60_000)  # the machine may be busy
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"]  # which root may not have, and the pages are our own
        executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        try:
            browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        except Error as error:
            pytest.skip(f"there is no Chromium; install it with: make browser ({str(error).splitlines()[0]})")
        with browser:
            yield browser


@contextmanager
def watched_context(browser: Browser, **options: object) -> Iterator[tuple[BrowserContext, Watched]]:
    """A fresh profile; what its pages do is noted."""
    with browser.new_context(**options) as context:
        watched = Watched()
        context.on("console", watched.note_console)
        context.on("weberror", lambda error: watched.errors.append(str(error.error)))
        context.on("request", watched.note_request)
        context.set_default_timeout(90_000)
        yield context, watched


@contextmanager
def clean_page(browser: Browser, address: str = "", **options: object) -> Iterator[Page]:
    """A page of a fresh profile in which nothing may go wrong, and which asks nobody but this machine."""
    with watched_context(browser, **options) as (context, watched):
        page = context.new_page()
        if address:
            page.goto(address)
        yield page
        assert watched.errors == [], watched.errors
        assert watched.hosts <= {"127.0.0.1"}, watched.hosts
