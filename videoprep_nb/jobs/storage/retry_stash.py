"""What a retry need not repeat, saved from the scratch folder of a job that ended early or with errors.

Each stage says what that is. Of a video that is done: its frames and tracks, small beside its clips, which go. Of any
other video: all that its finished stages have made, and its detections, by far the most expensive part of the work,
which are found again by their fingerprints. On a disk that is nearly full only the detections are kept of it.
"""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from videoprep_nb.jobs.params import JobParams
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.task import Task
from videoprep_nb.stages.base import fill
from videoprep_nb.stages.registry import STAGES


def keep_for_retry(
    folder: JobFolder, tasks: Iterable[Task], done_video_ids: Iterable[str], params: JobParams, is_roomy: bool
) -> None:
    """Move what a retry can use out of the scratch folder of a job.

    Args:
        folder: The job's folder.
        tasks: All tasks of the job.
        done_video_ids: The videos of which every task is done.
        params: The parameters of the job's stages.
        is_roomy: Whether the disk has room for the work of videos that are not done.
    """
    given = params.chain.given_at_end()
    needed = [need for stage in params.chain.stages for need in stage.retry_needs(params.of(stage.name))]
    done = set(done_video_ids)
    kept_tasks: list[Task] = []
    for task in tasks:
        stage = STAGES[task.stage]
        is_done = task.video is not None and task.video.video_id in done
        if is_done:
            kept = (*stage.retry_keeps, *needed)
        else:
            kept = stage.retry_keeps_always + (stage.products if is_roomy else ())
        _move(folder, _paths(folder, kept, task, given))
        if is_done or (is_roomy and stage.products):
            kept_tasks.append(task)
    # last, since they say that all the rest is there
    _move(folder, (_marker(folder, task) for task in kept_tasks))


def bring_back_kept(folder: JobFolder) -> None:
    """Put back what was kept, before a job is worked on again; nothing happens when nothing was."""
    if folder.kept.exists():
        shutil.rmtree(folder.scratch, ignore_errors=True)
        folder.kept.replace(folder.scratch)


def _paths(folder: JobFolder, templates: Iterable[str], task: Task, given: Mapping[str, str]) -> list[Path]:
    values = {**given, "video_id": task.video.video_id if task.video else ""}
    return [
        path.relative_to(folder.scratch)
        for template in templates
        for path in folder.scratch.glob(fill(template, values))
    ]


def _marker(folder: JobFolder, task: Task) -> Path:
    return (folder.tasks / task.key).relative_to(folder.scratch)


def _move(folder: JobFolder, names: Iterable[Path]) -> None:
    for name in names:
        source, target = folder.scratch / name, folder.kept / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
