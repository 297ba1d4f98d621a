"""Reading of packages in tests, with nothing but the standard library: the pickle may name no class or function."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any, BinaryIO


class RefusingUnpickler(pickle.Unpickler):
    """Loads plain data and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"the pickle names {module}.{name}")


def read_proposals(package: Path | BinaryIO) -> dict[str, dict[str, list[list[Any]]]]:
    """The dense proposals of a package: clip, frame, boxes."""
    with zipfile.ZipFile(package) as outer:
        return RefusingUnpickler(io.BytesIO(outer.read("dense_proposals.pkl"))).load()


def ids_by_video(package: Path | BinaryIO) -> dict[str, set[int]]:
    """Track ids in a package, by video."""
    found: dict[str, set[int]] = {}
    for clip, frames in read_proposals(package).items():
        found.setdefault(clip.split("_")[0], set()).update(int(box[5]) for boxes in frames.values() for box in boxes)
    return found
