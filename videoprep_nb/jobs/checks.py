"""Checks of what a service or a job needs: small functions that say what they found, and change nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from videoprep_nb.core.errors import VideoPrepError

Probe = Callable[[], str]
"""Says what it found, or raises ``CheckFailed``."""


class CheckFailed(Exception):
    """A check failed; the text says what that means or what to do."""


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Args:
        name: What was checked.
        ok: Whether it passed.
        message: What was found; on failure what that means or what to do.
        needed: Whether jobs depend on it.
    """

    name: str
    ok: bool
    message: str
    needed: bool


def run_checks(probes: Mapping[str, Probe], *, needed: bool) -> list[Check]:
    """Run checks in their order, all of them, whatever fails.

    Args:
        probes: The checks by name.
        needed: Whether jobs depend on them.
    """
    return [_check(name, probe, needed=needed) for name, probe in probes.items()]


def _check(name: str, probe: Probe, *, needed: bool) -> Check:
    try:
        return Check(name, True, probe(), needed)
    except (CheckFailed, VideoPrepError) as failure:
        return Check(name, False, str(failure), needed)
    except Exception as error:  # a broken library may raise anything, and must not hide the other checks
        return Check(name, False, f"{type(error).__name__}: {error}", needed)
