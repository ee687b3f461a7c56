"""Byte-identical files, found without reading more than has to be read."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from wkmp_lab.io.files.scanning import compute_sha256
from wkmp_lab.model import SourceFile

HEAD_BYTES = 1 << 16
"""Files of one size whose first bytes differ are told apart by these alone."""

_Item = TypeVar("_Item")
_Shared = TypeVar("_Shared", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What was learnt of equal files.

    Attributes
    ----------
    twin_of
        Path of a copy to the path of its original, which is the first in the given order.
    sha256
        Content hash of every file that had to be read whole.
    """

    twin_of: dict[str, str]
    sha256: dict[str, str]


def find_duplicates(
    files: Sequence[SourceFile], *, known_sha256: Mapping[str, str] = MappingProxyType({})
) -> Duplicates:
    """Copies among files, by content.

    Only files that agree in size and in their first 64 KiB are hashed whole; where all hashes of
    one size are known already, nothing is read. Files that cannot be read are left alone:
    measuring them gives the reason.

    Parameters
    ----------
    files
        In the order that decides which one is the original.
    known_sha256
        Content hash by path, of files that have not changed since it was computed.
    """
    twin_of: dict[str, str] = {}
    hashes = dict(known_sha256)
    for same_size in _group(files, lambda file: file.size_bytes or None):
        for same_head in _find_same_heads(same_size, hashes):
            found = {
                file.path: hashes.get(file.path) or _try_read(compute_sha256, file)
                for file in same_head
            }
            hashes.update((path, digest) for path, digest in found.items() if digest)
            for same in _group(same_head, lambda file: hashes.get(file.path)):
                twin_of.update((file.path, same[0].path) for file in same[1:])
    return Duplicates(twin_of, hashes)


def _find_same_heads(files: list[SourceFile], hashes: Mapping[str, str]) -> list[list[SourceFile]]:
    if all(file.path in hashes for file in files):
        return [files]
    return _group(files, lambda file: _try_read(_hash_head, file))


def _group(items: Iterable[_Item], key: Callable[[_Item], _Shared | None]) -> list[list[_Item]]:
    """Items that share a key with another one; those of key None share nothing."""
    groups: defaultdict[_Shared | None, list[_Item]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    groups.pop(None, None)
    return [group for group in groups.values() if len(group) > 1]


def _hash_head(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.sha256(file.read(HEAD_BYTES)).hexdigest()


def _try_read(read: Callable[[str], str], file: SourceFile) -> str | None:
    try:
        return read(file.path)
    except OSError:
        return None
