"""ONNX files and OpenVINO folders as weights: what they say of themselves, and what must be declared."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openvino as ov
import yaml

from videoprep_nb.core.errors import ParameterError, WeightsError
from videoprep_nb.tracking.detectors.inference.layouts import LAYOUTS, OutputLayout
from videoprep_nb.tracking.detectors.inference.layouts.base import Shape
from videoprep_nb.tracking.detectors.inference.network_form import NetworkForm
from videoprep_nb.tracking.detectors.inference.person_classes import person_class_indices
from videoprep_nb.tracking.detectors.inference.weights import Weights

_METADATA_NAME = "metadata.yaml"
_TASKS = ("detect", "segment", "pose")
_PERSON_OF_COCO = {80: 0, 91: 1}  # index of the person, by the number of classes


def read_exported(weights: Weights) -> tuple[ov.Model, NetworkForm]:
    """Read a network that another program exported.

    Args:
        weights: An ``.onnx`` or ``.xml`` file, or the folder of an OpenVINO export; its ``output_layout`` counts where
            the file does not name its layout.

    Raises:
        WeightsError: It cannot be read, its layout is unknown, or it knows no persons.
        ParameterError: It has not the classes that were asked for, or another layout than declared.
    """
    path = weights.path
    try:
        model = ov.Core().read_model(model_file(path))
    except RuntimeError as error:
        raise WeightsError(f"{path} cannot be read as a network: {_reason(error)}") from error
    metadata = _metadata(model, path)
    layout = LAYOUTS[weights.output_layout] if weights.output_layout != "auto" else _layout(model, metadata, path)
    shapes = [_shape(output) for output in model.outputs]
    try:
        class_count = layout.class_count(shapes[: layout.output_count])
    except ValueError as error:
        raise ParameterError(
            "output_layout", f"{layout.name} expects outputs {layout.shapes}, {path.name} has {_text(shapes)}"
        ) from error
    names = metadata.get("names") or _usual_names(class_count, layout, path)
    classes = person_class_indices(names, weights.person_classes, path)
    needed = ov.Model(model.outputs[: layout.output_count], model.get_parameters(), layout.name)
    return needed, NetworkForm(layout.name, tuple(classes), int(metadata.get("stride", 32)), _input_size(model, path))


def model_file(path: Path) -> Path:
    """The file that OpenVINO reads: the path, or in a folder the only ``.xml``.

    Raises:
        WeightsError: The folder does not have one.
    """
    if not path.is_dir():
        return path
    found = list(path.glob("*.xml"))
    if len(found) != 1:
        raise WeightsError(
            f"{path} is a folder with {len(found)} .xml files; expected an OpenVINO export, which has one."
        )
    return found[0]


def _metadata(model: ov.Model, path: Path) -> Mapping[str, Any]:
    """What ultralytics writes into an ONNX file, or beside an OpenVINO model; empty if there is nothing."""
    try:
        if path.suffix != ".onnx":
            text = (model_file(path).parent / _METADATA_NAME).read_text(encoding="utf-8")
            metadata = yaml.safe_load(text)
        else:
            entries = dict(model.get_rt_info()).get("framework", {})
            metadata = {key: _value(entry.astype(str)) for key, entry in entries.items()}
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    metadata = metadata if isinstance(metadata, dict) else {}
    names = metadata.get("names")
    if isinstance(names, list):
        metadata["names"] = dict(enumerate(names))
    return metadata


def _value(text: str) -> Any:
    """A value of the metadata of an ONNX file; a dictionary in Python's notation is one in YAML's, too."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _layout(model: ov.Model, metadata: Mapping[str, Any], path: Path) -> type[OutputLayout]:
    """The layout that a file names itself.

    Raises:
        WeightsError: It does not, or it is for another task.
    """
    task, args = metadata.get("task"), metadata.get("args")
    if task:
        if task not in _TASKS:
            raise WeightsError(f"{path} is made for {task!r}; expected a network for one of {', '.join(_TASKS)}.")
        if metadata.get("head") == "RTDETRDecoder":
            return LAYOUTS["rtdetr"]
        has_nms = isinstance(args, dict) and str(args.get("nms")) == "True"  # text in an ONNX file, "None" too
        chooses = metadata.get("end2end") or has_nms
        return LAYOUTS["end2end" if chooses else "yolo"]
    output_names = [name for output in model.outputs for name in output.get_names()]
    if output_names[:2] == ["dets", "labels"]:
        return LAYOUTS["rfdetr"]
    known = "; ".join(f"{layout.name} {layout.shapes}" for layout in LAYOUTS.values())
    raise WeightsError(
        f"{path} does not say what its outputs {_text([_shape(output) for output in model.outputs])} mean; "
        f"name it in output_layout, one of: {known}."
    )


def _usual_names(class_count: int | None, layout: type[OutputLayout], path: Path) -> dict[int, str]:
    """Names for classes without: the person of COCO where their number is that of COCO, else their numbers."""
    if class_count is None:
        raise WeightsError(f"{path} has no names of classes, which {layout.name} needs; export it with ultralytics.")
    names = {index: str(index) for index in range(class_count)}
    if class_count in _PERSON_OF_COCO:
        names[_PERSON_OF_COCO[class_count]] = "person"
    return names


def _input_size(model: ov.Model, path: Path) -> tuple[int, int] | None:
    """Width and height of the input; None if they are free.

    Raises:
        WeightsError: It is not one input of colour images.
    """
    shape = _shape(model.inputs[0])
    if len(model.inputs) != 1 or len(shape) != 4 or shape[1] not in (3, -1):
        found = _text([_shape(entry) for entry in model.inputs])
        raise WeightsError(f"{path} has the inputs {found}; expected one of images, (1, 3, height, width).")
    return None if -1 in shape[2:] else (shape[3], shape[2])


def _shape(port: Any) -> Shape:
    return tuple(-1 if length.is_dynamic else length.get_length() for length in port.partial_shape)


def _text(shapes: list[Shape]) -> str:
    return " and ".join(str(shape).replace("-1", "?") for shape in shapes)


def _reason(error: Exception) -> str:
    """The last line of one of OpenVINO's messages, which says what is wrong."""
    return str(error).strip().rpartition("\n")[2]
