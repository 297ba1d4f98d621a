"""The table of states, written out a second time by hand."""

from itertools import product

import pytest

from videoprep_nb.core.errors import WrongState
from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.states import check_transition

JOB_STEPS = """
queued -> running, failed, cancelled
running -> done, completed with errors, failed, cancelled, queued
done -> queued
completed with errors -> queued
failed -> queued
cancelled -> queued
"""

TASK_STEPS = """
waiting -> queued, cancelled
queued -> running, waiting, failed, cancelled
running -> done, failed, cancelled, waiting
done -> waiting
failed -> waiting
cancelled -> waiting
"""


def steps(text: str) -> set[tuple[str, str]]:
    """The pairs (old, new) of such a table."""
    lines = [line.split(" -> ") for line in text.strip().splitlines()]
    return {(old, new) for old, following in lines for new in following.split(", ")}


ALLOWED = {"job": steps(JOB_STEPS), "task": steps(TASK_STEPS)}


@pytest.mark.parametrize(
    ("kind", "old", "new"), [pytest.param(*step, id=" ".join(step)) for step in product(ALLOWED, State, State)]
)
def test_exactly_these_steps_are_allowed(kind: str, old: State, new: State):
    if (old, new) in ALLOWED[kind]:
        check_transition(kind, old, new)
    else:
        with pytest.raises(WrongState, match=f"{kind} is {old} and cannot become {new};"):
            check_transition(kind, old, new)


def test_ended_states_are_left_only_by_a_retry():
    retry = {("job", "queued"), ("task", "waiting")}
    assert {(kind, new) for kind in ALLOWED for old, new in ALLOWED[kind] if State(old) in ENDED} == retry
