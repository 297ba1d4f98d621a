"""The plan of a job: pure tables of what comes after what."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from videoprep_nb.jobs.models import JobSpec, State, VideoInput
from videoprep_nb.jobs.params import JobOptions, JobParams
from videoprep_nb.jobs.scheduling.plan import (
    blocked_tasks,
    good_video_ids,
    plan_tasks,
    ready_tasks,
    task_parameters,
)
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.task import Task

FOLDER = JobFolder(Path("/jobs/x"))


def make_spec(video_count: int = 1, clips_per_task: int = 8, **params) -> JobSpec:
    videos = [
        VideoInput(video_id=str(number), original_name=f"{number}.mp4", path=Path(f"/in/{number}.mp4"))
        for number in range(1, video_count + 1)
    ]
    return JobSpec(
        job_id="20260131-0123456789abcdef",
        created_at=datetime(2026, 1, 31, tzinfo=UTC),
        version="0",
        videos=videos,
        params=JobParams(params),
        options=JobOptions(clips_per_task=clips_per_task),
    )


def make_states(tasks: list[Task], **others: State) -> dict[str, State]:
    """The tasks named, without their stage number, in a state of their own, all others done."""
    states = {task.key: others.get(task.key[3:], State.DONE) for task in tasks}
    assert set(others) <= {key[3:] for key in states}
    return states


def keys(tasks: list[Task]) -> list[str]:
    return [task.key[3:] for task in tasks]


def test_tasks_of_two_videos_and_what_they_need():
    needs = {task.key: task.after for task in plan_tasks(make_spec(2), {})}
    assert needs == {
        "01_resize_1": (),
        "02_clip_1": ("01_resize_1",),
        "03_extract_frames_1": ("02_clip_1",),
        "04_track_persons_1": ("02_clip_1",),
        "01_resize_2": (),
        "02_clip_2": ("01_resize_2",),
        "03_extract_frames_2": ("02_clip_2",),
        "04_track_persons_2": ("02_clip_2",),
        "05_generate_proposals": (
            "04_track_persons_1",
            "03_extract_frames_1",
            "04_track_persons_2",
            "03_extract_frames_2",
        ),
        "06_package": ("05_generate_proposals",),
    }


@pytest.mark.parametrize(
    ("clip_count", "clips_per_task", "parts"),
    [
        pytest.param(0, 2, [], id="not cut yet"),
        pytest.param(2, 2, [], id="fits one task"),
        pytest.param(3, 2, [(1, 0, 2), (2, 2, 1)], id="a shorter part at the end"),
        pytest.param(4, 2, [(1, 0, 2), (2, 2, 2)], id="equal parts"),
        pytest.param(3, 1, [(1, 0, 1), (2, 1, 1), (3, 2, 1)], id="a part per clip"),
    ],
)
def test_long_video_is_split(clip_count: int, clips_per_task: int, parts: list[tuple[int, int, int]]):
    tasks = plan_tasks(make_spec(1, clips_per_task), {"1": clip_count})
    found = [task for task in tasks if task.part]
    assert [(task.part, task.first_clip, task.clip_count) for task in found] == parts
    assert all(task.after == ("02_clip_1",) for task in found)
    [whole] = [task for task in tasks if task.stage == "track_persons" and task.part is None]
    assert whole.after == ("02_clip_1", *(task.key for task in found))
    assert (whole.first_clip, whole.clip_count) == (0, None)
    [joining] = [task for task in tasks if task.stage == "generate_proposals"]
    assert not any("part" in key for key in joining.after)


def test_video_that_is_split_from_the_start():
    spec = make_spec(1)
    video = spec.videos[0].model_copy(update={"part_count": 2})
    needs = {task.key: task.after for task in plan_tasks(spec.model_copy(update={"videos": [video]}), {"1": 40})}
    assert needs == {
        "01_resize_1_part_1": (),
        "01_resize_1_part_2": (),
        "01_resize_1": ("01_resize_1_part_1", "01_resize_1_part_2"),
        "02_clip_1_part_1": ("01_resize_1_part_1",),
        "02_clip_1_part_2": ("01_resize_1_part_2",),
        "02_clip_1": ("01_resize_1", "02_clip_1_part_1", "02_clip_1_part_2"),
        "03_extract_frames_1_part_1": ("02_clip_1_part_1",),
        "03_extract_frames_1_part_2": ("02_clip_1_part_2",),
        "03_extract_frames_1": ("02_clip_1", "03_extract_frames_1_part_1", "03_extract_frames_1_part_2"),
        "04_track_persons_1_part_1": ("02_clip_1_part_1",),
        "04_track_persons_1_part_2": ("02_clip_1_part_2",),
        "04_track_persons_1": ("02_clip_1", "04_track_persons_1_part_1", "04_track_persons_1_part_2"),
        "05_generate_proposals": ("04_track_persons_1", "03_extract_frames_1"),
        "06_package": ("05_generate_proposals",),
    }


W, Q, R, F, C = State.WAITING, State.QUEUED, State.RUNNING, State.FAILED, State.CANCELLED
AFTER_RESIZE = {"clip_1": W, "extract_frames_1": W, "track_persons_1": W}
ENDS = {"generate_proposals": W, "package": W}


@pytest.mark.parametrize(
    ("others", "ready", "blocked"),
    [
        pytest.param(
            {"resize_1": W, "resize_2": W, **AFTER_RESIZE, **ENDS}, ["resize_1", "resize_2"], [], id="at the start"
        ),
        pytest.param({"resize_1": R, **AFTER_RESIZE, **ENDS}, [], [], id="resize runs"),
        pytest.param({**AFTER_RESIZE, **ENDS}, ["clip_1"], [], id="resized"),
        pytest.param(
            {"extract_frames_1": W, "track_persons_1": W, **ENDS},
            ["track_persons_1", "extract_frames_1"],
            [],
            id="frames and persons side by side, what takes longer first",
        ),
        pytest.param({"extract_frames_1": Q, **ENDS}, [], [], id="the joining stage waits for every video"),
        pytest.param(ENDS, ["generate_proposals"], [], id="all videos done"),
        pytest.param({"package": W}, ["package"], [], id="package last"),
        pytest.param({"resize_1": F, **AFTER_RESIZE, **ENDS}, [], ["clip_1"], id="failed video cannot go on"),
        pytest.param(
            {"clip_1": C, "extract_frames_1": W, "track_persons_1": W, **ENDS},
            [],
            ["track_persons_1", "extract_frames_1"],
            id="nor a cancelled one",
        ),
        pytest.param({"track_persons_1": F, **ENDS}, ["generate_proposals"], [], id="one good video is enough"),
        pytest.param(
            {"track_persons_1": F, "resize_2": F, "clip_2": C, "extract_frames_2": C, "track_persons_2": C, **ENDS},
            [],
            ["generate_proposals"],
            id="no good video",
        ),
        pytest.param({"generate_proposals": F, "package": W}, [], ["package"], id="no package without proposals"),
    ],
)
def test_ready_and_blocked_tasks(others: dict[str, State], ready: list[str], blocked: list[str]):
    tasks = plan_tasks(make_spec(2), {})
    states = make_states(tasks, **others)
    assert keys(ready_tasks(tasks, states)) == ready
    assert keys(blocked_tasks(tasks, states)) == blocked


@pytest.mark.parametrize(
    ("part_2", "ready", "blocked", "good"),
    [
        pytest.param(State.RUNNING, [], [], [], id="a part runs"),
        pytest.param(State.DONE, ["track_persons_1"], [], [], id="parts done"),
        pytest.param(State.FAILED, [], ["track_persons_1"], [], id="a part failed"),
    ],
)
def test_parts_come_before_the_whole(part_2: State, ready: list[str], blocked: list[str], good: list[str]):
    tasks = plan_tasks(make_spec(1, 1), {"1": 2})
    states = make_states(tasks, track_persons_1_part_2=part_2, track_persons_1=W, **ENDS)
    assert keys(ready_tasks(tasks, states)) == ready
    assert keys(blocked_tasks(tasks, states)) == blocked
    assert good_video_ids(tasks, states) == good


@pytest.mark.parametrize(
    ("others", "good"),
    [
        pytest.param(ENDS, ["1", "2", "3"], id="all"),
        pytest.param({"track_persons_2": F, **ENDS}, ["1", "3"], id="tracking failed"),
        pytest.param({"extract_frames_1": C, **ENDS}, ["2", "3"], id="frames missing"),
    ],
)
def test_good_videos(others: dict[str, State], good: list[str]):
    tasks = plan_tasks(make_spec(3), {})
    assert good_video_ids(tasks, make_states(tasks, **others)) == good


def test_parameters_of_tasks():
    spec = make_spec(1, 1, extract_frames={"frames_per_second": 2.0}, track_persons={"confidence": 0.4})
    tasks = {task.key: task for task in plan_tasks(spec, {"1": 2})}

    def parameters(key: str) -> dict:
        return task_parameters(tasks[key], spec, FOLDER, ["1"])

    assert parameters("01_resize_1") == {
        "input_file": "/in/1.mp4",
        "output_dir": "/jobs/x/scratch/resized",
        "video_id": "1",
        "original_name": "1.mp4",
        "part": None,
        "part_count": 1,
    }
    assert parameters("03_extract_frames_1")["frames_per_second"] == 2.0
    whole, part = parameters("04_track_persons_1"), parameters("04_track_persons_1_part_2")
    assert (whole["first_clip"], whole["clip_count"]) == (0, None)
    assert (part["first_clip"], part["clip_count"]) == (1, 1)
    assert whole["detections_dir"] == part["detections_dir"]
    assert whole["output_dir"] != part["output_dir"]
    assert (whole["frames_per_second"], whole["confidence"]) == (2.0, 0.4)
    assert parameters("05_generate_proposals")["video_ids"] == ["1"]
    assert parameters("06_package")["output_file"] == "/jobs/x/scratch/result/final_package.zip"
