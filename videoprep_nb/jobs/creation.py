"""A new job: its folder with the videos, and its row in the store, both or none."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import videoprep_nb
from videoprep_nb.jobs.models import JobAbout, JobSpec, VideoInput
from videoprep_nb.jobs.params import JobOptions, JobParams
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.storage.moved_files import moved_files
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.store import Store


@dataclass(frozen=True)
class NewJob:
    """What a job is asked to do, beside its videos.

    Args:
        params: The parameters of its stages.
        options: How it is run.
        about: Its name and note.
        owner: Id of the user who submits it.
    """

    params: JobParams
    options: JobOptions
    about: JobAbout
    owner: str


def add_job(
    workspace: Workspace,
    store: Store,
    videos: Sequence[tuple[str, Path]],
    new: NewJob,
    size_bytes: int,
    part_counts: Mapping[str, int],
) -> JobSpec:
    """Make the folder of a job, move its uploads there, and add it to the store.

    Args:
        workspace: The workspace.
        store: Its store.
        videos: Name for people and file of each video, in order; files in the uploads folder are moved.
        new: What it is asked to do.
        size_bytes: Size of the videos.
        part_counts: Parts that videos are split into, by video id; others are not split.

    Returns:
        The job, with an id that cannot be guessed.

    Raises:
        DiskFullError: The disk was full.
    """
    now = datetime.now(UTC)
    job_id = f"{now:%Y%m%d}-{secrets.token_hex(8)}"
    folder = workspace.job_folder(job_id)
    paths = [path.absolute() for _, path in videos]
    uploads = {
        path: folder.input / f"{index:03d}.mp4"
        for index, path in enumerate(paths)
        if workspace.uploads_dir in path.parents
    }
    spec = JobSpec(
        job_id=job_id,
        created_at=now,
        version=videoprep_nb.__version__,
        videos=[
            VideoInput(
                video_id=str(number),
                original_name=name,
                path=uploads.get(path, path),
                part_count=part_counts.get(str(number), 1),
            )
            for number, ((name, _), path) in enumerate(zip(videos, paths, strict=True), start=1)
        ],
        params=new.params,
        options=new.options,
        owner=new.owner,
        number=store.reserve_number(),
        about=new.about,
    )
    with moved_files(workspace, uploads, folder.path, partial(_fill, spec)):
        store.add_job(spec, size_bytes, new.owner, now)
    return spec


def _fill(spec: JobSpec, path: Path) -> None:
    folder = JobFolder(path)
    folder.input.mkdir()
    folder.reports.mkdir()
    spec.write(folder.spec)
