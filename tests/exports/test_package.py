"""Packages written by hand, read back."""

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from tests.support.proposal_files import good_entries, good_proposals, jpeg, zip_of
from videoprep_nb.core.errors import InputError
from videoprep_nb.exports.package import read_package


def write(folder: Path, **changes: bytes) -> Path:
    path = folder / "final_package.zip"
    names = {"pickled": "dense_proposals.pkl", "clip": "frames/1_clip_000.zip"}
    path.write_bytes(zip_of({**good_entries(), **{names[key]: content for key, content in changes.items()}}))
    return path


def test_clips_frames_and_boxes(tmp_path: Path) -> None:
    package = read_package(write(tmp_path))
    assert package.proposals == good_proposals()
    for clip, (clip_id, frames) in zip(package.clips, good_proposals().items(), strict=True):
        assert clip.clip_id == clip_id
        for frame, (name, boxes) in zip(clip.frames, frames.items(), strict=True):
            assert (frame.name, frame.clip_id) == (name, clip_id)
            columns = zip(frame.boxes_xyxy, frame.scores, frame.track_ids, strict=True)
            assert [[*box, score, track_id] for box, score, track_id in columns] == boxes
            assert frame.read_jpeg() == jpeg()
        assert list(package.read_frames(clip_id)) == [(name, jpeg()) for name in frames]
    assert list(package.frame_names("1_clip_000")) == list(good_proposals()["1_clip_000"])


class Hostile:
    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.victim}'",)


def test_a_pickle_that_asks_for_a_function_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, pickled=pickle.dumps(Hostile(tmp_path / "victim"), 4))
    with pytest.raises(InputError, match="system"):
        read_package(path)
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"hello", id="text"),
        pytest.param(zip_of({"a.txt": b""}), id="other-zip"),
        pytest.param(zip_of({"dense_proposals.pkl": b"\x80\x04}r\xff\xff\xff\x7f."}), id="memo-of-gigabytes"),
        pytest.param(zip_of({"dense_proposals.pkl": pickle.dumps([1], 4)}), id="list"),
    ],
)
def test_other_files_are_refused_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "final_package.zip"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"final_package.zip is not a package: .+\.$"):
        read_package(path)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.zip does not exist"):
        read_package(tmp_path / "none.zip")
    with pytest.raises(InputError, match="is not a package"):
        read_package(tmp_path)
    package = read_package(write(tmp_path, clip=b"no zip"))
    with pytest.raises(InputError, match="not a zip"):
        package.clips[0].frames[0].read_jpeg()
    with pytest.raises(InputError, match="not a zip"):
        list(package.read_frames("1_clip_000"))
    with pytest.raises(InputError, match="9_clip_000"):
        package.read_frame("9_clip_000", "x.jpg")
    with pytest.raises(InputError, match=r"x\.jpg"):
        package.read_frame("2_clip_000", "x.jpg")
