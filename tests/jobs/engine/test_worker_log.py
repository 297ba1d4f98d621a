"""What the workers of this machine write to the log of the service."""

import logging

import pytest
from distributed.comm.core import CommClosedError

from videoprep_nb.jobs.engine.cluster import Engine, EngineSettings


def log_errors() -> None:
    log = logging.getLogger("distributed.worker")
    for message, error in [
        ("Failed to communicate with scheduler during heartbeat.", CommClosedError("the scheduler has gone")),
        ("Failed to communicate with scheduler during heartbeat.", OSError("no route")),
        ("Could not read a result.", CommClosedError("a worker has gone")),
    ]:
        try:
            raise error
        except OSError:
            log.exception(message)


@pytest.mark.slow
def test_a_worker_that_ends_after_its_scheduler_is_quiet(capfd: pytest.CaptureFixture[str]):
    engine = Engine(EngineSettings(worker_count=1))
    try:
        engine._client.run(log_errors)
    finally:
        engine.close()
    printed = capfd.readouterr().err
    assert "no route" in printed
    assert "a worker has gone" in printed
    assert "the scheduler has gone" not in printed
