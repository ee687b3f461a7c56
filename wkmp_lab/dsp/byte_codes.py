"""Whole numbers that change little from one to the next, packed into bytes and back.

They are told as differences of one byte each, under Huffman's code alone: differences of levels
are noise, in which a search for repetitions would find nothing, and take ten times as long.
"""

import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

CodeArray = npt.NDArray[np.int32]
_CountArray = npt.NDArray[np.uint16]

_LARGEST, _ESCAPE = 127, -128
"""What one byte holds; whatever is larger lies behind all others, in four bytes."""
_HEAD = struct.Struct("<II")


def pack_steps(numbers: CodeArray) -> bytes:
    """Numbers that go up and down along the last axis, by the steps that they make.

    >>> unpack_steps(pack_steps(np.array([500, 501, 499], np.int32)), (3,)).tolist()
    [500, 501, 499]
    """
    return pack_numbers(np.diff(numbers, axis=-1, prepend=np.int32(0)))


def unpack_steps(packed: bytes | memoryview, shape: tuple[int, ...]) -> CodeArray:
    """Numbers of that shape from what :func:`pack_steps` has made."""
    return np.cumsum(unpack_numbers(packed, shape), axis=-1, dtype=np.int32)


def pack_numbers(numbers: npt.NDArray[Any]) -> bytes:
    """Numbers that are mostly near 0, and near the same ones."""
    flat = numbers.ravel()
    is_large = np.abs(flat) > _LARGEST
    small = np.where(is_large, _ESCAPE, flat).astype(np.int8)
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
    body: bytes = deflate.compress(small.data) + deflate.flush()
    large: bytes = flat[is_large].astype("<i4").tobytes()
    return _HEAD.pack(len(body), len(large)) + body + large


def unpack_numbers(packed: bytes | memoryview, shape: tuple[int, ...]) -> CodeArray:
    """Numbers of that shape from what :func:`pack_numbers` has made."""
    n_body, n_large = _HEAD.unpack_from(packed)
    start, stop = _HEAD.size, _HEAD.size + n_body
    body = zlib.decompress(packed[start:stop], -15, max(int(np.prod(shape)), 1))
    numbers = np.frombuffer(body, np.int8).astype(np.int32)
    if n_large:
        numbers[numbers == _ESCAPE] = np.frombuffer(packed[stop : stop + n_large], "<i4")
    return numbers.reshape(shape)


def pack_counts(counts: _CountArray) -> bytes:
    """Counts that are 0, or the same, for long stretches.

    >>> unpack_counts(pack_counts(np.array([0, 0, 9, 9], np.uint16))).tolist()
    [0, 0, 9, 9]
    """
    # Differences wrap around, and do so again on the way back.
    return zlib.compress(np.diff(counts, prepend=np.uint16(0)).astype("<u2").data, 1)


def unpack_counts(packed: bytes | memoryview) -> _CountArray:
    """Counts from what :func:`pack_counts` has made."""
    return np.cumsum(np.frombuffer(zlib.decompress(packed), "<u2"), dtype=np.uint16)
