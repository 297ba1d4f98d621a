"""Whether a file is encrypted, from the marks that its container has for it."""

import re
from pathlib import Path

ENCRYPTED = "it is encrypted; export it from its recorder or player without encryption"
"""Why such a file is refused."""

_HEAD_BYTES = 1 << 20

_EBML = b"\x1a\x45\xdf\xa3"
_CLUSTER = b"\x1f\x43\xb6\x75"
_CONTENT_ENCRYPTION = re.compile(rb"\x62\x40.{1,64}?\x50\x35", re.DOTALL)  # within a ContentEncoding

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_ASF_ENCRYPTION = (
    bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"),  # Content Encryption Object
    bytes.fromhex("14e68a292226174cb935dae07ee9289c"),  # Extended Content Encryption Object
)

_MXF = bytes.fromhex("060e2b34020501010d010201")
_MXF_ENCRYPTED = re.compile(rb"\x06\x0e\x2b\x34\x02\x04\x01.\x0d\x01\x03\x01\x02\x7e\x01", re.DOTALL)

_TS_SYNC = 0x47
_TS_PACKET_BYTES = (188, 192, 204)
_MIN_TS_PACKETS = 5
_SCRAMBLED = 0xC0
_HAS_PAYLOAD = 0x10
_FIRST_FREE_PID, _NULL_PID = 0x10, 0x1FFF


def is_encrypted(path: Path) -> bool:
    """Whether a Matroska, ASF, MXF or MPEG-TS file is encrypted; libav says so itself of MP4 files."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(_EBML):
        return _CONTENT_ENCRYPTION.search(head.partition(_CLUSTER)[0]) is not None
    if head.startswith(_ASF):
        header = head.partition(_ASF_DATA)[0]
        return any(mark in header for mark in _ASF_ENCRYPTION)
    if _MXF in head[: 1 << 16]:
        return _MXF_ENCRYPTED.search(head) is not None
    return _is_scrambled(head)


def _is_scrambled(head: bytes) -> bool:
    """Whether most packets of a transport stream are scrambled."""
    for size in _TS_PACKET_BYTES:
        start = size % 188 if size == 192 else 0
        if len(head) >= _MIN_TS_PACKETS * size and set(head[start::size]) == {_TS_SYNC}:
            headers = [head[place : place + 4] for place in range(start, len(head) - 3, size)]
            media = [header for header in headers if _carries_media(header)]
            scrambled = sum(bool(header[3] & _SCRAMBLED) for header in media)
            return 2 * scrambled > len(media)
    return False


def _carries_media(header: bytes) -> bool:
    pid = (header[1] & 0x1F) << 8 | header[2]
    return _FIRST_FREE_PID <= pid < _NULL_PID and bool(header[3] & _HAS_PAYLOAD)
