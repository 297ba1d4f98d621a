"""The examples of docs/python.md that need no video do what the guide says."""

import doctest
import re
from pathlib import Path

import pytest

import videoprep_nb as vp
from tests.support.proposal_files import track_row, write_tracks, write_video

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


@pytest.fixture
def package_folder(tmp_path: Path) -> Path:
    """A folder with a small ``final_package.zip``."""
    clip = "1_clip_000"
    write_video(tmp_path, "1", {clip: [0, 10]})
    rows = [
        track_row(clip, index, 1, [10, 5, 20, 30], frame=f"{clip}_frame_{number:04d}.jpg")
        for number, index in enumerate([0, 10])
    ]
    write_tracks(tmp_path, "1", {clip: rows})
    frames, proposals = str(tmp_path / "frames"), str(tmp_path / "dense_proposals.pkl")
    dense_tracks = str(tmp_path / "dense_tracks.npz")
    vp.generate_proposals(
        vp.GenerateProposalsParams(
            frames_dir=frames,
            tracks_dir=str(tmp_path / "tracks"),
            output_file=proposals,
            dense_tracks_file=dense_tracks,
        )
    )
    vp.package(
        vp.PackageParams(
            resized_dir=str(tmp_path / "resized"),
            clips_dir=str(tmp_path / "clips"),
            frames_dir=frames,
            proposals_file=proposals,
            dense_tracks_file=dense_tracks,
            output_file=str(tmp_path / "final_package.zip"),
        )
    )
    return tmp_path


def test_examples(package_folder: Path, monkeypatch: pytest.MonkeyPatch):
    text = GUIDE.read_text(encoding="utf-8")
    monkeypatch.chdir(package_folder)
    examples = doctest.DocTestParser().get_doctest(text, {}, GUIDE.name, str(GUIDE), 0)
    failed, tried = doctest.DocTestRunner().run(examples)
    assert tried > 10
    assert failed == 0


def test_guide_and_public_api_have_the_same_names():
    named = set(re.findall(r"vp\.(\w+)", GUIDE.read_text(encoding="utf-8")))
    assert named == set(vp.__all__) - {"__version__", "JobResult"}
