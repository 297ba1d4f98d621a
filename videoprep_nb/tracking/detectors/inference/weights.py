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
from pathlib import Path

from videoprep_nb.core.errors import WeightsError
from videoprep_nb.core.layout import STAGING_PREFIX
from videoprep_nb.tracking.ultralytics_env import cache_dir, ultralytics_environment

WEIGHTS_DIR_VARIABLE = "VIDEOPREP_WEIGHTS_DIR"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_PACKAGED_NAME = "yolov8n"
_PACKAGED_SHA256 = "f59b3d833e2ff32e194b5bb8e08d211dc7c5bdf144b90d2c8412c47ccfc83b36"
_DOWNLOAD_TIMEOUT_S = 300.0
_DOWNLOAD_CODE = """
import sys
from ultralytics.utils import is_online
from ultralytics.utils.downloads import GITHUB_ASSETS_NAMES, attempt_download_asset
if sys.argv[1] not in GITHUB_ASSETS_NAMES:
    sys.exit("ultralytics knows no such name")
if not is_online():
    sys.exit("this computer is offline")
attempt_download_asset(sys.argv[1])
"""


@dataclass(frozen=True)
class Weights:
    """A weights file, and what of it is used.

    Args:
        path: The ``.pt`` file.
        sha256: Hash of its content, hexadecimal.
        person_classes: Names of the classes that count as persons; none: by name, see ``person_class_indices``.
    """

    path: Path
    sha256: str
    person_classes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Text that differs where the network that is made of them differs; part of file names."""
        classes = json.dumps(sorted({name.casefold() for name in self.person_classes}))
        return self.sha256[:16] + (
            f"-{hashlib.sha256(classes.encode()).hexdigest()[:8]}" if self.person_classes else ""
        )


def resolve_weights(name: str) -> Weights:
    """Find the weights that a person means.

    A path; else a file in the weights folder; else the yolov8n that is installed with us; else a name that
    ultralytics downloads, once, into the cache.

    Args:
        name: A ``.pt`` file or a name such as ``yolov8n``, with or without suffix.

    Raises:
        WeightsError: There are no such weights, or the installed file is not the one it should be.
    """
    file_name = name if name.endswith(".pt") else f"{name}.pt"
    if Path(file_name).is_file():
        return _hashed(Path(file_name))
    folder = os.environ.get(WEIGHTS_DIR_VARIABLE)
    if folder and (Path(folder) / file_name).is_file():
        return _hashed(Path(folder) / file_name)
    if file_name == f"{_PACKAGED_NAME}.pt" and (packaged := _packaged_path()) is not None:
        return check_packaged(packaged)
    downloaded = cache_dir() / "weights" / file_name
    problem = None if downloaded.is_file() else _download(file_name, downloaded)
    if problem is None:
        return check_packaged(downloaded) if downloaded.stem == _PACKAGED_NAME else _hashed(downloaded)
    in_folder = f"none in the weights folder {folder}" if folder else f"no weights folder ({WEIGHTS_DIR_VARIABLE})"
    raise WeightsError(
        f"The weights {name!r} were not found: there is no file {Path(file_name).absolute()}, {in_folder}, "
        f"only {_PACKAGED_NAME} comes with the installation (package vtrim), and ultralytics could not download "
        f"them ({problem}). Give the path of a .pt file, or use {_PACKAGED_NAME}."
    )


def are_trusted(name: str) -> bool:
    """Whether weights may be named by people who do not run the service, since loading a ``.pt`` runs code in it.

    That is the yolov8n whose hash is known, and what whoever runs the service has put into the weights folder; never a
    path, and nothing that would be downloaded.

    Args:
        name: The name, without suffix.
    """
    folder = os.environ.get(WEIGHTS_DIR_VARIABLE)
    in_folder = folder and _NAME.fullmatch(name) and (Path(folder) / f"{name}.pt").is_file()
    return name == _PACKAGED_NAME or bool(in_folder)


def check_packaged(path: Path) -> Weights:
    """Make sure that a file is the yolov8n that we know, since loading a ``.pt`` runs code in it.

    Raises:
        WeightsError: It is another file.
    """
    weights = _hashed(path)
    if weights.sha256 != _PACKAGED_SHA256:
        raise WeightsError(
            f"{path} is not the {_PACKAGED_NAME} it should be (SHA-256 {weights.sha256[:12]}…, expected "
            f"{_PACKAGED_SHA256[:12]}…); delete it, or reinstall the package vtrim that it comes with."
        )
    return weights


def _packaged_path() -> Path | None:
    try:
        path = Path(str(importlib.metadata.distribution("vtrim").locate_file(f"vtrim/{_PACKAGED_NAME}.pt")))
    except importlib.metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def _hashed(path: Path) -> Weights:
    with path.open("rb") as file:
        return Weights(path.resolve(), hashlib.file_digest(file, "sha256").hexdigest())


def _download(file_name: str, target: Path) -> str | None:
    """Let ultralytics download into the cache; returns what went wrong, None when the file is there.

    In a child process, because a download may stall for ever and only a process can be stopped.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=STAGING_PREFIX) as staging:
        try:
            child = subprocess.run(
                [sys.executable, "-c", _DOWNLOAD_CODE, file_name],
                cwd=staging,
                env=os.environ | ultralytics_environment(),
                capture_output=True,
                text=True,
                timeout=_DOWNLOAD_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"the download took more than {_DOWNLOAD_TIMEOUT_S:.0f} s"
        downloaded = Path(staging) / file_name
        if child.returncode or not downloaded.is_file():
            return child.stderr.strip().rpartition("\n")[2] or "the download ended without a file"
        downloaded.replace(target)
    return None
