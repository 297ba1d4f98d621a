"""What a retry need not repeat, saved from the scratch folder of a job that ended early or with errors.

Each stage says what that is: of a video that is done its frames and tracks, small beside its clips, which go; of any
other video the detections, by far the most expensive part of its work, which are found again by their fingerprints.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from videoprep_nb.jobs.params import JobParams
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.task import Task
from videoprep_nb.stages.base import fill
from videoprep_nb.stages.registry import STAGES


def keep_for_retry(folder: JobFolder, tasks: Iterable[Task], done_video_ids: Iterable[str], params: JobParams) -> None:
    """Move what a retry can use out of the scratch folder of a job.

    Args:
        folder: The job's folder.
        tasks: All tasks of the job.
        done_video_ids: The videos of which every task is done.
        params: The parameters of the job's stages.
    """
    needed = [template for stage, of_stage in params.each() for template in stage.retry_needs(of_stage)]
    of_videos = [(task, task.video.video_id) for task in tasks if task.video]
    done = set(done_video_ids)
    for video_id in dict.fromkeys(video_id for _, video_id in of_videos):
        for stage in STAGES.values():
            kept = (*stage.retry_keeps, *needed) if video_id in done else stage.retry_keeps_always
            _move(folder, (Path(fill(template, {"video_id": video_id})) for template in kept))
    # last, since they say that all the rest is there
    _move(folder, (_marker(folder, task) for task, video_id in of_videos if video_id in done))


def bring_back_kept(folder: JobFolder) -> None:
    """Put back what was kept, before a job is worked on again; nothing happens when nothing was."""
    if folder.kept.exists():
        shutil.rmtree(folder.scratch, ignore_errors=True)
        folder.kept.replace(folder.scratch)


def _marker(folder: JobFolder, task: Task) -> Path:
    return (folder.tasks / task.key).relative_to(folder.scratch)


def _move(folder: JobFolder, names: Iterable[Path]) -> None:
    for name in names:
        source, target = folder.scratch / name, folder.kept / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
