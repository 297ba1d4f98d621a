"""What has happened to several jobs since somebody asked last, in two queries however many jobs there are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.store.database import Database
from videoprep_nb.jobs.store.rows import Event, event_from


@dataclass(frozen=True)
class News:
    """What has happened to jobs.

    Args:
        states: The state of each job, by id; a job that does not exist is left out.
        events: Their new events, oldest first. When a state says that its job has ended, none is missing.
    """

    states: dict[str, State]
    events: list[Event]


def read_news(database: Database, known: Mapping[str, int]) -> News:
    """What has happened to jobs.

    Args:
        database: The database.
        known: By the id of each job, the id of the last event that is known already; 0 for none.
    """
    given = json.dumps(known)
    with database.lock:  # both queries see the same jobs
        states = database.read(
            "SELECT jobs.job_id, jobs.state FROM json_each(?) AS known CROSS JOIN jobs ON jobs.job_id = known.key",
            given,
        )
        events = database.read(
            "SELECT events.* FROM json_each(?) AS known "
            "CROSS JOIN events ON events.job_id = known.key AND events.id > known.value ORDER BY events.id",
            given,
        )
    return News({row["job_id"]: State(row["state"]) for row in states}, [event_from(row) for row in events])
