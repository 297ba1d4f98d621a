"""Fingerprints change when, and only when, the work would; markers are believed only when they fit."""

import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from videoprep_nb.jobs.fingerprints.tasks import (
    file_fingerprint,
    read_done_marker,
    task_fingerprint,
    write_done_marker,
)
from videoprep_nb.jobs.notebook_runner.process import Outcome, OutcomeKind

WORK = {"stage": "clip", "parameters": {"clip_duration_s": 15.0, "overlap_s": 0.0}, "upstream": ["a"], "version": "1"}
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
OUTCOME = Outcome(kind=OutcomeKind.DONE, message="", elapsed_s=1.5)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"stage": "resize"}, id="stage"),
        pytest.param({"parameters": {"clip_duration_s": 10.0, "overlap_s": 0.0}}, id="value"),
        pytest.param({"parameters": {"clip_duration_s": 15.0}}, id="parameter left out"),
        pytest.param({"parameters": {"clip_duration_s": "15.0", "overlap_s": 0.0}}, id="type"),
        pytest.param({"upstream": ["b"]}, id="input"),
        pytest.param({"upstream": ["a", "a"]}, id="one more input"),
        pytest.param({"version": "2"}, id="code"),
    ],
)
def test_different_work_has_a_different_fingerprint(change: dict):
    assert task_fingerprint(**(WORK | change)) != task_fingerprint(**WORK)


def test_order_of_parameters_does_not_matter_and_that_of_inputs_does():
    turned = dict(reversed(WORK["parameters"].items()))
    assert task_fingerprint(**(WORK | {"parameters": turned})) == task_fingerprint(**WORK)
    first, second = (task_fingerprint(**(WORK | {"upstream": names})) for names in (["a", "b"], ["b", "a"]))
    assert first != second


def test_fingerprint_is_the_same_in_every_process_and_year():
    assert task_fingerprint(**WORK) == "b4ee178807c3f1a9a74fd8d84ff34f0fc50e576855bd61108c8b23d5cab25288"


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "000.mp4"
    path.write_bytes(bytes(5 << 20))
    return path


def test_name_and_place_of_a_file_do_not_matter(video: Path, tmp_path: Path):
    copy = Path(shutil.copy2(video, tmp_path / "other.mp4"))
    link = tmp_path / "hard.mp4"
    link.hardlink_to(video)
    assert file_fingerprint(copy) == file_fingerprint(link) == file_fingerprint(video)


@pytest.mark.parametrize(
    ("offset", "keep_time", "changed"),
    [
        pytest.param(0, True, True, id="first byte"),
        pytest.param(-1, True, True, id="last byte"),
        pytest.param(5 << 19, False, True, id="middle"),
        pytest.param(5 << 19, True, False, id="middle, time put back: not seen"),
    ],
)
def test_changed_file_has_another_fingerprint(video: Path, offset: int, keep_time: bool, changed: bool):
    before, status = file_fingerprint(video), video.stat()
    with video.open("r+b") as file:
        file.seek(offset, os.SEEK_SET if offset >= 0 else os.SEEK_END)
        file.write(b"x")
    changed_ns = status.st_mtime_ns if keep_time else status.st_mtime_ns + 1
    os.utime(video, ns=(status.st_atime_ns, changed_ns))
    assert (file_fingerprint(video) != before) is changed


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1])
def test_file_of_any_size_has_a_fingerprint(tmp_path: Path, size: int):
    (tmp_path / "file").write_bytes(bytes(size))
    assert re.fullmatch("[0-9a-f]{64}", file_fingerprint(tmp_path / "file"))


def test_marker_is_read_back(tmp_path: Path):
    write_done_marker(tmp_path / "task" / "done.json", "f1", OUTCOME, NOW)
    marker = read_done_marker(tmp_path / "task" / "done.json", "f1")
    assert (marker.fingerprint, marker.outcome, marker.finished_at) == ("f1", OUTCOME, NOW)
    assert [path.name for path in (tmp_path / "task").iterdir()] == ["done.json"]


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"fingerprint": "f1"}'])
def test_marker_that_does_not_fit_is_none(tmp_path: Path, content: str | None):
    path = tmp_path / "done.json"
    if content is None:
        write_done_marker(path, "of other work", OUTCOME, NOW)
    else:
        path.write_text(content)
    assert read_done_marker(path, "f1") is None
    assert read_done_marker(tmp_path / "absent", "f1") is None
