"""What a ``.pt`` file holds, found out without running the code in it and without torch.

torch saves a network as a pickle, which names classes and functions to call. Here each of them is an empty stand-in, so
that what remains are the names of the classes and the values of their attributes.
"""

import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from videoprep_nb.core.errors import WeightsError
from videoprep_nb.core.text import reason_of

_ULTRALYTICS = "ultralytics."
_OTHER_TASKS = {
    "ClassificationModel": "classification",
    "SemanticSegmentationModel": "semantic segmentation",
    "DepthModel": "depth",
    "OBBModel": "rotated boxes",
}
_OPEN_VOCABULARY = ("WorldModel", "YOLOEModel", "YOLOESegModel")
_OF_DAMAGED_PICKLES = (
    *(pickle.UnpicklingError, struct.error, AttributeError, LookupError, MemoryError, TypeError, ValueError),
    *(NotImplementedError, OverflowError, RuntimeError),  # also of zip files with passwords or rare compression
)
_ZIP = b"PK"
_PICKLE = b"\x80"
_LFS = b"version https://git-lfs"
_MAX_PICKLE_BYTES = 64 << 20  # of large networks it has half a megabyte
_LEGACY_PICKLES = 4  # magic number, version, facts about the machine, and then what was saved


def read_class_names(path: Path) -> dict[int, str] | None:
    """Make sure that a file holds a detector of ultralytics, and read what its classes are called.

    Args:
        path: The file, as ``torch.save`` wrote it.

    Returns:
        The names by index; None for a network whose classes are chosen when it is loaded.

    Raises:
        WeightsError: It is another kind of file, or of network; the message says which.
    """
    network = _network_of(_saved_object(path), path)
    kind = type(network).__name__
    if kind in _OTHER_TASKS:
        raise WeightsError(f"{path} is a network for {_OTHER_TASKS[kind]}; expected one that gives upright boxes.")
    names = vars(network).get("names")
    if kind in _OPEN_VOCABULARY or not names:
        return None
    pairs = names.items() if isinstance(names, dict) else enumerate(names)
    return {int(index): str(name) for index, name in pairs}


def _network_of(saved: Any, path: Path) -> "_StandIn":
    """The network in what was saved."""
    holder = saved if isinstance(saved, dict) else vars(saved) if isinstance(saved, _StandIn) else {}
    network = holder.get("ema") or holder.get("model")
    if isinstance(network, _StandIn) and network.module.startswith(_ULTRALYTICS):
        return network
    if isinstance(network, _StandIn) and network.module.startswith("models."):
        raise WeightsError(
            f"{path} was saved by the YOLOv5 or YOLOv7 repository, whose networks ultralytics cannot load; export it "
            "to ONNX there, or train a network of ultralytics."
        )
    if isinstance(saved, dict) and not isinstance(network, _StandIn):
        raise WeightsError(
            f"{path} has parameters only (a state dict), no network; save the whole model with ultralytics, or export "
            "it to ONNX."
        )
    raise WeightsError(
        f"{path} holds no network in the form in which ultralytics saves it; save it so, or export it to ONNX."
    )


def _saved_object(path: Path) -> Any:
    """What was given to ``torch.save``, with stand-ins for objects and without the numbers."""
    try:
        with path.open("rb") as file:
            start = file.read(len(_LFS))
            file.seek(0)
            if not start:
                raise WeightsError(f"{path} is empty; copy or download it again.")
            if start == _LFS:
                raise WeightsError(f"{path} is a pointer of Git LFS, not the file itself; run git lfs pull.")
            if start.startswith(_ZIP):
                return _read_zip(file, path)
            if start.startswith(_PICKLE):
                return [_load(file) for _ in range(_LEGACY_PICKLES)][-1]
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({reason_of(error)}).") from None
    except (zipfile.BadZipFile, EOFError):
        raise WeightsError(f"{path} is incomplete or damaged; copy or download it again.") from None
    except _OF_DAMAGED_PICKLES:
        raise WeightsError(f"{path} is damaged, or not a file that torch saved.") from None
    raise WeightsError(f"{path} is not a file that torch saved; expected weights of a detector.")


def _read_zip(file: IO[bytes], path: Path) -> Any:
    with zipfile.ZipFile(file) as archive:
        inside = {name.partition("/")[2]: name for name in archive.namelist()}
        if "constants.pkl" in inside:
            raise WeightsError(f"{path} is TorchScript; give the .pt file that it was exported from, or ONNX.")
        if "data.pkl" not in inside:
            raise WeightsError(f"{path} is a zip file that torch did not save; expected weights of a detector.")
        if archive.getinfo(inside["data.pkl"]).file_size > _MAX_PICKLE_BYTES:
            raise WeightsError(f"{path} holds more than parameters and a network; save the network alone.")
        return _load(io.BytesIO(archive.read(inside["data.pkl"])))  # read at once, which checks for damage


def _load(file: IO[bytes]) -> Any:
    return _Unpickler(file).load()


class _Unpickler(pickle._Unpickler):
    """Makes a stand-in of everything that a pickle names.

    It is Python's own of the two unpicklers: the one in C takes as much memory as a damaged file may ask for.
    """

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        """A class of stand-ins; of dictionaries, one of dictionaries."""
        if (module, name) == ("collections", "OrderedDict"):
            return _Dictionary
        return type(name, (_StandIn,), {"module": module})

    def persistent_load(self, pid: Any) -> Any:
        """No numbers; in the form before torch 1.6, a class."""
        return pid[1] if pid[0] == "module" else None


class _Dictionary(dict[Any, Any]):
    """A dictionary that may have attributes, as that of a network's parameters has."""


class _StandIn:
    """Takes whatever a pickle does to an object, and keeps its attributes."""

    module = ""

    def __new__(cls, *args: Any, **options: Any) -> "_StandIn":
        return object.__new__(cls)

    def __init__(self, *args: Any, **options: Any) -> None:
        return

    def __setitem__(self, key: Any, value: Any) -> None:
        return

    def append(self, item: Any) -> None:
        """Of a list of another class."""

    def add(self, item: Any) -> None:
        """Of a set of another class."""
