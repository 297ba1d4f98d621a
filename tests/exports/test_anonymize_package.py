"""A package with hidden faces: another detector finds none in it, and the boxes are those of before."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.command_line import videoprep
from tests.support.packages import read_proposals
from tests.support.photographs import bus_in_standard_frame, photograph
from videoprep_nb.exports.frames_folder import FramesFolder
from videoprep_nb.exports.write_package import write_package
from videoprep_nb.media.frames import write_jpeg

SURE_SCORE = 0.8
NAMES = [f"1_clip_000_frame_{number:04d}.jpg" for number in range(2)]
BUS = "2_clip_000_frame_0000.jpg"
LEFT_MAN, RIGHT_MAN = [130.0, 190.0, 820.0, 720.0, 0.9, 1], [740.0, 40.0, 1150.0, 715.0, 0.8, 2]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos: two men, twice; people beside a bus, of whom nobody is tracked."""
    folder = tmp_path_factory.mktemp("package")
    for name in NAMES:
        (folder / "1" / "1_clip_000").mkdir(parents=True, exist_ok=True)
        write_jpeg(folder / "1" / "1_clip_000" / name, photograph("zidane.jpg"), 95)
    (folder / "2" / "2_clip_000").mkdir(parents=True)
    write_jpeg(folder / "2" / "2_clip_000" / BUS, bus_in_standard_frame(), 95)
    proposals = {"1_clip_000": {name: [LEFT_MAN, RIGHT_MAN] for name in NAMES}, "2_clip_000": {BUS: []}}
    path = folder / "final_package.zip"
    write_package(path, FramesFolder(folder, proposals))
    return path


def frames_of(package: Path) -> dict[str, np.ndarray]:
    frames: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(package) as outer:
        for clip in (name for name in outer.namelist() if name.startswith("frames/")):
            with zipfile.ZipFile(io.BytesIO(outer.read(clip))) as inner:
                frames |= {name: np.asarray(Image.open(io.BytesIO(inner.read(name)))) for name in inner.namelist()}
    return frames


def faces_in(frame: np.ndarray) -> int:
    pytest.importorskip("yuface", reason="there is no second detector of faces for this Python")
    from benchmarks.other_faces import other_faces

    return len(other_faces(frame, SURE_SCORE))


def test_another_detector_finds_no_face_and_the_boxes_stay(package: Path, tmp_path: Path):
    target = tmp_path / "hidden.zip"
    done = videoprep("anonymize", package, target)
    assert done.exit_code == 0, done.output
    assert videoprep("validate", target).exit_code == 0
    assert read_proposals(target) == read_proposals(package)
    before, after = frames_of(package), frames_of(target)
    assert list(before) == list(after)
    assert [faces_in(frame) for frame in before.values()] == [2, 2, 2]
    assert [faces_in(frame) for frame in after.values()] == [0, 0, 0]
    assert np.abs(after[NAMES[0]][:, :100].astype(int) - before[NAMES[0]][:, :100]).mean() < 1, "the rest stays"


def test_all_but_some_persons_are_hidden_as_a_whole(package: Path, tmp_path: Path):
    assert videoprep("anonymize", package, tmp_path / "one.zip", "--visible", "2", "--how", "box").exit_code == 0
    frame = frames_of(tmp_path / "one.zip")[NAMES[0]]
    assert frame[400:700, 300:600].max() < 16
    assert frame[500:700, 900:1000].max() > 40


def test_regions_are_hidden_in_every_frame_of_a_video(package: Path, tmp_path: Path):
    (tmp_path / "regions.yaml").write_text("'2':\n- polygon: [[0, 0], [1, 0], [1, 1], [0, 1]]\n")
    done = videoprep("anonymize", package, tmp_path / "r.zip", "--regions", tmp_path / "regions.yaml", "--how", "box")
    assert done.exit_code == 0, done.output
    frames = frames_of(tmp_path / "r.zip")
    assert frames[BUS].max() < 16
    assert frames[NAMES[0]].max() > 200


@pytest.mark.parametrize(
    "arguments",
    [["--visible", "anna"], ["--regions", "absent.yaml"], ["--how", "smear"]],
    ids=["ids", "no regions", "no way"],
)
def test_wrong_usage_writes_nothing(arguments: list[str], package: Path, tmp_path: Path):
    assert videoprep("anonymize", package, tmp_path / "out.zip", *arguments).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_package_is_never_its_own_target(package: Path):
    before = package.read_bytes()
    assert videoprep("anonymize", package, package).exit_code == 2
    assert package.read_bytes() == before
