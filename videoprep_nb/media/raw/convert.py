"""Convert a raw file to the standard form: survey, decode, place, draw, write; or copy what is in it already."""

import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from videoprep_nb.core.errors import ProbeError
from videoprep_nb.media.raw.conversion import Conversion, Targets
from videoprep_nb.media.raw.damage import DamageLog
from videoprep_nb.media.raw.decode import DecodedFrame, RawDecoder
from videoprep_nb.media.raw.parts import Part, Parts
from videoprep_nb.media.raw.placed import PlacedFrames
from videoprep_nb.media.raw.rate import limited_rate
from videoprep_nb.media.raw.slots import Slots
from videoprep_nb.media.raw.split import NotSplit, Piece, Split, reason_not_to_split
from videoprep_nb.media.raw.standard_form import reason_to_encode
from videoprep_nb.media.raw.stills import write_still
from videoprep_nb.media.raw.stream_copy import NotCopied, copy_stream
from videoprep_nb.media.raw.survey import Survey, survey_file
from videoprep_nb.media.raw.window import Window
from videoprep_nb.media.raw.writer import StandardWriter

_REPORT_INTERVAL_S = 0.25
_STILL_MOMENTS = (0.1, 0.5, 0.9)
_STILL_SIZE = (594, 334)
_ONE_STILL_BELOW_S = 3.0
_SAME_S = 1e-6
_DAMAGED = "it is damaged"
_FULL_RANGE = 2  # color_range of libav: values use all bits
_FRAMES_BEFORE = 2
"""A part that does not begin with a frame of its own repeats the one before; deinterlacing compares it with two."""

Frame = TypeVar("Frame")


def convert(conversion: Conversion, targets: Targets, report: Callable[[int, int], None]) -> dict[str, Any]:
    """Convert a raw file, or a part of it.

    Args:
        conversion: What is to be done.
        targets: The files to write.
        report: Called now and then with the number of frames written and expected.

    Returns:
        ``source``: the fields of a ``VideoInfo``; ``written``: what was written, by the names of ``ResizePart``, None
        for a part that has no frames. Of a part that cannot be converted alone, only ``not_split_because``, the end of
        a sentence.

    Raises:
        ProbeError: It is not a video, or no frame of it can be decoded; the message is the end of a sentence.
    """
    survey = survey_file(
        Path(conversion.input_file), video_stream=conversion.video_stream, max_pause_s=conversion.max_pause_s
    )
    survey.facts["not_split_because"] = reason_not_to_split(survey)
    if not conversion.part:
        window = (conversion.start_s, conversion.end_s)
        whole = Piece(window=window, file_window=window)
        written = _copied_or_encoded(conversion, targets, survey, whole, whole, report)
        return {"source": survey.facts, "written": written}
    rate = _rate(conversion, survey)
    try:
        split = Split(survey, conversion, rate, conversion.clip_grid(rate))
        piece, at_key_frames = split.piece(conversion.part), split.piece_at_key_frames(conversion.part)
        if piece.is_empty:
            return {"source": survey.facts, "written": None}
        written = _copied_or_encoded(conversion, targets, survey, at_key_frames, piece, report)
    except NotSplit as reason:
        return {"not_split_because": str(reason)}
    return {"source": survey.facts, "written": written}


def _copied_or_encoded(
    conversion: Conversion,
    targets: Targets,
    survey: Survey,
    at_key_frames: Piece,
    piece: Piece,
    report: Callable[[int, int], None],
) -> dict[str, Any]:
    try:
        return _Converter(conversion, targets, survey, at_key_frames).copy(report)
    except NotCopied as reason:
        written = _Converter(conversion, targets, survey, piece).encode(report)
        return {**written, "encoded_because": str(reason)}


def _rate(conversion: Conversion, survey: Survey) -> Fraction:
    """Frames per second of the standard video."""
    own_rate = survey.frame_rate.rate
    return Fraction(conversion.frame_rate or limited_rate(own_rate, Fraction(conversion.max_frame_rate)))


