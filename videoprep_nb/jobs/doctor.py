"""Check that the machine has all that the stages need; one line per check."""

import importlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from videoprep_nb.jobs.checks import Check, CheckFailed, Probe, run_checks
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.workspace_checks import examine_folder
from videoprep_nb.stages.track_persons.params import TrackPersonsParams
from videoprep_nb.tracking.ultralytics_env import CACHE_VARIABLE, cache_dir

_FILTERS = ("fps", "scale", "pad", "crop", "setsar", "setpts")
_ENCODERS = ("libx264",)
_CODECS = ("h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "msmpeg4v3", "mpeg1video", "mpeg2video", "mjpeg", "cinepak")
_CODEC_OF_DECODER = re.compile(r"\(codec (\w+)\)")
_KERNEL = "python3"
_TIMEOUT_S = 20
_MIN_FREE_BYTES = 1_000_000_000
_AMPLE_FREE_BYTES = 5_000_000_000


def examine(workspace: Path) -> list[Check]:
    """Run all checks, in the order in which a job depends on them.

    Args:
        workspace: The folder for results; it need not exist yet.
    """
    needed: dict[str, Probe] = {
        "ffmpeg": _ffmpeg,
        "ffmpeg filters": lambda: _offered("-filters", _FILTERS),
        "ffmpeg encoder": lambda: _offered("-encoders", _ENCODERS),
        "PyAV": lambda: _importable("av", "install av"),
        "OpenCV": lambda: _importable(
            "cv2", "if libGL or libgthread is missing, install the packages libgl1 and libglib2.0-0"
        ),
        "OpenVINO": _openvino,
        "weights": _weights,
        "Jupyter kernel": _kernel,
        "cache": lambda: _write_access(cache_dir(), f"set {CACHE_VARIABLE} to a folder that is"),
        "write access": lambda: _write_access(workspace, "choose another folder"),
        "disk space": lambda: check_free_space(workspace, _MIN_FREE_BYTES, "free some space before you start a job"),
    }
    useful: dict[str, Probe] = {
        "ffmpeg decoders": lambda: _offered("-decoders", _CODECS),
        "room for long videos": lambda: check_free_space(
            workspace, _AMPLE_FREE_BYTES, "an hour of video takes some GB"
        ),
        "exported network": _exported_network,
        "half precision": _half_precision,
        "GPU": _gpu,
    }
    return run_checks(needed, needed=True) + run_checks(useful, needed=False)


def _ffmpeg() -> str:
    from videoprep_nb.media.ffmpeg import ffmpeg_executable

    version = _ffmpeg_output("-version").splitlines()[0].split(" Copyright")[0]
    return f"{version}, {ffmpeg_executable()}"


def _offered(listing: str, required: Sequence[str]) -> str:
    """Check that ffmpeg lists certain filters, encoders or codecs.

    Args:
        listing: The option that makes ffmpeg print the list.
        required: Names in it, or names of codecs that a decoder in it is for.
    """
    lines = _ffmpeg_output(listing).splitlines()
    offered = {words[1] for line in lines if len(words := line.split()) > 1}
    offered.update(name for line in lines for name in _CODEC_OF_DECODER.findall(line))
    missing = [name for name in required if name not in offered]
    if missing:
        raise CheckFailed(
            f"this ffmpeg lacks {', '.join(missing)}; unset VIDEOPREP_FFMPEG to use the one that is installed"
        )
    return ", ".join(required)


def _ffmpeg_output(option: str) -> str:
    from videoprep_nb.media.ffmpeg import ffmpeg_executable

    argv = [ffmpeg_executable(), "-hide_banner", option]
    run = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)
    return run.stdout


def _importable(module_name: str, advice: str) -> str:
    try:
        module = importlib.import_module(module_name)
    except (ImportError, OSError) as error:  # OSError: a shared library that a package loads itself
        raise CheckFailed(f"cannot be imported ({error}); {advice}") from None
    return str(module.__version__)


def _openvino() -> str:
    from videoprep_nb.tracking.detectors import inference  # noqa: F401  # first: it turns the telemetry off

    return _importable("openvino", "install openvino")


def _weights() -> str:
    from videoprep_nb.tracking.detectors.inference.weights import resolve_weights

    return str(resolve_weights(_default_weights()).path)


def _exported_network() -> str:
    from videoprep_nb.tracking.detectors.inference.weights import resolve_weights

    weights = resolve_weights(_default_weights())
    folder = cache_dir() / "openvino"
    exported = next(folder.glob(f"*{weights.sha256[:16]}*.xml"), None)
    if exported is None:
        raise CheckFailed(f"none in {folder} yet; the first job exports it in a few seconds")
    return str(exported)


def _default_weights() -> str:
    return TrackPersonsParams.checked({}).weights


def _half_precision() -> str:
    from videoprep_nb.tracking.detectors.inference.device import bfloat16_is_faster

    if not bfloat16_is_faster():
        raise CheckFailed("this CPU has no fast bf16 (AMX); detection takes about twice as long")
    return "bf16"


def _gpu() -> str:
    from videoprep_nb.tracking.detectors.inference.device import choose_device

    if choose_device("auto") == "cuda":
        return "CUDA"
    if shutil.which("nvidia-smi"):
        raise CheckFailed("NVIDIA driver found, but torch cannot use it (CPU build?); using the CPU")
    raise CheckFailed("none; using the CPU")


def _kernel() -> str:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        return f"{_KERNEL}, {KernelSpecManager().get_kernel_spec(_KERNEL).resource_dir}"
    except NoSuchKernel:
        raise CheckFailed(f"no kernel {_KERNEL}; run python -m ipykernel install --sys-prefix") from None


def _write_access(path: Path, advice: str) -> str:
    folder = _existing_folder(path)
    try:
        with tempfile.TemporaryFile(dir=folder):
            return str(folder)
    except OSError as error:
        raise CheckFailed(f"{folder} is not writable ({error.strerror}); {advice}") from None


def check_free_space(workspace: Path, required_bytes: int, advice: str) -> str:
    """Check the disk of a folder, which need not exist yet.

    Args:
        workspace: The folder.
        required_bytes: Room that must be free.
        advice: What less means, or what to do.

    Returns:
        How much is free.

    Raises:
        CheckFailed: It is less.
    """
    folder = _existing_folder(workspace)
    free_bytes = shutil.disk_usage(folder).free
    found = f"{free_bytes / 1e9:.1f} GB free in {folder}"
    if free_bytes < required_bytes:
        raise CheckFailed(f"{found}, expected {required_bytes / 1e9:g} GB or more; {advice}")
    return found


def _existing_folder(path: Path) -> Path:
    """The folder itself, or the nearest one above it that exists and in which it would be made."""
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())


if __name__ == "__main__":  # for a server, which must not import what it checks
    found = examine(Path(sys.argv[1])) + examine_folder(Workspace(Path(sys.argv[1])))
    sys.stdout.write(json.dumps([asdict(check) for check in found]))
