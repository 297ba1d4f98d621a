"""Stage 5 on small folders of frames and tracks."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from tests.support.proposal_files import frame, track_row, write_tracks, write_video
from videoprep_nb.core.errors import InputError, PackageError
from videoprep_nb.stages.generate_proposals.params import GenerateProposalsParams
from videoprep_nb.stages.generate_proposals.stage import ProposalsResult, generate_proposals

BOX = [1.0, 2.0, 30.0, 30.0]


def run(root: Path, **changes: Any) -> tuple[ProposalsResult, list[tuple[int, int, str]]]:
    params = GenerateProposalsParams(
        frames_dir=str(root / "frames"),
        tracks_dir=str(root / "tracks"),
        output_file=str(root / "out.pkl"),
        dense_tracks_file=str(root / "dense_tracks.npz"),
        **changes,
    )
    reports: list[tuple[int, int, str]] = []
    result = generate_proposals(params, lambda *report: reports.append(report))
    return result, reports


def write_three_videos(root: Path) -> None:
    """Video 10 is written first, video 1 has ids up to 7 of which one is on no extracted frame."""
    write_video(root, "10", {"10_clip_000": [0]})
    write_tracks(root, "10", {"10_clip_000": [track_row("10_clip_000", 0, 1, BOX)]})
    write_video(root, "1", {"1_clip_000": [0, 10], "1_clip_001": [0]})
    rows = [track_row("1_clip_000", 0, 2, BOX), track_row("1_clip_000", 10, 2, BOX, interpolated=True)]
    write_tracks(root, "1", {"1_clip_000": [*rows, track_row("1_clip_000", 5, 7, BOX)]})
    write_tracks(root, "1", {"1_clip_001": [track_row("1_clip_001", 0, 2, BOX)]})
    write_video(root, "2", {"2_clip_000": [0, 10]})
    write_tracks(root, "2", {"2_clip_000": [track_row("2_clip_000", 10, 2, BOX)]})


def test_all_videos_in_order_with_ids_of_their_own(tmp_path: Path) -> None:
    write_three_videos(tmp_path)
    result, reports = run(tmp_path)
    proposals = pickle.loads((tmp_path / "out.pkl").read_bytes())
    assert [(clip, list(frames)) for clip, frames in proposals.items()] == [
        ("1_clip_000", [frame("1_clip_000", 0), frame("1_clip_000", 1)]),
        ("1_clip_001", [frame("1_clip_001", 0)]),
        ("2_clip_000", [frame("2_clip_000", 0), frame("2_clip_000", 1)]),
        ("10_clip_000", [frame("10_clip_000", 0)]),
    ]
    ids = [[box[5] for box in boxes] for frames in proposals.values() for boxes in frames.values()]
    assert ids == [[2], [2], [2], [], [9], [10]]
    assert result == ProposalsResult(
        path=tmp_path / "out.pkl",
        videos=["1", "2", "10"],
        clip_count=4,
        frame_count=6,
        empty_frame_count=1,
        box_count=5,
        interpolated_count=1,
        track_count=3,
        id_offsets={"1": 0, "2": 7, "10": 9},
    )
    assert reports == [(2, 6, "frames"), (3, 6, "frames"), (5, 6, "frames"), (6, 6, "frames")]


def test_chosen_videos_only(tmp_path: Path) -> None:
    write_three_videos(tmp_path)
    result, _ = run(tmp_path, video_ids=["10", "2"])
    assert result.videos == ["2", "10"]
    assert result.id_offsets == {"2": 0, "10": 2}


def test_a_video_without_persons_has_empty_lists(tmp_path: Path) -> None:
    write_video(tmp_path, "1", {"1_clip_000": [0, 10]})
    write_tracks(tmp_path, "1", {"1_clip_000": []})
    result, _ = run(tmp_path)
    assert (result.frame_count, result.empty_frame_count, result.box_count, result.track_count) == (2, 2, 0, 0)
    proposals = pickle.loads((tmp_path / "out.pkl").read_bytes())
    assert proposals == {"1_clip_000": {frame("1_clip_000", 0): [], frame("1_clip_000", 1): []}}


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    write_three_videos(tmp_path)
    run(tmp_path)
    first = (tmp_path / "out.pkl").read_bytes()
    run(tmp_path)
    assert (tmp_path / "out.pkl").read_bytes() == first


def frames_only(root: Path) -> None:
    write_video(root, "1", {"1_clip_000": [0]})


def tracks_only(root: Path) -> None:
    write_tracks(root, "1", {"1_clip_000": []})


def clip_without_tracks(root: Path) -> None:
    write_video(root, "1", {"1_clip_000": [0], "1_clip_001": [0]})
    write_tracks(root, "1", {"1_clip_000": []})


def two_sizes(root: Path) -> None:
    write_video(root, "1", {"1_clip_000": [0]})
    write_video(root, "2", {"2_clip_000": [0]}, size=(80, 40))


@pytest.mark.parametrize(
    ("write", "error", "message"),
    [
        pytest.param(lambda root: None, PackageError, "no frames", id="nothing"),
        pytest.param(frames_only, PackageError, "04_track_persons", id="frames-only"),
        pytest.param(tracks_only, InputError, "frames.json does not exist", id="tracks-only"),
        pytest.param(clip_without_tracks, PackageError, "1_clip_001", id="clip-without-tracks"),
        pytest.param(two_sizes, PackageError, "64×36.*80×40", id="two-sizes"),
    ],
)
def test_frames_and_tracks_that_do_not_fit(write: Any, error: type[Exception], message: str, tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(error, match=message):
        run(tmp_path)
    assert not (tmp_path / "out.pkl").exists()
