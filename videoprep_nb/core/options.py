"""Options of what people choose by name, such as a tracker: typed fields, written ``name:value``."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ConfigDict, ValidationError

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.expectations import got_and_expected
from videoprep_nb.core.old_names import AcceptsOldNames
from videoprep_nb.core.registry import near_matches
from videoprep_nb.core.text import quoted


class Options(AcceptsOldNames):
    """Base of options models: names, types, ranges, defaults and help."""

    model_config = ConfigDict(frozen=True, extra="forbid")


OptionsType = TypeVar("OptionsType", bound=Options)


def read_options(
    options_type: type[OptionsType],
    texts: Iterable[str],
    owner: str,
    field: str,
    given: Mapping[str, Any] | None = None,
) -> OptionsType:
    """Read options as people write them.

    Args:
        options_type: The model of the options.
        texts: Options, each written ``name:value``.
        owner: What the options belong to, for messages: ``sort``.
        field: The parameter that holds the texts, for messages: ``tracker_options``.
        given: Values of options that are parameters of their own; None if none can be.

    Raises:
        ParameterError: There is no such option, or its value is wrong. The error's field is ``field``, or the option
            itself if it can be a parameter of its own and is not in the texts.

    Example:
        >>> from videoprep_nb.tracking.trackers.sort import SortOptions
        >>> read_options(SortOptions, ["match_iou:0.4"], "sort", "tracker_options").match_iou
        0.4
    """
    written = _read_texts(texts, field, options_type)
    try:
        return options_type.model_validate({**(given or {}), **written})
    except ParameterError as error:
        raise ParameterError(field, f"{error.field}: {error.reason}") from None
    except ValidationError as error:
        known, problems = options_type.model_fields, error.errors()
        # a misspelt name first: it may be why another option is missing
        problem = next((each for each in problems if each["loc"][0] not in known), problems[0])
        option = str(problem["loc"][0])
        if option not in known:
            hint = near_matches(option, known)
            raise ParameterError(field, f"{owner} has no option {quoted(option)}; {hint}") from None
        got = "it must be set" if problem["type"] == "missing" else got_and_expected(problem)
        reason = f"{got} ({known[option].description})"
        if given is None or option in written:
            raise ParameterError(field, f"{option}: {reason}") from None
        raise ParameterError(option, reason) from None


def _read_texts(texts: Iterable[str], field: str, options_type: type[Options]) -> dict[str, str]:
    values: dict[str, str] = {}
    for text in texts:
        option, colon, value = (part.strip() for part in text.partition(":"))
        if not colon:
            examples = [f" such as {name}:{info.default}" for name, info in options_type.model_fields.items()]
            raise ParameterError(field, f"got {quoted(text)}, expected name:value{''.join(examples[:1])}")
        values[option] = value
    return values
