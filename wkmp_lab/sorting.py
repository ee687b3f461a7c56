"""What an import has to do with each file that was found."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from wkmp_lab import pipeline
from wkmp_lab.io.duplicates import find_duplicates
from wkmp_lab.io.scanning import compute_sha256
from wkmp_lab.model import FileResult, SourceFile
from wkmp_lab.segmenting import SegmentHints
from wkmp_lab.settings import Settings
from wkmp_lab.store import Store
from wkmp_lab.worker import Task


@dataclass(frozen=True, slots=True)
class Sorting:
    """What an import has to do with each file that was found."""

    tasks: tuple[Task, ...]
    """To be measured; their index is the file's place in the scan."""
    known: tuple[FileResult, ...]
    """Results that the store holds already."""
    copies: tuple[FileResult, ...]
    """Results that follow from others: byte-identical copies, and files that were moved."""


def sort_out(
    files: Sequence[SourceFile], *, store: Store, settings: Settings, retry_failed: bool
) -> Sorting:
    """Part what is known from what has to be measured.

    A file is known where the store holds a result of the same path, size and modification time,
    or of the same content under another path, made with the same settings and version. A failed
    file is left alone until it, the settings or the version change, unless ``retry_failed``.
    """
    unchanged = _find_unchanged(files, store)
    hashes = {path: result.sha256 for path, result in unchanged.items() if result.sha256}
    duplicates = find_duplicates(files, known_sha256=hashes)
    measure_key = pipeline.compute_measure_key(settings)
    n_in_folder = Counter(_folder_of(file) for file in files)
    known_sizes = store.read_sizes()
    tasks: list[Task] = []
    known: list[FileResult] = []
    copies: list[FileResult] = []
    for index, file in enumerate(files):
        digest = duplicates.sha256.get(file.path)
        if file.path in duplicates.twin_of:
            copies.append(_copy_of(file, duplicates.twin_of[file.path], digest))
            continue
        result = unchanged.get(file.path)
        moved = None
        if result is None and file.size_bytes in known_sizes:
            moved = _find_moved(file, digest, store)
        if result and _is_current(result, measure_key, retry_failed=retry_failed):
            known.append(result)
        elif moved and _is_current(moved, measure_key, retry_failed=retry_failed):
            copies.append(moved)
        else:
            hints = SegmentHints(n_siblings=n_in_folder[_folder_of(file)] - 1)
            tasks.append(Task(index, file, hints, digest))
    return Sorting(tuple(tasks), tuple(known), tuple(copies))


def _folder_of(file: SourceFile) -> str:
    return str(PurePath(file.path).parent)


def _copy_of(file: SourceFile, original: str, digest: str | None) -> FileResult:
    return FileResult(file, status="duplicate", sha256=digest, duplicate_of=original)


def _find_unchanged(files: Sequence[SourceFile], store: Store) -> dict[str, FileResult]:
    """Results of the files whose path, size and time are as they were."""
    found = {}
    for file in files:
        known = store.find_by_path(file.path)
        if known is not None and known.status != "duplicate" and _is_same(known.source, file):
            found[file.path] = known
    return found


def _find_moved(file: SourceFile, digest: str | None, store: Store) -> FileResult | None:
    """The result of the same content, whatever path it had."""
    try:
        moved = store.find_by_content(digest or compute_sha256(file.path))
    except OSError:
        return None
    return None if moved is None else replace(moved, source=file)


def _is_same(known: SourceFile, file: SourceFile) -> bool:
    return (known.size_bytes, known.mtime_ns) == (file.size_bytes, file.mtime_ns)


def _is_current(known: FileResult, measure_key: str, *, retry_failed: bool) -> bool:
    if known.status == "failed" and retry_failed:
        return False
    return dict(known.provenance).get("measured") == measure_key
