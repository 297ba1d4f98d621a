"""What the machine can do, found out without loading torch or OpenVINO (seconds of start time)."""

import ctypes
import importlib.metadata
import importlib.util
import platform
from collections.abc import Collection
from pathlib import Path
from typing import Literal

from videoprep_nb.core.errors import ParameterError

Device = Literal["cpu", "cuda"]
Precision = Literal["float32", "bfloat16", "float16", "int8"]

_CUDA_DRIVERS = {"Linux": "libcuda.so.1", "Windows": "nvcuda.dll"}


def choose_device(requested: str) -> Device:
    """The device for ``auto``, ``cpu`` or ``cuda``.

    Raises:
        ParameterError: CUDA was asked for and cannot be used.
    """
    if requested == "cpu":
        return "cpu"
    usable = _cuda_is_usable()
    if requested == "cuda" and not usable:
        raise ParameterError(
            "device", "got 'cuda', but torch sees no CUDA device here; choose auto or cpu, or install a CUDA torch"
        )
    return "cuda" if usable else "cpu"


def choose_precision(requested: str, device: Device) -> Precision:
    """The number format of the network for ``auto``, ``float32``, ``half`` or ``int8``.

    Raises:
        ParameterError: Half precision was asked for and the processor has none, or INT8 without NNCF or on CUDA.
    """
    if requested == "int8":
        if device == "cuda":
            raise ParameterError("precision", "got 'int8', which is for device cpu; choose auto or half on cuda")
        if importlib.util.find_spec("nncf") is None:
            raise ParameterError("precision", "got 'int8', which needs nncf; pip install 'videoprep-nb[int8]'")
        return "int8"
    if requested == "float32":
        return "float32"
    if device == "cuda":
        return "float16"
    if requested == "half" and not cpu_has_bfloat16():
        raise ParameterError("precision", "got 'half', but this processor has no bf16; choose auto or float32")
    return "bfloat16" if requested == "half" or bfloat16_is_faster() else "float32"


def cpu_has_bfloat16() -> bool:
    """Whether the processor multiplies bf16 itself; OpenVINO also offers it where it is emulated and slow."""
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(_words_about_cpu())


def bfloat16_is_faster() -> bool:
    """Whether bf16 is faster than float32 on this processor."""
    return multiplies_bfloat16_faster(_words_about_cpu())


def multiplies_bfloat16_faster(words: Collection[str]) -> bool:
    """Whether a processor multiplies bf16 faster than float32.

    AMX does, many times as fast. With the instructions of AVX-512 alone, which Intel's processors run at half the rate,
    yolov8n took 70 ms of processor time per frame on a Xeon whose AMX was hidden by its virtual machine, and 44 ms in
    float32.

    Args:
        words: What ``/proc/cpuinfo`` says about it.
    """
    return "amx_bf16" in words or ("avx512_bf16" in words and "GenuineIntel" not in words)


def _words_about_cpu() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split()
    except OSError:  # not Linux
        return []


def _cuda_is_usable() -> bool:
    if not _driver_has_device() or importlib.metadata.version("torch").endswith("+cpu"):
        return False
    import torch

    return bool(torch.cuda.is_available())


def _driver_has_device() -> bool:
    try:
        driver = ctypes.CDLL(_CUDA_DRIVERS.get(platform.system(), ""))
        count = ctypes.c_int(0)
        return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
    except (OSError, AttributeError):  # no driver, or not the library we take it for
        return False
