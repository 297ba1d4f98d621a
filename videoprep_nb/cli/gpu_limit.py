"""The option ``--gpus``, the same for all commands that run tasks."""

from typing import Annotated

import typer

GpuLimit = Annotated[
    int | None,
    typer.Option(
        "--gpus",
        min=0,
        help="NVIDIA GPUs of this machine to use at most; each has a worker of its own.",
        show_default="all",
    ),
]
