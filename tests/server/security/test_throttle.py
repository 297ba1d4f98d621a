"""Waits between tries, on a clock that the test turns."""

import pytest

from videoprep_nb.server.security import throttle as throttle_module
from videoprep_nb.server.security.throttle import Throttle, network_of


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_waits_grow_after_the_free_tries(clock: Clock):
    throttle = Throttle(free_tries=3, clock=clock)
    waits = []
    for _ in range(9):
        throttle.add("key")
        waits.append(throttle.wait_s("key"))
        clock.now_s += waits[-1]
        assert throttle.wait_s("key") == 0
    assert waits == [0, 0, 10, 20, 40, 60, 60, 60, 60]


def test_right_try_is_not_counted_and_forgives_no_other(clock: Clock):
    throttle = Throttle(free_tries=2, clock=clock)
    throttle.add("key")
    for _ in range(5):
        throttle.add("key")
        throttle.forgive("key")
    assert (throttle.count("key"), throttle.wait_s("key")) == (1, 0)
    throttle.add("key")
    assert throttle.wait_s("key") == 10
    clock.now_s += 10
    throttle.add("key")
    throttle.forgive("key")
    assert (throttle.count("key"), throttle.wait_s("key")) == (2, 0)


def test_keys_do_not_disturb_each_other_and_are_forgotten(clock: Clock):
    throttle = Throttle(free_tries=1, clock=clock)
    throttle.add("a")
    assert (throttle.wait_s("a"), throttle.wait_s("b")) == (10, 0)
    clock.now_s += 3600
    assert (throttle.wait_s("a"), throttle.count("a")) == (0, 0)


def test_memory_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(throttle_module, "_MAX_KEYS", 10)
    throttle = Throttle(free_tries=1, clock=clock)
    for number in range(100):
        throttle.add(str(number))
    assert len(throttle._tries) == 10
    assert throttle.wait_s("99") == 10


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("a unix socket", "a unix socket"),
    ],
)
def test_clients_are_distinguished_by_network(address: str, network: str):
    assert network_of(address) == network
