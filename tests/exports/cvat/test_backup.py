"""A project backup, read by a schema of CVAT's rules and expanded by CVAT's interpolation."""

import io
import zipfile
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.cvat_results import CLIP, LABELS, moving_result, package_of
from tests.support.cvat_rules import Box, Shape, iou, visible_boxes
from tests.support.cvat_schema import Backup, BackupTask, read_backup
from tests.support.proposal_files import good_proposals
from tests.support.results import write_result
from videoprep_nb.exports.cvat.exporter import CvatOptions
from videoprep_nb.exports.formats.cvat_backup import CvatBackup
from videoprep_nb.exports.labels import NOT_LABELLED
from videoprep_nb.exports.needs import Need
from videoprep_nb.exports.result import Result


def backup_of(result: Result, folder: Path, **options: object) -> Backup:
    target = folder / "backup.zip"
    CvatBackup(CvatOptions(labels=LABELS, **options)).write(result, target)
    return read_backup(target)


def seen(task: BackupTask) -> dict[tuple[int, int], Box]:
    """(frame, track id) → box that an annotator sees."""
    boxes: dict[tuple[int, int], Box] = {}
    for track in task.tracks:
        (track_id,) = (int(value.value) for value in track.attributes if value.name == "track_id")
        shapes = [Shape(shape.frame, tuple(shape.points), shape.outside) for shape in track.shapes]
        boxes |= {(frame, track_id): box for frame, box in visible_boxes(shapes, task.frame_count).items()}
    return boxes


def test_project_and_labels(tmp_path: Path) -> None:
    backup = backup_of(write_result(tmp_path / "job", clips=False), tmp_path)
    assert backup.project.name == "camera 1.avi and 1 more"
    (label,) = backup.project.labels
    track_id, *choices = label.attributes
    assert (track_id.name, track_id.mutable) == ("track_id", False)
    assert {choice.name: choice.values for choice in choices} == {
        "action": [NOT_LABELLED, "walk", "sit"],
        "looks & talks": [NOT_LABELLED, "yes", "no"],
    }
    assert all(choice.mutable and choice.input_type == "select" for choice in choices)
    assert all(choice.default_value == NOT_LABELLED for choice in choices)
    assert "walk, sit" in backup.guide


def test_frames_are_the_inner_zips_and_boxes_those_of_the_package(tmp_path: Path) -> None:
    result = write_result(tmp_path / "job", clips=False)
    backup = backup_of(result, tmp_path)
    assert [task.task.name for task in backup.tasks] == list(good_proposals())
    with zipfile.ZipFile(result.package.path) as package:
        for task in backup.tasks:
            assert task.media == package.read(f"frames/{task.task.name}.zip")
            assert task.media_name == f"{task.task.name}.zip"
            assert task.task.data.chunk_type == "imageset"
    for task, (clip_id, frames) in zip(backup.tasks, good_proposals().items(), strict=True):
        with zipfile.ZipFile(io.BytesIO(task.media)) as media:  # CVAT sorts by name
            assert sorted(media.namelist()) == list(frames)
        expected = {(rank, box[5]): tuple(box[:4]) for rank, boxes in enumerate(frames.values()) for box in boxes}
        assert seen(task) == expected, clip_id


def test_untouched_boxes_are_not_labelled(tmp_path: Path) -> None:
    for task in backup_of(write_result(tmp_path / "job", clips=False), tmp_path).tasks:
        for track in task.tracks:
            first, *later = track.shapes
            assert {value.value for value in first.attributes} == {NOT_LABELLED}
            assert not any(shape.attributes for shape in later)  # they inherit


def test_gaps_stay_gaps_and_nothing_goes_beyond_the_task(tmp_path: Path) -> None:
    people = {1: range(6), 2: [0, 1, 4], 3: [2, 5], 12: [5]}
    (task,) = backup_of(package_of(tmp_path / "job", people, frame_count=6), tmp_path).tasks
    assert sorted(seen(task)) == sorted((rank, track_id) for track_id, ranks in people.items() for rank in ranks)
    outside: dict[str, list[int]] = defaultdict(list)
    for track in task.tracks:
        outside[track.attributes[0].value] += [shape.frame for shape in track.shapes if shape.outside]
    assert outside == {"1": [], "2": [2, 5], "3": [3], "12": []}


@pytest.mark.parametrize("min_iou", [0.6, 0.9, 1])
def test_clips_with_sparse_keyframes(min_iou: float, tmp_path: Path) -> None:
    result = moving_result(tmp_path / "job")
    backup = backup_of(result, tmp_path, media="clips", keyframe_iou=min_iou)
    keyframes = boxes = 0
    for task in backup.tasks:
        clip_id = task.task.name
        assert (task.media, task.media_name) == (result.clip_file(clip_id).read_bytes(), f"{clip_id}.mp4")
        assert task.task.data.chunk_type == "video"
        tracks = result.dense_tracks(clip_id)
        expected = dict(zip(zip(tracks.frame_index, tracks.track_id, strict=True), tracks.boxes_xyxy, strict=True))
        shown = seen(task)
        assert sorted(shown) == sorted(expected)
        assert all(iou(box.round(2), shown[key]) >= min_iou - 1e-9 for key, box in expected.items())
        keyframes += sum(not shape.outside for track in task.tracks for shape in track.shapes)
        boxes += len(expected)
    assert (keyframes == boxes) if min_iou == 1 else (keyframes < boxes / 2)


def test_whole_clips_need_more_than_the_package() -> None:
    assert CvatBackup().needs == {Need.PACKAGE}
    assert CvatBackup(CvatOptions(media="clips")).needs == set(Need)
    assert CvatBackup.needs == {Need.PACKAGE}


def test_ids_lead_from_clip_to_clip(tmp_path: Path) -> None:
    tasks = backup_of(moving_result(tmp_path / "job"), tmp_path).tasks
    assert [sorted({track_id for _, track_id in seen(task)}) for task in tasks] == [[1, 2], [1], [3]]


def test_a_package_without_people(tmp_path: Path) -> None:
    (task,) = backup_of(package_of(tmp_path / "job", {}, frame_count=2), tmp_path).tasks
    assert (task.tracks, task.frame_count) == ([], 2)
    assert task.task.name == CLIP
