"""The videos of ``videoprep run FOLDER``."""

from pathlib import Path

import pytest

from tests.support.command_line import videoprep
from videoprep_nb.cli.videos import expand_folders, read_folder
from videoprep_nb.core.errors import InputError


def fill(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        if name.endswith("/"):
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(b"no video")
    return folder


def test_videos_come_in_natural_order(tmp_path: Path):
    folder = fill(tmp_path / "in", "cam10.mp4", "Cam2.MOV", "cam1 b.avi", "cam1.mkv", "3.webm")
    videos = [video.name for video in read_folder(folder).videos]
    assert videos == ["3.webm", "cam1 b.avi", "cam1.mkv", "Cam2.MOV", "cam10.mp4"]


def test_everything_else_is_skipped_and_named(tmp_path: Path):
    hidden = [".hidden.mp4", ".partial-7-a.mp4", "._a.mp4"]
    folder = fill(tmp_path / "in", "a.mp4", "b.mp4.part", "c.crdownload", "notes.txt", "mp4", "old/", "x.mp4/", *hidden)
    fill(folder / "old", "readme", "thumbs.db")
    found = read_folder(folder)
    assert found.videos == [folder / "a.mp4"]
    assert found.skipped == ["b.mp4.part", "c.crdownload", "mp4", "notes.txt", "old/readme", "old/thumbs.db"]
    assert "b.mp4.part, c.crdownload, mp4, notes.txt, old/readme and 1 more" in found.describe_skipped()


def test_subfolders_are_searched_but_for_our_own_results(tmp_path: Path):
    folder = fill(tmp_path / "in", "cam2/", "cam10/", "z.mp4", ".trash/", "videoprep-workspace/", "results/")
    for name in ("cam2", "cam10", ".trash", "videoprep-workspace"):
        fill(folder / name, "b.mp4", "a.mp4")
    fill(folder / "results", "job.json", "scratch/")
    fill(folder / "results/scratch", "1_clip_000.mp4")
    (folder / "again").symlink_to(folder)
    videos = [str(video.relative_to(folder)) for video in read_folder(folder).videos]
    assert videos == ["cam2/a.mp4", "cam2/b.mp4", "cam10/a.mp4", "cam10/b.mp4", "z.mp4"]


def test_folder_of_videos_alone_needs_no_word(tmp_path: Path):
    assert read_folder(fill(tmp_path / "in", "a.mp4")).describe_skipped() == ""


def test_folders_are_expanded_in_their_place(tmp_path: Path):
    folder = fill(tmp_path / "in", "b.mp4", "a.mp4")
    first, last = tmp_path / "first", tmp_path / "absent.mp4"
    first.write_bytes(b"a file is taken whatever its suffix")
    videos, folders = expand_folders([first, folder, last])
    assert videos == [first, folder / "a.mp4", folder / "b.mp4", last]
    assert [each.folder for each in folders] == [folder]


@pytest.mark.parametrize("names", [[], ["notes.txt", ".hidden.mp4", "deeper/"]], ids=["empty", "no videos"])
def test_folder_without_videos_is_wrong_usage(names: list[str], tmp_path: Path):
    folder = fill(tmp_path / "in", *names)
    result = videoprep("run", folder, "--output", tmp_path / "out")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{folder} contains no videos")
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_folder_that_cannot_be_read(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be read"):
        read_folder(tmp_path / "absent")
