"""Two results of the same videos: read back from their folders, and brought to the same frames and pixels."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.support.results import write_result, write_uncorrected_tracks
from videoprep_nb.core.boxes import FrameTransform
from videoprep_nb.core.errors import InputError
from videoprep_nb.exports.compare_results import SideVideo, compare_videos, read_side, same_videos
from videoprep_nb.exports.manifest import ManifestClip, ManifestFrame, ManifestPart, ManifestVideo
from videoprep_nb.tracking.corrections import read_corrections
from videoprep_nb.tracking.tracks import Tracks

NONE = read_corrections("")
SOURCE_S = 20
"""Two persons walk through a source of so many seconds."""


def result(folder: Path) -> Path:
    write_result(folder, clips=False)
    write_uncorrected_tracks(folder)
    return folder


def test_a_correction_is_what_changed(tmp_path: Path):
    folder = result(tmp_path / "one")
    before, after = (
        read_side(folder, corrections) for corrections in (NONE, read_corrections("1:\n- {merge: [1, 2]}\n"))
    )
    pairs = same_videos(before, after)
    assert [one.video.original_name for one, _ in pairs] == ["camera 1.avi", "camera 2.avi"]
    first, second = (compare_videos(*pair) for pair in pairs)
    assert [(one.kind, one.left_ids, one.right_ids) for one in first.tracks.changes] == [("merged", (2, 1), (1,))]
    assert second.tracks.changes == []
    assert (second.went, second.came) == ([], [])


def test_a_package_alone_has_the_people_of_its_frames(tmp_path: Path):
    folder = result(tmp_path / "one")
    whole, package = read_side(folder, NONE), read_side(folder / "final_package.zip", NONE)
    assert whole.counts == package.counts
    assert package.counts.persons == 3
    pairs = same_videos(whole, package)
    assert len(pairs) == 2
    assert all(compare_videos(*pair).tracks.both == one for pair, one in zip(pairs, (2, 1), strict=True))


def test_without_tracks_or_package_it_is_said(tmp_path: Path):
    write_result(tmp_path / "old", clips=False)
    with pytest.raises(InputError, match=r"did not keep its tracks; give its final_package\.zip"):
        read_side(tmp_path / "old", NONE)
    with pytest.raises(InputError, match=r"holds no final_package\.zip"):
        read_side(tmp_path, NONE)


def standard(rate: float, start_s: float = 0.0, width: int = 640, height: int = 360, pad_px: float = 0.0) -> SideVideo:
    """The source as another standard video: its rate, where it starts, its size and what pads it on the left."""
    count = int((SOURCE_S - start_s) * rate)
    frame = ManifestFrame(name="f", index_in_clip=0, time_in_clip_s=0, time_in_source_s=start_s)
    clip = ManifestClip(clip_id="1_clip_000", start_frame=0, frame_count=count, rate=Fraction(rate), frames=[frame])
    scale = (width - 2 * pad_px) / 640
    transform = FrameTransform(scale, scale, pad_px, 0)
    part = ManifestPart(start_frame=0, source_width=640, source_height=360, transform=transform)
    video = ManifestVideo(
        video_id="1", sha256="1f", source_width=640, source_height=360, transform=transform, parts=[part],
        width=width, height=height, clips=[clip],
    )  # fmt: skip
    frames = np.arange(count)
    walked_px = 25 * (frames / rate + start_s)
    lane = np.array([20.0, 40, 60, 160])
    boxes = [lane + np.outer(walked_px, [1, 0, 1, 0]) + [0, shift, 0, shift] for shift in (0, 170)]
    tracks = Tracks.from_arrays(
        np.tile(frames, 2), np.repeat([1, 2], count), transform.to_standard(np.concatenate(boxes)), [0.9] * 2 * count
    )
    return SideVideo(video, tracks, {1: "1", 2: "2"}, [])


@pytest.mark.parametrize(
    "other",
    [standard(12.5), standard(10), standard(25, 4.0), standard(5, 4.0), standard(25, 0, 1280, 720, 90.0)],
    ids=["half the rate", "another rate", "a later start", "both", "another size, padded"],
)
def test_another_standard_video_of_the_same_walk_is_no_change(other: SideVideo):
    for left, right in ((standard(25), other), (other, standard(25))):
        found = compare_videos(left, right)
        start_s = max(float(side.video.clips[0].frames[0].time_in_source_s) for side in (left, right))
        assert found.tracks.both == 2
        assert found.tracks.both_person_s == pytest.approx(2 * (SOURCE_S - start_s), abs=0.5)
        assert all(one.kind.endswith("longer") for one in found.tracks.changes)
        assert len(found.tracks.changes) == (2 if start_s else 0)


def test_moments_are_given_in_seconds_of_each_side():
    found = compare_videos(standard(25), standard(5, 4.0))
    longer = found.tracks.changes[0]
    assert found.left_timing.own_s(longer.start_frame) == pytest.approx(0, abs=0.2)
    assert found.right_timing.own_s(longer.start_frame) == pytest.approx(-4, abs=0.2)
