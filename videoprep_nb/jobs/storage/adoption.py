"""Jobs that the disk knows better than the store, whose file was lost, emptied or restored from an older backup.

Nothing is deleted because the store does not know it. A folder that says what it is becomes a job again; another one
is put into ``lost+found`` in the workspace.
"""

import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from videoprep_nb.core.errors import InputError
from videoprep_nb.jobs.models import JobResult, JobSpec, State, TaskResult
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.storage.workspace import Workspace, is_real_folder
from videoprep_nb.jobs.store.rows import JobRow, TaskRow
from videoprep_nb.jobs.store.store import Store
from videoprep_nb.stages.registry import STAGES

_ADOPTED = "The job database did not know this job; it was restored from the job's folder."
_OUTDATED = "The job database was older than the job's folder; the job was restored from the folder."
_PART = re.compile(r"_part_([0-9]+)$")
_MAX_NAMES = 20
_log = logging.getLogger(__name__)


def adopt_folders(workspace: Workspace, store: Store, now: datetime) -> list[str]:
    """Have the store know every job in the workspace as its folder describes it.

    Args:
        workspace: A workspace that is locked, in which nobody works yet.
        store: Its store.
        now: The time, with a time zone.

    Returns:
        What was done, in a sentence for administrators each; nothing when the store knew everything.
    """
    last_changes = store.last_changes()
    adopted: list[tuple[JobSpec, Path]] = []
    strange: list[Path] = []
    outdated: list[JobRow] = []
    for path in workspace.job_paths():
        if path.name in last_changes:
            outdated += _outdated(store, path, last_changes[path.name])
        elif spec := _spec_of(path):
            adopted.append((spec, path))
        else:
            strange.append(path)
    in_order = sorted(adopted, key=lambda found: (found[0].created_at, found[0].number or 0))
    new = [store.adopt_job(_job_of(spec, path), _tasks_of(path), _ADOPTED, now) for spec, path in in_order]
    renewed = [
        store.adopt_job(row, _tasks_of(workspace.job_folder(row.job_id).path), _OUTDATED, now) for row in outdated
    ]
    return [
        *_notices("The job database did not know {}, restored from the job folders: {}.", new),
        *_notices("The job database was older than the folders of {}, whose end was restored: {}.", renewed),
        *(_put_aside(workspace, path) for path in strange),
    ]


def lost_notices(workspace: Workspace) -> list[str]:
    """A sentence on what lies in ``lost+found``; none when nothing does."""
    try:
        names = sorted(path.name for path in workspace.lost_dir.iterdir())
    except OSError:  # there is none, or it is that of the file system
        return []
    if not names:
        return []
    shown = ", ".join(names[:_MAX_NAMES]) + (", …" if len(names) > _MAX_NAMES else "")
    return [f"lost+found in the workspace holds {shown}; look what it is, and move it away or delete it."]


def _outdated(store: Store, path: Path, last_change: datetime) -> Iterable[JobRow]:
    """The job as its folder has it, if it ended after all that the store knows of it."""
    folder = JobFolder(path)
    result = _result_of(path)
    if result is None or folder.scratch.exists() or _end_of(folder, result) <= last_change:
        return
    row = store.job(path.name)
    spec = _spec_of(path)
    if spec and row.state is not result.state:
        yield _job_of(spec.model_copy(update={"number": row.number, "owner": row.owner}), path)


def _spec_of(path: Path) -> JobSpec | None:
    """What a folder was asked to do; None when it is no folder of a job."""
    file = JobFolder(path).spec
    if not is_real_folder(path) or file.is_symlink() or not file.is_file():
        return None
    try:
        spec = JobSpec.read(file)
    except (InputError, OSError):
        return None
    return spec if spec.job_id == path.name else None


def _result_of(path: Path) -> JobResult | None:
    file = JobFolder(path).result
    if not is_real_folder(path) or file.is_symlink() or not file.is_file():
        return None
    try:
        return JobResult.read(file)
    except (InputError, OSError):
        return None


def _end_of(folder: JobFolder, result: JobResult) -> datetime:
    return result.ended_at or datetime.fromtimestamp(folder.result.stat().st_mtime, UTC)


def _job_of(spec: JobSpec, path: Path) -> JobRow:
    """A job from its folder: ended as its result says, or queued when its work was not over."""
    folder = JobFolder(path)
    result = _result_of(path)
    is_under_way = folder.scratch.exists() and not spec.options.keep_scratch
    if result and result.state is not State.DONE and is_under_way:
        result = None
    ended_at = _end_of(folder, result) if result else None
    created_at = spec.created_at if spec.created_at.tzinfo else spec.created_at.replace(tzinfo=UTC)
    return JobRow(
        number=spec.number or 0,
        job_id=spec.job_id,
        owner=spec.owner,
        state=result.state if result else State.QUEUED,
        message=result.message if result else "",
        video_names=tuple(video.original_name for video in spec.videos),
        size_bytes=sum(video.path.stat().st_size for video in spec.videos if video.path.is_file()),
        keep_scratch=spec.options.keep_scratch,
        created_at=created_at,
        started_at=ended_at - timedelta(seconds=result.elapsed_s) if result and ended_at else None,
        ended_at=ended_at,
        results_deleted_at=None,
        cancel_requested=False,
        name=spec.about.name,
        note=spec.about.note,
    )


def _tasks_of(path: Path) -> list[TaskRow]:
    """The tasks of a job that has ended; one that is queued gets its tasks when it is worked on."""
    result = _result_of(path)
    if result is None:
        return []
    ended_at = _end_of(JobFolder(path), result)
    return [_task_row(task, ended_at) for task in result.tasks]


def _task_row(task: TaskResult, ended_at: datetime) -> TaskRow:
    stage = STAGES[task.stage].key if task.stage in STAGES else task.stage
    key = Path(task.report).stem or (f"{stage}_{task.video_id}" if task.video_id else stage)
    part = _PART.search(key)
    return TaskRow(
        key=key,
        stage=task.stage,
        video_id=task.video_id,
        part=int(part[1]) if part else None,
        state=task.state,
        attempt=1,
        message=task.message,
        started_at=ended_at - timedelta(seconds=task.elapsed_s),
        ended_at=ended_at,
        report=task.report,
    )


def _put_aside(workspace: Workspace, path: Path) -> str:
    """Move what cannot be a job out of the way, and say so."""
    target = workspace.lost_dir / path.name
    try:
        workspace.lost_dir.mkdir(exist_ok=True)
        number = 1
        while target.is_symlink() or target.exists():
            number += 1
            target = workspace.lost_dir / f"{path.name}-{number}"
        path.rename(target)
    except OSError as error:
        sentence = f"jobs/{path.name} has no readable job.json and could not be moved to lost+found ({error.strerror})."
    else:
        sentence = f"jobs/{path.name} has no readable job.json and was moved to lost+found/{target.name}."
    _log.warning(sentence)
    return sentence


def _notices(sentence: str, jobs: list[JobRow]) -> list[str]:
    """A sentence with the titles of jobs, which also goes to the log; none when there are none."""
    if not jobs:
        return []
    count = "1 job" if len(jobs) == 1 else f"{len(jobs)} jobs"
    for job in jobs:
        _log.warning("%s (%s) is %s, restored from its folder", job.title, job.job_id, job.state)
    names = [job.title for job in jobs[:_MAX_NAMES]] + (["…"] if len(jobs) > _MAX_NAMES else [])
    return [sentence.format(count, ", ".join(names))]
