"""What is deleted when, and the one function of the service that deletes folders."""

import logging
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import psutil

from videoprep_nb.core.errors import InputError, NoSuchJob
from videoprep_nb.core.layout import STAGING_PREFIX, staging_path
from videoprep_nb.core.text import format_size
from videoprep_nb.jobs.models import ENDED
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.storage.measuring import measure_job, measure_unknown
from videoprep_nb.jobs.storage.workspace import (
    WORKSPACE_VARIABLE,
    Workspace,
    is_real_folder,
    is_upload_name,
    tree_stats,
)
from videoprep_nb.jobs.store.rows import JobRow
from videoprep_nb.jobs.store.store import Store

STAGING_AGE = timedelta(hours=1)
"""Younger files that are half-written may be written now."""

UPLOAD_AGE = timedelta(days=1)
"""Uploads in which nothing has changed for this long were given up."""

EMPTY_UPLOAD_AGE = timedelta(hours=1)
"""The same for uploads of which nothing has arrived: they hold room for what may never come."""

RETRY_AGE = timedelta(days=7)
"""A job that ended longer ago is no longer worth the room that lets a retry be quick."""

_KILL_TIMEOUT_S = 5.0
_log = logging.getLogger(__name__)


@dataclass
class CleanReport:
    """What was deleted.

    Args:
        freed_bytes: Room made on the disk.
        items: A sentence per deleted thing, and per thing that could not be deleted.
    """

    freed_bytes: int = 0
    items: list[str] = field(default_factory=list)


def clean(workspace: Workspace, store: Store, keep_results_s: float, now: datetime) -> CleanReport:
    """Delete what is no longer needed. Only the service that holds the workspace may call this.

    These go: scratch folders of ended jobs, unless they were to be kept; what a retry would not have to repeat, of
    jobs that ended a week ago; everything of jobs that ended long ago
    (the store remembers them); uploads that were given up; half-written files. Things in the workspace that are none
    of ours, or that the store does not know, are left alone.

    Args:
        workspace: The workspace.
        store: Its store.
        keep_results_s: How long packages and reports are kept after the end of a job, in seconds.
        now: The time, with a time zone.

    Returns:
        What was deleted.
    """
    report = CleanReport()
    for folder in _entries(workspace.uploads_dir):
        if is_upload_name(folder.name) and _age(folder, now) > _max_upload_age(folder):
            _delete(workspace, folder, "upload that was given up", report)
    for folder in [*_entries(workspace.path), *_entries(workspace.jobs_dir)]:
        if folder.name.startswith(STAGING_PREFIX) and _age(folder, now) > STAGING_AGE:
            _delete(workspace, folder, "half-written", report)
    for folder in workspace.job_paths():
        _clean_job(workspace, store, folder, timedelta(seconds=keep_results_s), now, report)
    measure_unknown(workspace, store)
    return report


def free_stashes(workspace: Workspace, store: Store, needed_bytes: int) -> None:
    """Delete what is kept for retries until so much of the disk is free, of the jobs first that ended first.

    Not while a job is taken up: only the dispatcher may call this, or what it is asked to do.

    Args:
        workspace: The workspace.
        store: Its store.
        needed_bytes: What must be free.
    """
    for kept in stashes(workspace, store):
        if shutil.disk_usage(workspace.path).free >= needed_bytes:
            return
        try:
            freed_bytes = remove_tree(workspace, kept, at_once=True)
        except OSError as error:
            _log.warning("%s could not be deleted: %s", kept, error)
        else:
            _log.info("The disk is nearly full: %s was deleted, %s", kept, format_size(freed_bytes))
            measure_job(workspace, store, kept.parent.name)


def stashes(workspace: Workspace, store: Store) -> list[Path]:
    """What is kept for retries, of the job that ended first to the last one."""
    found = []
    for path in workspace.job_paths():
        kept = JobFolder(path).kept
        if is_real_folder(kept):
            with suppress(NoSuchJob):  # the next start restores it
                job = store.job(path.name)
                if job.state in ENDED and job.ended_at is not None:
                    found.append((job.ended_at, kept))
    return [kept for _, kept in sorted(found)]


def remove_tree(workspace: Workspace, path: Path, at_once: bool = False) -> int:
    """Delete a file or folder of the workspace; links are removed, what they lead to is not touched.

    Args:
        workspace: The workspace.
        path: What to delete; nothing happens when it does not exist.
        at_once: Whether it loses its name first, because half of it would look like all of it.

    Returns:
        Bytes freed. A file that has a second name (a hard link) frees none.

    Raises:
        InputError: The path lies outside the workspace, or leads out of it by a link or ``..``.
        OSError: Something could not be deleted.
    """
    # the folder that holds it must really lie there: resolve() follows links and takes out ".."
    parent = path.parent.resolve()
    if path.name in ("", "..") or not parent.is_relative_to(workspace.path):
        raise InputError(f"{path} lies outside the workspace {workspace.path} and is not deleted.")
    target = parent / path.name
    if at_once and os.path.lexists(target):
        target = target.rename(staging_path(target))
    freed_bytes = sum(entry.st_size for entry in tree_stats(target) if _frees_room(entry))
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)  # safe against links that appear meanwhile: it works on open folders
    else:
        target.unlink(missing_ok=True)
    return freed_bytes


