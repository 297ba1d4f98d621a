"""Weights of ultralytics as a torch network that finds persons only."""

from dataclasses import dataclass
from typing import Any

from videoprep_nb.core.errors import WeightsError
from videoprep_nb.tracking.detectors.inference.network_form import NetworkForm
from videoprep_nb.tracking.detectors.inference.person_classes import person_class_indices
from videoprep_nb.tracking.detectors.inference.weights import Weights

USABLE = (
    "ultralytics' networks for detection, segmentation and pose, RT-DETR, and YOLO-World and YOLOE with set classes"
)


_MIN_STRIDE_PX = 32  # of every backbone, also where the grids of the head are finer


@dataclass(frozen=True)
class PersonModel:
    """A network that finds persons.

    Args:
        yolo: An ``ultralytics.YOLO`` or ``RTDETR``.
        form: What is known of it.
    """

    yolo: Any
    form: NetworkForm


def load_person_model(weights: Weights) -> PersonModel:
    """Load weights and leave the classes of persons in the head.

    Call it inside ``offline_ultralytics``.

    Args:
        weights: A ``.pt`` file of ultralytics.

    Raises:
        WeightsError: The file cannot be loaded, finds no boxes, or knows no persons.
        ParameterError: It has not the classes that were asked for.
    """
    from ultralytics import YOLO

    from videoprep_nb.tracking.detectors.inference.heads import UnfitHeadError, check_head, keep_classes

    try:
        yolo = YOLO(weights.path)
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise WeightsError(f"{weights.path} cannot be loaded as YOLO weights: {reason}") from error
    model = yolo.model.float().eval()
    names = dict(enumerate(yolo.names)) if isinstance(yolo.names, list) else yolo.names
    try:
        check_head(model)
        classes = person_class_indices(names, weights.person_classes, weights.path)
        layout = keep_classes(model, len(names), classes)
    except UnfitHeadError as error:
        raise WeightsError(f"{weights.path} cannot be used: {error}. Expected: {USABLE}.") from error
    model.names = {place: names[index] for place, index in enumerate(classes)}
    yolo.task = model.task = "detect"  # also of those for masks and poses, which have none now
    stride_px = max(_MIN_STRIDE_PX, int(max(model.stride)))
    return PersonModel(yolo, NetworkForm(layout, tuple(range(len(classes))), stride_px))
