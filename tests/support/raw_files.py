"""Raw files with faults, and what the conversion of one gives."""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.support.synthetic import numbers_in
from videoprep_nb.media.raw.conversion import Conversion, Targets
from videoprep_nb.media.raw.convert import convert
from videoprep_nb.media.raw.placed import PlacedFrames


@dataclass(frozen=True)
class Converted:
    """What a conversion measured and wrote.

    Args:
        source: Fields of a ``VideoInfo``.
        written: Fields of a ``ResizeResult``.
        video: The standard video.
        stamps_s: ``(N,)`` stamps of the source frames that its frames show.
        source_times_s: ``(N,)`` their times as a player has them.
    """

    source: dict[str, Any]
    written: dict[str, Any]
    video: Path
    stamps_s: np.ndarray
    source_times_s: np.ndarray

    @property
    def numbers(self) -> list[int]:
        """The numbers that the frames of the standard video carry."""
        return numbers_in(self.video)

    @property
    def distinct_numbers(self) -> list[int]:
        """The numbers without repetitions."""
        numbers = self.numbers
        return [number for index, number in enumerate(numbers) if not index or number != numbers[index - 1]]

    def check_sum(self) -> None:
        """Decoded frames = written − repeated + left out."""
        written = self.written
        kept = written["frame_count"] - written["repeated_frame_count"]
        assert written["decoded_frame_count"] == kept + written["left_out_frame_count"]


def converted(source: Path, folder: Path, **changes: Any) -> Converted:
    """Convert a raw file to 320×180 frames, in this process."""
    settings: dict[str, Any] = {
        "video_stream": 0,
        "width": 320,
        "height": 180,
        "fit": "stretch",
        "upscale": True,
        "frame_rate": "",
        "max_frame_rate": 60.0,
        "max_pause_s": 60.0,
        "deinterlace": "off",
        "damaged_frames": "keep",
        "encoder_preset": "ultrafast",
        "crf": 18,
        "threads": 2,
    }
    stills = folder / "stills"
    stills.mkdir(parents=True, exist_ok=True)
    video, placed_file = folder / "1.mp4", folder / "placed.npy"
    conversion = Conversion(input_file=str(source), **{**settings, **changes})
    targets = Targets(str(video), str(placed_file), str(stills))
    answer = convert(conversion, targets, lambda done, total: None)
    written, placed = answer["written"], PlacedFrames.read(placed_file)
    rate = Fraction(written["rate"])
    times = placed.times_shown(written["frame_count"], rate, conversion.start_s)
    return Converted(answer["source"], {**written, "gaps": list(placed.gaps(rate))}, video, *times)


def with_stamps(source: Path, target: Path, stamp_of: Callable[[int], Fraction]) -> Path:
    """Copy a video without B-frames; frame i gets the stamp that is asked for, in seconds."""
    return _copied(source, target, lambda index, packet: stamp_of(index))


def without_packets(source: Path, target: Path, left_out: Container[int]) -> Path:
    """Copy a video without some of its packets, by their index in the file."""
    return _copied(source, target, lambda index, packet: None if index in left_out else packet.pts * packet.time_base)


def _copied(source: Path, target: Path, stamp_of: Callable[[int, Any], Fraction | None]) -> Path:
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        stream = read.streams.video[0]
        copy = written.add_stream_from_template(stream)
        for index, packet in enumerate(packet for packet in read.demux(stream) if packet.size):
            stamp_s = stamp_of(index, packet)
            if stamp_s is None:
                continue
            packet.stream = copy
            packet.pts = round(stamp_s / packet.time_base)
            if stream.codec_context.max_b_frames == 0 or packet.dts is None:
                packet.dts = packet.pts
            written.mux(packet)
    return target


def damaged(
    source: Path, target: Path, packets: Iterable[int], *, part: tuple[float, float] = (0.5, 0.8), byte: int = 0
) -> Path:
    """Overwrite a part of some packets, by their index in the file.

    Args:
        source: A healthy file.
        target: The file to write.
        packets: Which packets.
        part: Where the part begins and ends, as shares of the size of the packet.
        byte: What is written over it.
    """
    data = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        places = sorted((packet.pos, packet.size) for packet in container.demux(video=0) if packet.size)
    for index in packets:
        position, size = places[index]
        start, end = (position + int(size * share) for share in part)
        data[start:end] = bytes([byte]) * (end - start)
    target.write_bytes(data)
    return target
