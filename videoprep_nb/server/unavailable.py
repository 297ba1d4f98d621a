"""What is offered instead of a service that cannot start."""

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from videoprep_nb.server.health import ALIVE, LIVE_PATH
from videoprep_nb.server.problems import problem_response


def unavailable_app(reason: str) -> Starlette:
    """An application that answers with 503 and a sentence, and that its process is alive; it needs no workspace.

    Args:
        reason: The sentence, which anybody may read.
    """
    return Starlette(middleware=[Middleware(_Unavailable, reason=reason)])


class _Unavailable:
    def __init__(self, app: ASGIApp, reason: str) -> None:
        self._app = app
        self._reason = reason

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope["path"], Headers(scope=scope))(scope, receive, send)

    def _answer(self, path: str, headers: Headers) -> Response:
        if path == LIVE_PATH:  # a restart would not repair anything
            return JSONResponse(ALIVE)
        if "text/html" in headers.get("accept", ""):
            return PlainTextResponse(self._reason, HTTPStatus.SERVICE_UNAVAILABLE)
        return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, self._reason)
