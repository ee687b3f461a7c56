"""Chromaprint's compressed text, written and read in NumPy.

A text from a tag, a server or a shared catalogue is not to be trusted, and the C library's decoder
had a heap overflow up to version 1.6.0: it is never given one.

Form (read off Chromaprint's documentation and checked against its output): one byte algorithm,
three bytes item count, then for each item, XORed with the one before, the distances between its
set bits as 3-bit numbers ended by 0; 7 stands for 7 or more, the rest following in an array of
5-bit numbers behind all 3-bit ones. All of it base64url without padding.
"""

import base64
import binascii
import re

import numpy as np
import numpy.typing as npt

from wkmp_lab.errors import FingerprintError

ALGORITHM = 1
"""The id of AcoustID's algorithm ("TEST2"), the only one that it accepts."""
MAX_ITEMS = 1 << 18
"""About nine hours."""
MAX_TEXT = 24 * MAX_ITEMS
"""No text of so many items is longer: an item has at most 32 distances of 3 bits and its end, and
four of 5 bits."""
MAX_RELATED_BIT_ERROR = 0.22
"""Share of differing bits up to which another version of a piece is likely: the nearest unrelated
pieces lie at 0.26. It is shown, never named."""

Items = npt.NDArray[np.uint32]

_HEADER_BYTES = 4
_ESCAPE = 7
_TEXT = re.compile(r"[A-Za-z0-9_-]*")


def encode_items(items: Items) -> str:
    """Compressed text of fingerprint items.

    Parameters
    ----------
    items
        uint32, shape ``(n,)``, one for each 0.124 s.

    >>> encode_items(np.array([1, 1, 3], np.uint32))
    'AQAAAwEE'
    """
    items = np.asarray(items, np.uint32)
    if len(items) > MAX_ITEMS:
        raise FingerprintError(f"a fingerprint has at most {MAX_ITEMS} items, got {len(items)}")
    changes = items.copy()
    changes[1:] ^= items[:-1]
    bits = np.unpackbits(changes.astype("<u4").view(np.uint8), bitorder="little")
    rows, columns = np.nonzero(bits.reshape(-1, 32))
    is_first = np.diff(rows, prepend=-1) != 0
    steps = np.where(is_first, columns + 1, np.diff(columns, prepend=0))
    # A 0 ends each item: it stands behind the item's last step.
    n_steps = np.bincount(rows, minlength=len(items))
    values = np.insert(steps, np.cumsum(n_steps), 0) if len(items) else steps
    is_long = values >= _ESCAPE
    body = _pack(np.where(is_long, _ESCAPE, values), 3) + _pack(values[is_long] - _ESCAPE, 5)
    header = bytes([ALGORITHM]) + len(items).to_bytes(3, "big")
    return base64.urlsafe_b64encode(header + body).decode().rstrip("=")


def decode_text(text: str) -> Items:
    """Items of a compressed text.

    Raises
    ------
    FingerprintError
        The text is no fingerprint of AcoustID's algorithm, or is cut off.

    >>> decode_text("AQAAAwEE").tolist()
    [1, 1, 3]
    """
    raw = _decode_base64(text)
    n_items = int.from_bytes(raw[1:_HEADER_BYTES], "big")
    if raw[0] != ALGORITHM:
        raise FingerprintError(f"expected a fingerprint of algorithm {ALGORITHM}, got {raw[0]}")
    if n_items > MAX_ITEMS:
        raise FingerprintError(f"a fingerprint has at most {MAX_ITEMS} items, got {n_items}")
    body = np.frombuffer(raw, np.uint8, offset=_HEADER_BYTES)
    values = _unpack(body, 3)
    ends = np.flatnonzero(values == 0)[:n_items]
    if len(ends) < n_items:
        raise FingerprintError(f"a fingerprint of {n_items} items is cut off after {len(ends)}")
    if n_items == 0:
        return np.zeros(0, np.uint32)
    values = values[: ends[-1] + 1]
    is_long = values == _ESCAPE
    rest = _unpack(body[(3 * len(values) + 7) // 8 :], 5)[: is_long.sum()]
    if len(rest) < is_long.sum():
        raise FingerprintError("a fingerprint is cut off in its long distances")
    values[is_long] += rest
    return _items_from_steps(values, ends)


def measure_bit_error(items: Items, others: Items) -> float:
    """Share of bits that differ, item by item, over the length of the shorter one.

    Returns
    -------
    float
        0 (same) to 1; about 0.5 for unrelated music, and 0.5 where one is empty.
    """
    n = min(len(items), len(others))
    if n == 0:
        return 0.5
    return float(np.bitwise_count(items[:n] ^ others[:n]).sum() / (32 * n))


def _items_from_steps(values: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> Items:
    """Items from distances between set bits, each item ended by a 0."""
    totals = np.cumsum(values)
    before = np.concatenate([[0], totals[ends[:-1]]])
    n_values = np.diff(ends, prepend=-1)
    places = totals - np.repeat(before, n_values) - 1
    is_step = values > 0
    if is_step.any() and places[is_step].max() > 31:
        raise FingerprintError("a fingerprint has a bit beyond the 32 of an item")
    rows = np.repeat(np.arange(len(ends)), n_values)[is_step]
    changes = np.zeros(len(ends), np.uint32)
    np.bitwise_or.at(changes, rows, np.uint32(1) << places[is_step].astype(np.uint32))
    return np.bitwise_xor.accumulate(changes)


def _decode_base64(text: str) -> bytes:
    if len(text) > MAX_TEXT:
        raise FingerprintError(f"a fingerprint text has at most {MAX_TEXT} characters")
    if not _TEXT.fullmatch(text):
        raise FingerprintError("a fingerprint text is base64url without padding")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise FingerprintError(f"a fingerprint text is base64url: {error}") from error
    if len(raw) < _HEADER_BYTES:
        raise FingerprintError(f"a fingerprint has a header of 4 bytes, got {len(raw)}")
    return raw


def _pack(values: npt.NDArray[np.int64], n_bits: int) -> bytes:
    bits = (values[:, None] >> np.arange(n_bits)) & 1
    return np.packbits(bits.astype(np.uint8).ravel(), bitorder="little").tobytes()


def _unpack(packed: npt.NDArray[np.uint8], n_bits: int) -> npt.NDArray[np.int64]:
    bits = np.unpackbits(packed, bitorder="little")
    n_values = len(bits) // n_bits
    rows = bits[: n_values * n_bits].reshape(n_values, n_bits)
    values: npt.NDArray[np.int64] = rows.astype(np.int64) @ (1 << np.arange(n_bits))
    return values
