"""Where the video of an MPEG transport stream goes on under another number (PID) or in another codec."""

from collections.abc import Iterator
from typing import IO

import numpy as np
import numpy.typing as npt

_SYNC = 0x47
_PACKET_BYTES = (188, 192, 204)
_ROWS = 1 << 14
_CHECKED_PACKETS = 5
_MAX_JUNK_BYTES = 1 << 16
_COUNTED_BYTES = 4  # the header of a packet counts on
_PAT_PID, _PAT, _PMT = 0, 0, 2
_CRC_POLYNOMIAL = 0x04C11DB7
_VIDEO_TYPES = {0x01, 0x02, 0x10, 0x1B, 0x24, 0x33, 0x42, 0xD1, 0xD2, 0xEA}
"""Stream types of MPEG-1, -2 and -4, H.264, HEVC, VVC, AVS, Dirac, AVS2 and VC-1."""

Streams = frozenset[tuple[int, int]]
"""PID and stream type of each video stream of a program."""


def video_changes(file: IO[bytes]) -> Iterator[int]:
    """Positions from which on a program has none of its video streams any more, but others.

    A restarted recorder numbers its streams anew or has another codec. libav lists the streams at the beginning of a
    file only, so that what follows has to be opened on its own.

    Args:
        file: A file that libav reads as MPEG-TS.
    """
    tables = _Tables()
    for position, packet in _table_packets(file, tables.pids):
        if tables.read(packet):
            yield position


class _Tables:
    """The program tables, as far as they were read."""

    def __init__(self) -> None:
        self.pids = {_PAT_PID}
        self._packets: dict[int, bytes] = {}
        self._videos: dict[int, Streams] = {}

    def read(self, packet: bytes) -> bool:
        """Read a packet that holds a table; True when a program has other video streams than before."""
        pid = int.from_bytes(packet[1:3]) & 0x1FFF
        content = packet[_COUNTED_BYTES:]
        if self._packets.get(pid) == content:  # most are repeated ten times a second
            return False
        self._packets[pid] = content
        section = _section_in(packet)
        if not section:
            return False
        if pid == _PAT_PID and section[0] == _PAT:
            self.pids |= {pid for program, pid in _programs(section) if program}
            return False
        if section[0] != _PMT:
            return False
        videos, program = _video_streams(section), int.from_bytes(section[3:5])
        before = self._videos.get(program)
        if videos:
            self._videos[program] = videos
        return bool(before and videos and not before & videos)


def _table_packets(file: IO[bytes], pids: set[int]) -> Iterator[tuple[int, bytes]]:
    """Packets in which a table begins, with their positions."""
    position = 0
    while (layout := _find_packets(file, position)) is not None:
        position, size = layout
        while len(rows := _read_rows(file, position, size)):
            good = rows[:, 0] == _SYNC
            count = _count_until_lost(good)
            numbers = (rows[:count, 1].astype(np.int32) & 0x1F) << 8 | rows[:count, 2]
            starts = good[:count] & (rows[:count, 1] & 0x40 > 0)
            for index in np.flatnonzero(starts & (numbers < 0x1FFF)):
                if int(numbers[index]) in pids:
                    yield position + int(index) * size, rows[index].tobytes()
            position += count * size
            if count < len(good):
                break
        else:
            return


def _find_packets(file: IO[bytes], position: int) -> tuple[int, int] | None:
    """The next position at which packets follow each other, and their size."""
    file.seek(position)
    data = np.frombuffer(file.read(_MAX_JUNK_BYTES + _CHECKED_PACKETS * max(_PACKET_BYTES)), np.uint8)
    for start in np.flatnonzero(data[:_MAX_JUNK_BYTES] == _SYNC):
        for size in _PACKET_BYTES:
            if (data[start : start + _CHECKED_PACKETS * size : size] == _SYNC).all():
                return position + int(start), size
    return None


def _read_rows(file: IO[bytes], position: int, size: int) -> npt.NDArray[np.uint8]:
    """``(N, size)`` uint8, whole packets."""
    file.seek(position)
    data = np.frombuffer(file.read(size * _ROWS), np.uint8)
    return data[: len(data) // size * size].reshape(-1, size)


def _count_until_lost(good: npt.NDArray[np.bool_]) -> int:
    """Packets before the first two in a row that do not begin with the sync byte; bytes are missing there."""
    lost = np.flatnonzero(~good[:-1] & ~good[1:])
    return int(lost[0]) if len(lost) and lost[0] else len(good)


def _section_in(packet: bytes) -> bytes | None:
    """The table section that begins in a packet, without its checksum; of a longer one, what the packet holds."""
    start = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
    if not packet[3] & 0x10 or start >= len(packet):
        return None
    start += 1 + packet[start]
    header = packet[start : start + 3]
    if len(header) < 3:
        return None
    end = start + 3 + (int.from_bytes(header[1:]) & 0xFFF)
    section = packet[start : min(end, 188)]
    if end > 188:
        return section
    return section[:-4] if _checksum(section) == 0 else None


def _checksum(section: bytes) -> int:
    checksum = 0xFFFFFFFF
    for byte in section:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = (checksum << 1 ^ (_CRC_POLYNOMIAL if checksum & 0x80000000 else 0)) & 0xFFFFFFFF
    return checksum


def _programs(section: bytes) -> Iterator[tuple[int, int]]:
    """Number and PID of the table of each program."""
    for at in range(8, len(section) - 3, 4):
        yield int.from_bytes(section[at : at + 2]), int.from_bytes(section[at + 2 : at + 4]) & 0x1FFF


def _video_streams(section: bytes) -> Streams:
    streams = set()
    at = 12 + (int.from_bytes(section[10:12]) & 0xFFF)
    while at + 5 <= len(section):
        kind, pid = section[at], int.from_bytes(section[at + 1 : at + 3]) & 0x1FFF
        if kind in _VIDEO_TYPES:
            streams.add((pid, kind))
        at += 5 + (int.from_bytes(section[at + 3 : at + 5]) & 0xFFF)
    return frozenset(streams)
