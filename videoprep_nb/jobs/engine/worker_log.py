"""What a local Dask worker loads first: its log leaves out that the scheduler has gone.

Scheduler and workers of one machine end together. A heartbeat that is under way just then fails, and Dask logs it with
a traceback, as if something had gone wrong.
"""

import logging

_LOGGER = "distributed.worker"


def dask_setup(worker: object) -> None:
    """Called by Dask when the worker starts."""
    logging.getLogger(_LOGGER).addFilter(_is_worth_logging)


def _is_worth_logging(record: logging.LogRecord) -> bool:
    from distributed.comm.core import CommClosedError

    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, CommClosedError) and "heartbeat" in record.getMessage())
