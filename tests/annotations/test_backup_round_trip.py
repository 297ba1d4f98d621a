"""Our backup in CVAT, labelled there, exported and brought back: what the annotator says comes back, nothing else."""

import csv
import json
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.command_line import videoprep
from tests.support.cvat_exports import ACTIONS, Key, Task, Track, images_xml, video_xml
from tests.support.proposal_files import HEIGHT, WIDTH
from tests.support.results import RATE, good_dense_tracks, good_manifest, write_result
from videoprep_nb.annotations.import_annotations import import_annotations
from videoprep_nb.annotations.params import ImportAnnotationsParams
from videoprep_nb.jobs.run import run
from videoprep_nb.media.sample import write_sample

LABELS = "{label: person, attributes: {action: [walk, sit], talking: [yes, no]}}"
IDS = {("action", "walk"): 1, ("action", "sit"): 2, ("talking", "yes"): 3, ("talking", "no"): 4}

labels_of_a_keyframe = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in ACTIONS.items()})


@pytest.fixture(scope="module", params=["frames", "clips"])
def backup(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The backup of a job beside its folder, made of frames and of whole clips."""
    folder = tmp_path_factory.mktemp(request.param)
    write_result(folder / "job")
    options = ["--set", f"media={request.param}", "--set", f"labels={LABELS}"]
    target = folder / "backup.zip"
    result = videoprep("export", folder / "job", "--format", "cvat-backup", *options, "--output", target)
    assert result.exit_code == 0, result.output
    return target


def tasks_of(backup: Path) -> list[Task]:
    """The tasks that CVAT makes of a backup."""
    tasks = []
    with zipfile.ZipFile(backup) as opened:
        for entry in sorted(name for name in opened.namelist() if name.endswith("task.json")):
            task: dict[str, Any] = json.loads(opened.read(entry))
            (annotations,) = json.loads(opened.read(entry.replace("task.json", "annotations.json")))
            tracks = [
                Track(
                    int(track["attributes"][0]["value"]),
                    [
                        Key(shape["frame"], tuple(shape["points"]), outside=shape.get("outside", False))
                        for shape in track["shapes"]
                    ],
                )
                for track in annotations["tracks"]
            ]
            job = task["jobs"][0]
            is_video = any(name.endswith(f"{task['name']}.mp4") for name in opened.namelist())
            names = [f"{task['name']}_frame_{rank:04d}.jpg" for rank in range(job["stop_frame"] + 1)]
            mode = "interpolation" if is_video else "annotation"
            frames = () if is_video else names
            tasks.append(Task(task["name"], job["stop_frame"] + 1, tracks, mode=mode, frames=frames))
    return tasks


def expected_labels(tasks: list[Task]) -> set[tuple[str, int, int, int]]:
    """Video, second, person and action of every label, found by following each track frame by frame."""
    expected = set()
    clips = {clip.clip_id: clip for clip in good_manifest().clips}
    for task in tasks:
        clip = clips[task.name]
        step = RATE if task.mode == "interpolation" else 1
        for track in task.tracks:
            for rank in range(len(clip.frames)):
                last = [key for key in track.keys if key.frame <= step * rank][-1:]
                for key in last:
                    if not key.outside:
                        second = clip.start_frame // RATE + rank
                        expected |= {
                            (task.name[0], second, track.track_id or 0, IDS[attribute, value])
                            for attribute, value in key.values.items()
                            if (attribute, value) in IDS
                        }
    return expected


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), is_project=st.booleans(), as_images=st.booleans())
def test_every_label_comes_back_and_no_other(
    backup: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, is_project: bool, as_images: bool
) -> None:
    tasks = tasks_of(backup)
    for task in tasks:
        for track in task.tracks:
            for key in track.keys:
                key.values = data.draw(labels_of_a_keyframe)
    folder = tmp_path_factory.mktemp("export")
    write = images_xml if as_images and tasks[0].frames else video_xml
    groups = [tasks] if is_project else [[task] for task in tasks]
    for number, group in enumerate(groups):
        (folder / f"{number}.xml").write_bytes(write(group, project=is_project))
    annotations = import_annotations(
        ImportAnnotationsParams(
            exports=[str(file) for file in sorted(folder.glob("*.xml"))],
            source=str(backup.parent / "job"),
            output_dir=str(folder / "out"),
        )
    )
    with (folder / "out" / "ava" / "annotations.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    found = [(row[0], int(row[1]), int(row[7]), int(row[6])) for row in rows]
    assert len(found) == len(set(found))
    assert set(found) == expected_labels(tasks)
    assert not annotations.new_ids
    boxes = boxes_of_the_package()
    assert {(box.frame_name, box.track_id) for box in annotations.training.boxes} == set(boxes)
    for box in annotations.training.boxes:
        assert np.allclose(box.box_xyxy, boxes[box.frame_name, box.track_id], atol=0.01)


def boxes_of_the_package() -> Mapping[tuple[str, int], np.ndarray]:
    """Frame and person → box, from the tracks of all frames."""
    boxes = {}
    dense = good_dense_tracks()
    for clip in good_manifest().clips:
        tracks = dense[clip.clip_id]
        names = {frame.index_in_clip: frame.name for frame in clip.frames}
        for index, track_id, box in zip(tracks.frame_index, tracks.track_id, tracks.boxes_xyxy, strict=True):
            if index in names:
                boxes[names[index], int(track_id)] = box
    return boxes


def one_person(box: tuple[float, float, float, float]) -> Task:
    """A task with a person who sits on its first frame."""
    return Task("1_clip_000", 2, [Track(1, [Key(0, box, {"action": "sit"}), Key(1, box, {}, outside=True)])])


def test_half_of_the_screen_is_half_of_the_source(tmp_path: Path) -> None:
    """The source is twice as wide as the frame, and begins 4 pixels below its top."""
    manifest = good_manifest()
    source = {"source_width": 2 * WIDTH, "source_height": 2 * HEIGHT - 16}
    transform = {"scale_x": 0.5, "scale_y": 0.5, "offset_x": 0, "offset_y": 4}
    described = manifest.model_dump(mode="json")
    for video in described["videos"]:
        video.update(source, transform=transform)
    write_result(tmp_path / "job", manifest=type(manifest).model_validate(described), clips=False)
    task = Task(
        "1_clip_000", 2, [Track(1, [Key(0, (0, 0, 32, 18), {"action": "sit"}), Key(1, (0, 0, 1, 1), {}, True)])]
    )
    (tmp_path / "a.xml").write_bytes(video_xml([task]))
    arguments = [tmp_path / "a.xml", "--package", tmp_path / "job", "--output", tmp_path / "out", "--source-pixels"]
    result = videoprep("import-annotations", *arguments)
    assert result.exit_code == 0, result.output
    (row,) = (tmp_path / "out" / "ava" / "annotations.csv").read_text().splitlines()
    assert [float(value) for value in row.split(",")[2:6]] == pytest.approx([0, 0, 0.5, 28 / 56])


def test_labels_number_the_actions(tmp_path: Path) -> None:
    write_result(tmp_path / "job", clips=False)
    task = one_person((0, 0, 9, 9))
    (tmp_path / "a.xml").write_bytes(video_xml([task]))
    labels = tmp_path / "labels.yaml"
    labels.write_text("{label: person, attributes: {talking: [yes, no], mood: [good], action: [walk, sit]}}")
    arguments = [tmp_path / "a.xml", "--package", tmp_path / "job", "--output", tmp_path / "out", "--labels", labels]
    result = videoprep("import-annotations", *arguments)
    assert result.exit_code == 0, result.output
    (row,) = (tmp_path / "out" / "ava" / "annotations.csv").read_text().splitlines()
    assert row.split(",")[6:] == ["5", "1"]


@pytest.mark.exhaustive
@pytest.mark.slow
def test_people_of_a_real_job_come_back(tmp_path: Path) -> None:
    """People with an even id sit and the others walk, as far as the annotator says."""
    write_sample(tmp_path / "street.mp4", duration_s=4)
    params = {"clip": {"clip_duration_s": 2}, "package": {"exports": ["cvat-backup"], "labels": LABELS}}
    done = run([tmp_path / "street.mp4"], output=tmp_path / "job", params=params)
    assert done.state == "done", done.message
    tasks = tasks_of(tmp_path / "job" / "exports" / "cvat_backup.zip")
    for task in tasks:
        for track in task.tracks:
            for key in track.keys:
                key.values = {"action": ("sit", "walk")[(track.track_id or 0) % 2]}
    (tmp_path / "project.xml").write_bytes(video_xml(tasks, project=True))
    arguments = [tmp_path / "project.xml", "--package", tmp_path / "job", "--output", tmp_path / "out"]
    assert videoprep("import-annotations", *arguments, "--source-pixels").exit_code == 0
    with zipfile.ZipFile(tmp_path / "job" / "final_package.zip") as package:
        proposals = pickle.loads(package.read("dense_proposals.pkl"))
    expected = sorted(
        (second, int(box[5]), 1 if box[5] % 2 else 2)
        for second, boxes in enumerate(boxes for frames in proposals.values() for boxes in frames.values())
        for box in boxes
    )
    with (tmp_path / "out" / "ava" / "annotations.csv").open(encoding="utf-8", newline="") as file:
        assert sorted((int(row[1]), int(row[7]), int(row[6])) for row in csv.reader(file)) == expected
    assert {action for *_, action in expected} == {1, 2}