def remove_half_received(workspace: Workspace) -> None:
    """Delete forms that a killed service was receiving; uploads that can go on later stay."""
    for folder in _entries(workspace.uploads_dir):
        if folder.name.startswith(STAGING_PREFIX):
            remove_tree(workspace, folder)


def sweep_processes(workspace: Workspace) -> list[int]:
    """Kill what a crashed service has left running: processes of this user that say they work for the workspace.

    Args:
        workspace: A workspace that is locked, so that no other service can be alive, and before this one has
            started processes of its own.

    Returns:
        Ids of the killed processes.

    Raises:
        RuntimeError: The workspace is not locked.
    """
    if not workspace.locked:
        raise RuntimeError("only the service that holds the workspace may kill its processes")
    own = psutil.Process()
    # a shell in which the variable is set starts services; it must live
    spared = {own.pid, *(parent.pid for parent in own.parents())}
    killed: list[psutil.Process] = []
    # again until none is found: one that was about to be killed may just have started another
    while found := [process for process in _processes_of(workspace) if process.pid not in spared and _kill(process)]:
        spared.update(process.pid for process in found)
        killed += found
    psutil.wait_procs(killed, timeout=_KILL_TIMEOUT_S)
    return [process.pid for process in killed]


def _clean_job(
    workspace: Workspace, store: Store, path: Path, keep_results: timedelta, now: datetime, report: CleanReport
) -> None:
    try:
        job = store.job(path.name)
    except NoSuchJob:  # it is just being submitted, or was put there by hand; the next start restores it
        return
    if job.state not in ENDED or job.ended_at is None:
        return
    if now - job.ended_at > keep_results:
        if _delete(workspace, path, f"results of a job that ended on {job.ended_at:%Y-%m-%d}", report):
            store.mark_results_deleted(job.job_id, now)
        return
    for leftover, what in _leftovers(workspace, job, now - job.ended_at):
        is_kept = leftover == workspace.job_folder(job.job_id).kept
        if _delete(workspace, leftover, what, report, at_once=is_kept):
            measure_job(workspace, store, job.job_id)


def _leftovers(workspace: Workspace, job: JobRow, age: timedelta) -> Iterator[tuple[Path, str]]:
    """What a job that ended so long ago does not need any more."""
    folder = workspace.job_folder(job.job_id)
    if folder.scratch.is_symlink() or (folder.scratch.exists() and not job.keep_scratch):
        yield folder.scratch, "scratch of an ended job"
    if folder.kept.is_symlink() or (folder.kept.exists() and age > RETRY_AGE):
        yield folder.kept, "kept for a retry"
    for part in (folder.path, folder.reports):
        for entry in _entries(part):
            if entry.name.startswith(STAGING_PREFIX):
                yield entry, "half-written"


def _delete(workspace: Workspace, path: Path, what: str, report: CleanReport, at_once: bool = False) -> bool:
    """Delete one thing and say so; what cannot be deleted must not keep the rest from being deleted."""
    name = os.path.relpath(path, workspace.path)
    try:
        freed_bytes = remove_tree(workspace, path, at_once)
    except (InputError, OSError) as error:
        report.items.append(f"{name} ({what}) could not be deleted: {error}")
        return False
    report.freed_bytes += freed_bytes
    report.items.append(f"{name} ({what}): {freed_bytes / 1e6:,.1f} MB")
    return True


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder of ours; nothing when it is missing, or a link that leads elsewhere."""
    return sorted(folder.iterdir()) if is_real_folder(folder) else []


def _max_upload_age(folder: Path) -> timedelta:
    is_empty = not any(content.stat().st_size for content in folder.glob("*.bin"))
    return EMPTY_UPLOAD_AGE if is_empty else UPLOAD_AGE


def _age(path: Path, now: datetime) -> timedelta:
    """Time since anything in a file or folder has changed."""
    newest_s = max((entry.st_mtime for entry in tree_stats(path)), default=now.timestamp())
    return timedelta(seconds=now.timestamp() - newest_s)


def _frees_room(entry: os.stat_result) -> bool:
    return stat.S_ISREG(entry.st_mode) and entry.st_nlink == 1


def _processes_of(workspace: Workspace) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            if process.environ().get(WORKSPACE_VARIABLE) == str(workspace.path):
                yield process
        except (psutil.AccessDenied, psutil.NoSuchProcess):  # of another user, or it has just ended
            continue


def _kill(process: psutil.Process) -> bool:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return False
    return True
