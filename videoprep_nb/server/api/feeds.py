"""What happens to jobs, read and written as text once for all who follow them.

One watcher asks the store what is new about all followed jobs together. Each follower only remembers how far it is, so
one that reads slowly, or not at all, takes neither time nor memory of the others.
"""

import asyncio
import json
import logging
from bisect import bisect_right
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from anyio import to_thread
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from videoprep_nb.core.errors import StoreUnavailable
from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.store.rows import Event
from videoprep_nb.server.api.schemas import EventMessage
from videoprep_nb.server.metrics import Metrics

_INTERVAL_S = 0.5
_INTERVALS_PER_PING = 30
_MAX_KEPT_EVENTS = 4096
_OLDER_EVENTS_AT_A_TIME = 500
# a connection that nobody reads from holds about so much
_BATCH_BYTES = 64 * 1024
_log = logging.getLogger(__name__)


class Feed:
    """What has happened to one job, as text.

    Attributes:
        follower_count: How many follow it.
        is_read: Whether it has been read from the store.
        state: The state of the job; None when it was deleted, or nothing more will be read.
        forgotten_id: The newest event that is not kept any more, 0 if there is none.
        changed: Set when something of this has changed, or it is time for a sign of life; replaced then.
    """

    def __init__(self) -> None:
        self.follower_count = 0
        self.is_read = False
        self.state: State | None = None
        self.forgotten_id = 0
        self.changed = asyncio.Event()
        self._ids: list[int] = []
        self._texts: list[bytes] = []

    @property
    def last_id(self) -> int:
        """The id of the newest event, 0 before the first one."""
        return self._ids[-1] if self._ids else 0

    def after(self, last_id: int) -> tuple[bytes, int]:
        """Some of the events after one.

        Returns:
            Their text, empty when there are none, and the id of the last of them.
        """
        start = end = bisect_right(self._ids, last_id)
        size_bytes = 0
        while end < len(self._ids) and size_bytes < _BATCH_BYTES:
            size_bytes += len(self._texts[end])
            end += 1
        return b"".join(self._texts[start:end]), self._ids[end - 1] if end > start else last_id

    def update(self, state: State | None, texts: Iterable[tuple[int, bytes]]) -> None:
        """Add new events, and wake the followers if there are any, or the state is another one."""
        new = list(texts)
        is_changed = bool(new) or state is not self.state
        self.is_read = True
        self.state = state
        self._ids += [event_id for event_id, _ in new]
        self._texts += [text for _, text in new]
        if surplus := max(0, len(self._ids) - _MAX_KEPT_EVENTS):
            self.forgotten_id = self._ids[surplus - 1]
            del self._ids[:surplus], self._texts[:surplus]
        if is_changed:
            self.wake()

    def wake(self) -> None:
        """Have all followers see what there is."""
        self.changed.set()
        self.changed = asyncio.Event()


class JobFeeds:
    """The feeds of all followed jobs. Only for use in one event loop.

    Args:
        service: The service.
        metrics: Where followers and reads are counted.
        is_stopping: Whether the server stops, so that nobody may follow any more.
    """

    def __init__(self, service: Service, metrics: Metrics, is_stopping: Callable[[], bool]) -> None:
        self._service = service
        self._metrics = metrics
        self._is_stopping = is_stopping
        self._feeds: dict[str, Feed] = {}
        self._reading = asyncio.Lock()
        self._watcher: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def follow(self, job_id: str) -> AsyncIterator[Feed]:
        """Follow a job for as long as the block takes.

        Yields:
            Its feed, which goes on while it is followed.
        """
        feed = self._feeds.setdefault(job_id, Feed())
        feed.follower_count += 1
        try:
            async with self._reading:
                if not feed.is_read:
                    await self._read({job_id: feed})
            if self._watcher is None or self._watcher.done():
                self._watcher = asyncio.create_task(self._watch())
            with self._metrics.followers.track_inprogress():
                yield feed
        finally:
            feed.follower_count -= 1
            if not feed.follower_count:
                del self._feeds[job_id]

    async def texts(self, job_id: str, feed: Feed, last_id: int) -> AsyncGenerator[bytes]:
        """The events after one until the job has ended, with signs of life in between.

        Args:
            job_id: The job.
            feed: Its feed, which is followed.
            last_id: The id of the last event that is known already.

        Yields:
            Server-sent events.
        """
        while True:
            if last_id < feed.forgotten_id:
                older = await to_thread.run_sync(self._service.events, job_id, last_id, _OLDER_EVENTS_AT_A_TIME)
                text, last_id = b"".join(map(event_text, older)), older[-1].id if older else feed.forgotten_id
            else:
                text, last_id = feed.after(last_id)
            if text:
                yield text
            elif feed.state is None:
                return
            elif feed.state in ENDED:
                yield end_text(feed.state)
                return
            else:
                await feed.changed.wait()
                if feed.last_id <= last_id:
                    yield KEEPALIVE_COMMENT

    async def _watch(self) -> None:
        interval = 0
        while self._feeds and not self._is_stopping():
            await asyncio.sleep(_INTERVAL_S)
            interval += 1
            try:
                async with self._reading:
                    await self._read({job_id: feed for job_id, feed in self._feeds.items() if feed.is_read})
            except StoreUnavailable:
                continue
            except Exception:
                _log.exception("Followers of jobs have to ask again.")
                break
            if interval % _INTERVALS_PER_PING == 0:
                for feed in self._feeds.values():
                    feed.wake()
        for feed in self._feeds.values():
            feed.update(None, ())

    async def _read(self, feeds: dict[str, Feed]) -> None:
        """Read what is new about jobs."""
        states, texts = await to_thread.run_sync(self._news, {job_id: feed.last_id for job_id, feed in feeds.items()})
        self._metrics.follower_reads.inc()
        for job_id, feed in feeds.items():
            feed.update(states.get(job_id), texts.get(job_id, ()))

    def _news(self, known: dict[str, int]) -> tuple[dict[str, State], dict[str, list[tuple[int, bytes]]]]:
        news = self._service.news(known)
        texts: dict[str, list[tuple[int, bytes]]] = {}
        for event in news.events:
            texts.setdefault(event.job_id, []).append((event.id, event_text(event)))
        return news.states, texts


def event_text(event: Event) -> bytes:
    """An event as a server-sent event."""
    return format_sse_event(event=event.kind, data_str=EventMessage.of(event).model_dump_json(), id=str(event.id))


def end_text(state: State) -> bytes:
    """The last server-sent event."""
    return format_sse_event(event="end", data_str=json.dumps({"state": state}))
