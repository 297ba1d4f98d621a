"""ONNX files of one operation, written byte by byte, since the package onnx is no dependency."""

from collections.abc import Sequence
from pathlib import Path

_FLOAT, _ATTRIBUTE_INT, _ATTRIBUTE_INTS = 1, 2, 7


def write_mean_network(path: Path, input_shape: Sequence[int | str], axes: Sequence[int] = (2, 3)) -> Path:
    """A network that gives the means of its input over some axes; texts are sides that are not fixed."""
    attributes = [
        _field(1, b"axes") + b"".join(_field(8, axis) for axis in axes) + _field(20, _ATTRIBUTE_INTS),
        _field(1, b"keepdims") + _field(3, 0) + _field(20, _ATTRIBUTE_INT),
    ]
    node = _field(1, b"images") + _field(2, b"features") + _field(4, b"ReduceMean")
    node += b"".join(_field(5, attribute) for attribute in attributes)
    sides = [_field(1, side) if isinstance(side, int) else _field(2, side.encode()) for side in input_shape]
    shape = b"".join(_field(1, side) for side in sides)
    images = _field(1, b"images") + _field(2, _field(1, _field(1, _FLOAT) + _field(2, shape)))
    features = _field(1, b"features") + _field(2, _field(1, _field(1, _FLOAT)))
    graph = _field(1, node) + _field(2, b"means") + _field(11, images) + _field(12, features)
    path.write_bytes(_field(1, 8) + _field(8, _field(1, b"") + _field(2, 13)) + _field(7, graph))
    return path


def _field(number: int, value: int | bytes) -> bytes:
    """A field of a protocol buffer: a number, or a text or message."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    digits = []
    while value >= 128:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])
