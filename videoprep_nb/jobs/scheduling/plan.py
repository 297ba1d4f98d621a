"""From a job to its tasks: pure functions, nothing is read or run here."""

from collections.abc import Mapping, Sequence
from typing import Any

from videoprep_nb.core.file_names import path_to_text
from videoprep_nb.jobs.models import ENDED, JobSpec, State, VideoInput
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.task import Task
from videoprep_nb.stages.base import Scope, Stage
from videoprep_nb.stages.chain import Chain
from videoprep_nb.stages.registry import STAGES


def plan_tasks(spec: JobSpec, clip_counts: Mapping[str, int]) -> list[Task]:
    """All tasks of a job with what they need.

    Stages of scope ``SPLIT`` and ``PART`` work on a long video in several parts side by side. Each part is a run of the
    stage that makes what belongs to the part; the run over the whole video comes after them and finds what they made,
    so ids continue through the whole video. A part needs only the same part of the stages before. A video that cannot
    be split from the start has parts only in stages of scope ``PART``, of some clips each, once its clips are cut.

    Args:
        spec: The job.
        clip_counts: Clips by video id, of the videos that have been cut by now; the others are not split yet.

    Returns:
        The tasks, each after those that it needs.
    """
    chain = spec.params.chain
    stages = _longest_first(chain)
    tasks = [
        task
        for video in spec.videos
        for task in _plan_video(video, stages, spec.options.clips_per_task, clip_counts.get(video.video_id, 0))
    ]
    ends = _last_tasks(tasks)
    for stage in chain.stages:
        if not stage.is_per_video:
            needs = [STAGES[name] for name in chain.needs_of(stage)]
            joins = any(need.is_per_video for need in needs)
            before = tuple(need.key for need in needs if not need.is_per_video)
            tasks.append(Task(stage.name, None, after=(*(ends if joins else ()), *before)))
    return tasks


def _last_tasks(tasks: Sequence[Task]) -> tuple[str, ...]:
    """The tasks of videos that no other task of a video needs."""
    needed = {key for task in tasks for key in task.after}
    return tuple(task.key for task in tasks if task.key not in needed)


def _plan_video(
    video: VideoInput, stages: Sequence[tuple[Stage, tuple[str, ...]]], clips_per_task: int, clip_count: int
) -> list[Task]:
    tasks: list[Task] = []
    for stage, needs in stages:
        before = tuple(Task(name, video).key for name in needs)
        if video.part_count > 1:
            parts = _split_parts(stage, video, needs)
        else:
            parts = _parts(stage, video, clips_per_task, clip_count, before)
        after = (*before, *(part.key for part in parts))
        tasks += [*parts, Task(stage.name, video, part_count=video.part_count, after=after)]
    return tasks


def _split_parts(stage: Stage, video: VideoInput, needs: Sequence[str]) -> list[Task]:
    """The tasks of a stage for the parts of a video that is split from the start."""
    if stage.scope not in (Scope.SPLIT, Scope.PART):
        return []
    parts = []
    for part in range(1, video.part_count + 1):
        before = (
            Task(name, video, part if STAGES[name].scope in (Scope.SPLIT, Scope.PART) else None).key for name in needs
        )
        parts.append(Task(stage.name, video, part, part_count=video.part_count, after=tuple(before)))
    return parts


def _longest_first(chain: Chain) -> list[tuple[Stage, tuple[str, ...]]]:
    """The stages of a video with what they need, each after that; of two that could be next, the longer one first.

    Other work has time until the long way to the end is done.
    """
    waiting = {stage.name: (stage, chain.needs_of(stage)) for stage in chain.stages if stage.is_per_video}
    planned: list[tuple[Stage, tuple[str, ...]]] = []
    while waiting:
        ready = [entry for entry in waiting.values() if waiting.keys().isdisjoint(entry[1])]
        if not ready:
            raise ValueError(f"the stages {', '.join(sorted(waiting))} need each other")
        planned.append(max(ready, key=lambda entry: entry[0].weight))
        del waiting[planned[-1][0].name]
    return planned


def _parts(stage: Stage, video: VideoInput, size: int, clip_count: int, after: tuple[str, ...]) -> list[Task]:
    if stage.scope is not Scope.PART or clip_count <= size:
        return []
    starts = range(0, clip_count, size)
    return [
        Task(stage.name, video, number, first, min(size, clip_count - first), after=after)
        for number, first in enumerate(starts, start=1)
    ]


def ready_tasks(tasks: Sequence[Task], states: Mapping[str, State]) -> list[Task]:
    """The waiting tasks whose needs are met.

    The stage that joins the videos needs every video to have ended and one of them to be good; any other task needs
    all tasks before it to be done.
    """
    good = good_video_ids(tasks, states)
    return [
        task
        for task in tasks
        if states[task.key] is State.WAITING
        and (
            all(states[key] is State.DONE for key in task.after)
            or (task.joins_videos and good and all(states[key] in ENDED for key in task.after))
        )
    ]


def blocked_tasks(tasks: Sequence[Task], states: Mapping[str, State]) -> list[Task]:
    """The waiting tasks whose needs can no longer be met."""
    good = good_video_ids(tasks, states)
    return [
        task
        for task in tasks
        if states[task.key] is State.WAITING
        and (
            all(states[key] in ENDED for key in task.after) and not good
            if task.joins_videos
            else any(states[key] in ENDED - {State.DONE} for key in task.after)
        )
    ]


def good_video_ids(tasks: Sequence[Task], states: Mapping[str, State]) -> list[str]:
    """The videos of which every task is done, in their order."""
    videos = {task.video.video_id: True for task in tasks if task.video}
    for task in tasks:
        if task.video and states[task.key] is not State.DONE:
            videos[task.video.video_id] = False
    return [video_id for video_id, is_good in videos.items() if is_good]


def task_parameters(task: Task, spec: JobSpec, folder: JobFolder, good_video_ids: list[str]) -> dict[str, Any]:
    """The parameters of a task's notebook: its folders, then what the job asks for.

    Args:
        task: The task.
        spec: The job.
        folder: The job's folder.
        good_video_ids: The videos that go into the package.

    Returns:
        Values by parameter name; parameters that are left out keep their defaults.
    """
    stage, chain = STAGES[task.stage], spec.params.chain
    given = {name: path and path_to_text(folder.scratch / path) for name, path in chain.given_to(stage).items()}
    places = given | {
        "scratch": path_to_text(folder.scratch),
        "preview": path_to_text(folder.preview) if spec.options.previews and chain.makes_preview(stage) else "",
        "package_file": path_to_text(folder.staged_package),
        "video_file": path_to_text(task.video.path) if task.video else "",
        "original_name": task.video.original_name if task.video else "",
        "video_id": task.video.video_id if task.video else "",
        "video_ids": good_video_ids,
        "part": task.part,
        "own_part": task.own_part,
        "part_count": task.part_count,
        "first_clip": task.first_clip,
        "clip_count": task.clip_count,
        "job_params": spec.params.model_dump(mode="json"),
    }
    return stage.places(places, is_part=task.part is not None) | requested_parameters(stage, spec)


def requested_parameters(stage: Stage, spec: JobSpec) -> dict[str, Any]:
    """The parameters that the job asks for, of the stage itself and of stages that it follows."""
    requested = spec.params.given(stage.name)
    for name, followed in stage.follows.items():
        other, _, parameter = followed.partition(".")
        given = spec.params.given(other)
        if parameter in given:
            requested[name] = given[parameter]
    return requested
