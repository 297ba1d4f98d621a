"""Where weights are looked for, and what is said when they are not there."""

import shutil
from pathlib import Path

import pytest

from videoprep_nb.core.errors import WeightsError
from videoprep_nb.tracking.detectors.inference import weights as weights_module
from videoprep_nb.tracking.detectors.inference.weights import are_trusted, check_packaged, resolve_weights

PACKAGED_SHA256 = "f59b3d833e2ff32e194b5bb8e08d211dc7c5bdf144b90d2c8412c47ccfc83b36"


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("YOLO_OFFLINE", "true")
    monkeypatch.setenv("VIDEOPREP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("VIDEOPREP_WEIGHTS_DIR", raising=False)


@pytest.mark.parametrize("name", ["yolov8n", "yolov8n.pt"])
def test_the_installed_weights(name: str) -> None:
    weights = resolve_weights(name)
    assert weights.sha256 == PACKAGED_SHA256
    assert weights.path.name == "yolov8n.pt"


def test_a_path_comes_first_then_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "yolov8n.pt").write_bytes(b"in the folder")
    monkeypatch.setenv("VIDEOPREP_WEIGHTS_DIR", str(folder))
    assert resolve_weights("yolov8n").path == (folder / "yolov8n.pt").resolve()
    Path("yolov8n.pt").write_bytes(b"in the path")
    assert resolve_weights("yolov8n").path == Path("yolov8n.pt").resolve()
    assert resolve_weights(str(folder / "yolov8n.pt")).path == (folder / "yolov8n.pt").resolve()


@pytest.mark.parametrize("name", ["own", "own.pt", "exported.onnx", "exported", "folder", "folder_openvino_model"])
def test_every_kind_is_found_in_the_weights_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "weights"
    (folder / "folder_openvino_model").mkdir(parents=True)
    for file in ("own.pt", "exported.onnx", "folder_openvino_model/a.xml", "folder_openvino_model/a.bin"):
        (folder / file).write_bytes(file.encode())
    monkeypatch.setenv("VIDEOPREP_WEIGHTS_DIR", str(folder))
    weights = resolve_weights(name)
    assert weights.path.parent == folder
    assert weights.path.name.startswith(name)
    assert are_trusted(name)
    assert not are_trusted(f"{folder}/{name}")
    (folder / "folder_openvino_model" / "a.bin").write_bytes(b"other")
    assert (resolve_weights(name).sha256 != weights.sha256) == name.startswith("folder")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        pytest.param("my_model.pt", r"There is no file .*/here/my_model\.pt", id="file"),
        pytest.param("folder/yolov8n.pt", r"There is no file .*/here/folder/yolov8n\.pt", id="file-in-folder"),
        pytest.param("folder/my_model", r"There is no file .*/here/folder/my_model", id="without-suffix"),
        pytest.param("my_model.onnx", r"There is no file .*/here/my_model\.onnx", id="onnx"),
        pytest.param("my_openvino_model", r"There is no file .*/here/my_openvino_model", id="openvino"),
        pytest.param("./directory", "directory is a folder without one .xml", id="folder"),
        pytest.param("directory.pt", r"directory\.pt is a folder without one .xml", id="folder-with-suffix"),
        pytest.param("model.engine", r"model\.engine cannot be used as weights; give a \.pt file", id="another-kind"),
        pytest.param("empty.pt", r"empty\.pt is empty", id="empty"),
    ],
)
def test_a_wrong_path_is_no_download(name: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("directory", "directory.pt"):
        Path(folder).mkdir()
    Path("empty.pt").touch()
    Path("model.engine").write_bytes(b"engine")
    monkeypatch.setattr(weights_module, "_download", lambda target: pytest.fail(f"{target} is downloaded"))
    with pytest.raises(WeightsError, match=sentence):
        resolve_weights(name)


def test_an_earlier_download_is_used(tmp_path: Path) -> None:
    downloaded = tmp_path / "cache" / "weights" / "yolo11n.pt"
    downloaded.parent.mkdir(parents=True)
    downloaded.write_bytes(b"downloaded")
    assert resolve_weights("yolo11n").path == downloaded.resolve()


def test_tampered_weights_are_refused_before_they_are_loaded(tmp_path: Path) -> None:
    copy = tmp_path / "yolov8n.pt"
    shutil.copyfile(resolve_weights("yolov8n").path, copy)
    assert check_packaged(copy).sha256 == PACKAGED_SHA256
    with copy.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(WeightsError, match="vtrim"):
        check_packaged(copy)


def test_copy_of_the_known_weights_elsewhere_is_checked_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights_module, "_packaged_path", lambda: None)
    downloaded = tmp_path / "cache" / "weights" / "yolov8n.pt"
    downloaded.parent.mkdir(parents=True)
    downloaded.write_bytes(b"something else")
    with pytest.raises(WeightsError, match="is not the yolov8n"):
        resolve_weights("yolov8n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "problem"), [("yolo11n", "offline"), ("no-such-model", "knows no such name")], ids=["offline", "unknown"]
)
def test_one_sentence_names_the_four_places(tmp_path: Path, name: str, problem: str) -> None:
    with pytest.raises(WeightsError) as caught:
        resolve_weights(name)
    message = str(caught.value)
    for place in (str(tmp_path / "here"), "VIDEOPREP_WEIGHTS_DIR", "vtrim", "download", problem):
        assert place in message
    assert list((tmp_path / "cache" / "weights").iterdir()) == []
