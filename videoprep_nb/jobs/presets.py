"""What people choose between in plain words, in terms of parameters; the page has texts that explain them."""

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.text import quoted
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.stages.registry import STAGES

STANDARD = "standard"


def presets() -> dict[str, JobParams]:
    """The presets by name: the standard, which changes nothing, and those that stages declare."""
    names = dict.fromkeys(name for stage in STAGES.values() for name in stage.presets)
    return {STANDARD: JobParams({})} | {name: _preset(name) for name in names}


def find_preset(name: str) -> JobParams:
    """The preset of a name.

    Args:
        name: Such as ``fast draft``; ``fast-draft`` is the same, which needs no quotes in a shell.

    Raises:
        ParameterError: There is no such preset.

    Example:
        >>> find_preset("fast-draft").given("track_persons")
        {'sampled_fps': 8.0}
    """
    known = presets()
    found = known.get(name.strip().lower().replace("-", " "))
    if found is None:
        expected = ", ".join(each.replace(" ", "-") for each in known)
        raise ParameterError("preset", f"got {quoted(name)}, expected one of {expected}")
    return found


def _preset(name: str) -> JobParams:
    return JobParams({stage.name: stage.presets[name] for stage in STAGES.values() if name in stage.presets})
