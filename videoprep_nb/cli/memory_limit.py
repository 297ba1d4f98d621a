"""The option ``--memory-limit`` of the commands that run jobs."""

from typing import Annotated

import typer

_BYTES_PER_GB = 10**9

MemoryLimit = Annotated[
    float | None,
    typer.Option(
        metavar="GB",
        min=1,
        max=100_000,
        help="Memory that each worker may take for its task; a video that needs more fails.",
        show_default="the workers share seven tenths of the machine's",
    ),
]


def bytes_of(limit_gb: float | None) -> int | None:
    """The limit in bytes; None when it was not given."""
    return None if limit_gb is None else int(limit_gb * _BYTES_PER_GB)
