"""The time by which things are old enough to be deleted: a clock that jumps ahead is not trusted at once."""

import logging
import secrets
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime

from videoprep_nb.core.errors import DiskFullError, InputError
from videoprep_nb.core.records import Record

CONFIRMATION = timedelta(days=7)
"""A clock that has stayed ahead for so long, by the time since the start of the machine, is right."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_THIS_PROCESS = secrets.token_hex(16)
_TOLERANCE_S = 600.0
# between two starts of the machine: the last reading of the clock may be an hour old, and a restart takes a while
_TOLERANCE_OF_REBOOT_S = 3 * 3600.0
_log = logging.getLogger(__name__)


class _Look(Record):
    """A reading of the clocks.

    Args:
        trusted_at: The time that was trusted.
        boot_id: The start of the machine that ``since_boot_s`` counts from.
        since_boot_s: Seconds since then, by a clock that nobody sets.
        ahead_s: How far the clock was ahead of the time that was trusted.
        ahead_for_s: For how long it had been.
    """

    trusted_at: AwareDatetime
    boot_id: str
    since_boot_s: float
    ahead_s: float = 0.0
    ahead_for_s: float = 0.0


class TrustedClock:
    """A clock that follows the one of the machine, and the time since its start when that one jumps ahead.

    Args:
        file: Where the last look is kept from one service to the next.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._notice = ""

    def now(self, clock: datetime, newest: datetime) -> datetime:
        """The time to judge ages by; it is never ahead of the clock.

        Args:
            clock: What the clock of the machine says.
            newest: The newest time that is known otherwise, for a first look.
        """
        look = _look(self._last(min(clock, newest)), clock)
        with suppress(DiskFullError, OSError):  # a full disk needs the cleaning; the reading before stays good
            look.write(self._file)
        notice = _notice_of(look)
        if notice and not self._notice:
            _log.warning(notice)
        self._notice = notice
        return look.trusted_at

    def notices(self) -> list[str]:
        """A sentence for administrators while the clock is not trusted."""
        return [self._notice] if self._notice else []

    def _last(self, first: datetime) -> _Look:
        try:
            return _Look.read(self._file)
        except (InputError, OSError):  # there was none, or it is damaged
            return _Look(trusted_at=first, boot_id="", since_boot_s=0.0)


def _look(last: _Look, clock: datetime) -> _Look:
    boot_id, since_boot_s = _boot_id(), _since_boot_s()
    is_same_boot = boot_id == last.boot_id
    elapsed_s = max(since_boot_s - last.since_boot_s, 0.0) if is_same_boot else 0.0
    expected = last.trusted_at + timedelta(seconds=elapsed_s)
    ahead_s = (clock - expected).total_seconds()
    stayed = abs(ahead_s - last.ahead_s) < _TOLERANCE_OF_REBOOT_S
    ahead_for_s = last.ahead_for_s + elapsed_s if stayed else 0.0
    is_confirmed = ahead_for_s >= CONFIRMATION.total_seconds()
    if is_confirmed or ahead_s <= (_TOLERANCE_S if is_same_boot else _TOLERANCE_OF_REBOOT_S):
        return _Look(trusted_at=clock, boot_id=boot_id, since_boot_s=since_boot_s)
    return _Look(
        trusted_at=expected, boot_id=boot_id, since_boot_s=since_boot_s, ahead_s=ahead_s, ahead_for_s=ahead_for_s
    )


def _notice_of(look: _Look) -> str:
    if not look.ahead_s:
        return ""
    return (
        f"The clock of the machine is {look.ahead_s / 86400:.1f} days ahead of the time that the service knows. "
        f"It may be wrong, or the machine was off. Until it has stayed so for {CONFIRMATION.days} days, "
        "what is deleted by age stays that much longer. Check the date of the machine."
    )


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:  # no Linux: only this process can compare its times
        return _THIS_PROCESS


def _since_boot_s() -> float:
    """Seconds that go on while the machine sleeps, where it has such a clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
