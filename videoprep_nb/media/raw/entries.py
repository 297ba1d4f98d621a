"""The packets with which a decoder can begin and give the same frames from there on as from the start of the file."""

from typing import Any

from videoprep_nb.media.raw import h264_stream as h264

_BEGIN_AT_KEY_FRAMES = frozenset(
    ("mpeg1video", "mpeg2video", "mpeg4", "mjpeg", "vp8", "vp9", "av1", "libdav1d", "theora", "prores", "dnxhd")
)
"""Codecs whose key frames need nothing before them, nor do the frames that are shown after them."""

_HEVC_LENGTH_BYTE = 21  # of hvcC, ISO/IEC 14496-15, section 8.3.3.1
_HEVC_RANDOM_ACCESS = range(16, 24)  # unit types BLA, IDR and CRA: ITU-T H.265, table 7-1


class Entries:
    """Tells for each packet of a stream whether a decoder can begin with it.

    A container marks more packets as key frames: also those from which an H.264 decoder recovers bit by bit. Only what
    the codec guarantees counts, so the units of H.264 and HEVC are read.

    Args:
        codec: Codec of the stream, as libav names it.
        extradata: Its headers, as the container has them.
    """

    def __init__(self, codec: str, extradata: bytes) -> None:
        self._codec = codec
        self._length_bytes = 0
        if extradata[:1] == b"\1" and codec == "h264":
            self._length_bytes = h264.headers_of(extradata)[0]
        elif extradata[:1] == b"\1" and codec == "hevc" and len(extradata) > _HEVC_LENGTH_BYTE:
            self._length_bytes = (extradata[_HEVC_LENGTH_BYTE] & 3) + 1

    @classmethod
    def of(cls, stream: Any) -> "Entries | None":
        """Those of a stream, as PyAV has it; None if its headers cannot be read."""
        try:
            return cls(stream.codec_context.name, bytes(stream.codec_context.extradata or b""))
        except (ValueError, IndexError):
            return None

    def has(self, packet: Any) -> bool:
        """Whether a decoder can begin with a packet."""
        if not packet.is_keyframe or packet.is_corrupt:
            return False
        if self._codec not in ("h264", "hevc"):
            return self._codec in _BEGIN_AT_KEY_FRAMES
        try:
            heads = [unit[0] for unit in h264.units_in(bytes(packet), self._length_bytes) if unit]
        except (ValueError, IndexError):
            return False
        if self._codec == "h264":
            return any(head & 0x1F == h264.IDR_SLICE for head in heads)
        return any(head >> 1 & 0x3F in _HEVC_RANDOM_ACCESS for head in heads)
