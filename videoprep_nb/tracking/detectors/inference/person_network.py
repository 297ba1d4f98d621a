"""YOLO weights as a torch network that finds persons only."""

from typing import Any

from videoprep_nb.core.errors import WeightsError
from videoprep_nb.tracking.detectors.inference.person_classes import person_class_indices
from videoprep_nb.tracking.detectors.inference.weights import Weights


def load_person_model(weights: Weights) -> Any:
    """Load weights and leave the classes of persons in the last layer.

    The scores of 79 other classes cost about 5 % of the time on a CPU and nobody reads them. Call it inside
    ``offline_ultralytics``.

    Args:
        weights: A detection model of ultralytics.

    Returns:
        An ``ultralytics.YOLO``; its network gives ``(batch, 4 + C, N)``: centre x, y, width, height in pixels, and the
        scores of C classes of persons.

    Raises:
        WeightsError: The file cannot be loaded, is no detector, or knows no persons.
        ParameterError: It has not the classes that were asked for.
    """
    import torch
    from ultralytics import YOLO
    from ultralytics.nn.modules.head import Detect

    try:
        yolo = YOLO(weights.path)
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise WeightsError(f"{weights.path} cannot be loaded as YOLO weights: {reason}") from error
    head = yolo.model.model[-1]
    if yolo.task != "detect" or not isinstance(head, Detect):
        raise WeightsError(f"{weights.path} is made for {yolo.task!r}; expected weights of a YOLO detector.")
    persons = person_class_indices(yolo.names, weights.person_classes, weights.path)
    yolo.model.end2end = False  # the output with all candidates; ours is the choice among overlapping ones
    for branch in head.cv3:
        last = branch[-1]
        last.weight = torch.nn.Parameter(last.weight[persons], requires_grad=False)
        last.bias = torch.nn.Parameter(last.bias[persons], requires_grad=False)
        last.out_channels = len(persons)
    head.nc = len(persons)
    head.no = 4 * head.reg_max + len(persons)
    yolo.model.names = {place: yolo.names[index] for place, index in enumerate(persons)}
    return yolo
