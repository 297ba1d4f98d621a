"""Networks for re-identification that users bring."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.onnx_files import write_mean_network
from videoprep_nb.core.errors import WeightsError
from videoprep_nb.tracking.appearance.reid_network import ReidNetwork


@pytest.mark.parametrize("batch", [1, "batch"])
def test_describes_persons(batch: int | str, tmp_path: Path) -> None:
    network = ReidNetwork(str(write_mean_network(tmp_path / "means.onnx", [batch, 3, 16, 8])))
    frame = np.zeros((100, 200, 3), np.uint8)
    frame[:, :100, 0] = 255
    boxes = np.array([[10, 10, 50, 90], [60, 5, 90, 95], [120, 10, 160, 90]], np.float32)
    features = network.describe(frame, boxes).astype(np.float64)
    assert features.shape == (3, 3)
    assert np.linalg.norm(features, axis=1) == pytest.approx(1, abs=1e-3)
    assert features[0] == pytest.approx(features[1], abs=1e-3)
    assert features[0, 0] > 0 > features[2, 0], "normalised by mean and deviation of ImageNet, in the order RGB"
    assert network.describe(frame, boxes[:0]).shape == (0, 3)


def test_the_fingerprint_is_that_of_the_content(tmp_path: Path) -> None:
    one, other = (write_mean_network(tmp_path / f"{side}.onnx", [1, 3, side, 8]) for side in (16, 32))
    assert ReidNetwork(str(one)).fingerprint != ReidNetwork(str(other)).fingerprint
    other.write_bytes(one.read_bytes())
    assert ReidNetwork(str(one)).fingerprint == ReidNetwork(str(other)).fingerprint


def test_a_name_in_the_weights_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mean_network(tmp_path / "means.onnx", [1, 3, 16, 8])
    monkeypatch.setenv("VIDEOPREP_WEIGHTS_DIR", str(tmp_path))
    ReidNetwork("means.onnx").check()


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        pytest.param([1, 1, 16, 8], (2, 3), id="grey"),
        pytest.param([1, 3, "height", "width"], (2, 3), id="no-fixed-size"),
        pytest.param([1, 3, 16, 8], (3,), id="maps-as-output"),
    ],
)
def test_other_networks_are_refused(shape: list[int | str], axes: tuple[int, ...], tmp_path: Path) -> None:
    path = write_mean_network(tmp_path / "other.onnx", shape, axes)
    with pytest.raises(WeightsError, match=r"other\.onnx.*expected"):
        ReidNetwork(str(path)).check()


def test_files_that_are_missing_or_no_networks(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="not found"):
        ReidNetwork(str(tmp_path / "none.onnx")).check()
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(WeightsError, match=r"broken\.onnx"):
        ReidNetwork(str(path)).check()
