"""What people choose between in plain words, in terms of parameters; their names and explanations are in the texts."""

from videoprep_nb.jobs.params import JobParams
from videoprep_nb.stages.registry import STAGES

STANDARD = "standard"


def presets() -> dict[str, JobParams]:
    """The presets by name: the standard, which changes nothing, and those that stages declare."""
    names = dict.fromkeys(name for stage in STAGES.values() for name in stage.presets)
    return {STANDARD: JobParams({})} | {name: _preset(name) for name in names}


def _preset(name: str) -> JobParams:
    return JobParams({stage.name: stage.presets[name] for stage in STAGES.values() if name in stage.presets})
