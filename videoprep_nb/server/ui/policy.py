"""What the page may load and run: its own scripts and nothing else (Content Security Policy)."""

import base64
import hashlib
import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What Gradio needs beyond the service's own files: its component HTML evaluates its templates, which are ours, and its
# scripts set styles. What somebody gets into the page is no script all the same: neither inline nor from elsewhere.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'{hashes}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; media-src 'self'; font-src 'self'; connect-src 'self'; frame-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'self'"
)
_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)


class WithPolicy:
    """An application whose HTML runs only scripts of this service, and those inside it that are the framework's own.

    Args:
        app: The application. Nothing that comes from people may be in its HTML.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        # what is compressed cannot be read here
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        start: Message = {}
        pieces: list[bytes] = []

        async def send_with_policy(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            elif message["type"] == "http.response.body":
                pieces.append(message.get("body", b""))
                if not message.get("more_body", False):
                    html = b"".join(pieces)
                    MutableHeaders(scope=start)["Content-Security-Policy"] = policy_of(html)
                    await send(start)
                    await send({"type": "http.response.body", "body": html})

        await self._app({**scope, "headers": headers}, receive, send_with_policy)


def policy_of(html: bytes) -> str:
    """The policy for a page.

    Args:
        html: The page; its scripts are allowed as they are.
    """
    scripts = [script.replace(b"\r\n", b"\n") for script in _INLINE_SCRIPT.findall(html)]
    digests = (base64.b64encode(hashlib.sha256(script).digest()).decode() for script in scripts)
    return _POLICY.format(hashes="".join(f" 'sha256-{digest}'" for digest in digests))
