"""Stage 4a on clips whose frames say which one they are, up to the formats for annotators."""

import csv
import json
import xml.etree.ElementTree as ET
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.packages import read_proposals
from tests.support.proposal_files import track_row, write_records, write_tracks
from tests.support.synthetic import write_video
from videoprep_nb.core.records import FrameTable
from videoprep_nb.exports.manifest import Manifest
from videoprep_nb.stages.extract_frames.params import ExtractFramesParams
from videoprep_nb.stages.extract_frames.stage import extract_frames
from videoprep_nb.stages.generate_proposals.params import GenerateProposalsParams
from videoprep_nb.stages.generate_proposals.stage import generate_proposals
from videoprep_nb.stages.package.params import PackageParams
from videoprep_nb.stages.package.stage import package
from videoprep_nb.stages.sample_frames import view
from videoprep_nb.stages.sample_frames.params import SampleFramesParams
from videoprep_nb.stages.sample_frames.stage import SampleResult, sample_frames

RATE = 10
COUNT = 40
SIZE = (64, 36)
CLIPS = ("1_clip_000", "1_clip_001")
BOX = [20.0, 8.0, 30.0, 32.0]
STAYS = {"1_clip_000": range(13, COUNT), "1_clip_001": range(26)}
"""Frames in which the one person is there, from clip to clip."""


