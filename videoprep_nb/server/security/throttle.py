"""Slows down whoever guesses passwords or tokens."""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_MAX_KEYS = 100_000
_FORGOTTEN_AFTER_S = 900.0
LONGEST_WAIT_S = 60.0


@dataclass
class _Tries:
    count: int = 0
    last_s: float = 0.0
    last_but_one_s: float = 0.0


class Throttle:
    """Counts failed tries by key; after some the next has to wait, twice as long each time.

    It remembers the last 100,000 keys, for a quarter of an hour each.

    Args:
        free_tries: Tries without waiting.
        first_wait_s: The first wait; none grows longer than a minute, so that nobody can be kept out for good.
        clock: Seconds that never go back.
    """

    def __init__(
        self, free_tries: int, first_wait_s: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._free_tries = free_tries
        self._first_wait_s = first_wait_s
        self._clock = clock
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, key: str) -> float:
        """Seconds until the next try may be made, 0 when it may be made now."""
        with self._lock:
            return self._wait_s(key)

    def add(self, key: str) -> None:
        """Count a try, before it is made, so that many at the same time are no way around."""
        with self._lock:
            tries = self._tries.pop(key, _Tries())
            self._tries[key] = _Tries(tries.count + 1, self._clock(), tries.last_s)
            if len(self._tries) > _MAX_KEYS:
                self._tries.popitem(last=False)

    def forgive(self, key: str) -> None:
        """Do not count a try that was right. Those before it stay: else somebody's own password would hide guesses."""
        with self._lock:
            tries = self._tries.get(key)
            if tries is not None:
                tries.count -= 1
                tries.last_s = tries.last_but_one_s
                if not tries.count:
                    del self._tries[key]

    def count(self, key: str) -> int:
        """Failed tries, and those that are being made."""
        with self._lock:
            tries = self._tries.get(key)
            return tries.count if tries else 0

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
        return max(0.0, min(self._first_wait_s * 2.0 ** min(surplus, 30), LONGEST_WAIT_S) - age_s)


def network_of(address: str) -> str:
    """What is counted as one client: an IPv4 address, or the IPv6 network that one household or host is given."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])  # without the interface of a link-local address
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
