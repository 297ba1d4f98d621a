"""Slows down whoever guesses passwords or tokens."""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_MAX_KEYS = 10_000
_FORGOTTEN_AFTER_S = 900.0
_FIRST_WAIT_S = 10.0


@dataclass
class _Tries:
    count: int
    last_s: float


class Throttle:
    """Counts failed tries by key; after some the next has to wait, twice as long each time.

    It remembers the last 10,000 keys, for a quarter of an hour each.

    Args:
        free_tries: Tries without waiting.
        longest_wait_s: The wait grows no longer than this, so that nobody can be kept out for good.
        clock: Seconds that never go back.
    """

    def __init__(
        self, free_tries: int, longest_wait_s: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._free_tries = free_tries
        self._longest_wait_s = longest_wait_s
        self._clock = clock
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, key: str) -> float:
        """Count a try before it is made, so that many at the same time are no way around.

        Returns:
            0 when it may be made; else it is not counted, and this is the seconds to wait.
        """
        with self._lock:
            wait_s = self._wait_s(key)
            if not wait_s:
                tries = self._tries.pop(key, _Tries(0, 0.0))
                self._tries[key] = _Tries(tries.count + 1, self._clock())
                if len(self._tries) > _MAX_KEYS:
                    self._tries.popitem(last=False)
            return wait_s

    def forget(self, key: str) -> None:
        """Begin anew after a try that was right."""
        with self._lock:
            self._tries.pop(key, None)

    def _wait_s(self, key: str) -> float:
        tries = self._tries.get(key)
        if tries is None:
            return 0.0
        age_s = self._clock() - tries.last_s
        if age_s > _FORGOTTEN_AFTER_S:
            del self._tries[key]
            return 0.0
        surplus = tries.count - self._free_tries
        if surplus < 0:
            return 0.0
        return max(0.0, min(_FIRST_WAIT_S * 2.0 ** min(surplus, 30), self._longest_wait_s) - age_s)


def network_of(address: str) -> str:
    """What is counted as one client: an IPv4 address, or the IPv6 network that one household or host is given."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
