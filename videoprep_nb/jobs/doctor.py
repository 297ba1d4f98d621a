"""Check that the machine has all that the stages need; one line per check."""

import importlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from videoprep_nb.stages.track_persons.params import TrackPersonsParams

_FILTERS = ("fps", "scale", "pad", "crop", "setsar", "setpts")
_ENCODERS = ("libx264",)
_CODECS = ("h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "msmpeg4v3", "mpeg1video", "mpeg2video", "mjpeg", "cinepak")
_CODEC_OF_DECODER = re.compile(r"\(codec (\w+)\)")
_KERNEL = "python3"
_TIMEOUT_S = 20
_MIN_FREE_BYTES = 1_000_000_000
_AMPLE_FREE_BYTES = 5_000_000_000


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Args:
        name: What was checked.
        ok: Whether it passed.
        message: What was found; on failure what that means or what to do.
        needed: Whether jobs depend on it.
    """

    name: str
    ok: bool
    message: str
    needed: bool


class _Missing(Exception):
    """A check failed; the text says what that means or what to do."""


def examine(workspace: Path) -> list[Check]:
    """Run all checks, in the order in which a job depends on them.

    Args:
        workspace: The folder for results; it need not exist yet.
    """
    needed: dict[str, Callable[[], str]] = {
        "ffmpeg": _ffmpeg,
        "ffmpeg filters": lambda: _offered("-filters", _FILTERS),
        "ffmpeg encoder": lambda: _offered("-encoders", _ENCODERS),
        "PyAV": lambda: _importable("av", "install av"),
        "OpenCV": lambda: _importable(
            "cv2", "if libGL or libgthread is missing, install the packages libgl1 and libglib2.0-0"
        ),
        "OpenVINO": lambda: _importable("openvino", "install openvino"),
        "weights": _weights,
        "Jupyter kernel": _kernel,
        "write access": lambda: _write_access(workspace),
        "disk space": lambda: _free_space(workspace, _MIN_FREE_BYTES, "free some space before you start a job"),
    }
    useful: dict[str, Callable[[], str]] = {
        "ffmpeg decoders": lambda: _offered("-decoders", _CODECS),
        "room for long videos": lambda: _free_space(workspace, _AMPLE_FREE_BYTES, "an hour of video takes some GB"),
        "exported network": _exported_network,
        "half precision": _half_precision,
        "GPU": _gpu,
    }
    checks = [_check(name, probe, needed=True) for name, probe in needed.items()]
    return checks + [_check(name, probe, needed=False) for name, probe in useful.items()]


def _check(name: str, probe: Callable[[], str], *, needed: bool) -> Check:
    try:
        return Check(name, True, probe(), needed)
    except _Missing as missing:
        return Check(name, False, str(missing), needed)
    except Exception as error:  # a broken library may raise anything, and must not hide the other checks
        return Check(name, False, f"{type(error).__name__}: {error}", needed)


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
        raise _Missing(
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
        raise _Missing(f"cannot be imported ({error}); {advice}") from None
    return str(module.__version__)


def _weights() -> str:
    from videoprep_nb.tracking.detectors.inference.weights import resolve_weights

    return str(resolve_weights(_default_weights()).path)


def _exported_network() -> str:
    from videoprep_nb.tracking.detectors.inference.weights import resolve_weights
    from videoprep_nb.tracking.ultralytics_env import cache_dir

    weights = resolve_weights(_default_weights())
    folder = cache_dir() / "openvino"
    exported = next(folder.glob(f"*{weights.sha256[:16]}*.xml"), None)
    if exported is None:
        raise _Missing(f"none in {folder} yet; the first job exports it in a few seconds")
    return str(exported)


def _default_weights() -> str:
    return TrackPersonsParams.checked({}).weights


def _half_precision() -> str:
    from videoprep_nb.tracking.detectors.inference.device import bfloat16_is_faster

    if not bfloat16_is_faster():
        raise _Missing("this CPU has no fast bf16 (AMX); detection takes about twice as long")
    return "bf16"


def _gpu() -> str:
    from videoprep_nb.tracking.detectors.inference.device import choose_device

    if choose_device("auto") == "cuda":
        return "CUDA"
    if shutil.which("nvidia-smi"):
        raise _Missing("NVIDIA driver found, but torch cannot use it (CPU build?); using the CPU")
    raise _Missing("none; using the CPU")


def _kernel() -> str:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        return f"{_KERNEL}, {KernelSpecManager().get_kernel_spec(_KERNEL).resource_dir}"
    except NoSuchKernel:
        raise _Missing(f"no kernel {_KERNEL}; run python -m ipykernel install --sys-prefix") from None


def _write_access(workspace: Path) -> str:
    folder = _existing_folder(workspace)
    try:
        with tempfile.TemporaryFile(dir=folder):
            return str(folder)
    except OSError as error:
        raise _Missing(f"{folder} is not writable ({error.strerror}); choose another folder") from None


def _free_space(workspace: Path, required_bytes: int, advice: str) -> str:
    folder = _existing_folder(workspace)
    free_bytes = shutil.disk_usage(folder).free
    found = f"{free_bytes / 1e9:.1f} GB free in {folder}"
    if free_bytes < required_bytes:
        raise _Missing(f"{found}, expected {required_bytes / 1e9:.0f} GB or more; {advice}")
    return found


def _existing_folder(path: Path) -> Path:
    """The folder itself, or the nearest one above it that exists and in which it would be made."""
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())


if __name__ == "__main__":  # for a server, which must not import what it checks
    sys.stdout.write(json.dumps([asdict(check) for check in examine(Path(sys.argv[1]))]))
