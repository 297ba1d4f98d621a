"""The stages, ours and those of plugins, in the order of their notebooks."""

from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

from videoprep_nb.core.registry import Registry
from videoprep_nb.stages.base import Stage


def _stages_in(module: ModuleType) -> Iterator[Stage]:
    """The stage of a folder of ours, or of a module of a plugin."""
    if hasattr(module, "__path__"):
        module = import_module(f"{module.__name__}.stage")
    stage = getattr(module, "STAGE", None)
    if isinstance(stage, Stage):
        yield stage


STAGES: Registry[Stage] = Registry(
    kind="stage",
    group="videoprep.stages",
    package="videoprep_nb.stages",
    members_of=_stages_in,
    name_of=lambda stage: stage.name,
    order=lambda stage: stage.key,
)
"""All stages by name. Adding one is a folder with ``STAGE`` in its ``stage.py``, and a notebook."""
