"""Streams of JPEG images without a container, which libav takes for a single image when the images are large."""

from pathlib import Path

_MIN_IMAGES = 4  # photographs may hold a preview, a second view or a gain map behind the image
_MAX_BYTES = 1 << 26
_START, _END = b"\xff\xd8", b"\xff\xd9"
_SCAN = 0xDA


def is_motion_jpeg(path: Path, start: int = 0) -> bool:
    """Whether several JPEG images lie in a file from a position on, one directly behind the other."""
    with path.open("rb") as file:
        file.seek(start)
        if file.read(len(_START)) != _START:
            return False
        data = _START + file.read(_MAX_BYTES)
    position = 0
    for _ in range(_MIN_IMAGES):
        if not data.startswith(_START, position):
            return False
        position = _end_of_image(data, position)
    return True


def _end_of_image(data: bytes, start: int) -> int:
    """The byte behind an image; the end of the data if it is not complete."""
    position = start + len(_START)
    while position + 4 <= len(data) and data[position] == 0xFF:
        if data[position + 1] == _SCAN:
            end = data.find(_END, position)
            return len(data) if end < 0 else end + len(_END)
        position += 2 + int.from_bytes(data[position + 2 : position + 4])
    return len(data)
