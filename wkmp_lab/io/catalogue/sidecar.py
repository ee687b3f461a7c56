"""The index of a large catalogue as a file beside it, mapped into memory."""

import os
import struct
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.catalogue.index import IndexKeys
from wkmp_lab.io.files.side_files import open_regular

_HEADER = struct.Struct("<8s16sqqq")
_MAGIC = b"wkmpidx1"
_HEADER_BYTES = 64


@dataclass(frozen=True, slots=True, eq=False)
class Sidecar:
    """Sorted keys of the fingerprints up to ``last_slot``."""

    keys: IndexKeys
    last_slot: int
    stride: int


def write_sidecar(
    path: Path, parts: Iterable[IndexKeys], *, catalogue_id: bytes, last_slot: int, stride: int
) -> None:
    """Write the sorted keys; the file appears whole or not at all.

    The keys go through the disk and are sorted there in place, so that no second copy is needed.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(bytes(_HEADER_BYTES))
            n_keys = 0
            for part in parts:
                file.write(part.tobytes())
                n_keys += part.size
            file.seek(0)
            file.write(_HEADER.pack(_MAGIC, catalogue_id, n_keys, last_slot, stride))
        if n_keys:
            keys = np.memmap(name, np.uint64, "r+", _HEADER_BYTES, (n_keys,))
            keys.sort()
            keys.flush()
            del keys
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def map_sidecar(path: Path, *, catalogue_id: bytes) -> Sidecar | None:
    """The keys of a sidecar; None where there is none, or it is another catalogue's or cut."""
    try:
        with open_regular(path, what="an index") as file:
            header = file.read(_HEADER.size)
            size = os.fstat(file.fileno()).st_size
    except (OSError, InvalidInputError):
        return None
    if len(header) < _HEADER.size:
        return None
    magic, owner, n_keys, last_slot, stride = _HEADER.unpack(header)
    if magic != _MAGIC or owner != catalogue_id or size != _HEADER_BYTES + 8 * n_keys:
        return None
    if n_keys == 0:
        return Sidecar(np.empty(0, np.uint64), last_slot, stride)
    keys = np.memmap(path, np.uint64, "r", _HEADER_BYTES, (n_keys,))
    return Sidecar(keys, last_slot, stride)
