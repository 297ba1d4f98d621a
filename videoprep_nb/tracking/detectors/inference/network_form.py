"""What must be known of a network to feed it and to read it."""

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True)
class NetworkForm:
    """The form of a network's input and output.

    Args:
        layout: Name of its layout, see ``layouts``.
        classes: Indices, in its output, of the classes that are persons.
        stride_px: The sides of its input are multiples of it.
        input_size: Width and height of its input in pixels; None if any multiple of the stride will do.
    """

    layout: str
    classes: tuple[int, ...]
    stride_px: int = 32
    input_size: tuple[int, int] | None = None

    def to_json(self) -> str:
        """As text, to be kept with the network."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``to_json`` wrote."""
        values = json.loads(text)
        size = values["input_size"]
        return cls(values["layout"], tuple(values["classes"]), values["stride_px"], tuple(size) if size else None)
