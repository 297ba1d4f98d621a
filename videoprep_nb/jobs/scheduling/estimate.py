"""How far a job is and how long it will take, from the states of its units."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.store.rows import JobRow, UnitRow
from videoprep_nb.stages.registry import STAGES

_MIN_FRACTION_FOR_ESTIMATE = 0.02


def fraction_done(row: JobRow, units: Sequence[UnitRow]) -> float:
    """Share of a job's work that is done, 0 to 1.

    Args:
        row: The job.
        units: All its units.
    """
    if row.state is State.QUEUED and all(unit.state in ENDED for unit in units):
        return 0.0  # it is to be tried again, and what of it is still done will only be known then
    weights = _weights(units)
    done = sum(weights[unit.key] * unit.fraction_done for unit in units)
    return done / sum(weights.values()) if units else 0.0


def remaining_s(row: JobRow, units: Sequence[UnitRow], opened_at: datetime) -> float | None:
    """Seconds until the end of a job at the pace so far; None while it cannot be known.

    Args:
        row: The job.
        units: All its units.
        opened_at: When the service was started.
    """
    if row.state is not State.RUNNING or row.started_at is None or not units:
        return None
    # what was done in an earlier run, by another service or before a retry, says nothing about the pace
    since = max(row.started_at, opened_at)
    weights = _weights(units)
    done_before = sum(weights[unit.key] for unit in units if unit.ended_at and unit.ended_at < since)
    fraction = fraction_done(row, units)
    gained = fraction - done_before / sum(weights.values())
    if gained < _MIN_FRACTION_FOR_ESTIMATE:
        return None
    return (datetime.now(UTC) - since).total_seconds() * (1 - fraction) / gained


def _weights(units: Sequence[UnitRow]) -> dict[str, float]:
    """How much of the work each unit is; the parts of a video share what they take of its stage."""
    parts = Counter((unit.stage, unit.video_id) for unit in units if unit.part)
    weights = {}
    for unit in units:
        stage = STAGES.get(unit.stage)
        if stage is None:  # of a plugin that is not installed any more
            weights[unit.key] = 1.0
            continue
        part_count = parts[unit.stage, unit.video_id]
        share = stage.part_share / part_count if unit.part else 1 - stage.part_share if part_count else 1.0
        weights[unit.key] = stage.weight * share
    return weights
