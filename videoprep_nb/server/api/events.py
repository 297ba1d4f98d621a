"""The events of a job as a stream."""

from collections.abc import Iterable
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import Field
from starlette.types import Send

from videoprep_nb.server.api.dependencies import LARGEST_ID, Jobs, KnownJobId
from videoprep_nb.server.api.feeds import JobFeeds, end_text, event_text
from videoprep_nb.server.problems import problem_docs

router = APIRouter(prefix="/api")


def _feeds(request: Request) -> JobFeeds:
    feeds: JobFeeds = request.app.state.feeds
    return feeds


class _Events(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"

    def __init__(self, texts: Iterable[bytes]) -> None:
        # proxies must pass each of them on at once
        super().__init__(texts, headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})


class _Following(_Events):
    """The events of a job until it has ended.

    Args:
        feeds: The feeds of all followed jobs.
        job_id: The job, which its reader may see.
        last_id: The id of the last event that is known already.
    """

    def __init__(self, feeds: JobFeeds, job_id: str, last_id: int) -> None:
        super().__init__(())
        self._feeds = feeds
        self._job_id = job_id
        self._last_id = last_id

    async def stream_response(self, send: Send) -> None:
        """Send the events (ASGI)."""
        async with self._feeds.follow(self._job_id) as feed:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with aclosing(self._feeds.texts(self._job_id, feed, self._last_id)) as texts:
                async for text in texts:
                    await send({"type": "http.response.body", "body": text, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@router.get(
    "/jobs/{job_id}/events",
    status_code=HTTPStatus.OK,  # the document of the API cannot tell it from the class
    response_class=_Events,
    responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def stream_events(
    job_id: KnownJobId,
    jobs: Jobs,
    feeds: Annotated[JobFeeds, Depends(_feeds)],
    since: Annotated[int, Query(description="only what came after the event with this id", ge=0, le=LARGEST_ID)] = 0,
    follow: Annotated[bool, Query(description="stay until the job has ended")] = True,
    last_event_id: Annotated[
        Annotated[int, Field(ge=0, le=LARGEST_ID)] | Literal[""],
        Header(description="like `since`; browsers send it when they reconnect"),
    ] = "",
) -> StreamingResponse:
    """Follow a job by server-sent events.

    The events are `job`, `task` and `message`, with an id and an object of `at`, `text` and `data`; after the last
    one comes `end`, with the state of the job. How many frames are done is in `GET /api/jobs/{job_id}`.
    """
    last_id = max(since, last_event_id or 0)
    if follow:
        return _Following(feeds, job_id, last_id)
    state = jobs.row(job_id).state  # first: when it says that the job has ended, no event is missing
    texts = [*map(event_text, jobs.events(job_id, last_id)), end_text(state)]
    return _Events(texts)
