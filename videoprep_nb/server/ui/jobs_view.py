"""The list of jobs."""

from dataclasses import dataclass, replace

from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.scheduling.fair_share import QueuePlace
from videoprep_nb.jobs.store.rows import JobRow
from videoprep_nb.server.security.access import UserJobs
from videoprep_nb.server.ui.live import Fragments
from videoprep_nb.server.ui.templates import render

PAGE_SIZE = 20


@dataclass(frozen=True)
class JobsQuery:
    """Which part of the list is shown.

    Args:
        state: Only jobs in this state, None: in any.
        search: Only jobs with this in them, see ``Store.jobs``; empty: all.
        page: Number of the page from 0, newest first.
    """

    state: State | None
    search: str
    page: int


@dataclass(frozen=True)
class _ListedJob:
    row: JobRow
    fraction_done: float
    remaining_s: float | None
    place: QueuePlace | None

    @property
    def has_ended(self) -> bool:
        return self.row.state in ENDED


def jobs_view(jobs: UserJobs, query: JobsQuery) -> Fragments:
    """The list of the jobs that a user may see."""
    rows, total = jobs.jobs(query.state, query.search or None, query.page * PAGE_SIZE, PAGE_SIZE)
    if not rows and total:  # the list has become shorter since its address was made
        return jobs_view(jobs, replace(query, page=(total - 1) // PAGE_SIZE))
    first = query.page * PAGE_SIZE + 1
    places = jobs.queue_places(rows)
    html = render(
        "jobs.html",
        jobs=[_listed(jobs, row, places.get(row.job_id)) for row in rows],
        is_filtered=bool(query.search or query.state),
        shows_owner=jobs.user.is_admin and bool(jobs.user.name),
        page=query.page,
        first=first,
        last=first + len(rows) - 1,
        total=total,
        disk_bytes=jobs.disk_bytes(),
    )
    return {"jobs": html}


def _listed(jobs: UserJobs, row: JobRow, place: QueuePlace | None) -> _ListedJob:
    if row.state is not State.RUNNING:
        return _ListedJob(row, 0.0, None, place)
    view = jobs.job(row.job_id)
    return _ListedJob(view.job, view.fraction_done, view.remaining_s, None)
