"""Which frames are damaged: those the decoder conceals, and those drawn on top of them."""

from dataclasses import asdict, dataclass
from typing import Any

from videoprep_nb.media.raw.decode import DecodedFrame

_PREDICTED = (2, 3)  # pict_type of libav: P and B


@dataclass
class DamagedSpan:
    """Damaged frames in a row.

    Args:
        start_s: Time of the first one in the standard video, in seconds.
        end_s: Time of the last one.
        frame_count: How many.
        lacks_key_frame: They are built on a key frame that is not in the file.
    """

    start_s: float
    end_s: float
    frame_count: int
    lacks_key_frame: bool


class DamageLog:
    """Notes damaged frames in the order of showing.

    A frame that is built on a damaged one shows its damage too; only the next key frame is whole again.
    """

    def __init__(self) -> None:
        self.spans: list[DamagedSpan] = []
        self._is_broken = False
        self._lacks_key_frame = False
        self._was_damaged = False
        self._is_first = True

    @property
    def frame_count(self) -> int:
        """All damaged frames."""
        return sum(span.frame_count for span in self.spans)

    def note(self, decoded: DecodedFrame, time_s: float) -> bool:
        """Note a frame.

        Args:
            decoded: The frame.
            time_s: Its time in the standard video, in seconds.

        Returns:
            Whether it is damaged.
        """
        if self._is_first:
            self._is_first = False
            predicted = decoded.frame.pict_type in _PREDICTED
            self._is_broken = self._lacks_key_frame = predicted and not decoded.is_key
        if decoded.is_key:
            self._is_broken = self._lacks_key_frame = False
        self._is_broken |= decoded.is_damaged
        if self._is_broken:
            self._extend(time_s)
        self._was_damaged = self._is_broken
        return self._is_broken

    def as_dicts(self) -> list[dict[str, Any]]:
        """The spans as plain values."""
        return [asdict(span) for span in self.spans]

    def _extend(self, time_s: float) -> None:
        if not self._was_damaged:
            self.spans.append(DamagedSpan(time_s, time_s, 0, self._lacks_key_frame))
        self.spans[-1].end_s = time_s
        self.spans[-1].frame_count += 1
