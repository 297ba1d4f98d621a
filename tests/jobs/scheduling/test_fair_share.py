"""Who is served next, for any number of owners, jobs, tasks and workers."""

from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.jobs.scheduling.test_plan import make_spec
from videoprep_nb.jobs.engine.cluster import Slots
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.scheduling.active import ActiveJob
from videoprep_nb.jobs.scheduling.attempts import Attempt
from videoprep_nb.jobs.scheduling.fair_share import QueuePlace, TaskTurns, queue_places
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.task import Task

JOBS = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 4)), min_size=1, max_size=12)


def make_job(owner: str, task_count: int, device: str = "cpu") -> ActiveJob:
    """A job whose tasks are all ready; they are of the stage that can use a GPU."""
    spec = make_spec(task_count, track_persons={"device": device})
    job = ActiveJob(spec, JobFolder(Path("/jobs/x")), owner)
    job.ready = [Task("track_persons", video) for video in spec.videos]
    return job


def make_attempt(job: ActiveJob, task: Task, slots: Slots) -> Attempt:
    return Attempt(task.key, Path("/"), job.owner, job.needs_gpu(task, slots), cancel=lambda: None)


def serve(jobs: list[ActiveJob], slots: Slots) -> list[tuple[ActiveJob, Task]]:
    """Run everything, the task that began first always ending first; what was taken, in order."""
    turns = TaskTurns()
    running: list[Attempt] = []
    taken: list[tuple[ActiveJob, Task]] = []
    while True:
        while choice := turns.take(jobs, running, slots):
            taken.append(choice)
            running.append(make_attempt(*choice, slots))
            assert len(running) <= slots.tasks
        if not running:
            return taken
        running.pop(0)


@settings(deadline=None, max_examples=50)
@given(JOBS, st.integers(1, 5))
def test_every_task_is_taken_once_and_those_of_an_owner_in_the_order_of_their_jobs(
    described: list[tuple[str, int]], slot_count: int
):
    jobs = [make_job(owner, count) for owner, count in described]
    expected = {owner: [(job, task) for job in jobs for task in job.ready if job.owner == owner] for owner in "abcd"}
    taken = serve(jobs, Slots(slot_count, slot_count))
    for owner, tasks in expected.items():
        own = [(job, task) for job, task in taken if job.owner == owner]
        assert [(id(job), task) for job, task in own] == [(id(job), task) for job, task in tasks]


@settings(deadline=None, max_examples=50)
@given(JOBS, st.integers(1, 5))
def test_while_two_owners_have_work_neither_gets_two_turns_more(described: list[tuple[str, int]], slot_count: int):
    jobs = [make_job(owner, count) for owner, count in described]
    left = Counter(job.owner for job in jobs for _ in job.ready)
    served: Counter[str] = Counter()
    for job, _ in serve(jobs, Slots(slot_count, slot_count)):
        having_work = [owner for owner in left if left[owner]]
        assert served[job.owner] <= min(served[owner] for owner in having_work)
        served[job.owner] += 1
        left[job.owner] -= 1


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 40), st.integers(1, 5))
def test_newcomer_is_next_however_many_wait(job_count: int, slot_count: int):
    turns, slots = TaskTurns(), Slots(slot_count, slot_count)
    jobs = [make_job("many", 1) for _ in range(job_count)]
    running: list[Attempt] = []
    while choice := turns.take(jobs, running, slots):
        running.append(make_attempt(*choice, slots))
    jobs.append(make_job("new", 1))
    del running[:1]
    choice = turns.take(jobs, running, slots)
    assert choice is not None
    assert choice[0].owner == "new"


def test_task_that_needs_a_gpu_leaves_the_other_workers_to_others():
    """One of three workers has a GPU."""
    jobs = [make_job("anna", 3, device="cuda"), make_job("anna", 1), make_job("bert", 3)]
    slots = Slots(tasks=3, gpu=1)
    taken = serve(jobs, slots)
    assert [(job.owner, job.needs_gpu(task, slots)) for job, task in taken[:3]] == [
        ("anna", True),
        ("bert", False),
        ("anna", False),
    ]
    assert serve([make_job("anna", 1, device="cuda")], Slots(tasks=3, gpu=0)) == []


def test_worker_with_a_gpu_that_is_reserved_takes_nothing_else():
    """One of two workers has a GPU; a task that leaves the choice of the device open takes it, too."""
    slots = Slots(tasks=2, gpu=1, gpu_is_reserved=True)
    jobs = [make_job("anna", 3), make_job("anna", 1, device="auto"), make_job("anna", 1, device="cuda")]
    turns, running = TaskTurns(), list[Attempt]()
    taken = []
    while choice := turns.take(jobs, running, slots):
        taken.append(choice[0])
        running.append(make_attempt(*choice, slots))
    assert taken == jobs[:2]
    chosen = turns.take(jobs, running[:1], slots)
    assert chosen is not None
    assert chosen[0] is jobs[2]


def test_job_that_is_to_be_stopped_gets_no_turn():
    job = make_job("anna", 1)
    job.stopped = (State.CANCELLED, "Stopped on request.")
    assert serve([job], Slots(1, 0)) == []


def test_place_in_the_queue_counts_the_owners_own_jobs_and_the_others_who_take_turns():
    jobs = [make_job(owner, 1) for owner in ("anna", "bert", "anna", "anna", "cleo")]
    for number, job in enumerate(jobs):
        job.spec = job.spec.model_copy(update={"job_id": str(number)})
    jobs[2].stopped = (State.CANCELLED, "Stopped on request.")
    places = {"0": (0, 2), "1": (0, 2), "3": (1, 2), "4": (0, 2)}
    assert queue_places(jobs) == {job_id: QueuePlace(*place) for job_id, place in places.items()}
    assert queue_places(jobs[:1]) == {"0": QueuePlace(0, 0)}
    assert queue_places([]) == {}


@settings(deadline=None, max_examples=50)
@given(JOBS)
def test_jobs_ahead_are_those_that_one_worker_begins_with_before(described: list[tuple[str, int]]):
    jobs = [make_job(owner, count) for owner, count in described]
    for number, job in enumerate(jobs):
        job.spec = job.spec.model_copy(update={"job_id": str(number)})
    places = queue_places(jobs)
    begun: list[ActiveJob] = []
    for job, _ in serve(jobs, Slots(1, 1)):
        if job not in begun:
            assert places[job.spec.job_id].jobs_ahead == sum(other.owner == job.owner for other in begun)
            begun.append(job)
