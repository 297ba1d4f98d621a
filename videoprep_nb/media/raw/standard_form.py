"""Whether a source is in the standard form already, as far as that shows before it is decoded."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain

from videoprep_nb.media.geometry import place
from videoprep_nb.media.raw.conversion import Conversion
from videoprep_nb.media.raw.display import Turn
from videoprep_nb.media.raw.survey import Survey
from videoprep_nb.media.raw.time_line import NO_STAMP
from videoprep_nb.media.standard import CODEC, PIXEL_FORMAT

_MATRICES = ("bt709", "smpte170m", "bt470")
"""Those that the standard video has, under all their names."""


def reason_to_encode(conversion: Conversion, survey: Survey, rate: Fraction) -> str:
    """Why the frames of a source cannot be copied as they are coded.

    Args:
        conversion: What is to be done.
        survey: What the first pass found.
        rate: Frames per second of the standard video.

    Returns:
        The end of a sentence; empty if nothing is against it.
    """
    reasons = chain(_stream_reasons(survey), _time_reasons(survey, rate), _frame_reasons(conversion, survey))
    return next(reasons, "")


def _stream_reasons(survey: Survey) -> Iterator[str]:
    facts = survey.facts
    if len(survey.recordings) > 1:
        yield "it holds several recordings"
    if facts["codec"] != CODEC:
        yield f"it is coded as {facts['codec']}, not {CODEC}"
    if survey.corrupt.any():
        yield "it is damaged"
    if not survey.kept.all():
        yield "an edit list hides some of its frames"


def _time_reasons(survey: Survey, rate: Fraction) -> Iterator[str]:
    facts, own_rate = survey.facts, survey.frame_rate.rate
    has_all = len(survey.frame_rate.times_s) == len(survey.line.shown) and not (survey.line.shown == NO_STAMP).any()
    if not has_all or survey.shows_in_decoding_order:
        yield "it lacks time stamps"
    if rate != own_rate:
        yield f"its {float(own_rate):.6g} frames per second become {float(rate):.6g}"
    if survey.frame_rate.is_assumed or survey.frame_rate.is_variable:
        yield "its frame rate varies" if survey.frame_rate.is_variable else "it does not say its frame rate"
    if facts["cuts"] or facts.get("gap_count"):
        yield "its time line has gaps"


def _frame_reasons(conversion: Conversion, survey: Survey) -> Iterator[str]:
    facts, display = survey.facts, survey.display
    size = (conversion.width, conversion.height)
    if display.pixel_format != PIXEL_FORMAT:
        yield f"its pixels are {display.pixel_format}, not {PIXEL_FORMAT}"
    if display.turn != Turn():
        yield "it is rotated or mirrored"
    if any(survey.crop):
        yield "its container crops it"
    if display.sample_aspect != 1:
        yield "its pixels are not square"
    placement = place(display.shown_size, Fraction(1), size, conversion.fit, upscale=conversion.upscale)
    if display.shown_size != size or placement.content_xyxy != (0, 0, *size):
        yield f"its frames are {display.width}×{display.height}, not {conversion.width}×{conversion.height}"
    if facts["is_interlaced"] or facts["is_marked_interlaced"] or conversion.deinterlace == "on":
        yield "it is interlaced, or said to be"
    colour = display.colour
    if colour.hdr or colour.gamut or colour.matrix not in _MATRICES:
        yield "its colours are not those of a standard video"
