"""Which frames are damaged: those the decoder conceals, and those drawn on top of them."""

from dataclasses import asdict, dataclass
from typing import Any

from videoprep_nb.media.raw.decode import DecodedFrame

_PREDICTED = (2, 3)  # pict_type of libav: P and B
_WAITING_CODECS = ("h264", "hevc", "vvc")
"""Their decoders give out frames from the first point on where the image is whole, with or without a key frame."""

_REFRESH_FRAMES = 300
"""Streams without further key frames renew their image bit by bit within as many frames."""


@dataclass
class DamagedSpan:
    """Damaged frames in a row.

    Args:
        start_frame: The first frame of the standard video that shows them, or would if they were not left out.
        end_frame: The last one.
        frame_count: How many of the source.
        lacks_key_frame: They are built on a key frame that is not in the file.
    """

    start_frame: int
    end_frame: int
    frame_count: int
    lacks_key_frame: bool


class DamageLog:
    """Notes damaged frames in the order of showing.

    A frame that is built on a damaged or a lost one shows its damage too; only the next key frame is whole again.

    Args:
        codec: Codec of the video, as libav names it.
    """

    def __init__(self, codec: str) -> None:
        self._waits = codec in _WAITING_CODECS
        self._since_damage = 0
        self.spans: list[DamagedSpan] = []
        self._is_broken = False
        self._lacks_key_frame = False
        self._is_open = False
        self._is_first = True

    def check(self, decoded: DecodedFrame) -> bool:
        """Whether a frame is damaged; called once for each frame."""
        if self._is_first:
            self._is_first = False
            predicted = decoded.frame.pict_type in _PREDICTED and not self._waits
            self._is_broken = self._lacks_key_frame = predicted and not decoded.is_key
        self._since_damage += 1
        if decoded.is_key or (self._waits and self._since_damage > _REFRESH_FRAMES):
            self._is_broken = self._lacks_key_frame = False
        if decoded.is_damaged or (decoded.follows_loss and not decoded.is_key):
            self._is_broken = True
            self._since_damage = 0
        return self._is_broken

    def note(self, slot: int) -> None:
        """Note where the frame that was checked goes in the standard video."""
        if not self._is_broken:
            self.finish(slot)
            return
        if not self._is_open:
            self.spans.append(DamagedSpan(slot, slot, 0, self._lacks_key_frame))
            self._is_open = True
        self.spans[-1].end_frame = slot
        self.spans[-1].frame_count += 1

    def finish(self, slot: int) -> None:
        """End the span before a slot: a damaged frame is shown until there."""
        if self._is_open:
            self.spans[-1].end_frame = max(self.spans[-1].start_frame, slot - 1)
            self._is_open = False

    def as_dicts(self) -> list[dict[str, Any]]:
        """The spans as plain values."""
        return [asdict(span) for span in self.spans]
