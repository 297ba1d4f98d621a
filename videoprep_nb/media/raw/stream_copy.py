"""Writes the standard video of a source that is in the standard form already: its H.264 packets in our own container.

The packets are checked unit by unit, as players and our own readers must be able to begin at every key frame and to
find each frame by its number. What is doubtful is not copied.
"""

from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from videoprep_nb.media.ffmpeg import file_url
from videoprep_nb.media.raw import h264_stream as h264
from videoprep_nb.media.raw.open_raw import choose_stream, open_raw, read_packets
from videoprep_nb.media.raw.survey import Survey
from videoprep_nb.media.raw.writer import MATRIX_NUMBERS
from videoprep_nb.media.standard import is_closed

_MAX_KEY_FRAME_DISTANCE_S = 12
"""Whoever needs a single frame decodes from the key frame before it on."""

_TYPE = 0x1F
_SLICES = (h264.SLICE, h264.IDR_SLICE)
_COPIED = (*_SLICES, h264.SEI, h264.SEQUENCE, h264.PARAMETERS, h264.DELIMITER, h264.FILLER)


class NotCopied(Exception):
    """The source is to be encoded; the message says why, as the end of a sentence."""


def copy_stream(path: Path, survey: Survey, frames: range, target: Path, *, rate: Fraction, matrix: str) -> None:
    """Write frames of a raw file as they are coded.

    Args:
        path: The raw file.
        survey: What the first pass found: one recording, of which each packet has a stamp of its own.
        frames: Which of its frames, in the order of showing.
        target: The standard video to write.
        rate: Its frames per second.
        matrix: Matrix of its colours, ``bt709`` or ``smpte170m``.

    Raises:
        NotCopied: The packets cannot be copied.
    """
    recording = survey.recordings[0]
    first, slots = _slots(survey, frames)
    delay = int((np.arange(len(slots)) - slots).max())
    with (
        open_raw(path, recording.section) as source,
        av.open(file_url(target), "w", format="mp4", options={"movflags": "+faststart"}) as container,
    ):
        stream = choose_stream(source, recording.video_stream).stream
        try:
            units = _Units(bytes(stream.codec_context.extradata or b""), delay)
            output: Any = container.add_stream_from_template(stream)
            tagged = av.BitStreamFilterContext(_tags(matrix), stream, output)
            output.time_base = 1 / rate
            output.codec_context.codec_tag = "avc1"  # other containers name it otherwise
            output.codec_context.sample_aspect_ratio = Fraction(1)
            packets = islice(read_packets(source, stream), first, first + len(slots))
            keys = []
            for number, (packet, slot) in enumerate(zip(packets, slots.tolist(), strict=True)):
                is_key = units.begin_anew(bytes(packet))
                if is_key:
                    keys.append(number)
                (copy,) = tagged.filter(packet)
                copy.pts, copy.dts, copy.duration, copy.time_base = slot, number - delay, 1, 1 / rate
                copy.is_keyframe, copy.stream = is_key, output
                container.mux_one(copy)
        except (ValueError, IndexError, av.error.PatchWelcomeError) as error:
            raise NotCopied("its H.264 stream is damaged, or has parts that are not known") from error
        _check_keys(keys, slots, rate)


def _slots(survey: Survey, frames: range) -> tuple[int, npt.NDArray[np.int64]]:
    """The first packet to copy, and the frame of the result that each one holds."""
    order = np.argsort(survey.line.shown, kind="stable")
    slots = np.empty(len(order), np.int64)
    slots[order] = np.arange(len(order)) - frames.start
    taken = np.flatnonzero((slots >= 0) & (slots < len(frames)))
    if len(taken) != taken[-1] - taken[0] + 1:
        raise NotCopied("the part that is taken begins or ends between key frames")
    return int(taken[0]), slots[taken]


def _check_keys(keys: list[int], slots: npt.NDArray[np.int64], rate: Fraction) -> None:
    if keys[:1] != [0]:
        raise NotCopied("it does not begin with a key frame")
    if not is_closed(slots, keys):
        raise NotCopied("frames behind a key frame are shown before it")
    distance_s = float(max(np.diff([*keys, len(slots)])) / rate)
    if distance_s > _MAX_KEY_FRAME_DISTANCE_S:
        raise NotCopied(f"its key frames are {distance_s:.3g} s apart, expected {_MAX_KEY_FRAME_DISTANCE_S} s or less")


def _tags(matrix: str) -> str:
    """The filter that writes what our own videos say about pixels and colours into the headers of a stream."""
    number = MATRIX_NUMBERS[matrix]
    return (
        f"h264_metadata=sample_aspect_ratio=1/1:video_full_range_flag=0:matrix_coefficients={number}"
        f":colour_primaries={number}:transfer_characteristics={number}"
    )


class _Units:
    """Checks the units of the packets of a stream; raises ValueError where they cannot be read.

    Args:
        extradata: Its headers, as the container has them.
        delay: How many frames at most come before one that is shown earlier.
    """

    def __init__(self, extradata: bytes, delay: int) -> None:
        self._length_bytes, self._headers = h264.headers_of(extradata)
        sequences = [unit for unit in self._headers if unit[0] & _TYPE == h264.SEQUENCE]
        if len(sequences) != 1:
            raise NotCopied("its H.264 stream has several headers")
        sequence = h264.read_sequence(sequences[0])
        if not sequence.is_progressive:
            raise NotCopied("its H.264 stream may hold fields")
        if sequence.has_gaps:
            raise NotCopied("its H.264 stream may leave out frames")
        if delay > (sequence.reordered_frames or 0):
            raise NotCopied("its H.264 stream does not say how far its frames are reordered")

    def begin_anew(self, packet: bytes) -> bool:
        """Whether the decoder can begin with a packet; it must hold a single frame."""
        units = list(h264.units_in(packet, self._length_bytes))
        slices = [unit for unit in units if unit[0] & _TYPE in _SLICES]
        for unit in units:
            kind = unit[0] & _TYPE
            if kind in (h264.SEQUENCE, h264.PARAMETERS) and unit not in self._headers:
                raise NotCopied("the headers of its H.264 stream change on the way")
            if kind not in _COPIED:
                raise NotCopied(f"its H.264 stream has units of type {kind}")
        kinds = {unit[0] & _TYPE for unit in slices}
        if len(kinds) != 1 or sum(map(h264.begins_frame, slices)) != 1:
            raise NotCopied("a packet of its H.264 stream is not one frame")
        return kinds == {h264.IDR_SLICE}
