"""What CVAT accepts as a project backup, as a schema of its own; unknown keys are refused."""

import json
import zipfile
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Name = Annotated[str, Field(min_length=1)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Attribute(Strict):
    name: Name
    mutable: bool
    input_type: Literal["checkbox", "radio", "number", "text", "select"]
    values: Annotated[list[str], Field(min_length=1)]
    default_value: str


class LabelOfProject(Strict):
    name: Name
    attributes: list[Attribute]


class Project(Strict):
    version: Literal["1.0"]
    labels: Annotated[list[LabelOfProject], Field(min_length=1)]
    name: Annotated[str, Field(min_length=1, max_length=256)]
    status: Literal["annotation"]
    bug_tracker: str


class Data(Strict):
    image_quality: Annotated[int, Field(ge=0, le=100)]
    chunk_type: Literal["imageset", "video"]
    storage: Literal["local"]
    storage_method: Literal["cache"]
    sorting_method: Literal["lexicographical"]


class Job(Strict):
    start_frame: Literal[0]
    stop_frame: Annotated[int, Field(ge=0)]
    status: Literal["annotation"]


class Task(Strict):
    version: Literal["1.0"]
    labels: Annotated[list[LabelOfProject], Field(max_length=0)]
    data: Data
    jobs: Annotated[list[Job], Field(min_length=1, max_length=1)]
    name: Name
    status: Literal["annotation"]
    subset: str


class Value(Strict):
    name: Name
    value: str


class Shape(Strict):
    type: Literal["rectangle"]
    frame: Annotated[int, Field(ge=0)]
    points: Annotated[list[float], Field(min_length=4, max_length=4)]
    attributes: list[Value]
    outside: bool
    occluded: bool
    z_order: int


class Track(Strict):
    frame: Annotated[int, Field(ge=0)]
    label: Name
    attributes: list[Value]
    shapes: Annotated[list[Shape], Field(min_length=1)]
    group: int
    source: Literal["auto"]


class Annotations(Strict):
    tags: Annotated[list[Any], Field(max_length=0)]
    shapes: Annotated[list[Any], Field(max_length=0)]
    tracks: list[Track]


class BackupTask(BaseModel):
    """A task with its annotations and the name and content of its media."""

    task: Task
    tracks: list[Track]
    media_name: str
    media: bytes

    @property
    def frame_count(self) -> int:
        return self.task.jobs[0].stop_frame + 1


class Backup(BaseModel):
    project: Project
    guide: str
    tasks: list[BackupTask]


def read_backup(path: Path) -> Backup:
    """Read a backup; anything that CVAT would not take raises."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert len(set(names)) == len(names)
        media = [name for name in names if "/data/" in name]
        for name in media:
            assert archive.getinfo(name).compress_type == zipfile.ZIP_STORED
        expected = {"project.json", "annotation_guide.md", *media}
        expected |= {f"task_{i}/{file}.json" for i in range(len(media)) for file in ("task", "annotations")}
        assert set(names) == expected
        tasks = [_read_task(archive, f"task_{number}", media) for number in range(len(media))]
        project = Project.model_validate_json(archive.read("project.json"))
        _check_values(project, tasks)
        return Backup(project=project, guide=archive.read("annotation_guide.md").decode(), tasks=tasks)


def _read_task(archive: zipfile.ZipFile, folder: str, media: list[str]) -> BackupTask:
    (name,) = (name for name in media if name.startswith(f"{folder}/data/"))
    task = Task.model_validate_json(archive.read(f"{folder}/task.json"))
    written = json.loads(archive.read(f"{folder}/annotations.json"))
    (annotations,) = TypeAdapter(list[Annotations]).validate_python(written)
    file_name = name.removeprefix(f"{folder}/data/")
    return BackupTask(task=task, tracks=annotations.tracks, media_name=file_name, media=archive.read(name))


def _check_values(project: Project, tasks: list[BackupTask]) -> None:
    """What CVAT does not check: names and values that the project lists, frames of the task, order of shapes."""
    labels = {label.name: {attribute.name: attribute for attribute in label.attributes} for label in project.labels}
    for task in tasks:
        for track in task.tracks:
            attributes = labels[track.label]
            assert all(not attributes[value.name].mutable for value in track.attributes)
            for shape in track.shapes:
                assert all(value.value in attributes[value.name].values for value in shape.attributes)
                assert all(attributes[value.name].mutable for value in shape.attributes)
                assert shape.frame < task.frame_count
            frames = [shape.frame for shape in track.shapes]
            assert frames == sorted(set(frames))
            assert track.frame == frames[0]
            assert not track.shapes[0].outside
