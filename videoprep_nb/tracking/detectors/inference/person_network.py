"""YOLO weights as a torch network that finds persons only."""

from typing import Any

from videoprep_nb.core.errors import WeightsError
from videoprep_nb.tracking.detectors.inference.weights import Weights


def load_person_model(weights: Weights) -> Any:
    """Load weights and leave one class, person, in the last layer.

    The scores of 79 other classes cost about 5 % of the time on a CPU and nobody reads them. Call it inside
    ``offline_ultralytics``.

    Args:
        weights: A detection model of ultralytics; with one class only, whatever its name, this class counts.

    Returns:
        An ``ultralytics.YOLO``; its network gives ``(batch, 5, N)``: centre x, y, width, height in pixels, score.

    Raises:
        WeightsError: The file cannot be loaded, is no detector, or knows no persons.
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
    person = _person_class(yolo.names, weights)
    yolo.model.end2end = False  # the output with all candidates; ours is the choice among overlapping ones
    for branch in head.cv3:
        last = branch[-1]
        last.weight = torch.nn.Parameter(last.weight[[person]], requires_grad=False)
        last.bias = torch.nn.Parameter(last.bias[[person]], requires_grad=False)
        last.out_channels = 1
    head.nc = 1
    head.no = 4 * head.reg_max + 1
    yolo.model.names = {0: "person"}
    return yolo


def _person_class(names: dict[int, str], weights: Weights) -> int:
    if len(names) == 1:
        return next(iter(names))
    for index, name in names.items():
        if name.lower() in ("person", "pedestrian"):
            return index
    raise WeightsError(f"{weights.path} knows no class 'person', only {', '.join(list(names.values())[:10])}.")
