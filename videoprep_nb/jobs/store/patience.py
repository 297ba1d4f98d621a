"""A store for whoever must not lose what it has to write down, however long the database cannot be used."""

import logging
import time
from collections.abc import Callable
from typing import Any, cast

from videoprep_nb.core.errors import DiskFullError, StoreUnavailable
from videoprep_nb.jobs.store.store import Store

_INTERVAL_S = 0.25
_log = logging.getLogger(__name__)


def patient(store: Store, goes_on: Callable[[], bool], make_room: Callable[[], None]) -> Store:
    """The same store; each of its calls is repeated until another program gives the database free, or there is room.

    Every call of a store is one transaction, so one that failed has changed nothing.

    Args:
        store: The store.
        goes_on: Whether to wait on; when it says no, the error of the last call is raised.
        make_room: What to do when the disk is full.
    """
    return cast("Store", _PatientStore(store, goes_on, make_room))


class _PatientStore:
    def __init__(self, store: Store, goes_on: Callable[[], bool], make_room: Callable[[], None]) -> None:
        self._store = store
        self._goes_on = goes_on
        self._make_room = make_room

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._store, name)

        def repeated(*arguments: Any, **named: Any) -> Any:
            is_waiting = False
            while True:
                try:
                    return call(*arguments, **named)
                except (StoreUnavailable, DiskFullError) as error:
                    if not is_waiting:
                        _log.warning("Waiting for the job database: %s", error)
                    is_waiting = True
                    if not self._goes_on():
                        raise
                    if isinstance(error, DiskFullError):
                        self._make_room()
                time.sleep(_INTERVAL_S)

        return repeated
