"""Names that a file can have on Linux, and how people see them."""

import os
from pathlib import Path

ODD_NAMES = {
    b"caf\xe9.mp4": "caf\N{REPLACEMENT CHARACTER}.mp4",
    b"caf\xe8.mp4": "caf\N{REPLACEMENT CHARACTER}.mp4",
    b"line\nbreak.mp4": "line\N{REPLACEMENT CHARACTER}break.mp4",
    b"\x1b[31mred\x07.mp4": "\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}.mp4",
    "a\u202e4pm.mp4".encode(): "a\N{REPLACEMENT CHARACTER}4pm.mp4",
    "2024\u202f影 é.mp4".encode(): "2024 影 é.mp4",
    b"[red]<b>&\"'{x}%s\\.mp4": "[red]<b>&\"'{x}%s\\.mp4",
    b"x" * 251 + b".mp4": "x" * 159 + "…" + "x" * 36 + ".mp4",
}
"""File names, and their display names."""

NOT_TO_BE_SEEN = "\x00\x07\x1b\u2028\u202e\ufeff\ufffe"


def odd_path(folder: Path, name: bytes) -> Path:
    """The path of a file whose name is these bytes."""
    return folder / os.fsdecode(name)


def assert_harmless(text: str) -> None:
    """A text can be written as UTF-8, and holds nothing that would steer a terminal or a page."""
    text.encode("utf-8")
    assert not set(text) & set(NOT_TO_BE_SEEN), ascii(text)
