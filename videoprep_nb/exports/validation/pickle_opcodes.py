"""The opcodes of a pickle, walked through without running any: what it asks for, and how much would come out of it."""

import pickletools

from videoprep_nb.exports.validation.findings import Finding

PICKLE_ENTRY = "dense_proposals.pkl"

_PROTOCOL = 4
_PLAIN_OPCODES = (
    "PROTO", "FRAME", "STOP", "MARK", "MEMOIZE", "BINGET", "LONG_BINGET",
    "EMPTY_DICT", "SETITEM", "SETITEMS", "EMPTY_LIST", "APPEND", "APPENDS", "EMPTY_TUPLE", "TUPLE", "TUPLE1",
    "TUPLE2", "TUPLE3", "NONE", "NEWTRUE", "NEWFALSE", "SHORT_BINUNICODE", "BINUNICODE", "BINFLOAT",
    "BININT", "BININT1", "BININT2", "LONG1",
)  # fmt: skip
"""All that plain data needs under protocol 4; tuples, None and bool only so that they can be named as wrong types."""

_GLOBAL_OPCODES = ("GLOBAL", "STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID")
_TUPLE_OPCODES = ("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3")

_MAX_TUPLES = 1000
"""Python computes the hash of a tuple by recursion: as a key, one that is nested deeply enough ends the process."""

_OBJECT_BYTES = {"EMPTY_DICT": 230, "EMPTY_LIST": 120, "MEMOIZE": 16, "SHORT_BINUNICODE": 100, "BINUNICODE": 100}
"""What the objects of an opcode take in memory at most; 40 for all others."""

_MAX_GROWTH, _SMALL_BYTES, _MAX_BYTES = 24, 64 << 20, 4 << 30
"""A real pickle takes 6 to 19 times its size in memory."""

_GLOBAL_TEXT_BYTES = 200


_NOT_PLAIN, _LENGTH_OF = -1, 100
"""In ``_ARGUMENTS``: an opcode that is refused; plus n: n bytes hold the length of the argument that follows."""


def _argument_bytes(opcode: pickletools.OpcodeInfo) -> int:
    lengths = {pickletools.TAKEN_FROM_ARGUMENT1: 1, pickletools.TAKEN_FROM_ARGUMENT4U: 4}
    if opcode.arg is None:
        return 0
    return _LENGTH_OF + lengths[opcode.arg.n] if opcode.arg.n in lengths else opcode.arg.n


# lists by the code of an opcode, as the walk takes a step per opcode
_NAMES = {ord(opcode.code): opcode.name for opcode in pickletools.opcodes}
_PLAIN = {ord(opcode.code): _argument_bytes(opcode) for opcode in pickletools.opcodes if opcode.name in _PLAIN_OPCODES}
_ARGUMENTS = [_PLAIN.get(code, _NOT_PLAIN) for code in range(256)]
_COSTS = [_OBJECT_BYTES.get(_NAMES.get(code, ""), 40) for code in range(256)]
_TUPLES = [int(_NAMES.get(code) in _TUPLE_OPCODES) for code in range(256)]
_STOP = ord(".")


def problem_of_opcodes(data: bytes) -> Finding | None:
    """Why a pickle must not be unpickled; None for one that holds a bounded amount of plain data.

    Args:
        data: The pickle.
    """
    max_bytes = min(_MAX_GROWTH * len(data) + _SMALL_BYTES, _MAX_BYTES)
    position = memory_bytes = tuples = 0
    before, last = b"", b""  # of the strings, which STACK_GLOBAL refers to
    while position < len(data):
        code = data[position]
        argument = _ARGUMENTS[code]
        memory_bytes += _COSTS[code]
        tuples += _TUPLES[code]
        position += 1
        if argument >= _LENGTH_OF:
            start = position + argument - _LENGTH_OF
            position = start + int.from_bytes(data[position:start], "little")
            memory_bytes += min(position, len(data)) - start
            before, last = last, data[start : min(position, start + _GLOBAL_TEXT_BYTES)]
        elif argument == _NOT_PLAIN:
            return _refusal(data, position - 1, b".".join([before, last]))
        else:
            position += argument
        if memory_bytes > max_bytes:
            return _finding("pickle-growth", f"unpacks {len(data):,} bytes to gigabytes, which no real one does")
        if tuples > _MAX_TUPLES:
            return _finding("pickle-opcode", f"holds more than {_MAX_TUPLES:,} tuples, expected lists")
        if code == _STOP:
            return _problem_of_protocol(data)
    return _finding("pickle-unreadable", "is not a pickle (it ends early)")


def _refusal(data: bytes, position: int, strings: bytes) -> Finding:
    """Why an opcode is refused that plain data does not need."""
    name = _NAMES.get(data[position])
    if name is None:
        return _finding("pickle-unreadable", f"is not a pickle (it has an unknown opcode {data[position]:#x})")
    if name in _GLOBAL_OPCODES:
        lines = data[position + 1 :][:_GLOBAL_TEXT_BYTES].split(b"\n")
        asked = strings if name == "STACK_GLOBAL" else b".".join(lines[:2])
        text = asked.decode(errors="replace")[:80]
        return _finding("pickle-global", f"asks for {text!r}, expected plain data only")
    return _problem_of_protocol(data) or _finding("pickle-opcode", f"uses {name}, which plain data does not need")


def _problem_of_protocol(data: bytes) -> Finding | None:
    if _NAMES[data[0]] != "PROTO":
        return _finding("pickle-unreadable", f"is not a pickle of protocol {_PROTOCOL} (it begins like none)")
    if data[1] != _PROTOCOL:
        return _finding("pickle-protocol", f"has protocol {data[1]}, expected {_PROTOCOL}")
    return None


def _finding(code: str, message: str) -> Finding:
    return Finding(code, PICKLE_ENTRY, message)
