"""AVA's files: where keyframes stand in them, and what is written."""

import pickle
import pickletools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from videoprep_nb.exports.ava import (
    AvaRow,
    normalised,
    place_keyframes,
    write_action_list,
    write_excluded,
    write_proposals,
    write_rows,
)
from videoprep_nb.exports.labels import actions_of, read_labels
from videoprep_nb.exports.manifest import Manifest, ManifestClip, ManifestFrame, ManifestVideo


def manifest_of(times_s: list[float], rate: Fraction = Fraction(10), clip_s: int = 15) -> Manifest:
    """One video with clips of a length, and frames at given times."""
    length = round(clip_s * rate)
    indices = [round(time * rate) for time in times_s]
    clips = []
    for number in range(max(indices) // length + 1):
        start = number * length
        inside = [index - start for index in indices if start <= index < start + length]
        clip = f"1_clip_{number:03d}"
        frames = [
            ManifestFrame(
                name=f"{clip}_frame_{rank:04d}.jpg",
                index_in_clip=index,
                time_in_clip_s=float(index / rate),
                time_in_source_s=0.0,
            )
            for rank, index in enumerate(inside)
        ]
        clips.append(ManifestClip(clip_id=clip, start_frame=start, frame_count=length, rate=rate, frames=frames))
    return Manifest(videos=[ManifestVideo(video_id="1", width=64, height=36, clips=clips)])


@pytest.mark.parametrize("rate", [Fraction(10), Fraction(25), Fraction(30000, 1001)], ids=["10", "25", "29.97"])
def test_every_second_has_its_keyframe(rate: Fraction) -> None:
    placed = place_keyframes(manifest_of([float(second) for second in range(100)], rate), "mmaction2")
    assert [(each.video, each.second) for each in placed.keyframes.values()] == [("1", n) for n in range(100)]
    assert placed.left_out == []
    assert placed.seconds_without_keyframe() == []


def test_frames_between_seconds_are_left_out_with_a_reason() -> None:
    placed = place_keyframes(manifest_of([0, 0.5, 1, 1.5, 3]), "mmaction2")
    assert [each.second for each in placed.keyframes.values()] == [0, 1, 3]
    assert [(float(each.time_s), each.reason) for each in placed.left_out] == [
        (0.5, "not at a whole second"),
        (1.5, "not at a whole second"),
    ]
    assert placed.seconds_without_keyframe() == [("1", 2)]


@pytest.mark.parametrize("last_s", [10, 897, 898, 899, 1795, 1796, 3599])
def test_pyslowfast_reads_every_keyframe_but_those_of_the_first_two_seconds(last_s: int) -> None:
    placed = place_keyframes(manifest_of([float(second) for second in range(last_s + 1)]), "slowfast")
    assert {each.reason for each in placed.left_out} == {"in the first 2 seconds, which PySlowFast does not read"}
    assert len(placed.keyframes) == len(placed.seconds) == last_s - 1
    starts = {video.name: video.start_s for video in placed.videos}
    assert [
        starts[name] + second - 900 for name, second in sorted(placed.seconds, key=lambda s: starts[s[0]] + s[1])
    ] == [*range(2, last_s + 1)]
    assert {second for _, second in placed.seconds} <= set(range(902, 1799))
    for video in placed.videos:
        inside = [second - 900 for name, second in placed.seconds if name == video.name]
        assert 2 <= max(inside) < video.duration_s <= 900
    assert [video.name for video in placed.videos][:1] == ["1" if last_s <= 898 else "1_part_0"]


def test_boxes_are_parts_of_the_frame() -> None:
    assert normalised([[-3, 0, 32, 50]], 64, 36).tolist() == [[0, 0, 0.5, 1]]
    assert normalised([], 64, 36).shape == (0, 4)


def test_pickle_of_proposals_names_nothing_but_arrays_of_old_and_new_numpy(tmp_path: Path) -> None:
    boxes = {("1", 2): np.array([[0.1, 0.2, 0.3, 0.4, 0.9]]), ("1", 3): np.empty((0, 5)), ("2", 2): np.ones((2, 5))}
    write_proposals(tmp_path / "p.pkl", boxes)
    content = (tmp_path / "p.pkl").read_bytes()
    names = {argument for opcode, argument, _ in pickletools.genops(content) if opcode.name == "GLOBAL"}
    assert names == {"numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype"}
    read = pickle.loads(content)
    assert list(read) == ["1,0002", "2,0002"]
    assert all(
        np.array_equal(read[f"{video},{second:04d}"], boxes[video, second]) for video, second in [("1", 2), ("2", 2)]
    )


def test_text_files(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.csv", [AvaRow("1", 2, [0, 0.25, 1 / 3, 1], 4, 17)])
    assert (tmp_path / "rows.csv").read_text() == "1,0002,0.000000,0.250000,0.333333,1.000000,4,17\n"
    write_excluded(tmp_path / "excluded.csv", [("1", 902)])
    assert (tmp_path / "excluded.csv").read_text() == "1,0902\n"
    write_action_list(
        tmp_path / "list.pbtxt", actions_of(read_labels("{label: p, attributes: {a: ['say \"hi\"', b]}}"))
    )
    assert (tmp_path / "list.pbtxt").read_text() == (
        'item {\n  name: "say \'hi\'"\n  id: 1\n}\nitem {\n  name: "b"\n  id: 2\n}\n'
    )
