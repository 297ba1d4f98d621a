"""From a package to annotators and back: no box, id or label is lost or invented."""

import csv
import pickle
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.support.ava_readers import read_as_mmaction2, read_as_pyslowfast
from tests.support.command_line import videoprep
from tests.support.cvat_exports import Key, Task, Track, images_xml, video_xml
from tests.support.html_pages import Page
from tests.support.proposal_files import good_proposals
from tests.support.results import RATE, write_result

Said = Mapping[str, str]
Row = tuple[str, int, tuple[float, ...], int, int]
"""Video, second, box in [0, 1] to four decimals, action and person."""

WALK, SIT, YES, NO = 1, 2, 3, 4
SAID: dict[tuple[str, int, int], Said] = {
    ("1_clip_000", 0, 1): {"action": "walk", "talking": "no"},
    ("1_clip_001", 0, 1): {"action": "sit"},
    ("2_clip_000", 1, 3): {"talking": "yes"},
}
"""Clip, rank of the frame and person → what the annotator chose; all other boxes are left as they are."""
EXPECTED: set[Row] = {
    ("1", 0, (0.0, 0.0, 10.5 / 64, 1.0), WALK, 1),
    ("1", 0, (0.0, 0.0, 10.5 / 64, 1.0), NO, 1),
    ("1", 2, (3 / 64, 3 / 36, 9 / 64, 9 / 36), SIT, 1),
    ("2", 1, (3 / 64, 3 / 36, 9 / 64, 9 / 36), YES, 3),
}


def frame_tasks() -> list[Task]:
    """A task per clip as our backup makes it of frames, with what the annotator chose."""
    return [
        Task(clip, len(frames), frame_tracks(clip, list(frames.values())), frames=list(frames))
        for clip, frames in good_proposals().items()
    ]


def frame_tracks(clip: str, frames: list[list[list[float]]]) -> list[Track]:
    tracks: dict[int, Track] = {}
    for rank, boxes in enumerate(frames):
        for *corners, _, track_id in boxes:
            key = Key(rank, tuple(corners), SAID.get((clip, rank, int(track_id)), {}))
            tracks.setdefault(int(track_id), Track(int(track_id), [])).keys.append(key)
    for track in tracks.values():
        last = track.keys[-1]
        if last.frame + 1 < len(frames):
            track.keys.append(Key(last.frame + 1, last.box, last.values, outside=True))
    return list(tracks.values())


def clip_tasks() -> list[Task]:
    """A task per clip as our backup makes it of whole clips; a person is there for the second after a keyframe."""
    tasks = []
    for task in frame_tasks():
        for track in task.tracks:
            shown = [key for key in track.keys if not key.outside]
            track.keys = [
                key
                for each in shown
                for key in (
                    Key(RATE * each.frame, each.box, each.values),
                    Key(RATE * each.frame + 5, each.box, {"action": "sit", "talking": "yes"}),  # no extracted frame
                    Key(RATE * each.frame + RATE - 1, each.box, {}, outside=True),
                )
            ]
        tasks.append(Task(task.name, RATE * task.size, task.tracks, mode="interpolation"))
    return tasks


def one_export_per_task(write: Callable[..., bytes]) -> Callable[[list[Task]], dict[str, bytes]]:
    return lambda tasks: {f"{task.name}.xml": write([task]) for task in tasks}


def one_project(write: Callable[..., bytes], **options: bool) -> Callable[[list[Task]], dict[str, bytes]]:
    return lambda tasks: {"project.xml": write(tasks, project=True, **options)}


def zipped(tasks: list[Task]) -> dict[str, bytes]:
    return {"project.zip": b"", "annotations.xml": video_xml(tasks, project=True)}


def write_exports(folder: Path, exports: Mapping[str, bytes]) -> list[Path]:
    """Write the exports; ``project.zip`` stands for a ZIP with the file that follows it, as CVAT packs it."""
    if "project.zip" in exports:
        with zipfile.ZipFile(folder / "project.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("annotations.xml", exports["annotations.xml"])
            archive.writestr("images/1_clip_000_frame_0000.jpg", b"not read")
        return [folder / "project.zip"]
    for name, content in exports.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in exports]


def read_rows(folder: Path) -> list[Row]:
    with (folder / "ava" / "annotations.csv").open(encoding="utf-8", newline="") as file:
        return [
            (video, int(second), tuple(round(float(value), 4) for value in box), int(action), int(person))
            for video, second, *box, action, person in csv.reader(file)
        ]


def rounded(rows: set[Row]) -> set[Row]:
    return {(row[0], row[1], tuple(round(value, 4) for value in row[2]), row[3], row[4]) for row in rows}


