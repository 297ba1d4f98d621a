"""What a retry need not repeat, saved from the scratch folder of a job that ended early or with errors.

Of a video that is done these are its frames and tracks, small beside its clips, which go. Of any other video it is the
detections, by far the most expensive part of its work; they are found again by the fingerprints of its clips.
"""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from videoprep_nb.core.layout import CLIP_TABLE_NAME
from videoprep_nb.jobs.scheduling.plan import JobFolder, Unit


def keep_for_retry(folder: JobFolder, units: Iterable[Unit], done_video_ids: Iterable[str]) -> None:
    """Move what a retry can use out of the scratch folder of a job.

    Args:
        folder: The job's folder.
        units: All units of the job.
        done_video_ids: The videos of which every unit is done.
    """
    done = set(done_video_ids)
    for video_id in done:
        _move(folder, _products(video_id))
    for video_id in {unit.video.video_id for unit in units if unit.video} - done:
        _move(folder, [Path("detections") / video_id])
    # last, since they say that all the rest is there
    _move(folder, [_marker(folder, unit) for unit in units if unit.video and unit.video.video_id in done])


def bring_back_kept(folder: JobFolder) -> None:
    """Put back what was kept, before a job is worked on again; nothing happens when nothing was."""
    if folder.kept.exists():
        shutil.rmtree(folder.scratch, ignore_errors=True)
        folder.kept.replace(folder.scratch)


def _products(video_id: str) -> Iterator[Path]:
    """What the last stages, the plan and the result of a job read of a video, in its scratch folder."""
    yield Path("resized") / f"{video_id}.json"
    yield Path("clips") / video_id / CLIP_TABLE_NAME
    yield Path("frames") / video_id
    yield Path("tracks") / video_id


def _marker(folder: JobFolder, unit: Unit) -> Path:
    return (folder.units / unit.key).relative_to(folder.scratch)


def _move(folder: JobFolder, names: Iterable[Path]) -> None:
    for name in names:
        source, target = folder.scratch / name, folder.kept / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
