"""What other threads ask the dispatcher to do between two steps of its work."""

import queue
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from videoprep_nb.core.errors import InputError, StoreUnavailable
from videoprep_nb.jobs.store.database import UNAVAILABLE

T = TypeVar("T")

_CHECK_INTERVAL_S = 0.25
_MAX_WAIT_S = 30.0


class Calls:
    """A queue of actions that one thread takes and runs."""

    def __init__(self) -> None:
        self._actions: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def put(self, action: Callable[[], None]) -> None:
        """Have something done; returns at once."""
        self._actions.put(action)

    def get(self, timeout_s: float) -> Callable[[], None] | None:
        """The next action, None when there is none for so long."""
        try:
            return self._actions.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def call(self, action: Callable[[], T], is_alive: Callable[[], bool]) -> T:
        """Have something done and wait for it.

        Args:
            action: What to do.
            is_alive: Whether the thread that runs the actions is alive.

        Raises:
            InputError: The service has been closed.
            StoreUnavailable: It waits for its database, and has not begun with this.
        """
        future: Future[T] = Future()

        def act() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(action())
            except Exception as error:
                future.set_exception(error)  # the caller gets it

        self._actions.put(act)
        give_up_s = time.monotonic() + _MAX_WAIT_S
        while True:
            try:
                return future.result(timeout=_CHECK_INTERVAL_S)
            except TimeoutError:
                if not future.done() and not is_alive():
                    raise InputError("The service has been closed; start it again.") from None
                if time.monotonic() > give_up_s and future.cancel():
                    raise StoreUnavailable(UNAVAILABLE.format(reason="the service waits for it")) from None
