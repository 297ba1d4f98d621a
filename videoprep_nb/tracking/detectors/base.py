"""What a detector is."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detector_options import DetectorOptions

RgbFrame = npt.NDArray[np.uint8]
"""A frame, ``(height, width, 3)``."""


class Detector(ABC):
    """Finds persons in frames.

    A subclass sets ``name``, by which people choose it, and ``options_type``; the first line of its docstring is shown
    to those who choose. Creating one is cheap and reads no file: weights, files and networks are loaded when they are
    first needed, so that a run whose detections are all cached never loads a network.

    Args:
        options: Options of the type ``options_type``; None for the defaults.

    Attributes:
        needs_weights: Whether ``find_weights`` has something to do.
        reads_frames: Whether ``detect`` takes the frames; if not, persons are not described by their looks either.
        version: Raise it when the same frames and options would give other boxes.
        batch_size: Number of frames that ``detect`` should be given at once.
        options: The options.
    """

    name: ClassVar[str]
    options_type: ClassVar[type[DetectorOptions]] = DetectorOptions
    needs_weights: ClassVar[bool] = False
    reads_frames: ClassVar[bool] = True
    version: ClassVar[int] = 1
    batch_size: int = 32
    options: DetectorOptions

    def __init__(self, options: DetectorOptions | None = None) -> None:
        self.options = options or self.options_type()

    @property
    def fingerprint(self) -> str:
        """Text that changes when the same frames would give other detections: name, version and options."""
        options = json.dumps(self.options.model_dump(mode="json"), separators=(",", ":"))
        return f"{self.name} {self.version} {options}"

    @property
    def description(self) -> str:
        """One line for people: weights, size, device, precision; by default the name."""
        return self.name

    @property
    def cost(self) -> float:
        """Work per frame, for estimates, as a multiple of what yolov8n takes for a frame at 640 px."""
        return 1.0

    @property
    def image_size(self) -> int | None:
        """Longer side in pixels of what the network sees of a whole frame; None if there is no such limit."""
        return None

    @property
    def frames_device(self) -> str | None:
        """Torch device in whose memory frames are best given, each a ``DeviceFrame``; None for arrays."""
        return None

    def find_weights(self) -> None:
        """Find the weights, or download them; called when a job is submitted, so it must not take long.

        Raises:
            WeightsError: They were not found, or are no weights for this detector.
        """
        if self.needs_weights:
            raise NotImplementedError(f"{type(self).__name__} needs weights and does not find them")

    def check_weights(self) -> None:
        """Make sure that the detector works with its weights, so that a job does not fail for them after hours.

        Called before the first task of a job; may take seconds. By default the weights need only be found.

        Raises:
            WeightsError: They cannot be used.
            ParameterError: An option does not suit them, or the machine.
        """
        self.find_weights()

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height, even, in which the frames of a video of this size are needed."""
        return width, height

    @abstractmethod
    def detect(
        self, frames: Iterable[RgbFrame], frame_indices: Sequence[int], width: int, height: int
    ) -> list[FrameDetections]:
        """Find the persons in a batch of frames.

        Args:
            frames: One per index, ``(h, w, 3)`` uint8 RGB, in ``input_size(width, height)`` or any other size of that
                aspect ratio. A detector that needs no pixels leaves them unread, and they are never decoded.
            frame_indices: Their zero-based indices in the video.
            width: Width of the video in pixels.
            height: Height of the video in pixels.

        Returns:
            One set of detections per frame, in pixels of the video, scores not below ``DETECTION_FLOOR``.
        """

    def detect_each(
        self, frames: Iterator[RgbFrame], frame_indices: Iterable[int], width: int, height: int
    ) -> Iterator[FrameDetections]:
        """Find the persons in any number of frames, one after the other.

        By default ``batch_size`` frames at a time. A detector that has several frames in work at once overrides it: its
        network then need not wait for whoever takes the detections.

        Args:
            frames: As for ``detect``; some are taken ahead of the detections that are yielded.
            frame_indices: Their zero-based indices in the video; taken together with the frames.
            width: Width of the video in pixels.
            height: Height of the video in pixels.

        Yields:
            The detections of each frame, in order; fewer if there are too few frames.
        """
        indices = iter(frame_indices)
        while batch := list(islice(indices, self.batch_size)):
            found = self.detect(islice(frames, len(batch)), batch, width, height)
            yield from found
            if len(found) < len(batch):
                return
