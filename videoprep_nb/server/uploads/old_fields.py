"""Fields of a submission that version 0.1 had and that are options now; accepted until version 0.3."""

import logging
from collections.abc import Mapping
from typing import Any

OLD_FIELDS = {"keep_scratch": "keep_scratch", "clips_per_unit": "clips_per_task"}
"""The option that each of them is now."""

_log = logging.getLogger(__name__)


def old_options(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The options among the fields of a submission, with a warning in the log of the service.

    Args:
        fields: Fields of a form or of a JSON body.

    Example:
        >>> old_options({"videos": [], "clips_per_unit": 3})
        {'clips_per_task': 3}
    """
    for name in OLD_FIELDS.keys() & fields.keys():
        _log.warning(
            "A client sent the field %s; send options.%s, the old field goes with 0.3.", name, OLD_FIELDS[name]
        )
    return {option: fields[name] for name, option in OLD_FIELDS.items() if name in fields}
