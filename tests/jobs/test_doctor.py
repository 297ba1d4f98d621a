"""The doctor on this machine, and on machines that lack something."""

import importlib.machinery
import shutil
import sys
from pathlib import Path

import pytest

from videoprep_nb.jobs.checks import Check
from videoprep_nb.jobs.doctor import examine

NEEDED = {
    "ffmpeg", "ffmpeg filters", "ffmpeg encoder", "PyAV", "OpenCV", "OpenVINO", "weights", "Jupyter kernel",
    "cache", "write access", "disk space",
}  # fmt: skip


def checks_by_name(workspace: Path) -> dict[str, Check]:
    return {check.name: check for check in examine(workspace)}


def test_this_machine_can_run_jobs(tmp_path: Path) -> None:
    checks = checks_by_name(tmp_path)
    assert {name for name, check in checks.items() if check.needed} == NEEDED
    assert [check for check in checks.values() if check.needed and not check.ok] == []
    assert checks["ffmpeg decoders"].ok
    assert all("\n" not in check.message for check in checks.values())


def test_a_workspace_that_is_yet_to_be_made(tmp_path: Path) -> None:
    checks = checks_by_name(tmp_path / "new" / "folder")
    assert checks["write access"].ok
    assert checks["disk space"].ok
    assert list(tmp_path.iterdir()) == []


def test_an_ffmpeg_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEOPREP_FFMPEG", str(tmp_path / "no-ffmpeg"))
    checks = checks_by_name(tmp_path)
    for name in ("ffmpeg", "ffmpeg filters", "ffmpeg encoder", "ffmpeg decoders"):
        assert not checks[name].ok
        assert "no-ffmpeg" in checks[name].message


def test_an_ffmpeg_that_lacks_almost_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ffmpeg = tmp_path / "ffmpeg"
    ffmpeg.write_text("#!/bin/sh\necho ' .. scale V->V Scale.'\necho ' V..... x (codec h264)'\n")
    ffmpeg.chmod(0o755)
    monkeypatch.setenv("VIDEOPREP_FFMPEG", str(ffmpeg))
    checks = checks_by_name(tmp_path)
    assert "lacks fps, pad" in checks["ffmpeg filters"].message
    assert "lacks libx264" in checks["ffmpeg encoder"].message
    assert "lacks hevc" in checks["ffmpeg decoders"].message


class WithoutLibrary:
    """Stands in for a machine on which OpenCV's shared libraries are missing."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        if name == "cv2":
            raise ImportError("libGL.so.1: cannot open shared object file: No such file or directory")
        return None


def test_opencv_without_its_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    monkeypatch.setattr(sys, "meta_path", [WithoutLibrary(), *sys.meta_path])
    checks = checks_by_name(tmp_path)
    assert not checks["OpenCV"].ok
    assert "libGL.so.1" in checks["OpenCV"].message
    assert "libgl1" in checks["OpenCV"].message
    assert checks["ffmpeg"].ok


def test_no_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyter_client import kernelspec

    monkeypatch.setattr(kernelspec, "NATIVE_KERNEL_NAME", "another")  # else ipykernel always offers python3
    monkeypatch.setattr(kernelspec, "jupyter_path", lambda *parts: [str(tmp_path)])
    check = checks_by_name(tmp_path)["Jupyter kernel"]
    assert not check.ok
    assert "ipykernel install" in check.message


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    check = checks_by_name(tmp_path / "file")["write access"]
    assert not check.ok


def test_a_small_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=2_000_000_000))
    checks = checks_by_name(tmp_path)
    assert checks["disk space"].ok
    assert not checks["room for long videos"].ok
