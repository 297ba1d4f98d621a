"""What an H.264 stream says about itself, read from its bytes: ITU-T H.264 (08/2021), sections 7.3 and E.1.

Nothing is decoded. What is not as expected raises ``ValueError``; whoever asks takes the stream for unsuitable.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

SLICE, IDR_SLICE, SEI, SEQUENCE, PARAMETERS, DELIMITER, FILLER = 1, 5, 6, 7, 8, 9, 12
"""Types of units."""

_START_CODE = re.compile(rb"\x00\x00\x01")
_WITH_CHROMA_FORMAT = (44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244)
_ASPECT_IN_NUMBERS = 255
_CHROMA_444 = 3
_MAX_CODES = 32
_MAX_SEQUENCE_BYTES = 4096  # ten times a real one; reading takes time that grows with the square


@dataclass(frozen=True)
class Sequence:
    """The properties of a stream that a sequence parameter set holds.

    Args:
        has_gaps: Frames may be left out of the numbering, as in a stream of several layers.
        is_progressive: It has whole frames only, no fields.
        reordered_frames: How many frames at most come before one that is shown earlier; None if it does not say.
    """

    has_gaps: bool
    is_progressive: bool
    reordered_frames: int | None


def units_in(data: bytes, length_bytes: int) -> Iterator[bytes]:
    r"""The units of a packet.

    Args:
        data: The packet.
        length_bytes: How many bytes before each unit hold its length; 0 for start codes.

    Example:
        >>> list(units_in(b"\0\0\0\2\x65\1\0\0\0\1\6", 4)), list(units_in(b"\0\0\0\1\x65\1\0\0\1\6", 0))
        ([b'e\x01', b'\x06'], [b'e\x01', b'\x06'])
    """
    if not length_bytes:
        starts = [match.end() for match in _START_CODE.finditer(data)]
        for start, end in zip(starts, [*(start - 3 for start in starts[1:]), len(data)], strict=True):
            yield data[start:end].rstrip(b"\0")
        return
    position = 0
    while position < len(data):
        start = position + length_bytes
        position = start + int.from_bytes(data[position:start])
        if not start < position <= len(data):
            raise ValueError("a unit is longer than its packet")
        yield data[start:position]


def headers_of(extradata: bytes) -> tuple[int, list[bytes]]:
    """Length bytes of the units of a stream, as in ``units_in``, and its parameter sets.

    Args:
        extradata: What the container says about the stream, ``avcC`` or the sets behind start codes.
    """
    if extradata[:1] != b"\1":
        return 0, list(units_in(extradata, 0))
    sets, position = [], 5
    for mask in (0x1F, 0xFF):
        count, position = extradata[position] & mask, position + 1
        for _ in range(count):
            start = position + 2
            position = start + int.from_bytes(extradata[position:start])
            sets.append(extradata[start:position])
    return (extradata[4] & 3) + 1, sets


def begins_frame(unit: bytes) -> bool:
    """Whether a slice is the first one of its frame or field: its first macroblock is number 0."""
    return len(unit) > 1 and bool(unit[1] & 0x80)


def read_sequence(unit: bytes) -> Sequence:
    """Read a sequence parameter set."""
    if len(unit) > _MAX_SEQUENCE_BYTES:
        raise ValueError("a parameter set is too long")
    bits = _Bits(unit[1:].replace(b"\0\0\3", b"\0\0"))
    profile = bits.number(8)
    bits.number(16)
    bits.code()
    if profile in _WITH_CHROMA_FORMAT:
        _skip_chroma_format(bits)
    bits.code()
    _skip_order(bits)
    bits.code()
    has_gaps = bool(bits.number(1))
    bits.code()
    bits.code()
    is_progressive = bool(bits.number(1))
    if not is_progressive:
        bits.number(1)
    bits.number(1)
    if bits.number(1):
        bits.codes(4)
    return Sequence(has_gaps, is_progressive, _reordered_frames(bits) if bits.number(1) else None)


def _skip_chroma_format(bits: "_Bits") -> None:
    if bits.code() == _CHROMA_444:
        bits.number(1)
    bits.codes(2)
    bits.number(1)
    if bits.number(1):
        raise ValueError("it has scaling lists")


def _skip_order(bits: "_Bits") -> None:
    """How the order of showing is coded."""
    kind = bits.code()
    if kind == 0:
        bits.code()
    elif kind == 1:
        bits.number(1)
        bits.codes(2)
        bits.codes(bits.code())


def _reordered_frames(bits: "_Bits") -> int | None:
    """Read up to the last part of what a set says for players."""
    if bits.number(1) and bits.number(8) == _ASPECT_IN_NUMBERS:
        bits.number(32)
    if bits.number(1):
        bits.number(1)
    if bits.number(1):
        bits.number(4)
        if bits.number(1):
            bits.number(24)
    if bits.number(1):
        bits.codes(2)
    if bits.number(1):
        bits.number(65)
    has_buffers = [_skip_buffers(bits), _skip_buffers(bits)]
    if any(has_buffers):
        bits.number(1)
    bits.number(1)
    if not bits.number(1):
        return None
    bits.number(1)
    bits.codes(4)
    return bits.code()


def _skip_buffers(bits: "_Bits") -> bool:
    if not bits.number(1):
        return False
    count = bits.code() + 1
    bits.number(8)
    for _ in range(count):
        bits.codes(2)
        bits.number(1)
    bits.number(20)
    return True


class _Bits:
    """Reads numbers and Exp-Golomb codes; raises ValueError at the end."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data), 8 * len(data)

    def number(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise ValueError("a parameter set is too short")
        return self._value >> self._left & ((1 << count) - 1)

    def code(self) -> int:
        zeros = 0
        while not self.number(1):
            zeros += 1
            if zeros > _MAX_CODES:
                raise ValueError("a parameter set is damaged")
        return (1 << zeros) - 1 + self.number(zeros)

    def codes(self, count: int) -> None:
        for _ in range(count):
            self.code()
