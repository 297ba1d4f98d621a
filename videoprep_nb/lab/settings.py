"""The settings that the tracker lab changes: all that needs no detection."""

from collections.abc import Iterable
from typing import Any, Self

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.params import Params
from videoprep_nb.stages.track_persons.params import DetectPersonsParams
from videoprep_nb.tracking.params import TrackingParams


class LabSettings(TrackingParams):
    """All that can be changed without detecting again."""

    sampled_fps: float = DetectPersonsParams.model_fields["sampled_fps"]  # type: ignore[assignment]
    frame_stride: int = DetectPersonsParams.model_fields["frame_stride"]  # type: ignore[assignment]

    def changed(self, assignments: Iterable[str]) -> Self:
        """These settings with some changes.

        Args:
            assignments: Texts such as ``confidence:0.4``; a list such as ``tracker_options:max_age_s:2`` grows with
                each.

        Raises:
            ParameterError: A text is no assignment, a name is unknown or a value makes no sense.
        """
        return self.checked(self.model_dump() | self.with_new_names(read_assignments(type(self), assignments)))


def read_assignments(model: type[Params], assignments: Iterable[str]) -> dict[str, Any]:
    """The values that texts such as ``confidence:0.4`` give to parameters.

    Args:
        model: The parameters.
        assignments: The texts; a list grows with each that names it.

    Raises:
        ParameterError: A text is no assignment.
    """
    values: dict[str, Any] = {}
    for text in assignments:
        name, colon, value = (part.strip() for part in text.partition(":"))
        if not colon:
            raise ParameterError(text, "expected name:value, for example confidence:0.4")
        field = model.model_fields.get(name)
        if field is not None and field.annotation == list[str]:
            values.setdefault(name, []).append(value)
        else:
            values[name] = value
    return values
