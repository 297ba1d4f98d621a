"""Detections, their file, and when it counts as the right one."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.support.tracking_scenes import walkers
from videoprep_nb.tracking.detections import Detections, FrameDetections, clip_fingerprint

SAMPLED = np.array([0, 3, 6], dtype=np.int32)


def clip_detections() -> Detections:
    return Detections.from_frames(SAMPLED, [walkers(0), FrameDetections.empty(), walkers(6, row_count=3)], "abc")


def test_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "1_clip_000.npz"
    clip_detections().write(path)
    assert [child.name for child in path.parent.iterdir()] == ["1_clip_000.npz"]
    with np.load(path, allow_pickle=False) as arrays:
        assert arrays["frame_index"].tolist() == [0, 0, 6, 6, 6]
    cached = Detections.read(path)
    assert cached.sampled.tolist() == [0, 3, 6]
    assert cached.frame_index.dtype == np.int64
    assert cached.in_frame(3).boxes_xyxy.shape == (0, 4)
    assert np.array_equal(cached.in_frame(6).boxes_xyxy, walkers(6, row_count=3).boxes_xyxy)
    assert np.array_equal(cached.in_frame(0).scores, walkers(0).scores)


def test_a_clip_without_persons(tmp_path: Path) -> None:
    Detections.from_frames(SAMPLED, [FrameDetections.empty()] * 3, "abc").write(tmp_path / "none.npz")
    assert Detections.read(tmp_path / "none.npz").boxes_xyxy.shape == (0, 4)


def test_only_the_matching_file_is_used(tmp_path: Path) -> None:
    path = tmp_path / "1_clip_000.npz"
    assert Detections.read_matching(path, "abc") is None
    clip_detections().write(path)
    assert Detections.read_matching(path, "abc") is not None
    assert Detections.read_matching(path, "abd") is None


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"not a zip"], ids=["empty", "cut-off", "other"])
def test_a_broken_file_counts_as_missing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "1_clip_000.npz"
    path.write_bytes(content)
    assert Detections.read_matching(path, "abc") is None


def test_above_a_confidence() -> None:
    scores = np.array([0.05, 0.25, 0.9], dtype=np.float32)
    found = FrameDetections(np.arange(12, dtype=np.float32).reshape(3, 4), scores)
    assert found.above(0.25).scores.tolist() == scores[1:].tolist()
    assert len(found.above(0.95)) == 0


def test_the_fingerprint_follows_clip_frames_and_detector(tmp_path: Path) -> None:
    clip, other = tmp_path / "a.mp4", tmp_path / "b.mp4"
    clip.write_bytes(b"a")
    other.write_bytes(b"b")
    fingerprints = {
        clip_fingerprint(clip, SAMPLED, "yolo 1"),
        clip_fingerprint(other, SAMPLED, "yolo 1"),
        clip_fingerprint(clip, SAMPLED[:2], "yolo 1"),
        clip_fingerprint(clip, SAMPLED, "yolo 2"),
    }
    assert len(fingerprints) == 4
    other.write_bytes(b"a")
    assert clip_fingerprint(other, SAMPLED, "yolo 1") in fingerprints


def test_clip_that_is_cut_again_has_another_fingerprint(tmp_path: Path) -> None:
    clip = tmp_path / "1_clip_000.mp4"
    sampled = np.arange(3)
    clip.write_bytes(b"first")
    first = clip_fingerprint(clip, sampled, "detector")
    assert clip_fingerprint(clip, sampled, "detector") == first
    assert clip_fingerprint(clip, sampled, "other") != first
    clip.write_bytes(b"other")  # of the same size
    os.utime(clip, ns=(0, 1))
    assert clip_fingerprint(clip, sampled, "detector") != first
