"""What a row of a store is: results as bytes, decisions and imports as text, and checksums."""

import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from wkmp_lab.identifying.decisions import CutDecision, Decision, IdentityDecision
from wkmp_lab.library.store.documents import pack_result, unpack_result
from wkmp_lab.library.store.schema import lengthen_path, shorten_path
from wkmp_lab.model import FileResult, FlightRecord
from wkmp_lab.pipeline.old_results import renew_result
from wkmp_lab.settings import Settings

Value = bytes | str | int | float | None
"""What a column holds."""
FileRow = tuple[bytes, bytes | None, str | None, str | None, bytes | str, bytes | None]
"""Path, path of the file it is a copy of, hashes of bytes and of audio, document, fingerprints."""
DECISION_KINDS: dict[str, type[Decision]] = {"cut": CutDecision, "identity": IdentityDecision}


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One import as the store remembers it."""

    id: str
    started_s: float
    ended_s: float | None
    state: str
    n_jobs: int
    settings: Settings


def compute_checksum(*values: Value) -> int:
    """A CRC-32 of a row's values, each with its kind and length: no two rows read alike.

    It finds every change of up to 32 neighbouring bits, and all but one in 4e9 of others. Text
    counts as its bytes in UTF-8, which need not be text any more where a row is damaged.

    >>> compute_checksum("a", "bc") == compute_checksum("ab", "c")
    False
    """
    checksum = 0
    for value in values:
        content = value.encode() if isinstance(value, str) else value
        if not isinstance(content, bytes):
            kind, content = type(content).__name__, str(content).encode()
        else:
            kind = "bytes"
        checksum = zlib.crc32(content, zlib.crc32(f"{kind} {len(content)} ".encode(), checksum))
    return checksum


def row_from_result(result: FileResult, *, folder: Path, run_id: str | None) -> tuple[Value, ...]:
    """The columns of ``schema.COLUMNS['file']`` for a file that is there."""
    source, twin = result.source, result.duplicate_of
    # Paths go into BLOB columns: a text cannot hold the surrogate escapes of odd names.
    document, prints = pack_result(result)
    return (
        shorten_path(source.path, folder),
        source.size_bytes,
        source.mtime_ns,
        result.sha256,
        result.status,
        None if twin is None else shorten_path(twin, folder),
        0,
        run_id,
        result.audio_hash,
        document,
        prints,
    )


def result_from_row(row: FileRow, *, folder: Path) -> FileResult:
    """A result of what its row tells, by today's model."""
    path, twin, sha256, audio_hash, document, prints = row
    result = renew_result(unpack_result(document, prints))
    return replace(
        result,
        source=replace(result.source, path=lengthen_path(path, folder)),
        duplicate_of=None if twin is None else lengthen_path(twin, folder),
        sha256=sha256,
        audio_hash=audio_hash,
    )


def row_from_decision(decision: Decision, *, number: int, made_s: float) -> tuple[Value, ...]:
    """The columns of ``schema.COLUMNS['decision']``."""
    kind = next(name for name, noun in DECISION_KINDS.items() if isinstance(decision, noun))
    return number, kind, decision.content, made_s, msgspec.json.encode(decision).decode()


def decision_from_row(kind: str, document: str) -> Decision:
    """A decision as it was kept."""
    decision: Decision = msgspec.json.decode(document, type=DECISION_KINDS[kind])
    return decision


def text_from_record(record: FlightRecord) -> str:
    """How an import ran as text, its checksum first."""
    document = msgspec.json.encode(record).decode()
    return f"{compute_checksum(document)} {document}"


def record_from_text(text: str) -> FlightRecord | None:
    """How an import ran; None where the text is damaged."""
    checksum, _, document = text.partition(" ")
    if checksum != str(compute_checksum(document)):
        return None
    return msgspec.json.decode(document, type=FlightRecord)
