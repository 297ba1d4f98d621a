"""Which classes of a network are persons."""

import re
from collections.abc import Collection, Mapping

from videoprep_nb.core.errors import ParameterError, WeightsError
from videoprep_nb.core.text import quoted

_PERSON_NAME = re.compile(r"persons?|people|pedestrians?|humans?|m[ae]n|wom[ae]n|boys?|girls?|child(ren)?|adults?")
_MAX_SHOWN = 10


def person_class_indices(
    names: Mapping[int, str], requested: Collection[str] = (), source: object = "model"
) -> list[int]:
    """Find the classes that count as persons.

    A network with one class is taken for a detector of persons, whatever its class is called.

    Args:
        names: The names of the network's classes, by index.
        requested: Names of the classes that count, upper or lower case. Without them, those count that are named
            person, people, pedestrian, human, man, woman, boy, girl, child, adult, or a plural of these.
        source: What the network comes from, for messages: its file.

    Returns:
        The indices, ascending; at least one.

    Raises:
        ParameterError: There is no class of a requested name.
        WeightsError: Nothing was requested, and no class has the name of persons.

    Example:
        >>> person_class_indices({0: "pedestrian", 1: "people", 2: "bicycle"})
        [0, 1]
        >>> person_class_indices({0: "ball", 1: "goalkeeper", 2: "player"}, ["Player", "Goalkeeper"])
        [1, 2]
    """
    plain_names = {index: _plain(name) for index, name in names.items()}
    for name in requested:
        if _plain(name) not in plain_names.values():
            reason = f"got {quoted(name)}, expected classes of {source}: {_listed(names)}"
            raise ParameterError("person_classes", reason)
    if len(names) == 1:
        return list(names)
    if requested:
        counting = {_plain(name) for name in requested}
        return sorted(index for index, name in plain_names.items() if name in counting)
    indices = sorted(index for index, name in plain_names.items() if _PERSON_NAME.fullmatch(name))
    if not indices:
        raise WeightsError(
            f"{source} has no class with a name such as 'person', only {_listed(names)}; "
            "list those that are persons in person_classes."
        )
    return indices


def _plain(name: str) -> str:
    return name.strip().casefold()


def _listed(names: Mapping[int, str]) -> str:
    """The names; of many, the first ones, and how many follow."""
    shown = ", ".join(quoted(name) for name in list(names.values())[:_MAX_SHOWN])
    return f"{shown} and {len(names) - _MAX_SHOWN} more" if len(names) > _MAX_SHOWN else shown
