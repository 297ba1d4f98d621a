"""Convert a raw file to the standard form: survey, decode, place, draw, write; or copy what is in it already."""

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.errors import ProbeError
from videoprep_nb.media.raw.conversion import Conversion, Targets
from videoprep_nb.media.raw.damage import DamageLog
from videoprep_nb.media.raw.decode import DecodedFrame, RawDecoder
from videoprep_nb.media.raw.gaps import long_gaps
from videoprep_nb.media.raw.parts import Part, Parts
from videoprep_nb.media.raw.rate import Times, limited_rate
from videoprep_nb.media.raw.slots import Slots
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

Frame = TypeVar("Frame")


def convert(conversion: Conversion, targets: Targets, report: Callable[[int, int], None]) -> dict[str, Any]:
    """Convert a raw file.

    Args:
        conversion: What is to be done.
        targets: The files to write.
        report: Called now and then with the number of frames written and expected.

    Returns:
        ``source``: the fields of a ``VideoInfo``; ``written``: what was written, by the names of ``ResizeResult``.

    Raises:
        ProbeError: It is not a video, or no frame of it can be decoded; the message is the end of a sentence.
    """
    survey = survey_file(
        Path(conversion.input_file), video_stream=conversion.video_stream, max_pause_s=conversion.max_pause_s
    )
    try:
        written = _Converter(conversion, targets, survey).copy(report)
    except NotCopied as reason:
        written = _Converter(conversion, targets, survey).encode(report)
        written["encoded_because"] = str(reason)
    return {"source": survey.facts, "written": written}


class _Converter:
    def __init__(self, conversion: Conversion, targets: Targets, survey: Survey) -> None:
        self._requested = conversion
        self._targets = targets
        self._survey = survey
        own_rate = survey.frame_rate.rate
        self._rate = Fraction(conversion.frame_rate or limited_rate(own_rate, Fraction(conversion.max_frame_rate)))
        self._slots = Slots(self._rate, own_rate)
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
        self._window = Window(conversion.start_s, conversion.end_s, float(1 / own_rate))
        length_s = self._window.length_s(survey.frame_rate.times_s, survey.facts["duration_s"])
        self._expected = max(1, round(length_s * self._rate))
        self._taken = self._errors_before = 0
        self._placed: list[tuple[int, float, float]] = []
        self._left_out = 0
        self._stills = _still_frames(self._expected, float(self._rate))
        self._written_stills: list[int] = []

    def copy(self, report: Callable[[int, int], None]) -> dict[str, Any]:
        """Take the frames as they are coded; all are decoded once, as that alone shows that none is damaged."""
        if reason := reason_to_encode(self._requested, self._survey, self._rate):
            raise NotCopied(reason)
        frames = self._window.range_of(self._survey.frame_rate.times_s)
        copy_stream(
            Path(self._requested.input_file),
            self._survey,
            frames,
            Path(self._targets.video),
            rate=self._rate,
            matrix=self._matrix,
        )
        problem = ""
        for count, (decoded, slot) in enumerate(self._reported(self._frames(), report)):
            problem = problem or self._doubt(decoded, slot, count)
            if problem:
                self._decoder.stop()
        if problem or self._has_damage:
            raise NotCopied(problem or _DAMAGED)
        stamps = np.sort(self._survey.line.shown)[frames.start : frames.stop] * float(self._survey.line.tick_s)
        if len(self._placed) != len(frames) or np.abs(stamps - [stamp for _, stamp, _ in self._placed]).max() > _SAME_S:
            raise NotCopied("its packets and its frames differ")
        self._parts.keep(self._survey.display)
        return {**self._written(len(frames)), "is_copied": True}

    def _doubt(self, decoded: DecodedFrame, slot: int, count: int) -> str:
        """What keeps a frame from being copied; empty if nothing does."""
        display, frame = self._survey.display, decoded.frame
        if self._has_damage:
            return _DAMAGED
        if slot != count:
            return "its frames are not evenly spaced"
        is_as_first = decoded.display == display and (frame.width, frame.height) == display.shown_size
        if not is_as_first or frame.interlaced_frame or frame.color_range == _FULL_RANGE:
            return "its frames are not all in the standard form"
        return ""

    @property
    def _has_damage(self) -> bool:
        return bool(self._damage.spans or self._left_out or self._decoder.error_count > self._errors_before)

    def encode(self, report: Callable[[int, int], None]) -> dict[str, Any]:
        """Draw every frame in the standard form, and encode it."""
        requested = self._requested
        with StandardWriter(
            Path(self._targets.video),
            (requested.width, requested.height),
            self._rate,
            matrix=self._matrix,
            preset=requested.encoder_preset,
            crf=requested.crf,
            threads=requested.threads,
        ) as writer:
            for frame, slot in self._reported(self._drawn(), report):
                writer.write(frame, slot)
        return self._written(writer.frame_count)

    def _reported(
        self, frames: Iterator[tuple[Frame, int]], report: Callable[[int, int], None]
    ) -> Iterator[tuple[Frame, int]]:
        reported_s = 0.0
        for frame, slot in frames:
            yield frame, slot
            if time.monotonic() - reported_s > _REPORT_INTERVAL_S:
                reported_s = time.monotonic()
                report(slot + 1, self._expected)

    def _written(self, frame_count: int) -> dict[str, Any]:
        """What is reported of it."""
        self._damage.finish(frame_count)
        self._save_times(frame_count)
        slots = np.array([slot for slot, *_ in self._placed])
        return {
            "rate": str(self._rate),
            "frame_count": frame_count,
            "expected_frame_count": self._expected,
            "decoded_frame_count": self._taken,
            "decoding_error_count": self._decoder.error_count - self._errors_before,
            "repeated_frame_count": frame_count - len(self._placed),
            "left_out_frame_count": self._left_out,
            **self._lost_first(),
            "gaps": list(_gaps(slots, self._rate)),
            "is_deinterlaced": self._parts.is_deinterlaced,
            "parts": [_part_fields(part) for part in self._parts.parts],
            "damage": self._damage.as_dicts(),
            "damaged_frames": self._requested.damaged_frames,
            "stills": self._written_stills,
        }

    def _drawn(self) -> Iterator[tuple[Any, int]]:
        for decoded, slot in self._frames():
            yield from self._parts.draw(decoded, slot)
        yield from self._parts.finish()

    def _frames(self) -> Iterator[tuple[DecodedFrame, int]]:
        """The frames that are taken, each with its place in the standard video."""
        for decoded in self._decoder.frames():
            is_damaged = self._damage.check(decoded)
            if not self._window.takes(decoded.time_s):
                if self._window.is_over:
                    self._decoder.stop()
                continue
            if not self._taken:
                self._errors_before = self._decoder.error_count if self._window.start_s else 0
            self._taken += 1
            slot = None
            if not is_damaged or self._requested.damaged_frames == "keep":
                slot = self._slots.place(decoded.time_s)
            self._damage.note(max(0, self._slots.filled - 1) if slot is None else slot)
            if slot is None:
                self._left_out += 1
                continue
            self._placed.append((slot, decoded.stamp_s, decoded.source_s))
            self._write_still(decoded, slot)
            yield decoded, slot
        if not self._placed:
            raise ProbeError(
                "all its frames are damaged; keep them with damaged_frames=keep"
                if self._left_out
                else "none of its frames can be decoded"
            )

    def _lost_first(self) -> dict[str, Any]:
        """Frames at the beginning that cannot be decoded, unless they are left out anyway."""
        decoder, is_in_part = self._decoder, self._decoder.lost_first_s > self._window.start_s
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

    def _save_times(self, frame_count: int) -> None:
        slots, stamps_s, source_s = np.array(self._placed).T
        source_s = _without_gaps(source_s, self._window.start_s + slots / float(self._rate))
        shown = np.searchsorted(slots, np.arange(frame_count), side="right") - 1
        for path, times_s in ((self._targets.stamps, stamps_s), (self._targets.source_times, source_s)):
            with Path(path).open("wb") as file:
                np.save(file, times_s[shown])


