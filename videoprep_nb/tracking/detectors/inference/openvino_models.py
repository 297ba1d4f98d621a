"""Networks for OpenVINO: exported from ``.pt`` weights once and kept in the user's cache, or read as they are."""

import importlib.metadata
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openvino as ov

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.layout import STAGING_PREFIX, disk_full_as_error
from videoprep_nb.tracking.detectors.inference.device import Precision
from videoprep_nb.tracking.detectors.inference.exported_file import read_exported
from videoprep_nb.tracking.detectors.inference.network_form import NetworkForm
from videoprep_nb.tracking.detectors.inference.person_network import load_person_model
from videoprep_nb.tracking.detectors.inference.weights import Weights
from videoprep_nb.tracking.ultralytics_env import cache_dir, offline_ultralytics

EXPORT_VERSION = 3
"""Raise it when the export changes, so that older files in the cache are not used."""

QUANTIZATION_VERSION = 1
"""The same for what is made of it in INT8."""

_FORM_KEY = ["videoprep", "form"]
_QUANTIZED_LAYOUTS = ("yolo", "yolo_nms_free")


def open_model(weights: Weights, precision: Precision) -> tuple[ov.Model, NetworkForm]:
    """Read the network of weights; ``.pt`` weights are exported first, which takes seconds, once.

    Args:
        weights: The weights.
        precision: ``int8`` gives a network in INT8, made now if it is not in the cache yet (a minute, once).

    Raises:
        WeightsError: The weights cannot be used.
        ParameterError: INT8 was asked for and the network cannot be brought to it, or a parameter does not fit.
    """
    if weights.is_exported:
        if precision == "int8":
            raise ParameterError("precision", f"got 'int8', but {weights.path.name} runs as it is; choose auto")
        return read_exported(weights)
    model_path = exported_model(weights)
    model, form = _read(model_path)
    if precision != "int8":
        return model, form
    if form.layout not in _QUANTIZED_LAYOUTS:
        raise ParameterError("precision", f"got 'int8', which {weights.path.name} cannot be brought to; choose auto")
    return _read(quantized_model(weights))


def exported_model(weights: Weights) -> Path:
    """The weights as an OpenVINO model in the user's cache, exported now if it is not there yet (seconds, once)."""
    version = importlib.metadata.version("ultralytics")
    stem = re.sub(r"[^\w.-]", "_", weights.path.stem)  # OpenVINO knows no bytes that are not UTF-8
    name = f"{stem}-{weights.key}-ultralytics-{version}-export-{EXPORT_VERSION}"
    model_path = cache_dir() / "openvino" / f"{name}.xml"
    if not model_path.is_file():
        with _staging(model_path) as staging:
            _save(*_export(weights, staging), staging, model_path)
    return model_path


def quantized_model(weights: Weights) -> Path:
    """The exported weights in INT8, in the same cache, quantised now if they are not there yet (a minute, once)."""
    exported = exported_model(weights)
    version = importlib.metadata.version("nncf")
    model_path = exported.with_name(f"{exported.stem}-int8-{QUANTIZATION_VERSION}-nncf-{version}.xml")
    if not model_path.is_file():
        from videoprep_nb.tracking.detectors.inference.quantize import quantize

        model, form = _read(exported)
        with _staging(model_path) as staging:
            _save(quantize(model), form, staging, model_path)
    return model_path


def _export(weights: Weights, staging: Path) -> tuple[ov.Model, NetworkForm]:
    with offline_ultralytics():
        loaded = load_person_model(weights)
        loaded.yolo.model.pt_path = str(staging / "network.pt")  # ultralytics writes beside this
        exported = Path(loaded.yolo.export(format="openvino", dynamic=True, verbose=False))
    model = ov.Core().read_model(next(exported.glob("*.xml")))
    return model, loaded.form


def _read(model_path: Path) -> tuple[ov.Model, NetworkForm]:
    model = ov.Core().read_model(model_path)
    return model, NetworkForm.from_json(model.get_rt_info(_FORM_KEY).astype(str))


def _save(model: ov.Model, form: NetworkForm, staging: Path, model_path: Path) -> None:
    model.set_rt_info(form.to_json(), _FORM_KEY)
    ov.save_model(model, staging / model_path.name, compress_to_fp16=False)
    for suffix in (".bin", ".xml"):  # the .xml makes the pair complete, so it comes last
        (staging / model_path.name).with_suffix(suffix).replace(model_path.with_suffix(suffix))


@contextmanager
def _staging(model_path: Path) -> Iterator[Path]:
    """A folder beside a model: two processes may make it at once, and the second replaces like by like."""
    folder = model_path.parent
    folder.mkdir(parents=True, exist_ok=True)
    with disk_full_as_error(folder), tempfile.TemporaryDirectory(dir=folder, prefix=STAGING_PREFIX) as staging:
        yield Path(staging)
