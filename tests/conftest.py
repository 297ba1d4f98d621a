"""Fixtures that several test modules share."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real videos that lies beside a checkout; a test that needs it is skipped without it."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the shared test data is not there ({SHARED_DATA})")
    return SHARED_DATA


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A real browser; a test that needs it is skipped where there is none."""
    from tests.support.browser import chromium

    with chromium() as running:
        yield running
