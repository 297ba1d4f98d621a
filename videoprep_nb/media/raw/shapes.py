"""How the frames of a stream are to be shown, one after the other."""

from fractions import Fraction
from typing import Any

from videoprep_nb.media.raw.crop import Crop
from videoprep_nb.media.raw.display import Display, Turn, coded_turn, display_of


class Shapes:
    """Describes the frames of a stream; pixel aspect and rotation of a key frame hold up to the next one.

    Args:
        stream: The stream, as PyAV has it.
        crop: What the container hides of every frame.
    """

    def __init__(self, stream: Any, crop: Crop) -> None:
        self._context = stream.codec_context
        self._crop = crop
        self._container_aspect = Fraction(stream.sample_aspect_ratio or 1)
        self._first_coded_aspect: Fraction | None = None
        self._aspect = self._container_aspect
        self._turn = Turn()

    def of(self, frame: Any) -> Display:
        """How a frame is to be shown."""
        if frame.key_frame:
            coded = Fraction(self._context.sample_aspect_ratio or 1)
            if self._first_coded_aspect is None:
                self._first_coded_aspect = coded
            self._aspect = self._container_aspect if coded == self._first_coded_aspect else coded
        turn = coded_turn(frame)
        if turn is not None or frame.key_frame:
            self._turn = turn or Turn()
        return display_of(frame, self._aspect, self._turn, self._crop)
