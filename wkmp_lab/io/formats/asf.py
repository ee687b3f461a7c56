"""ASF files (WMA): which packets there should be, and whether they are locked."""

from typing import IO

MAGIC = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ENCRYPTION = (
    bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"),
    bytes.fromhex("14e68a292226174cb935dae07ee9289c"),
    bytes.fromhex("b69b077aa4da124ea5ca91d38dc11a8d"),
)
"""Content Encryption, Extended and Advanced Content Encryption (ASF, 3.14 to 3.16)."""
_MAX_HEADER_BYTES = 1 << 24


def find_end(file: IO[bytes]) -> int | None:
    """Where the last packet of data ends, by their number and size; None where nothing tells it.

    A broadcast does not tell (ASF, 3.2 and 5.1).
    """
    header = _read_header(file)
    data = file.read(50)
    place = header.find(_PROPERTIES)
    if place < 0 or len(header) < place + 96 or not data.startswith(_DATA):
        return None
    is_broadcast = header[place + 88] & 1
    n_packets = int.from_bytes(data[40:48], "little")
    packet_bytes = int.from_bytes(header[place + 92 : place + 96], "little")
    if is_broadcast or not n_packets:
        return None
    return len(header) + len(data) + n_packets * packet_bytes


def find_protection(file: IO[bytes]) -> str | None:
    """Whose lock is on the packets; None where there is none that we know."""
    header = _read_header(file)
    is_locked = any(kind in header for kind in _ENCRYPTION)
    return "Windows Media DRM" if is_locked else None


def _read_header(file: IO[bytes]) -> bytes:
    """The header object; the position of the file is behind it."""
    file.seek(0)
    size = int.from_bytes(file.read(24)[16:], "little")
    file.seek(0)
    return file.read(min(size, _MAX_HEADER_BYTES))
