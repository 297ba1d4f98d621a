"""What pydantic expected of a value, in the words of our messages."""

from collections.abc import Mapping
from typing import Any

from videoprep_nb.core.text import quoted

_LIMITS = {
    "greater_than_equal": "{ge:g} or more",
    "greater_than": "more than {gt:g}",
    "less_than_equal": "{le:g} or less",
    "less_than": "less than {lt:g}",
    "multiple_of": "a multiple of {multiple_of:g}",
    "literal_error": "{expected}",
}


def got_and_expected(problem: Mapping[str, Any]) -> str:
    """One of the errors of a ``ValidationError`` as "got X, expected Y".

    Args:
        problem: The error.

    Example:
        >>> from pydantic import TypeAdapter, ValidationError
        >>> try:
        ...     TypeAdapter(int).validate_python("many")
        ... except ValidationError as error:
        ...     got_and_expected(error.errors()[0])
        "got 'many', expected a valid integer"
    """
    got = f"got {quoted(problem['input'])}, "
    message = str(problem["msg"]).removeprefix("Value error, ")
    if message.startswith("got "):  # a validator of ours has said it all
        return message
    if problem["type"] in _LIMITS:
        return f"{got}expected {_LIMITS[problem['type']].format_map(problem['ctx'])}"
    if message.startswith("expected "):
        return got + message
    subject, should_be, rest = message.partition(" should be ")
    if should_be and subject in ("Input", "Value", "String"):
        return f"{got}expected {rest.partition(', unable')[0]}"
    return f"{got}but: {message}"
