"""The detector that the parameters of stage 4 choose; asking for it loads neither weights nor network."""

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.stages.track_persons.params import DetectPersonsParams
from videoprep_nb.tracking.detectors import Detector, create_detector


def detector_of(params: DetectPersonsParams) -> Detector:
    """Make the detector, which reports its cost, the image size of its network, and finds its weights.

    An option that has the name of a parameter takes its value where that is not the parameter's default, which need
    not be the default of every detector. Other options come from ``detector_options``.

    Args:
        params: Parameters of the stage.

    Raises:
        ParameterError: There is no such detector or option, or a value is wrong.

    Example:
        >>> from videoprep_nb.stages.track_persons.params import TrackPersonsParams
        >>> detector_of(TrackPersonsParams(tiles=2)).cost
        5.0
    """
    parameters = type(params).model_fields
    for text in params.detector_options:
        name = text.partition(":")[0].strip()
        if name in parameters:
            # a second way to set it would be a way around what a server allows
            raise ParameterError("detector_options", f"got {text!r}, but {name} is a parameter itself; set that")
    try:
        return create_detector(params.detector, params.detector_options, params.model_dump(exclude_defaults=True))
    except ParameterError as error:
        if error.field in parameters:
            raise
        raise ParameterError("detector_options", f"{error.field}: {error.reason}") from None
