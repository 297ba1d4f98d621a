"""Where the weights of a detector come from."""

import hashlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from videoprep_nb.core.errors import WeightsError
from videoprep_nb.core.layout import STAGING_PREFIX
from videoprep_nb.core.text import reason_of
from videoprep_nb.tracking.ultralytics_env import cache_dir, ultralytics_environment

WEIGHTS_DIR_VARIABLE = "VIDEOPREP_WEIGHTS_DIR"

USABLE = "a .pt file of ultralytics, an .onnx file, or the folder of an OpenVINO model"

_SUFFIXES = (".pt", ".onnx", "_openvino_model")
_OTHER_SUFFIXES = (".pth", ".ckpt", ".safetensors", ".engine", ".torchscript", ".tflite", ".h5", ".xml", ".bin")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_PUBLISHED_NAME = re.compile(r"(yolo|rtdetr)[A-Za-z0-9._-]+")
_PACKAGED_NAME = "yolov8n"
_PACKAGED_SHA256 = "f59b3d833e2ff32e194b5bb8e08d211dc7c5bdf144b90d2c8412c47ccfc83b36"
_DOWNLOAD_TIMEOUT_S = 300.0
_UNKNOWN_NAME = "ultralytics knows no such name"
_DOWNLOAD_CODE = f"""
import sys
from ultralytics.utils import is_online
from ultralytics.utils.downloads import GITHUB_ASSETS_NAMES, attempt_download_asset
if sys.argv[1] not in GITHUB_ASSETS_NAMES:
    sys.exit("{_UNKNOWN_NAME}")
if not is_online():
    sys.exit("this computer is offline")
attempt_download_asset(sys.argv[1])
"""


@dataclass(frozen=True)
class Weights:
    """A weights file, and what of it is used.

    Args:
        path: The ``.pt`` or ``.onnx`` file, or the folder of an OpenVINO model.
        sha256: Hash of its content, hexadecimal.
        person_classes: Names of the classes that count as persons; none: by name, see ``person_class_indices``.
        output_layout: Name of the layout of an exported network, see ``layouts``; ``auto``: what the file says.
    """

    path: Path
    sha256: str
    person_classes: tuple[str, ...] = ()
    output_layout: str = "auto"

    @property
    def is_exported(self) -> bool:
        """Whether they are a network that another program exported; ``.pt`` files are not."""
        return self.path.suffix != ".pt"

    @property
    def key(self) -> str:
        """Text that differs where the network that is made of them differs; part of file names."""
        classes = sorted({name.casefold() for name in self.person_classes})
        used = json.dumps([classes, self.output_layout])
        is_usual = not classes and self.output_layout == "auto"
        return self.sha256[:16] + ("" if is_usual else f"-{hashlib.sha256(used.encode()).hexdigest()[:8]}")


def resolve_weights(name: str) -> Weights:
    """Find the weights that a person means.

    A path; else a file in the weights folder; else the yolov8n that is installed with us; else a name that
    ultralytics downloads, once, into the cache.

    Args:
        name: A path, or a name such as ``yolov8n``, with or without suffix.

    Raises:
        WeightsError: There are no such weights, or the installed file is not the one it should be.
    """
    folder = os.environ.get(WEIGHTS_DIR_VARIABLE)
    found = local_weights(name) or (_named_in(Path(folder), name) if folder and Path(name).name == name else None)
    if found is not None:
        return _hashed_if_usable(found)
    in_folder = (
        f"none in the weights folder {folder}" if folder else f"no weights folder is set ({WEIGHTS_DIR_VARIABLE})"
    )
    stem = name.removesuffix(".pt")
    if _is_path(name):
        raise WeightsError(
            f"There is no file {Path(name).absolute()}, and {in_folder}; give {USABLE}, or a name such as yolov8n."
        )
    if stem == _PACKAGED_NAME and (packaged := _packaged_path()) is not None:
        return check_packaged(packaged)
    downloaded = cache_dir() / "weights" / f"{stem}.pt"
    problem = None if downloaded.is_file() else _download(downloaded)
    if problem is None:
        return check_packaged(downloaded) if stem == _PACKAGED_NAME else _hashed(downloaded)
    raise WeightsError(
        f"The weights {name!r} were not found: there is no file {Path(f'{stem}.pt').absolute()}, {in_folder}, "
        f"only {_PACKAGED_NAME} comes with the installation (package vtrim), and ultralytics could not download "
        f"them ({problem}). Give {USABLE}, or use {_PACKAGED_NAME}."
    )


