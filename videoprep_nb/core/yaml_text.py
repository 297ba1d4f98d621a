"""YAML that people write or paste: small, flat and without references, so that reading it costs little."""

import re
from typing import Any

import yaml

from videoprep_nb.core.text import quoted

MAX_CHARACTERS = 200_000

_MAX_DEPTH = 10
_MAX_DIGITS = 300
# decimal, to other bases, and the minutes and seconds of YAML 1.1
_NUMBER = re.compile(r"[-+]?[0-9][0-9a-fox_:.]*", re.IGNORECASE)


def load_yaml(text: str, loader: type[yaml.SafeLoader] | type[yaml.BaseLoader]) -> Any:
    """Read YAML.

    Args:
        text: The YAML.
        loader: What makes values of it; one that makes plain data only.

    Returns:
        The values; they are not much larger than the text.

    Raises:
        ValueError: It is not YAML, or of a kind that takes minutes or gigabytes to read. The message, in one line, says
            what is wrong.

    Example:
        >>> load_yaml("clip: {clip_duration_s: 10}", yaml.SafeLoader)
        {'clip': {'clip_duration_s': 10}}
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"got {len(text):,} characters, expected at most {MAX_CHARACTERS:,}")
    try:
        _check_structure(text)
        return yaml.load(text, loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise ValueError(f"this is not YAML: {_where_and_why(error)}") from None
    except OverflowError as error:  # a date before the first one
        raise ValueError(str(error)) from None


def _check_structure(text: str) -> None:
    """Refuse aliases of aliases, lists in lists in lists, endless numbers, and tags, whose errors are of any kind."""
    depth = 0
    for event in yaml.parse(text, yaml.BaseLoader):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("got an alias (*name), expected every value to be written out")
        if tag := getattr(event, "tag", None):
            raise ValueError(f"got the tag {quoted(tag)}, expected values without tags")
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > _MAX_DIGITS and _NUMBER.fullmatch(event.value):
            raise ValueError(f"got a number of {len(event.value):,} digits, expected at most {_MAX_DIGITS}")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise ValueError(f"got lists in lists, expected at most {_MAX_DEPTH} levels")


def _where_and_why(error: yaml.YAMLError) -> str:
    """One line of what PyYAML says in several."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).split())
    return f"line {mark.line + 1}, column {mark.column + 1}: {getattr(error, 'problem', None)}"
