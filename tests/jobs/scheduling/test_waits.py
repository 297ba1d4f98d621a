"""What is tried again, how often, and what a job that waits says."""

import re

import pytest

from videoprep_nb.jobs.notebook_runner.process import OutcomeKind
from videoprep_nb.jobs.scheduling.waits import Waits, doubling_delays

DAY_S = 86400.0


def test_delays_are_bounded_in_number_and_time():
    delays = doubling_delays(2.0, 60.0, 900.0)
    assert delays[:6] == (2, 4, 8, 16, 32, 60)
    assert sum(delays) <= 900
    assert len(delays) == 18
    assert doubling_delays(5.0, 300.0, 0.0) == ()


@pytest.mark.parametrize(
    ("kind", "tries"),
    [
        (OutcomeKind.DIED, 1),
        (OutcomeKind.LOST, 2),
        (OutcomeKind.TROUBLE, 18),
        (OutcomeKind.OUT_OF_MEMORY, 1),
        (OutcomeKind.FAILED, 0),
        (OutcomeKind.TIMED_OUT, 0),
    ],
)
def test_tries_of_a_task_are_counted_by_kind(kind: OutcomeKind, tries: int):
    waits = Waits(DAY_S)
    waits.put_off("job", "task", OutcomeKind.DISK_FULL, "0 MB free.")
    put_off = [bool(waits.put_off("job", "task", kind, "It ended.")) for _ in range(tries + 1)]
    assert put_off == [True] * tries + [False]
    assert bool(waits.put_off("job", "other task", kind, "It ended.")) is (tries > 0)


def test_nothing_waits_for_room_where_nobody_makes_any():
    waits = Waits(0.0)
    assert not waits.put_off("job", "task", OutcomeKind.DISK_FULL, "full")
    assert not waits.put_off("job", "task", OutcomeKind.OUT_OF_MEMORY, "full")
    assert waits.put_off("job", "task", OutcomeKind.TROUBLE, "no process")


def test_sentence_names_reason_and_next_try_until_the_job_is_forgotten():
    waits = Waits(DAY_S)
    waits.hold("job", "task", OutcomeKind.DISK_FULL, "2.1 GB free, 5.0 GB needed")
    [sentence] = waits.sentences().values()
    pattern = r"Waiting for disk space: 2\.1 GB free, 5\.0 GB needed; next try at \d\d:\d\d:\d\d UTC\."
    assert re.fullmatch(pattern, sentence)
    assert waits.is_held("job", "task")
    assert not waits.is_due("job", "task")
    assert waits.is_due("job", "another")
    waits.forget("job")
    assert waits.sentences() == {}
    assert waits.is_due("job", "task")
