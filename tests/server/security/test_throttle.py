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
    throttle = Throttle(free_tries=3, longest_wait_s=60, clock=clock)
    waits = []
    for _ in range(9):
        wait_s = throttle.begin("key")
        waits.append(wait_s)
        clock.now_s += wait_s
        if wait_s:
            assert throttle.begin("key") == 0
    assert waits == [0, 0, 0, 10, 20, 40, 60, 60, 60]


def test_refused_tries_do_not_lengthen_the_wait(clock: Clock):
    throttle = Throttle(free_tries=1, clock=clock)
    assert throttle.begin("key") == 0
    assert [throttle.begin("key") for _ in range(5)] == [10] * 5


def test_keys_do_not_disturb_each_other_and_are_forgotten(clock: Clock):
    throttle = Throttle(free_tries=1, clock=clock)
    assert throttle.begin("a") == 0
    assert throttle.begin("b") == 0
    assert throttle.begin("a") == 10
    throttle.forget("a")
    assert throttle.begin("a") == 0
    clock.now_s += 3600
    assert throttle.begin("b") == 0


def test_memory_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(throttle_module, "_MAX_KEYS", 10)
    throttle = Throttle(free_tries=1, clock=clock)
    for number in range(100):
        throttle.begin(str(number))
    assert len(throttle._tries) == 10
    assert throttle.begin("99") == 10


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("", ""),
        ("a unix socket", "a unix socket"),
    ],
)
def test_clients_are_distinguished_by_network(address: str, network: str):
    assert network_of(address) == network
