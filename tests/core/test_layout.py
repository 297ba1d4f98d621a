"""Names, and results that appear whole or not at all."""

import errno
import os
import sys
from pathlib import Path

import pytest

from videoprep_nb.core.errors import DiskFullError
from videoprep_nb.core.layout import clip_id, frame_name, staged_file, staged_folder, video_id_of_clip


def test_names() -> None:
    assert clip_id("1", 0) == "1_clip_000"
    assert clip_id("12", 1234) == "12_clip_1234"
    assert frame_name("1_clip_000", 7) == "1_clip_000_frame_0007.jpg"


@pytest.mark.parametrize(("clip", "video"), [("1_clip_000", "1"), ("12_clip_1234", "12"), ("a-b_clip_007", "a-b")])
def test_video_of_a_clip(clip: str, video: str) -> None:
    assert video_id_of_clip(clip) == video


@pytest.mark.parametrize("name", ["", "1", "1_clip_", "1_clip_01", "_clip_001", "a/1_clip_001", "1_clip_001.mp4"])
def test_what_is_no_clip(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a clip"):
        video_id_of_clip(name)


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "new" / "result.txt"
    with staged_file(path) as staging:
        assert staging.suffix == ".txt"
        staging.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert [child.name for child in path.parent.iterdir()] == ["result.txt"]


def test_a_file_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    path.write_text("old")

    def write_half() -> None:
        with staged_file(path) as staging:
            staging.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "old"
    assert [child.name for child in tmp_path.iterdir()] == ["result.txt"]


def test_a_file_that_is_only_added_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    for text in ("first", "second"):
        with staged_file(path, replace=False) as staging:
            staging.write_text(text)
    assert path.read_text() == "first"
    assert [child.name for child in tmp_path.iterdir()] == ["result.txt"]


def test_a_folder_appears_when_it_is_complete_and_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "results"
    path.mkdir()
    (path / "old.txt").touch()
    with staged_folder(path) as staging:
        (staging / "new.txt").touch()
        assert [child.name for child in path.iterdir()] == ["old.txt"]
    assert [child.name for child in path.iterdir()] == ["new.txt"]
    assert [child.name for child in tmp_path.iterdir()] == ["results"]


def test_a_folder_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "results"
    path.mkdir()

    def fill_half() -> None:
        with staged_folder(path) as staging:
            (staging / "half.txt").touch()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fill_half()
    assert list(path.iterdir()) == []
    assert [child.name for child in tmp_path.iterdir()] == ["results"]


@pytest.mark.parametrize(
    ("number", "error"),
    [(errno.ENOSPC, DiskFullError), (errno.EDQUOT, DiskFullError), (errno.EACCES, PermissionError)],
    ids=["disk-full", "quota", "permission"],
)
def test_a_full_disk_has_its_own_sentence(number: int, error: type[Exception], tmp_path: Path) -> None:
    def fail() -> None:
        with staged_file(tmp_path / "result.txt"):
            raise OSError(number, "as the system says it")

    with pytest.raises(error):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what was put on the disk, in order."""
    names: list[str] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        names.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    return names


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_result_is_on_the_disk_before_it_has_its_name_and_its_name_afterwards(
    tmp_path: Path, synced: list[str]
) -> None:
    with staged_file(tmp_path / "result.txt") as staging:
        staging.write_text("whole")
    assert synced == [staging.name, tmp_path.name]
    synced.clear()
    with staged_folder(tmp_path / "results") as folder:
        (folder / "inside").mkdir()
        (folder / "inside" / "1.txt").write_text("1")
    assert {*synced[:-2]} == {"1.txt", "inside"}
    assert synced[-2:] == [folder.name, tmp_path.name]
