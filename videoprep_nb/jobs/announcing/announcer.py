"""Delivers ends of jobs until they are taken.

A thread of its own delivers for each channel, so neither a job nor a request ever waits for a receiver. What is not
delivered yet is in the database and survives a restart.
"""

import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from videoprep_nb.core.errors import InputError, NoSuchJob, VideoPrepError
from videoprep_nb.core.text import plural
from videoprep_nb.jobs.announcing.announcement import Announcement, AnnouncementError, Channel
from videoprep_nb.jobs.models import JobResult
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.deliveries import Delivery
from videoprep_nb.jobs.store.rows import JobRow
from videoprep_nb.jobs.store.store import Store
from videoprep_nb.jobs.totals import Totals

_POLL_S = 0.5
_CLOSE_TIMEOUT_S = 2.0
_FIRST_PAUSE_S = 5.0
_MAX_PAUSE_S = 3600.0
_GIVE_UP_AFTER = timedelta(days=3)
_log = logging.getLogger(__name__)


class Announcer:
    """Delivers the ends of jobs to a channel, in the background, until it is closed.

    Args:
        workspace: Where the results of jobs lie.
        store: Where ends are noted from now on.
        channel: Where they go.
    """

    def __init__(self, workspace: Workspace, store: Store, channel: Channel) -> None:
        self._workspace = workspace
        self._store = store
        self._channel = channel
        self._closing = threading.Event()
        store.deliveries.channels.add(channel.name)
        self._thread = threading.Thread(target=self._run, name=channel.name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop. A message that is on its way is not waited for; it is sent again by the next service."""
        self._closing.set()
        self._thread.join(_CLOSE_TIMEOUT_S)

    def notices(self) -> list[str]:
        """What could not be delivered so far, a sentence each."""
        return [
            f"The end of Job {each.job_number} has not been announced by {self._channel.name} "
            f"({plural(each.attempt, 'attempt')}): {each.problem}"
            for each in self._store.deliveries.failing(self._channel.name)
        ]

    def _run(self) -> None:
        while not self._closing.wait(_POLL_S):
            try:
                self._deliver_due()
            except (VideoPrepError, OSError) as error:  # of database or disk, which their other users report
                _log.warning("The %s waits: %s", self._channel.name, error)

    def _deliver_due(self) -> None:
        for delivery in self._store.deliveries.due(self._channel.name, datetime.now(UTC)):
            try:
                announcement = self._announcement(delivery)
            except NoSuchJob:  # deleted meanwhile, and the delivery with it
                continue
            problem = self._problem(announcement)
            if self._closing.is_set():
                return
            self._note(delivery, problem)

    def _problem(self, announcement: Announcement) -> str:
        """Why an announcement was not taken; empty when it was."""
        try:
            self._channel.send(announcement)
        except AnnouncementError as error:
            return str(error)
        return ""

    def _note(self, delivery: Delivery, problem: str) -> None:
        now = datetime.now(UTC)
        if not problem:
            self._store.deliveries.remove(delivery.delivery_id)
        elif now - delivery.ended_at > _GIVE_UP_AFTER:
            _log.error(
                "The end of Job %s is not announced by %s any more: %s",
                delivery.job_number,
                self._channel.name,
                problem,
            )
            self._store.deliveries.remove(delivery.delivery_id)
        else:
            pause_s = min(_FIRST_PAUSE_S * 2**delivery.attempt, _MAX_PAUSE_S)
            self._store.deliveries.postpone(delivery.delivery_id, problem, now + timedelta(seconds=pause_s))

    def _announcement(self, delivery: Delivery) -> Announcement:
        job = self._store.job(delivery.job_id)
        return Announcement(
            delivery.delivery_id,
            job,
            delivery.state,
            job.message if job.state is delivery.state else "",
            delivery.ended_at,
            self._totals(job, delivery),
        )

    def _totals(self, job: JobRow, delivery: Delivery) -> Totals | None:
        try:
            result = JobResult.read(self._workspace.job_folder(job.job_id).result)
        except InputError:
            return None
        return Totals.of(result.videos) if result.state is delivery.state else None


class Announcers:
    """Everything that announces ends of jobs, until it is closed.

    Args:
        workspace: Where the results of jobs lie.
        store: Where ends are noted from now on.
        channels: What announces them.
    """

    def __init__(self, workspace: Workspace, store: Store, channels: Sequence[Channel]) -> None:
        self._names = {channel.name for channel in channels}
        self._announcers = [Announcer(workspace, store, channel) for channel in channels]

    def __contains__(self, name: str) -> bool:
        """Whether there is a channel of a name."""
        return name in self._names

    def close(self) -> None:
        """Stop all."""
        for announcer in self._announcers:
            announcer.close()

    def notices(self) -> list[str]:
        """What could not be announced so far, a sentence each."""
        return [notice for announcer in self._announcers for notice in announcer.notices()]
