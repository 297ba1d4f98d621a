"""A job that is being worked on, and the clips that its videos have been cut into."""

from fractions import Fraction
from pathlib import Path

from tests.jobs.scheduling.test_plan import keys, make_spec
from videoprep_nb.core.layout import CLIP_TABLE_NAME, clip_id
from videoprep_nb.core.records import ClipRecord, ClipTable
from videoprep_nb.jobs.engine.cluster import Slots
from videoprep_nb.jobs.scheduling.active import ActiveJob
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.task import Task


def cut(folder: JobFolder, video_id: str, clip_count: int) -> None:
    """Write the record of a video that has been cut."""
    clips = [
        ClipRecord(
            clip_id=clip_id(video_id, index),
            start_frame=10 * index,
            frame_count=10,
            rate=Fraction(10),
            width=160,
            height=90,
            stream_copied=True,
        )
        for index in range(clip_count)
    ]
    table = ClipTable(video_id=video_id, source_frame_count=10 * clip_count, clips=clips)
    path = folder.scratch / "clips" / video_id / CLIP_TABLE_NAME
    path.parent.mkdir(parents=True)
    table.write(path)


def test_long_video_gets_its_parts_when_its_clips_are_counted(tmp_path: Path):
    job = ActiveJob(make_spec(2, clips_per_task=2), JobFolder(tmp_path), "")
    assert len(job.tasks()) == 10
    cut(job.folder, "1", 2)
    cut(job.folder, "2", 4)
    assert not job.count_clips(["1"])  # it has no parts
    assert len(job.tasks()) == 10
    assert job.count_clips(["2"])
    assert [key for key in keys(job.tasks()) if "part" in key] == ["track_persons_2_part_1", "track_persons_2_part_2"]
    assert not job.count_clips(["1", "2"])


def test_job_that_goes_on_knows_its_parts_at_once(tmp_path: Path):
    folder = JobFolder(tmp_path)
    cut(folder, "1", 3)
    tasks = ActiveJob(make_spec(1, clips_per_task=2), folder, "").tasks()
    assert [task.clip_count for task in tasks if task.part] == [2, 1]


def test_task_that_has_waited_longest_is_started_first(tmp_path: Path):
    job = ActiveJob(make_spec(3), JobFolder(tmp_path), "")
    first, second, third = (Task("resize", video) for video in job.spec.videos)
    job.note_ready([second, third])
    assert job.first_ready(Slots(1, 0), gpu_is_free=False, cpu_is_free=True) == second
    assert job.first_ready(Slots(1, 0), gpu_is_free=True, cpu_is_free=False) is None
    job.note_ready([first, third])
    assert job.ready == [third, first]


def test_part_that_has_begun_goes_on_before_another_one_begins(tmp_path: Path):
    job = ActiveJob(make_spec(1), JobFolder(tmp_path), "")
    video = job.spec.videos[0]
    begins = [Task("resize", video, part, part_count=3) for part in (2, 3)]
    goes_on = Task("clip", video, 1, part_count=3)
    job.note_ready(begins)
    job.note_ready([*begins, goes_on])
    assert job.ready == [goes_on, *begins]