def _without_gaps(source_s: Times, times_s: Times) -> Times:
    """Times in the source; where the file does not say one, time goes on since the last one that it says."""
    known = np.flatnonzero(~np.isnan(source_s))
    if not len(known):
        return times_s
    last = known[np.maximum(np.searchsorted(known, np.arange(len(source_s)), side="right") - 1, 0)]
    filled = np.where(np.isnan(source_s), np.maximum(source_s[last] + times_s - times_s[last], 0), source_s)
    return np.maximum.accumulate(filled)


def _gaps(slots: npt.NDArray[np.int64], rate: Fraction) -> Iterator[dict[str, Any]]:
    """Where the recording has no frame for much longer than between others."""
    for index in long_gaps(slots, float(rate)):
        yield {"start_frame": int(slots[index]), "duration_s": float((slots[index + 1] - slots[index] - 1) / rate)}


def _still_frames(frame_count: int, rate: float) -> list[int]:
    moments = _STILL_MOMENTS if frame_count / rate > _ONE_STILL_BELOW_S else (0.0,)
    return sorted({round(moment * (frame_count - 1)) for moment in moments})


def _part_fields(part: Part) -> dict[str, Any]:
    display = part.display
    transform = part.placement.transform_from(*display.shown_size)
    return {
        "start_frame": part.start_frame,
        **display.fields,
        "transform": {
            "scale_x": transform.scale_x,
            "scale_y": transform.scale_y,
            "offset_x": transform.offset_x,
            "offset_y": transform.offset_y,
        },
        "content_xyxy": list(part.placement.content_xyxy),
    }
