"""Names of files are bytes and may hold anything: how they are shown, and how a path is written down as text."""

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote_to_bytes

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

MAX_NAME_LENGTH = 200

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_UNNAMED = "unnamed"
_FILE_URL = "file:///"
# os.fsdecode makes U+DC80 to U+DCFF of bytes that are not UTF-8; other lone surrogates come from JSON such as "\ud800"
_LONE_SURROGATE = re.compile("[\ud800-\udc7f\udd00-\udfff]")
# emojis and Persian words are joined by these, which change nothing else
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
_END_LENGTH = 40


def visible(text: str) -> str:
    r"""A text as every terminal, page and file can show it, in one line.

    Bytes that are not UTF-8, control characters, line ends and what turns the writing direction become U+FFFD.

    Args:
        text: Any text, such as a path or a message with a path in it.

    Example:
        >>> visible("caf\udce9\n.mp4")
        'caf��.mp4'
    """
    decoded = _LONE_SURROGATE.sub(_REPLACEMENT, text).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return decoded if decoded.isprintable() else "".join(map(_visible_character, decoded))


def visible_lines(text: str) -> str:
    """The same of a text of several lines, such as a message of a library."""
    return "\n".join(map(visible, text.split("\n")))


def is_utf8(text: str) -> bool:
    """Whether a text can be written as UTF-8; one that ``os.fsdecode`` made of other bytes cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def display_name(name: str) -> str:
    """The name of a file as people see it: visible, not empty and at most ``MAX_NAME_LENGTH`` characters long.

    Different files may have the same display name; it is never used as a path.

    Args:
        name: The name, without its folder.

    Example:
        >>> display_name("  "), len(display_name(1000 * "x" + ".mp4"))
        ('unnamed', 200)
    """
    shown = visible(name).strip()
    if len(shown) > MAX_NAME_LENGTH:
        shown = f"{shown[: MAX_NAME_LENGTH - _END_LENGTH - 1]}…{shown[-_END_LENGTH:]}"
    return shown or _UNNAMED


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """Display names of files; those that would look the same get their folder, or a number behind them.

    Example:
        >>> distinct_names([Path("a/1.xml"), Path("b/1.xml"), Path("2.xml")])
        ['a/1.xml', 'b/1.xml', '2.xml']
    """
    short = [display_name(path.name) for path in paths]
    long = [visible(str(path)) if short.count(name) > 1 else name for path, name in zip(paths, short, strict=True)]
    numbers = [long[: index + 1].count(name) for index, name in enumerate(long)]
    return [name if number == 1 else f"{name} ({number})" for name, number in zip(long, numbers, strict=True)]


def path_to_text(path: Path) -> str:
    r"""A path as JSON and notebooks can hold it: as it is, or as a ``file:`` URL when it could not be shown.

    Args:
        path: The path.

    Example:
        >>> path_to_text(Path("/videos/a.mp4")), path_to_text(Path("/videos/caf\udce9.mp4"))
        ('/videos/a.mp4', 'file:///videos/caf%E9.mp4')
    """
    text = str(path)
    return text if visible(text) == text else path.absolute().as_uri()


def path_from_text(text: str) -> str:
    """What ``path_to_text`` was given; a text that is no ``file:`` URL is returned as it is.

    Raises:
        ValueError: The URL names no file.

    Example:
        >>> path_from_text("/videos/a.mp4"), path_from_text("file:///videos/a%20b.mp4")
        ('/videos/a.mp4', '/videos/a b.mp4')
    """
    if not text.startswith(_FILE_URL):
        return text
    path = unquote_to_bytes(text.removeprefix("file://").encode("utf-8", "surrogateescape"))
    if b"\0" in path:
        raise ValueError("expected the URL of a file")
    return os.fsdecode(path)


def _path_from_json(value: object) -> object:
    return path_from_text(value) if isinstance(value, str) else value


def _shown(name: str) -> str:
    return name and display_name(name)


ShownName = Annotated[str, AfterValidator(_shown)]
"""The display name of a file in a record; empty if it is unknown."""

WrittenPath = Annotated[
    Path, BeforeValidator(_path_from_json), PlainSerializer(path_to_text, return_type=str, when_used="json")
]
"""The path of a file in a record, whatever its name; see ``path_to_text``."""


def _visible_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    is_noncharacter = ord(character) & 0xFFFE == 0xFFFE or "\ufdd0" <= character <= "\ufdef"  # XML forbids some
    # letters that are newer than this Python, and those of one vendor, have no category and do no harm
    harmless = character.isprintable() or character in _JOINERS or category in ("Cn", "Co")
    return character if harmless and not is_noncharacter else _REPLACEMENT