class _Converter:
    """Converts a piece of a recording; frames of the standard video have the indices that they have in the whole."""

    def __init__(self, conversion: Conversion, targets: Targets, survey: Survey, piece: Piece) -> None:
        self._requested = conversion
        self._targets = targets
        self._survey = survey
        self._piece = piece
        own_rate = survey.frame_rate.rate
        self._rate = _rate(conversion, survey)
        self._slots = Slots(self._rate, own_rate, piece.origin_s, piece.file_start)
        self._decoder = RawDecoder(Path(conversion.input_file), survey, conversion.threads)
        self._matrix = survey.display.colour.standard_matrix
        self._parts = Parts(
            (conversion.width, conversion.height),
            conversion.fit,
            upscale=conversion.upscale,
            deinterlace=conversion.deinterlace,
            samples=[recording.sample for recording in survey.recordings],
            standard_matrix=self._matrix,
            threads=conversion.threads,
        )
        self._damage = DamageLog(survey.facts["codec"])
        interval_s = float(1 / own_rate)
        self._own, self._held = Window(*piece.window, interval_s), Window(*piece.file_window, interval_s)
        of_all = Window(conversion.start_s, conversion.end_s, interval_s)
        length_s = of_all.length_s(survey.frame_rate.times_s, survey.facts["duration_s"])
        self._expected = max(1, round(length_s * self._rate))
        self._taken = 0
        self._errors_before: int | None = None if conversion.start_s or piece.start else 0
        self._errors_behind: int | None = None
        self._placed: list[tuple[int, float, float]] = []
        self._left_out = 0
        self._is_damaged = self._has_key = self._began = False
        stills = _still_frames(self._expected, float(self._rate))
        self._stills = [still for still in stills if still >= piece.start]
        self._written_stills: list[int] = []

    def copy(self, report: Callable[[int, int], None]) -> dict[str, Any]:
        """Take the frames as they are coded; all are decoded once, as that alone shows that none is damaged."""
        if reason := reason_to_encode(self._requested, self._survey, self._rate):
            raise NotCopied(reason)
        frames = self._held.range_of(self._survey.frame_rate.times_s)
        copy_stream(
            Path(self._requested.input_file),
            self._survey,
            frames,
            Path(self._targets.video),
            rate=self._rate,
            matrix=self._matrix,
        )
        problem = ""
        stamps_s: list[float] = []
        for decoded, slot in self._reported(self._frames(), report):
            if 0 <= slot - self._piece.file_start < len(frames):
                problem = problem or self._doubt(decoded, slot, len(stamps_s))
                stamps_s.append(decoded.stamp_s)
            if problem:
                self._decoder.stop()
        if problem or self._has_damage:
            raise NotCopied(problem or _DAMAGED)
        stamps = np.sort(self._survey.line.shown)[frames.start : frames.stop] * float(self._survey.line.tick_s)
        if len(stamps_s) != len(frames) or np.abs(stamps - stamps_s).max() > _SAME_S:
            raise NotCopied("its packets and its frames differ")
        self._parts.keep(self._survey.display)
        return {**self._written(self._piece.file_start + len(frames)), "is_copied": True}

    def _doubt(self, decoded: DecodedFrame, slot: int, count: int) -> str:
        """What keeps a frame from being copied; empty if nothing does."""
        display, frame = self._survey.display, decoded.frame
        if self._has_damage:
            return _DAMAGED
        if slot != self._piece.file_start + count:
            return "its frames are not evenly spaced"
        is_as_first = decoded.display == display and (frame.width, frame.height) == display.shown_size
        if not is_as_first or frame.interlaced_frame or frame.color_range == _FULL_RANGE:
            return "its frames are not all in the standard form"
        return ""

    @property
    def _has_damage(self) -> bool:
        return bool(self._is_damaged or self._left_out or self._decoder.error_count > (self._errors_before or 0))

    def encode(self, report: Callable[[int, int], None]) -> dict[str, Any]:
        """Draw every frame in the standard form, and encode it."""
        requested, piece = self._requested, self._piece
        with StandardWriter(
            Path(self._targets.video),
            (requested.width, requested.height),
            requested.clip_grid(self._rate),
            matrix=self._matrix,
            preset=requested.encoder_preset,
            crf=requested.crf,
            threads=requested.threads,
            first_frame=piece.file_start,
        ) as writer:
            for frame, slot in self._reported(self._drawn(), report):
                if slot < piece.file_start or piece.holds(slot):
                    writer.write(frame, slot)
            if piece.file_stop is not None:
                writer.repeat_until(piece.file_stop)
        return self._written(writer.end_frame)

    def _reported(
        self, frames: Iterator[tuple[Frame, int]], report: Callable[[int, int], None]
    ) -> Iterator[tuple[Frame, int]]:
        first = self._piece.file_start
        expected = (self._piece.file_stop or max(self._expected, first + 1)) - first
        reported_s = 0.0
        for frame, slot in frames:
            yield frame, slot
            if time.monotonic() - reported_s > _REPORT_INTERVAL_S and slot >= first:
                reported_s = time.monotonic()
                report(slot + 1 - first, expected)

    def _written(self, end_frame: int) -> dict[str, Any]:
        """What is reported of it."""
        start, stop = self._piece.start, end_frame if self._piece.stop is None else self._piece.stop
        self._damage.finish(stop)
        placed = PlacedFrames.of(self._placed)
        placed.write(Path(self._targets.placed))
        errors_behind = self._decoder.error_count if self._errors_behind is None else self._errors_behind
        return {
            "rate": str(self._rate),
            "start_frame": start,
            "file_start_frame": self._piece.file_start,
            "frame_count": stop - start,
            "is_last": self._piece.stop is None,
            "file_frame_count": end_frame - self._piece.file_start,
            "expected_frame_count": self._expected,
            "decoded_frame_count": self._taken,
            "decoding_error_count": errors_behind - (self._errors_before or 0),
            "repeated_frame_count": stop - start - len(self._placed),
            "left_out_frame_count": self._left_out,
            **self._lost_first(),
            "is_deinterlaced": self._parts.is_deinterlaced,
            "parts": [_part_fields(part, start) for part in self._parts.parts if part.start_frame < stop],
            "damage": self._damage.as_dicts(),
            "damaged_frames": self._requested.damaged_frames,
            "stills": self._written_stills,
        }

    def _drawn(self) -> Iterator[tuple[Any, int]]:
        for decoded, slot in self._frames():
            yield from self._parts.draw(decoded, slot)
        yield from self._parts.finish()

    def _frames(self) -> Iterator[tuple[DecodedFrame, int]]:
        """The frames of the file, each with its place in the standard video; of a part also some before and one behind.

        Those are for what depends on the frame before or behind.
        """
        before: deque[DecodedFrame] = deque(maxlen=_FRAMES_BEFORE if self._piece.start else 0)
        has_one_behind = self._piece.file_stop is None
        for decoded in self._decoder.frames(self._piece.first_packet):
            is_damaged = self._damage.check(decoded)
            is_own, is_held = self._own.takes(decoded.time_s), self._held.takes(decoded.time_s)
            self._count(is_own)
            self._is_damaged |= is_damaged and is_held
            self._has_key |= decoded.is_key
            slot = None
            if is_held and (not is_damaged or self._requested.damaged_frames == "keep"):
                slot = self._slots.place(decoded.time_s)
            if is_own:
                self._note(decoded, slot)
            if slot is not None:
                self._check_begin(slot, before)
                yield from ((each, self._piece.file_start - 1) for each in before)
                before.clear()
                yield decoded, slot
            elif not is_held and not self._taken:
                before.append(decoded)
            elif not is_held and not has_one_behind:
                has_one_behind = True
                yield decoded, self._piece.file_stop or 0
            if self._held.is_over:
                self._decoder.stop()
        if not self._placed:
            raise self._without_frames()

    def _count(self, is_own: bool) -> None:
        """Count a frame, and the errors of the decoder among those of its own."""
        if is_own and self._errors_before is None:
            self._errors_before = self._decoder.error_count
        if not is_own and self._taken and self._errors_behind is None:
            self._errors_behind = self._decoder.error_count
        self._taken += is_own

    def _check_begin(self, slot: int, before: Collection[DecodedFrame]) -> None:
        """Check that a part begins as it would in the whole, when its first frames are placed."""
        if self._piece.origin_s is None or self._began:
            return
        self._began = True
        if not self._has_key:
            raise NotSplit("its key frames are none that a decoder can begin with")
        if slot > self._piece.file_start and not before:
            raise NotSplit("the first frames of a part cannot be decoded")

    def _without_frames(self) -> Exception:
        if self._piece.origin_s is not None:
            return NotSplit("no frame of a part can be decoded")
        if self._left_out:
            return ProbeError("all its frames are damaged; keep them with damaged_frames=keep")
        return ProbeError("none of its frames can be decoded")

    def _note(self, decoded: DecodedFrame, slot: int | None) -> None:
        """Note where a frame of its own goes."""
        self._damage.note(max(0, self._slots.filled - 1) if slot is None else slot)
        if slot is None:
            self._left_out += 1
            return
        self._placed.append((slot, decoded.stamp_s, decoded.source_s))
        self._write_still(decoded, slot)

    def _lost_first(self) -> dict[str, Any]:
        """Frames at the beginning that cannot be decoded, unless they are left out anyway."""
        decoder, is_in_part = self._decoder, self._decoder.lost_first_s > self._requested.start_s
        is_in_part = is_in_part and not self._piece.start
        return {
            "undecodable_first_frames": decoder.lost_first_frames if is_in_part else 0,
            "undecodable_first_s": decoder.lost_first_s if is_in_part else 0.0,
        }

    def _write_still(self, decoded: Any, slot: int) -> None:
        if self._stills and slot >= self._stills[0]:
            while self._stills and slot >= self._stills[0]:
                self._stills.pop(0)
            write_still(decoded.frame, decoded.display, Path(self._targets.stills) / f"{slot}.jpg", _STILL_SIZE)
            self._written_stills.append(slot)


def _still_frames(frame_count: int, rate: float) -> list[int]:
    moments = _STILL_MOMENTS if frame_count / rate > _ONE_STILL_BELOW_S else (0.0,)
    return sorted({round(moment * (frame_count - 1)) for moment in moments})


def _part_fields(part: Part, first_frame: int) -> dict[str, Any]:
    display = part.display
    transform = part.placement.transform_from(*display.shown_size)
    return {
        "start_frame": max(first_frame, part.start_frame),
        **display.fields,
        "transform": {
            "scale_x": transform.scale_x,
            "scale_y": transform.scale_y,
            "offset_x": transform.offset_x,
            "offset_y": transform.offset_y,
        },
        "content_xyxy": list(part.placement.content_xyxy),
    }