@pytest.mark.parametrize(
    ("tasks", "exported"),
    [
        pytest.param(frame_tasks, one_export_per_task(video_xml), id="video, per task"),
        pytest.param(frame_tasks, one_export_per_task(images_xml), id="images, per task"),
        pytest.param(frame_tasks, one_project(video_xml), id="video, project"),
        pytest.param(frame_tasks, one_project(images_xml), id="images, project"),
        pytest.param(frame_tasks, one_project(video_xml, dense=False), id="keyframes only"),
        pytest.param(frame_tasks, zipped, id="zip"),
        pytest.param(clip_tasks, one_export_per_task(video_xml), id="whole clips, per task"),
        pytest.param(clip_tasks, one_project(video_xml), id="whole clips, project"),
        pytest.param(clip_tasks, one_project(video_xml, dense=False), id="whole clips, keyframes only"),
    ],
)
def test_labels_come_back(
    tmp_path: Path, tasks: Callable[[], list[Task]], exported: Callable[[list[Task]], dict[str, bytes]]
) -> None:
    write_result(tmp_path / "job", clips=False)
    exports = write_exports(tmp_path, exported(tasks()))
    result = videoprep("import-annotations", *exports, "--package", tmp_path / "job", "--output", tmp_path / "out")
    assert result.exit_code == 0, result.output
    rows = read_rows(tmp_path / "out")
    assert len(rows) == len(EXPECTED)
    assert set(rows) == rounded(EXPECTED)
    proposals = pickle.loads((tmp_path / "out" / "ava" / "proposals.pkl").read_bytes())
    assert {key: len(boxes) for key, boxes in proposals.items()} == {"1,0000": 2, "1,0002": 1, "2,0000": 1, "2,0001": 1}
    assert all(np.all((boxes >= 0) & (boxes <= 1)) for boxes in proposals.values())
    actions = (tmp_path / "out" / "ava" / "action_list.pbtxt").read_text()
    assert re.findall(r'name: "(\w+)"\s+id: (\d)', actions) == [("walk", "1"), ("sit", "2"), ("yes", "3"), ("no", "4")]


def test_images_in_folders_and_renamed_twins_are_found(tmp_path: Path) -> None:
    write_result(tmp_path / "job", clips=False)
    xml = images_xml(frame_tasks(), project=True, folder="train/1/").replace(b"frame_0001.jpg", b"frame_0001_1.jpg")
    (tmp_path / "a.xml").write_bytes(xml)
    result = videoprep(
        "import-annotations", tmp_path / "a.xml", "--package", tmp_path / "job", "--output", tmp_path / "out"
    )
    assert result.exit_code == 0, result.output
    assert set(read_rows(tmp_path / "out")) == rounded(EXPECTED)


def test_package_alone_is_enough_for_frames(tmp_path: Path) -> None:
    package = write_result(tmp_path / "job", clips=False).package.path
    (tmp_path / "a.xml").write_bytes(video_xml(frame_tasks(), project=True))
    result = videoprep("import-annotations", tmp_path / "a.xml", "--package", package, "--output", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert {row[2:] for row in read_rows(tmp_path / "out")} == {row[2:] for row in rounded(EXPECTED)}


def test_training_programs_read_every_label(tmp_path: Path) -> None:
    write_result(tmp_path / "job", clips=False)
    (tmp_path / "a.xml").write_bytes(video_xml(frame_tasks(), project=True))
    arguments = ["import-annotations", tmp_path / "a.xml", "--package", tmp_path / "job"]
    for preset in ("mmaction2", "slowfast"):
        result = videoprep(*arguments, "--ava-preset", preset, "--output", tmp_path / preset)
        assert result.exit_code == 0, result.output
    ava = tmp_path / "mmaction2" / "ava"
    samples = read_as_mmaction2(ava / "annotations.csv", ava / "proposals.pkl", ava / "excluded_timestamps.csv")
    found = {
        (sample.video, sample.second, action, entity)
        for sample in samples.values()
        for labels, entity in zip(sample.labels, sample.entities, strict=True)
        for action in labels
    }
    assert found == {(row[0], row[1], row[3], row[4]) for row in EXPECTED}
    assert {key: len(sample.proposals) for key, sample in samples.items()} == {"1,0000": 2, "1,0002": 1, "2,0001": 1}

    ava = tmp_path / "slowfast" / "ava"
    _, slow = read_as_pyslowfast(ava / "frame_list.csv", [ava / "annotations.csv"], [ava / "predicted_boxes.csv"])
    assert {(key, frozenset.union(*map(frozenset, each.labels))) for key, each in slow.items()} == {
        (("1", 902), frozenset({SIT, -1}))  # the first two seconds of a video are not read there
    }
    report = Page(tmp_path / "slowfast" / "report.html").text
    assert "3 labels left out: their frames are not at a second that AVA's files can name." in report
