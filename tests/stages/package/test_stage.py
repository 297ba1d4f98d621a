"""Stage 6: the package, opened by zipfile and PIL."""

import hashlib
import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.proposal_files import HEIGHT, WIDTH, frame, good_proposals, jpeg, write_video
from videoprep_nb.core.errors import InputError, PackageError
from videoprep_nb.exports.validation.validate import validate_package
from videoprep_nb.stages.package.params import PackageParams
from videoprep_nb.stages.package.stage import PackageResult, package

FIRST = Path("frames/1/1_clip_000") / frame("1_clip_000", 0)


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A folder with the frames and the pickle of two videos, and frames of a third that is in no pickle."""
    write_video(tmp_path, "1", {"1_clip_000": [0, 10], "1_clip_001": [0]})
    write_video(tmp_path, "2", {"2_clip_000": [0, 10]})
    write_video(tmp_path, "3", {"3_clip_000": [0]})
    (tmp_path / "dense_proposals.pkl").write_bytes(pickle.dumps(good_proposals(), 4))
    return tmp_path


def run(job: Path) -> tuple[PackageResult, list[Any]]:
    params = PackageParams(
        resized_dir=str(job / "resized"),
        clips_dir=str(job / "clips"),
        frames_dir=str(job / "frames"),
        dense_tracks_file=str(job / "dense_tracks.npz"),
        proposals_file=str(job / "dense_proposals.pkl"),
        output_file=str(job / "out" / "final_package.zip"),
    )
    reports: list[Any] = []
    return package(params, lambda *report: reports.append(report)), reports


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_package_holds_the_pickle_and_the_frames(job: Path) -> None:
    result, reports = run(job)
    expected = ["dense_proposals.pkl", *(f"frames/{clip}.zip" for clip in good_proposals())]
    with zipfile.ZipFile(job / "out" / "final_package.zip") as archive:
        assert archive.namelist() == expected
        assert archive.read(expected[0]) == (job / "dense_proposals.pkl").read_bytes()
        assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
        inner = {name: archive.read(name) for name in expected[1:]}
    for clip, frames in good_proposals().items():
        with zipfile.ZipFile(io.BytesIO(inner[f"frames/{clip}.zip"])) as archive:
            assert archive.namelist() == list(frames)
            assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
            for name in frames:
                assert archive.read(name) == (job / "frames" / clip[0] / clip / name).read_bytes()
                with Image.open(io.BytesIO(archive.read(name))) as image:
                    image.load()
                    assert (image.format, image.size) == ("JPEG", (WIDTH, HEIGHT))
    content = (job / "out" / "final_package.zip").read_bytes()
    assert (result.size_bytes, result.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert [entry.name for entry in result.entries] == expected
    assert result.entries[1].size_bytes == len(inner[expected[1]])
    assert (result.frame_count, result.findings) == (5, [])
    assert reports == [(halves // 2, 5, "frames") for halves in range(1, 11)]
    assert validate_package(job / "out" / "final_package.zip") == []
    assert files_in(job / "out") == ["exports", "final_package.zip", "for_exports", "manifest.json"]


def test_equal_input_gives_an_equal_package(job: Path) -> None:
    first, _ = run(job)
    for path in (job / "frames").rglob("*.jpg"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    second, _ = run(job)
    assert first.sha256 == second.sha256


def remove(path: Path) -> None:
    path.unlink()


def spoil(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-60])


def resize(path: Path) -> None:
    path.write_bytes(jpeg(80, 40))


def add_another(path: Path) -> None:
    path.with_name(frame("1_clip_000", 2)).write_bytes(jpeg())


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        pytest.param(remove, "lacks 1 of its 2 frames", id="missing"),
        pytest.param(spoil, "not a whole JPEG", id="spoilt"),
        pytest.param(resize, "expected 80×40", id="other-size"),
        pytest.param(add_another, "1 of 3 frames are not in the proposals", id="too-many"),
    ],
)
def test_a_bad_package_never_gets_its_name(break_it: Any, message: str, job: Path) -> None:
    break_it(job / FIRST)
    with pytest.raises(PackageError, match=message):
        run(job)
    assert files_in(job / "out") == []


def test_a_bad_package_does_not_replace_a_good_one(job: Path) -> None:
    good, _ = run(job)
    spoil(job / FIRST)
    with pytest.raises(PackageError):
        run(job)
    assert hashlib.sha256((job / "out" / "final_package.zip").read_bytes()).hexdigest() == good.sha256


@pytest.mark.parametrize(
    ("proposals", "error"),
    [pytest.param(None, InputError, id="no-pickle"), pytest.param({}, PackageError, id="no-clips")],
)
def test_nothing_to_pack(proposals: Any, error: type[Exception], job: Path) -> None:
    (job / "dense_proposals.pkl").unlink()
    if proposals is not None:
        (job / "dense_proposals.pkl").write_bytes(pickle.dumps(proposals, 4))
    with pytest.raises(error):
        run(job)
    assert not (job / "out").exists()