def quiet(done: int, total: int, unit: str) -> None:
    pass


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frame n of a clip is as bright as 4 n + 20."""
    root = tmp_path_factory.mktemp("sampled")
    write_records(root, "1", dict.fromkeys(CLIPS, COUNT), SIZE)
    for clip in CLIPS:
        shades = (np.full((SIZE[1], SIZE[0], 3), 4 * index + 20, np.uint8) for index in range(COUNT))
        write_video(root / "clips" / "1" / f"{clip}.mp4", shades, Fraction(RATE))
    write_tracks(root, "1", {clip: [track_row(clip, index, 7, BOX) for index in STAYS[clip]] for clip in CLIPS})
    (root / "tracks" / "1.npz").write_bytes(b"tracks before corrections")
    extract_frames(ExtractFramesParams(clips_dir=f"{root}/clips", output_dir=f"{root}/frames"), quiet)
    return root


def sample(work: Path, target: Path, budget_per_minute: float) -> SampleResult:
    params = SampleFramesParams(
        clips_dir=f"{work}/clips",
        frames_dir=f"{work}/frames",
        tracks_dir=f"{work}/tracks",
        frames_output_dir=f"{target}/frames",
        tracks_output_dir=f"{target}/tracks",
        budget_per_minute=budget_per_minute,
    )
    return sample_frames(params, quiet)


def test_frames_names_reasons_and_tracks(work: Path, tmp_path: Path) -> None:
    result = sample(work, tmp_path, budget_per_minute=30)
    table = FrameTable.read_folder(tmp_path / "frames" / "1")
    assert table == result.table
    taken = [(frame.name, frame.index_in_clip, frame.reason) for frame in table.frames]
    fixed = "fixed rate"
    assert taken == [
        ("1_clip_000_frame_0000.jpg", 0, fixed),
        ("1_clip_000_frame_0001.jpg", 10, fixed),
        ("1_clip_000_frame_0002.jpg", 13, "person 7 appears"),
        ("1_clip_000_frame_0003.jpg", 20, fixed),
        ("1_clip_000_frame_0004.jpg", 30, fixed),
        ("1_clip_001_frame_0000.jpg", 0, fixed),
        ("1_clip_001_frame_0001.jpg", 10, fixed),
        ("1_clip_001_frame_0002.jpg", 20, fixed),
        ("1_clip_001_frame_0003.jpg", 25, "person 7 leaves"),
        ("1_clip_001_frame_0004.jpg", 30, fixed),
    ]
    assert [frame.time_in_source_s for frame in result.added] == [1.3, 6.5]
    for frame in table.frames:
        jpeg = Image.open(tmp_path / "frames" / "1" / frame.clip_id / frame.name)
        assert np.asarray(jpeg).mean() == pytest.approx(4 * frame.index_in_clip + 20, abs=2.5)
    rows = json.loads((tmp_path / "tracks" / "1" / "1_clip_000.json").read_text())
    named = {row["frame_index"]: row["frame"] for row in rows if row["frame"]}
    assert named == {index: name for name, index, _ in taken[:5] if index >= 13}
    assert (tmp_path / "tracks" / "1.npz").read_bytes() == b"tracks before corrections"
    assert view.reasons_over_time(result).data
    assert view.added_frames(result).data
    assert "person" not in view.sample_summary(result).data


def test_the_budget_bounds_what_is_added(work: Path, tmp_path: Path) -> None:
    assert len(sample(work, tmp_path / "one", budget_per_minute=8).added) == 1
    none = sample(work, tmp_path / "none", budget_per_minute=0)
    assert [frame.name for frame in none.table.frames] == [
        frame.name for frame in FrameTable.read_folder(work / "frames" / "1").frames
    ]


def test_package_and_formats_with_frames_at_uneven_times(work: Path, tmp_path: Path) -> None:
    sample(work, tmp_path, budget_per_minute=30)
    generate_proposals(
        GenerateProposalsParams(
            frames_dir=f"{tmp_path}/frames",
            tracks_dir=f"{tmp_path}/tracks",
            output_file=f"{tmp_path}/dense_proposals.pkl",
            dense_tracks_file=f"{tmp_path}/dense_tracks.npz",
        ),
        quiet,
    )
    file = tmp_path / "out" / "final_package.zip"
    package(
        PackageParams(
            resized_dir=f"{work}/resized",
            clips_dir=f"{work}/clips",
            frames_dir=f"{tmp_path}/frames",
            tracks_dir=f"{tmp_path}/tracks",
            proposals_file=f"{tmp_path}/dense_proposals.pkl",
            dense_tracks_file=f"{tmp_path}/dense_tracks.npz",
            output_file=str(file),
            add_to_package=["ava", "cvat-video"],
        ),
        quiet,
    )
    proposals = read_proposals(file)
    people = {clip: [len(boxes) for boxes in frames.values()] for clip, frames in proposals.items()}
    assert people == {"1_clip_000": [0, 0, 1, 1, 1], "1_clip_001": [1, 1, 1, 1, 0]}

    manifest = Manifest.read(file.parent / "manifest.json")
    reasons = [frame.reason for clip in manifest.videos[0].clips for frame in clip.frames]
    assert reasons.count("fixed rate") == 8
    assert {"person 7 appears", "person 7 leaves"} <= set(reasons)

    with zipfile.ZipFile(file) as archive:
        keyframes = list(csv.DictReader(archive.read("annotations/ava/keyframes.csv").decode().splitlines()))
        cvat = {clip: ET.fromstring(archive.read(f"annotations/cvat_video/{clip}_annotations.xml")) for clip in CLIPS}
    places = {row["frame"]: (row["second"], row["people"]) for row in keyframes}
    assert places["1_clip_000_frame_0003.jpg"] == ("0002", "1")
    assert places["1_clip_000_frame_0002.jpg"] == ("", "1")
    assert sorted(second for second, _ in places.values() if second) == [f"{second:04d}" for second in range(8)]
    boxes = {clip: root.findall("./track/box") for clip, root in cvat.items()}
    seen = {clip: {int(box.get("frame")) for box in boxes[clip] if box.get("outside") == "0"} for clip in CLIPS}
    gone = {clip: {int(box.get("frame")) for box in boxes[clip] if box.get("outside") == "1"} for clip in CLIPS}
    assert (min(seen["1_clip_000"]), max(seen["1_clip_001"])) == (2, 3)
    assert gone == {"1_clip_000": set(), "1_clip_001": {4}}
