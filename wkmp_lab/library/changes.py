"""What an import has to do with each file that was found."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from types import MappingProxyType

from wkmp_lab.identifying.decisions import ByContent, Decision, decisions_on, find_boundaries
from wkmp_lab.io.files.duplicates import find_duplicates
from wkmp_lab.io.files.scanning import compute_sha256
from wkmp_lab.library.store import Store
from wkmp_lab.lookup.freshness import compute_identify_key
from wkmp_lab.model import FileResult, Phase, SourceFile
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.pipeline.known import ProfileKeeper, Recall
from wkmp_lab.pipeline.own import measures_kept
from wkmp_lab.runner.worker import Task
from wkmp_lab.settings import SegmentHints, Settings


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
    files: Sequence[SourceFile],
    *,
    store: Store | None,
    settings: Settings,
    decisions: ByContent = MappingProxyType({}),
    recall: Recall | None = None,
    profiles: ProfileKeeper | None = None,
    retry_failed: bool = False,
    rescan: bool = False,
) -> Sorting:
    """Part what is known from what has to be looked at.

    A file is known where the store holds a result of the same path, size and times, or of the same
    bytes under another path, made with the same settings and version. Where those have changed, a
    task carries along what of the result still holds; where size or times have, or ``rescan`` asks
    for it, what holds if the audio is the same. A file that failed by itself is left alone until
    it, the settings or the version change, unless ``retry_failed``; one that the machine failed is
    tried again.
    """
    had = _find_earlier(files, store) if store else {}
    unchanged = {
        file.path: had[file.path]
        for file in files
        if file.path in had and not rescan and _is_same(had[file.path].source, file)
    }
    hashes = {path: result.sha256 for path, result in unchanged.items() if result.sha256}
    duplicates = find_duplicates(files, known_sha256=hashes)
    keys = cache_keys.compute_keys(settings)
    n_in_folder = count_siblings(files)
    known_sizes = store.read_sizes() if store else frozenset()
    tasks: list[Task] = []
    known: list[FileResult] = []
    copies: list[FileResult] = []
    for index, file in enumerate(files):
        digest = duplicates.sha256.get(file.path)
        if file.path in duplicates.twin_of:
            copies.append(_copy_of(file, duplicates.twin_of[file.path], digest))
            continue
        old = had.get(file.path)
        if old and retry_failed:
            old = measures_kept.forget_errors(old)
        is_sure = old is None or file.path in unchanged
        place = known if old else copies
        if store and old is None and file.size_bytes in known_sizes:
            digest, old = _find_moved(file, digest, store)
        if old and is_sure:
            digest = digest or old.sha256
        boundaries = find_boundaries(_find_decisions(old, digest, decisions))
        lengths_s = old.track_lengths_s if old else None
        hints = make_hints(file, n_in_folder, boundaries, lengths_s)
        keys_here = cache_keys.add_hints(keys, hints, path=file.path)
        if old and is_sure and _is_current(old, keys_here, retry_failed=retry_failed):
            place.append(measures_kept.note_not_renewed(old, keys_here))
            continue
        earlier = cache_keys.find_reusable(old, keys_here) if old else None
        if earlier is None and not is_sure:
            hints = make_hints(file, n_in_folder, None)
        tasks.append(Task(index, file, hints, digest, earlier, recall, profiles))
    return Sorting(tuple(tasks), tuple(known), tuple(copies))


def note_stale(results: Iterable[FileResult], settings: Settings) -> list[FileResult]:
    """The results, each with the phases that these settings or this code would do differently.

    What is known of a file from outside is not looked up again.
    """
    keys = cache_keys.compute_keys(settings)
    return [_note_stale(result, keys, settings) for result in results]


def _note_stale(result: FileResult, keys: cache_keys.CacheKeys, settings: Settings) -> FileResult:
    result = measures_kept.note_not_renewed(result, keys)
    made_by = dict(result.provenance)
    hints = {name: made_by[name] for name in (cache_keys.HINTS,) if name in made_by}
    stale = set(cache_keys.find_stale(result, {**keys, **hints}))
    if result.passages and made_by.get(cache_keys.IDENTIFIED) != compute_identify_key(settings):
        stale.add(Phase.IDENTIFYING)
    phases = tuple(phase for phase in Phase if phase in stale)
    return result if phases == result.stale else replace(result, stale=phases)


def count_siblings(files: Iterable[SourceFile]) -> Counter[str]:
    """Number of files in each folder."""
    return Counter(_folder_of(file) for file in files)


def make_hints(
    file: SourceFile,
    n_in_folder: Counter[str],
    boundaries_ticks: tuple[int, ...] | None,
    durations_s: tuple[float, ...] | None = None,
) -> SegmentHints:
    """What is known of a file's structure before it is opened."""
    n_siblings = n_in_folder[_folder_of(file)] - 1
    return SegmentHints(
        n_siblings=n_siblings, durations_s=durations_s, boundaries_ticks=boundaries_ticks
    )


def _folder_of(file: SourceFile) -> str:
    return str(PurePath(file.path).parent)


def _copy_of(file: SourceFile, original: str, digest: str | None) -> FileResult:
    return FileResult(file, status="duplicate", sha256=digest, duplicate_of=original)


def _find_earlier(files: Sequence[SourceFile], store: Store) -> dict[str, FileResult]:
    """What the files were when they were last seen, copies apart."""
    found = {}
    for file in files:
        known = store.find_by_path(file.path)
        if known is not None and known.status != "duplicate":
            found[file.path] = known
    return found


def _find_decisions(
    old: FileResult | None, digest: str | None, decisions: ByContent
) -> Sequence[Decision]:
    """The decisions on a file: on what it was, else on the bytes that it holds."""
    return decisions_on(old, decisions) if old else decisions.get(digest or "", ())


def _find_moved(
    file: SourceFile, digest: str | None, store: Store
) -> tuple[str | None, FileResult | None]:
    """The content hash, and the result of the same content, whatever path it had."""
    try:
        digest = digest or compute_sha256(file.path)
    except OSError:
        return None, None
    moved = store.find_by_content(digest)
    return digest, None if moved is None else replace(moved, source=file)


def _is_same(known: SourceFile, file: SourceFile) -> bool:
    if known.ctime_ns and file.ctime_ns and known.ctime_ns != file.ctime_ns:
        return False
    return (known.size_bytes, known.mtime_ns) == (file.size_bytes, file.mtime_ns)


def _is_current(known: FileResult, keys: cache_keys.CacheKeys, *, retry_failed: bool) -> bool:
    if known.failure is not None and (retry_failed or known.failure.cause == "machine"):
        return False
    if known.audio_hash is None and known.status != "failed":
        return False
    return not cache_keys.find_stale(known, keys)