def local_weights(name: str) -> Path | None:
    """The file or folder that a name means where one stands; None if there is none.

    Args:
        name: A path, or a name such as ``yolov8n``, with or without suffix.
    """
    path = Path(name)
    return path if _is_path(name) and path.exists() else _named_in(path.parent, path.name)


def are_trusted(name: str) -> bool:
    """Whether weights may be named by people who do not run the service, since loading a ``.pt`` runs code in it.

    That is the yolov8n whose hash is known, and what whoever runs the service has put into the weights folder; never a
    path, and nothing that would be downloaded.

    Args:
        name: The name, with or without suffix.
    """
    folder = os.environ.get(WEIGHTS_DIR_VARIABLE)
    in_folder = folder and _NAME.fullmatch(name) and _named_in(Path(folder), name)
    return name == _PACKAGED_NAME or bool(in_folder)


def _named_in(folder: Path, name: str) -> Path | None:
    """The file or folder in a folder that a name means."""
    names = [name] if name.endswith(_SUFFIXES) else [f"{name}{suffix}" for suffix in _SUFFIXES]
    return next((folder / each for each in names if (folder / each).exists()), None)


def _is_path(name: str) -> bool:
    """Whether it cannot be a name that ultralytics knows."""
    if Path(name).name != name or name.endswith((*_SUFFIXES[1:], *_OTHER_SUFFIXES)):
        return True
    return name.endswith(".pt") and not _PUBLISHED_NAME.fullmatch(name)


def _hashed_if_usable(path: Path) -> Weights:
    """The weights at a path, if they can be any.

    Raises:
        WeightsError: It is neither a file of one of the kinds nor such a folder.
    """
    if path.is_dir():
        if len(list(path.glob("*.xml"))) != 1 or len(list(path.glob("*.bin"))) != 1:
            raise WeightsError(f"{path} is a folder without one .xml and one .bin file of OpenVINO; give {USABLE}.")
    elif not path.is_file() or path.suffix not in (".pt", ".onnx"):
        raise WeightsError(f"{path} cannot be used as weights; give {USABLE}.")
    elif path.stat().st_size == 0:
        raise WeightsError(f"{path} is empty; copy or download it again.")
    return _hashed(path)


def check_packaged(path: Path) -> Weights:
    """Make sure that a file is the yolov8n that we know, since loading a ``.pt`` runs code in it.

    Raises:
        WeightsError: It is another file.
    """
    weights = _hashed(path)
    if not is_packaged(weights):
        raise WeightsError(
            f"{path} is not the {_PACKAGED_NAME} it should be (SHA-256 {weights.sha256[:12]}…, expected "
            f"{_PACKAGED_SHA256[:12]}…); delete it, or reinstall the package vtrim that it comes with."
        )
    return weights


def is_packaged(weights: Weights) -> bool:
    """Whether weights are the yolov8n that we know."""
    return weights.sha256 == _PACKAGED_SHA256


def _packaged_path() -> Path | None:
    try:
        path = Path(str(importlib.metadata.distribution("vtrim").locate_file(f"vtrim/{_PACKAGED_NAME}.pt")))
    except importlib.metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def _hashed(path: Path) -> Weights:
    files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
    try:
        hashes = [_hash(file, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({reason_of(error)}).") from None
    whole = hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
    return Weights(path.resolve(), whole)


@lru_cache
def _hash(path: Path, size_bytes: int, modified_ns: int) -> str:
    """SHA-256 of a file, calculated again when its size or time of modification are others."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(target: Path) -> str | None:
    """Let ultralytics download into the cache; returns what went wrong, None when the file is there.

    In a child process, because a download may stall for ever and only a process can be stopped.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if not _PUBLISHED_NAME.fullmatch(target.name):
        return _UNKNOWN_NAME
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=STAGING_PREFIX) as staging:
        try:
            child = subprocess.run(
                [sys.executable, "-c", _DOWNLOAD_CODE, target.name],
                cwd=staging,
                env=os.environ | ultralytics_environment(),
                capture_output=True,
                text=True,
                timeout=_DOWNLOAD_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"the download took more than {_DOWNLOAD_TIMEOUT_S:.0f} s"
        downloaded = Path(staging) / target.name
        if child.returncode or not downloaded.is_file():
            return child.stderr.strip().rpartition("\n")[2] or "the download ended without a file"
        downloaded.replace(target)
    return None
