"""Bodies of requests: how large they may be, before anything parses them."""

from collections.abc import Callable
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from videoprep_nb.server.problems import problem_response

MAX_BODY_BYTES = 1024 * 1024
"""What forms of the page and of programs need at most, all but videos."""


class CapBodies:
    """Refuses bodies that are too large, announced or not, and packed ones, which nothing here unpacks.

    That of Starlette answers in plain text, and only when somebody reads the body.

    Args:
        app: What parses bodies.
        max_bytes_of: The largest body of a request that sends videos, which checks itself what is announced; None for
            all others, whose bodies have at most ``MAX_BODY_BYTES``.
    """

    def __init__(self, app: ASGIApp, max_bytes_of: Callable[[Scope], int | None]) -> None:
        self._app = app
        self._max_bytes_of = max_bytes_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        max_upload_bytes = self._max_bytes_of(scope)
        headers = Headers(scope=scope)
        if headers.get("content-encoding", "identity").lower() != "identity":
            sentence = "Got a compressed body; send it without Content-Encoding."
            answer = problem_response(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, sentence)
            await answer(scope, receive, send)
        elif max_upload_bytes is None and int(headers.get("content-length", "0")) > MAX_BODY_BYTES:
            answer = problem_response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large(MAX_BODY_BYTES))
            await answer(scope, receive, send)
        else:
            await self._app(scope, _receive_at_most(max_upload_bytes or MAX_BODY_BYTES, receive), send)


def _receive_at_most(max_bytes: int, receive: Receive) -> Receive:
    received_bytes = 0

    async def receive_some() -> Message:
        nonlocal received_bytes
        message = await receive()
        received_bytes += len(message.get("body", b""))
        if received_bytes > max_bytes:
            # whatever parses the body lets this one pass
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large(max_bytes))
        return message

    return receive_some


def _too_large(max_bytes: int) -> str:
    return f"The body of the request is too large; the limit here is {max_bytes:,} bytes."
