"""A small image of a raw file, for people who are about to submit it."""

from contextlib import suppress
from itertools import chain
from pathlib import Path

import av

from videoprep_nb.core.errors import ProbeError
from videoprep_nb.media.raw.open_raw import choose_stream, decode_sample, open_raw, read_packets
from videoprep_nb.media.raw.shapes import Shapes
from videoprep_nb.media.raw.stills import write_still
from videoprep_nb.media.raw.survey import Survey

_SIZE = (320, 320)
_LATEST_S = 10.0


def write_thumbnail(path: Path, survey: Survey, target: Path) -> None:
    """Write a key frame from the beginning, past what may be black, as a player shows it; none if it is damaged.

    Args:
        path: A raw file.
        survey: What the first pass found in it.
        target: The JPEG to write.
    """
    for time_s in (min(survey.facts["duration_s"] / 4, _LATEST_S), 0.0):  # not every file can be sought
        with suppress(ProbeError, av.FFmpegError):
            if _write_frame(path, survey, time_s, target):
                return


def _write_frame(path: Path, survey: Survey, time_s: float, target: Path) -> bool:
    recording = survey.recordings[0]
    with open_raw(path, recording.section) as container:
        stream = choose_stream(container, recording.video_stream).stream
        if time_s:
            container.seek(int(time_s / stream.time_base) + (stream.start_time or 0), stream=stream)
        shapes = Shapes(stream, survey.crop)
        for packet in chain(read_packets(container, stream), [None]):
            for frame in decode_sample(stream.codec_context, packet):
                write_still(frame, shapes.of(frame), target, _SIZE)
                return True
    return False
