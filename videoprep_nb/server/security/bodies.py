"""Bodies of requests: how large they may be, before anything parses them."""

import re
from collections.abc import Callable
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from videoprep_nb.server.problems import problem_response

MAX_BODY_BYTES = 1024 * 1024
"""What forms of the page and of programs need at most, all but videos."""

MAX_JSON_VALUES = 5000
"""An estimate for 1,000 videos has 3,000."""

# one that does not end goes to the end, so that each byte is read once
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


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
            if "json" in headers.get("content-type", "").lower():
                receive = _receive_few_values(receive)
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


def _receive_few_values(receive: Receive) -> Receive:
    """Refuse JSON of very many values: of each that is wrong, pydantic makes an error of some kilobytes."""
    text = bytearray()

    async def receive_some() -> Message:
        message = await receive()
        text.extend(message.get("body", b""))
        if not message.get("more_body") and _value_count(bytes(text)) > MAX_JSON_VALUES:
            sentence = f"The JSON has too many values; the limit is {MAX_JSON_VALUES:,}."
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence)
        return message

    return receive_some


def _value_count(text: bytes) -> int:
    """About how many values JSON has; never less than half of them."""
    # in UTF-16, quotes are not what they seem
    outside_strings = text if b"\0" in text else _STRING.sub(b"", text)
    return sum(map(outside_strings.count, (b",", b"[", b"{")))


def _too_large(max_bytes: int) -> str:
    return f"The body of the request is too large; the limit here is {max_bytes:,} bytes."
