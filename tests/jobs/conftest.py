"""Fixtures that several tests of jobs share."""

from pathlib import Path

import pytest


@pytest.fixture
def no_video(tmp_path: Path) -> Path:
    """A file whose first task fails, which is quick."""
    path = tmp_path / "no video.mp4"
    path.write_bytes(b"This is no video." * 1000)
    return path
