"""The states of jobs and tasks and the steps between them; no other module knows which steps are allowed."""

from collections.abc import Mapping
from typing import Literal

from videoprep_nb.core.errors import WrongState
from videoprep_nb.jobs.models import ENDED, State

Kind = Literal["job", "task"]

TRANSITIONS: Mapping[Kind, Mapping[State, frozenset[State]]] = {
    "job": {
        # failed at once: its inputs have gone, or there is no room for its results
        State.QUEUED: frozenset({State.RUNNING, State.FAILED, State.CANCELLED}),
        # queued again: the service was started anew
        State.RUNNING: ENDED | {State.QUEUED},
        # queued again: somebody asked for a retry
        State.DONE: frozenset({State.QUEUED}),
        State.COMPLETED_WITH_ERRORS: frozenset({State.QUEUED}),
        State.FAILED: frozenset({State.QUEUED}),
        State.CANCELLED: frozenset({State.QUEUED}),
    },
    "task": {
        # cancelled before its turn: with its job, or because a task that it needs has failed
        State.WAITING: frozenset({State.QUEUED, State.CANCELLED}),
        # failed without having run: no worker could be found for it, or all died before it began
        State.QUEUED: frozenset({State.RUNNING, State.WAITING, State.FAILED, State.CANCELLED}),
        # waiting again: its process or worker has died, or the service was started anew
        State.RUNNING: frozenset({State.DONE, State.FAILED, State.CANCELLED, State.WAITING}),
        # waiting again: its job is retried
        State.DONE: frozenset({State.WAITING}),
        State.FAILED: frozenset({State.WAITING}),
        State.CANCELLED: frozenset({State.WAITING}),
    },
}
"""From each state, the states that may follow it."""


def check_transition(kind: Kind, old: State, new: State) -> None:
    """Check that a job or task may go from one state to another.

    Raises:
        WrongState: It may not.
    """
    allowed = TRANSITIONS[kind].get(old, frozenset())
    if new not in allowed:
        following = " or ".join(sorted(allowed)) or "nothing"
        raise WrongState(f"This {kind} is {old} and cannot become {new}; what may follow is {following}.")
