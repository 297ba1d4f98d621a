"""Stamps of streams without a container: libav makes them up, but some streams count time themselves.

A frame of H.261 and H.263 says how many ticks of a clock have passed, those without a frame too.
"""

from collections.abc import Sequence, Set
from fractions import Fraction
from statistics import median
from typing import Any

import numpy as np
from av.format import Flags

from videoprep_nb.media.raw.time_line import NO_STAMP

HEAD_BYTES = 8
"""Bytes at the beginning of a frame that hold its count."""

_START_CODES = {"h261": (0x00010, 20, 5), "h263": (0x000020, 22, 8)}
"""Codec → start code of a frame, its bits, and the bits of the count behind it."""

_TICK_S = Fraction(1001, 30000)
_REORDERED_FRAMES = 16


def has_count(container: Any, stream: Any) -> bool:
    """Whether the frames of a stream count time."""
    return has_no_stamps(container) and stream.codec_context.name in _START_CODES


def true_stamps(
    container: Any, stream: Any, shown: list[int], decoded: list[int], heads: Sequence[bytes]
) -> tuple[list[int], list[int], Fraction]:
    """Stamps of a stream, from the stream itself where it counts time.

    Args:
        container: An opened file.
        stream: The stream, as PyAV has it.
        shown: Presentation stamp of each packet.
        decoded: Decoding stamp of each packet.
        heads: How each frame begins, for a stream that counts time.

    Returns:
        Presentation and decoding stamps, and the seconds of a tick.
    """
    if ticks := _counted_ticks(stream, heads):
        rate = stream.codec_context.framerate
        return ticks, [NO_STAMP] * len(shown), 1 / rate if rate else _TICK_S
    if container.format.name == "gxf":
        shown = _without_single_fields(shown, decoded)
    return shown, decoded, stream.time_base


def are_made_up(container: Any, stream: Any, durations: Set[int], heads: Sequence[bytes]) -> bool:
    """Whether libav makes up the stamps of a stream.

    Args:
        container: An opened file.
        stream: The stream, as PyAV has it.
        durations: All durations of packets that differ.
        heads: How each frame begins, for a stream that counts time.
    """
    return has_no_stamps(container) and len(durations) == 1 and not _counted_ticks(stream, heads)


def _counted_ticks(stream: Any, heads: Sequence[bytes]) -> list[int]:
    """The ticks that the frames of a stream count; empty when it counts none."""
    ticks = coded_ticks(heads, stream.codec_context.name) if heads else []
    return ticks if any(ticks) else []


def _without_single_fields(shown: Sequence[int], decoded: Sequence[int]) -> list[int]:
    """Stamps in fields, of which libav gives the last frame of a recording one instead of two."""
    fields_per_frame = round(median(np.diff(decoded).tolist())) if len(decoded) > 1 else 1
    corrected: list[int] = []
    for stamp, decoded_at in zip(shown, decoded, strict=True):
        is_single = fields_per_frame > 1 and stamp == decoded_at + 1 and corrected
        corrected.append(max(corrected[-_REORDERED_FRAMES:]) + fields_per_frame if is_single else stamp)
    return corrected


def coded_ticks(heads: Sequence[bytes], codec: str) -> list[int]:
    r"""The ticks from the first frame to each frame.

    Args:
        heads: How each frame begins.
        codec: ``h261`` or ``h263``.

    Example:
        >>> coded_ticks([b"\x00\x00\x80\x02", b"\x00\x00\x80\x0a"], "h263")
        [0, 2]
    """
    _, _, bits = _START_CODES[codec]
    counts = np.array([_count_in(head, codec) for head in heads])
    steps = np.mod(np.diff(counts), 1 << bits)
    return [0, *np.cumsum(steps).tolist()]


def _count_in(head: bytes, codec: str) -> int:
    """The count behind the start code, which need not begin at a whole byte."""
    code, code_bits, count_bits = _START_CODES[codec]
    bits = int.from_bytes(head.ljust(HEAD_BYTES, b"\0"))
    for shift in range(8 * HEAD_BYTES - code_bits - count_bits, -1, -1):
        if bits >> (shift + count_bits) & ((1 << code_bits) - 1) == code:
            return bits >> shift & ((1 << count_bits) - 1)
    return 0


def has_no_stamps(container: Any) -> bool:
    """Whether a container holds nothing but frames."""
    return bool(container.format.flags & Flags.no_timestamps.value)
