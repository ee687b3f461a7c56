"""A catalogue as text: JSON Lines that can be read, compared, shipped and shared.

One line is one fingerprint of a recording, as in
``{"title": "Rain", "artist": "The Drops", "recording_mbid": null, "duration_s": 52.0,
"origin": "rain.flac", "start_s": 0.0, "fingerprint": "AQAA..."}``; all but the fingerprint, and a
title or an id, may be missing.
"""

import functools
import hashlib
import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wkmp_lab.dsp.chromaprint import decode_text, encode_items
from wkmp_lab.errors import FingerprintError, InvalidInputError, StoreError
from wkmp_lab.io.catalogue.catalogue import Catalogue, StoredFingerprint
from wkmp_lab.io.files.atomic_write import write_atomically
from wkmp_lab.io.files.side_files import open_regular, read_side_lines
from wkmp_lab.io.web.answers import Recording
from wkmp_lab.names import read_mbid

SUFFIX = ".jsonl"
MAX_BYTES = 1 << 30
"""A recording takes about 3 kB: 350,000 of them are a matter for SQLite."""
MAX_LINE_BYTES = 4 << 20
"""A fingerprint of ten hours has 1 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    title: str | None = None
    artist: str | None = None
    recording_mbid: str | None = None
    duration_s: float | None = None
    origin: str | None = None
    start_s: float = 0.0
    fingerprint: str


def open_catalogue(path: Path) -> Catalogue:
    """The catalogue of a file: an SQLite file itself, or the content of a text, held in memory.

    Raises
    ------
    StoreError
        The file is no catalogue, or cannot be read.
    """
    if path.suffix != SUFFIX:
        return Catalogue(path)
    catalogue = Catalogue(":memory:")
    try:
        load_fingerprints(catalogue, read_catalogue_file(path))
    except (InvalidInputError, OSError) as error:
        catalogue.close()
        raise StoreError(f"{str(path)!r} cannot be used as a catalogue: {error}") from error
    return catalogue


def compute_generation(path: Path) -> str | None:
    """What changes where a catalogue does; None where there is none."""
    if not path.is_file():
        return None
    if path.suffix == SUFFIX:
        return _hash(path)
    try:
        with Catalogue(path) as catalogue:
            return catalogue.generation
    except StoreError:
        return "unreadable"


def _hash(path: Path) -> str:
    """Eight digits of the text's hash; one that is too large to be read stands for its size."""
    try:
        with open_regular(path, what="a catalogue") as file:
            n_bytes = os.fstat(file.fileno()).st_size
            if n_bytes > MAX_BYTES:
                return f"unreadable-{n_bytes}"
            digest = hashlib.sha256()
            for block in iter(functools.partial(file.read, 1 << 20), b""):
                digest.update(block)
            return digest.hexdigest()[:8]
    except (OSError, InvalidInputError):
        return "unreadable"


def load_fingerprints(catalogue: Catalogue, fingerprints: Iterable[StoredFingerprint]) -> int:
    """Add fingerprints to a catalogue; the number of those that it did not have yet."""
    ordered = sorted(fingerprints, key=lambda each: each.start_s)
    return sum(
        catalogue.add_many(
            ((each.recording, each.items, each.origin) for each in together), start_s=start_s
        )
        for start_s, together in itertools.groupby(ordered, key=lambda each: each.start_s)
    )


def read_catalogue_file(path: Path) -> Iterator[StoredFingerprint]:
    """The fingerprints of a text, in its order; empty lines are passed over.

    Raises
    ------
    InvalidInputError
        A line is no fingerprint with a title or an id; the message names it.
    OSError
        The file cannot be read.
    """
    decoder = msgspec.json.Decoder(_Line)
    lines = read_side_lines(
        path, what="a catalogue", max_bytes=MAX_BYTES, max_line_bytes=MAX_LINE_BYTES
    )
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            yield _read_line(decoder.decode(text))
        except (msgspec.MsgspecError, FingerprintError, InvalidInputError) as error:
            raise InvalidInputError(f"line {number} of {str(path)!r}: {error}") from error
        except RecursionError:
            raise InvalidInputError(
                f"line {number} of {str(path)!r}: nested deeper than any fingerprint"
            ) from None


def write_catalogue_file(fingerprints: Iterable[StoredFingerprint], path: Path) -> int:
    """Write fingerprints as a text, in the order given; returns how many they were.

    Raises
    ------
    WkmpLabError
        The file cannot be written; one that was there before stays as it is.
    """
    n_written = 0

    def write(part: Path) -> None:
        nonlocal n_written
        with part.open("wb") as file:
            for each in fingerprints:
                file.write(msgspec.json.encode(_line_of(each)) + b"\n")
                n_written += 1

    write_atomically(path, write)
    return n_written


def _line_of(each: StoredFingerprint) -> _Line:
    known = each.recording
    return _Line(
        title=known.title,
        artist=known.artist,
        recording_mbid=known.mbid,
        duration_s=known.duration_s,
        origin=each.origin,
        start_s=each.start_s,
        fingerprint=encode_items(each.items),
    )


def _read_line(line: _Line) -> StoredFingerprint:
    mbid = read_mbid(line.recording_mbid)
    if line.recording_mbid and mbid is None:
        raise InvalidInputError(f"recording_mbid must be a UUID, got {line.recording_mbid!r}")
    if not (mbid or line.title):
        raise InvalidInputError("a recording needs an id or a title, got neither")
    recording = Recording(mbid, line.title, line.artist, line.duration_s)
    return StoredFingerprint(recording, decode_text(line.fingerprint), line.origin, line.start_s)
