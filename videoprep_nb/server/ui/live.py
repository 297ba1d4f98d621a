"""What open pages show, rendered at most once a second however many there are.

Pages ask once a second what has changed. Unlike streams, short questions need no connection of their own: a browser
keeps at most six to one server, so the seventh open tab would wait for ever. They also pass every proxy, and after a
cut or a restart the next question is simply answered again.
"""

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from anyio import to_thread

MAX_AGE_S = 0.5
"""What is older is rendered again; pages ask once a second and so show nothing older than two."""

_MAX_VIEWS = 500

Fragments = dict[str, str]
"""Pieces of HTML by name, in their order on the page. A page replaces only the pieces that have changed."""


@dataclass
class _View:
    """What was rendered last.

    Args:
        rendered_at_s: When, on the monotonic clock.
        pieces: The pieces as JSON texts, and the version in which each has last changed.
        shape_version: The version in which pieces were last added or removed.
    """

    rendered_at_s: float = float("-inf")
    pieces: dict[str, tuple[str, int]] = field(default_factory=dict)
    shape_version: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class LiveViews:
    """Views by what they show and to whom. Only for use in one event loop."""

    def __init__(self) -> None:
        self._views: OrderedDict[Hashable, _View] = OrderedDict()
        self._version = 0

    async def changes(self, key: Hashable, render: Callable[[], Fragments], since: int) -> str | None:
        """What has changed for a page that knows the pieces of one version.

        Args:
            key: What is shown, and to whom.
            render: Makes the pieces; called in a thread.
            since: The version that the page knows, 0 for none.

        Returns:
            JSON with ``version``, the ``names`` of all pieces in their order, and the ``pieces`` that have changed;
            None when nothing has.
        """
        view = self._views.setdefault(key, _View())
        self._views.move_to_end(key)
        if len(self._views) > _MAX_VIEWS:
            self._views.popitem(last=False)
        async with view.lock:
            if time.monotonic() - view.rendered_at_s > MAX_AGE_S:
                self._update(view, await to_thread.run_sync(render))
        changed = [f"{json.dumps(name)}:{text}" for name, (text, version) in view.pieces.items() if version > since]
        if not changed and view.shape_version <= since:
            return None
        names = json.dumps(list(view.pieces))
        return f'{{"version":{self._version},"names":{names},"pieces":{{{",".join(changed)}}}}}'

    def _update(self, view: _View, fragments: Fragments) -> None:
        version = self._next_version()
        if list(fragments) != list(view.pieces):
            view.shape_version = version
        pieces = {}
        for name, html in fragments.items():
            text = json.dumps(html)
            known = view.pieces.get(name)
            pieces[name] = known if known and known[0] == text else (text, version)
        view.pieces = pieces
        view.rendered_at_s = time.monotonic()

    def _next_version(self) -> int:
        """A number that grows, also over a restart: microseconds, which the numbers of a browser still hold exactly."""
        self._version = max(self._version + 1, time.time_ns() // 1_000)
        return self._version
