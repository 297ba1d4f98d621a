"""The network on CUDA devices: torch, in batches."""

from collections.abc import Iterable

import numpy as np
import torch

from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.detectors.base import RgbFrame
from videoprep_nb.tracking.detectors.device import Precision
from videoprep_nb.tracking.detectors.person_network import load_person_model
from videoprep_nb.tracking.detectors.ultralytics_env import offline_ultralytics
from videoprep_nb.tracking.detectors.weights import Weights
from videoprep_nb.tracking.detectors.yolo_output import OutputReader

_DTYPES = {"float32": torch.float32, "float16": torch.float16}


class TorchNetwork:
    """A network on a torch device.

    Args:
        weights: The weights.
        device: ``cuda``; any other torch device works.
        precision: ``float32`` or ``float16``.
    """

    def __init__(self, weights: Weights, device: str, precision: Precision) -> None:
        self._device = torch.device(device)
        self._dtype = _DTYPES[precision]
        with offline_ultralytics():
            model = load_person_model(weights).model
        self._model = model.fuse(verbose=False).to(self._device, self._dtype).eval()

    def run(self, pictures: Iterable[RgbFrame], read: OutputReader) -> list[Detections]:
        """Run the network on all pictures at once.

        Args:
            pictures: ``(height, width, 3)`` uint8 RGB, letterboxed.
            read: Makes detections of the output ``(5, N)`` for one picture.

        Returns:
            The detections, in the order of the pictures.
        """
        batch = torch.from_numpy(np.stack(list(pictures))).to(self._device)
        with torch.inference_mode():
            output = self._model(batch.permute(0, 3, 1, 2).to(self._dtype) / 255)[0]
        return [read(one) for one in output.float().cpu().numpy()]
