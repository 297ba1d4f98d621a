"""Trackers chosen by name: ours, and those that other packages bring as plugins.

A plugin is an entry point of the group ``videoprep.trackers``; what it names is imported and registers itself by being
a subclass of ``Tracker``.
"""

import difflib
import functools
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points

from pydantic import ValidationError

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.tracking.trackers.base import Tracker, TrackerOptions, registered_trackers

PLUGIN_GROUP = "videoprep.trackers"


def tracker_names() -> list[str]:
    """The names that ``create_tracker`` takes."""
    broken_plugins()
    return sorted(registered_trackers)


def tracker_type(name: str) -> type[Tracker]:
    """The class of a tracker.

    Raises:
        ParameterError: There is none of that name.
    """
    if name not in tracker_names():
        reason = broken_plugins().get(name, _near_matches(name, tracker_names()))
        raise ParameterError("tracker", f"found {name!r}; {reason}")
    return registered_trackers[name]


def create_tracker(name: str, frame_rate: float, options: Iterable[str] = ()) -> Tracker:
    """Make a tracker.

    Args:
        name: Its name.
        frame_rate: Tracked frames per second.
        options: Its options, each written ``name:value``.

    Raises:
        ParameterError: There is no such tracker or option, or a value makes no sense.
    """
    chosen = tracker_type(name)
    return chosen(frame_rate, read_tracker_options(chosen, options))


@functools.cache
def broken_plugins() -> dict[str, str]:
    """Import the plugins, once.

    Returns:
        By name, a sentence about each plugin that cannot be used; the others work.
    """
    return {plugin.name: reason for plugin in entry_points(group=PLUGIN_GROUP) if (reason := _load(plugin))}


def _load(plugin: EntryPoint) -> str:
    """Import a plugin; returns what is wrong with it, or nothing."""
    origin = f"the plugin {plugin.name!r} ({plugin.value})"
    try:
        plugin.load()
    except Exception as error:  # what a plugin of somebody else raises is not for us to foresee
        return f"{origin} cannot be loaded: {type(error).__name__}: {' '.join(str(error).split())}"
    if plugin.name not in registered_trackers:
        return f"{origin} has no subclass of Tracker with that name"
    return ""


def read_tracker_options(chosen: type[Tracker], texts: Iterable[str]) -> TrackerOptions:
    """The options of a tracker, as people write them.

    Args:
        chosen: The tracker.
        texts: Its options, each written ``name:value``.

    Raises:
        ParameterError: There is no such option, or a value makes no sense.
    """
    values: dict[str, str] = {}
    for text in texts:
        option, colon, value = text.partition(":")
        if not colon:
            raise ParameterError("tracker_options", f"found {text!r}, wanted name:value such as match_iou:0.4")
        values[option.strip()] = value.strip()
    try:
        return chosen.options_type.model_validate(values)
    except ValidationError as error:
        problem = error.errors()[0]
        option, known = str(problem["loc"][0]), chosen.options_type.model_fields
        if option not in known:
            reason = f"{chosen.name} has no option {option!r}; {_near_matches(option, list(known))}"
        else:
            reason = f"{option}: found {problem['input']!r}, but: {problem['msg']} ({known[option].description})"
        raise ParameterError("tracker_options", reason) from None


def _near_matches(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3)
    return f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(known) or 'none'}"
