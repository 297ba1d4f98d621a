"""What a ``.pt`` file is gets known without running what is in it."""

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from videoprep_nb.core.errors import WeightsError
from videoprep_nb.tracking.detectors.inference.checkpoint import read_class_names
from videoprep_nb.tracking.detectors.inference.weights import resolve_weights
from videoprep_nb.tracking.ultralytics_env import offline_ultralytics


def test_names_of_the_installed_weights() -> None:
    names = read_class_names(resolve_weights("yolov8n").path)
    assert names is not None
    assert len(names) == 80
    assert names[0] == "person"


def save_network(path: Path, config: str = "yolov8n") -> None:
    with offline_ultralytics():
        from ultralytics import YOLO

        YOLO(f"{config}.yaml").save(path)


def save_object(make: Callable[[], object], new_form: bool = True) -> Callable[[Path], None]:
    def save(path: Path) -> None:
        import torch

        torch.save(make(), path, _use_new_zipfile_serialization=new_form)

    return save


def network() -> object:
    with offline_ultralytics():
        from ultralytics import YOLO

        return YOLO("yolov8n.yaml").model


def state_dict() -> object:
    import torch

    return torch.nn.Conv2d(3, 3, 1).state_dict()


def save_zip(*names: str) -> Callable[[Path], None]:
    def save(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(f"weights/{name}", "")

    return save


class Harmful:
    """Creates a file when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("harm"),)


def test_nothing_in_a_file_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.pt").write_bytes(pickle.dumps(Harmful()) * 4)
    with pytest.raises(WeightsError):
        read_class_names(Path("bad.pt"))
    assert not Path("harm").exists()


def test_both_forms_of_torch_are_read(tmp_path: Path) -> None:
    save_object(lambda: {"model": network()}, new_form=False)(tmp_path / "old.pt")
    save_network(tmp_path / "new.pt")
    assert read_class_names(tmp_path / "old.pt") == read_class_names(tmp_path / "new.pt")


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        pytest.param(lambda path: path.write_text("not a network"), "not a file that torch saved", id="text"),
        pytest.param(lambda path: path.touch(), "is empty", id="empty"),
        pytest.param(lambda path: path.mkdir(), "cannot be read", id="folder"),
        pytest.param(lambda path: path.write_text("version https://git-lfs.github.com/spec/v1"), "git lfs", id="lfs"),
        pytest.param(save_zip("a.txt"), "zip file that torch did not save", id="zip"),
        pytest.param(save_zip("constants.pkl", "data.pkl", "version"), "is TorchScript", id="torchscript"),
        pytest.param(save_object(state_dict), "state dict", id="state-dict"),
        pytest.param(save_object(lambda: {"model": state_dict(), "epoch": 3}), "state dict", id="state-dict-inside"),
        pytest.param(save_object(state_dict, new_form=False), "state dict", id="old-state-dict"),
        pytest.param(save_object(network), "holds no network in the form", id="bare-network"),
        pytest.param(save_object(lambda: [1, 2]), "holds no network in the form", id="list"),
        pytest.param(lambda path: save_network(path, "yolov8n-cls"), "network for classification", id="classification"),
        pytest.param(lambda path: save_network(path, "yolov8n-obb"), "network for rotated boxes", id="rotated-boxes"),
        pytest.param(lambda path: path.write_bytes(pickle.dumps(1)), "incomplete", id="one-pickle"),
        # it notes an object under the number 2**31 - 1, for which the unpickler in C makes a table of 32 GB
        pytest.param(lambda path: path.write_bytes(4 * b"\x80\x02Nr\xff\xff\xff\x7f."), "no network", id="memory"),
    ],
)
def test_other_files_get_a_sentence_each(write: Callable[[Path], None], sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    write(path)
    with pytest.raises(WeightsError, match=sentence):
        read_class_names(path)


def test_a_damaged_file(tmp_path: Path) -> None:
    content = bytearray(resolve_weights("yolov8n").path.read_bytes())
    content[2000] ^= 1  # in the pickle
    path = tmp_path / "damaged.pt"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="damaged"):
        read_class_names(path)


def test_half_a_file(tmp_path: Path) -> None:
    whole = resolve_weights("yolov8n").path.read_bytes()
    path = tmp_path / "half.pt"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match="incomplete"):
        read_class_names(path)
