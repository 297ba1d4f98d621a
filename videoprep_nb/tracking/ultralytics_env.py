"""Folders and switches for ultralytics."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE_VARIABLE = "VIDEOPREP_CACHE_DIR"
OFFLINE_VARIABLE = "YOLO_OFFLINE"


def cache_dir() -> Path:
    """The user's folder for downloaded weights and exported networks; environment variables move it."""
    if folder := os.environ.get(CACHE_VARIABLE):
        return Path(folder)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "videoprep"


def ultralytics_environment() -> dict[str, str]:
    """Variables that make ultralytics keep its settings in our cache, install nothing and print nothing."""
    settings_dir = cache_dir() / "ultralytics"
    settings_dir.mkdir(parents=True, exist_ok=True)
    return {"YOLO_CONFIG_DIR": str(settings_dir), "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}


@contextmanager
def offline_ultralytics() -> Iterator[None]:
    """Import and use ultralytics inside: it then asks no server either."""
    before = dict(os.environ)
    os.environ.update(ultralytics_environment() | {OFFLINE_VARIABLE: "true"})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
