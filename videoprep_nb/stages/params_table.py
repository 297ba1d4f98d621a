"""The parameters of all stages as a Markdown table: ``python -m videoprep_nb.stages.params_table`` prints it."""

import sys
from pathlib import Path
from typing import Any, get_args, get_origin

from videoprep_nb.stages.registry import STAGES


def markdown_table() -> str:
    """The table for the README, one part per notebook."""
    parts = []
    for stage in STAGES.values():
        rows = [
            f"| `{name}` | {_type_name(field.annotation)} | `{field.default!r}` | {_escape(field.description)} |"
            for name, field in stage.params.model_fields.items()
        ]
        parts.append("\n".join([f"#### {Path(stage.notebook).name}", "", _HEADER, *rows]))
    return "\n\n".join(parts) + "\n"


_HEADER = "| parameter | type | default | meaning |\n|---|---|---|---|"


def _escape(text: str | None) -> str:
    return (text or "").replace("<", "&lt;").replace("|", "\\|")


def _type_name(annotation: Any) -> str:
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation.__name__
    if get_origin(annotation) is list:
        return f"list of {get_args(annotation)[0].__name__}"
    if get_origin(annotation) is dict:
        return "dict"
    alternatives = [_type_name(part) if isinstance(part, type) else repr(part) for part in get_args(annotation)]
    return " or ".join(name.replace("NoneType", "None").strip("'") for name in alternatives)


if __name__ == "__main__":
    sys.stdout.write(markdown_table())
