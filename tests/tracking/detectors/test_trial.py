"""Weights are tried in a process of their own before a job relies on them."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.support.broken_weights import write_weights_without_numbers
from videoprep_nb.core.errors import ParameterError, WeightsError
from videoprep_nb.tracking.detectors import create_detector
from videoprep_nb.tracking.detectors.inference.weights import resolve_weights


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEOPREP_CACHE_DIR", str(tmp_path / "cache"))


def check(path: Path, *options: str) -> None:
    create_detector("yolo", ["device:cpu", f"weights:{path}", *options]).check_weights()


def forbid_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")


def test_good_weights_are_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.pt"
    shutil.copyfile(resolve_weights("yolov8n").path, own)
    with own.open("ab") as file:
        file.write(b"\0")  # else they would be known
    check(own, "person_classes:bus,person")
    assert list((tmp_path / "cache" / "openvino").glob("own-*.xml")), "what was made is there for the job"
    forbid_processes(monkeypatch)
    own.rename(tmp_path / "moved.pt")
    with pytest.raises(FileNotFoundError):
        check(tmp_path / "moved.pt", "person_classes:bus,person")
    (tmp_path / "moved.pt").rename(own)
    check(own, "person_classes:bus,person")


def test_known_weights_need_no_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_processes(monkeypatch)
    create_detector("yolo").check_weights()


def test_weights_that_cannot_be_loaded(tmp_path: Path) -> None:
    path = write_weights_without_numbers(tmp_path / "hollow.pt")
    create_detector("yolo", [f"weights:{path}"]).find_weights()
    with pytest.raises(WeightsError, match=r"hollow\.pt cannot be loaded"):
        check(path)


def test_an_option_that_does_not_suit_the_machine() -> None:
    with pytest.raises(ParameterError, match=r"cuda"):
        create_detector("yolo", ["device:cuda", "precision:int8"]).check_weights()
