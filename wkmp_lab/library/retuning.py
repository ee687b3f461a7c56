"""A whole library cut and levelled anew by other settings, from its kept profiles, undecoded."""

import contextlib
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePath
from typing import TypeVar

from wkmp_lab._version import __version__
from wkmp_lab.collection.recuts import Recut, compare_recut
from wkmp_lab.display.numbers import format_count
from wkmp_lab.identifying.decisions import (
    ByContent,
    decisions_on,
    find_boundaries,
    group_by_content,
)
from wkmp_lab.io.machine import read_machine
from wkmp_lab.library.store import ProfileStore, Store, StoredRun, find_profiles
from wkmp_lab.model import FileResult
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.settings import AnalyzeSettings, SegmentHints, SegmentSettings, Settings

Outcome = TypeVar("Outcome")

BATCH = 64
"""Files that a worker takes at once; no more are cut here, where no worker has to start."""


@dataclass(frozen=True, slots=True)
class Retuning:
    """What is to be done with a library; travels to workers.

    Attributes
    ----------
    store_path, folder
        Of the library.
    settings
        As it is to be cut and levelled.
    """

    store_path: Path
    folder: Path
    settings: Settings


@dataclass(frozen=True, slots=True)
class FileInFolder:
    """A file by its path, and how many others its folder has."""

    path: str
    n_siblings: int


def change_settings(
    settings: Settings,
    *,
    segmenting: SegmentSettings | None = None,
    analyzing: AnalyzeSettings | None = None,
) -> Settings:
    """The settings with others of cutting and levelling; None leaves what there is."""
    return replace(
        settings,
        segmenting=segmenting or settings.segmenting,
        analyzing=analyzing or settings.analyzing,
    )


def preview_library(paths: Sequence[str], asked: Retuning) -> Iterator[Recut]:
    """What would change in each measured file, as it is found out; nothing is kept."""
    for batch in _run(preview_batch, paths, asked):
        yield from batch


def retune_library(paths: Sequence[str], asked: Retuning) -> tuple[int, int]:
    """Cut and level every measured file anew, and keep that.

    Broken off, it has done so with some files; the others are stale, and another call or the next
    import goes on.

    Returns
    -------
    tuple of int
        Files that were, and files that have no profile.

    Raises
    ------
    StoreError
        The store is held by an import.
    """
    n_done = n_left = 0
    with Store(asked.store_path, folder=asked.folder) as store:
        begun = StoredRun(uuid.uuid4().hex[:8], time.time(), None, "running", 0, asked.settings)
        store.put_run(begun, version=__version__)
        for batch in _run(retune_batch, paths, asked):
            fresh = [each for each in batch if each is not None]
            store.put_many(fresh, run_id=begun.id)
            n_done += len(fresh)
            n_left += len(batch) - len(fresh)
        store.put_run(replace(begun, ended_s=time.time(), state="completed"), version=__version__)
    return n_done, n_left


def describe_retuned(n_done: int, n_left: int) -> str:
    """What came of it, in a sentence.

    >>> describe_retuned(12, 1)
    '12 files cut and levelled anew; 1 file has no profile: the next import decodes it'
    """
    done = f"{format_count(n_done, 'file')} cut and levelled anew"
    if not n_left:
        return done
    noun, whom = ("has", "it") if n_left == 1 else ("have", "them")
    left = format_count(n_left, "file")
    return f"{done}; {left} {noun} no profile: the next import decodes {whom}"


def preview_batch(asked: Retuning, files: Sequence[FileInFolder]) -> list[Recut]:
    """What would change in some files."""
    return [compare_recut(*each) for each in _cut_anew(files, asked)]


def retune_batch(asked: Retuning, files: Sequence[FileInFolder]) -> list[FileResult | None]:
    """Some files, cut and levelled anew; None for those without a profile."""
    return [fresh for _, fresh in _cut_anew(files, asked)]


def _run(
    work: Callable[[Retuning, Sequence[FileInFolder]], Outcome],
    paths: Sequence[str],
    asked: Retuning,
) -> Iterator[Outcome]:
    from wkmp_lab.runner.runner import count_jobs, run_batches  # loads joblib

    n_in_folder = Counter(PurePath(path).parent for path in paths)
    files = [FileInFolder(path, n_in_folder[PurePath(path).parent] - 1) for path in paths]
    running = asked.settings.running
    n_jobs = 1 if running.backend == "sequential" else count_jobs(running, read_machine())
    # Neither measures of one's own nor a function to sort by need travel.
    sent = replace(asked, settings=asked.settings.without_measures().with_named_order())
    return run_batches(partial(work, sent), files, size=BATCH, n_jobs=n_jobs)


def _cut_anew(
    files: Sequence[FileInFolder], asked: Retuning
) -> Iterator[tuple[FileResult, FileResult | None]]:
    """Each file as it is kept, and as it is cut now: None where nobody can tell."""
    profiles = find_profiles(asked.store_path, folder=asked.folder)
    with (
        Store(asked.store_path, folder=asked.folder, is_writer=False) as store,
        profiles.keep_open() if profiles else contextlib.nullcontext(),
    ):
        decisions = group_by_content(made for _, made in store.read_decisions())
        for file in files:
            kept = store.find_by_path(file.path)
            if kept is not None and kept.status in ("done", "no_audio"):
                yield kept, _cut_one(kept, file, asked.settings, profiles, decisions)


def _cut_one(
    kept: FileResult,
    file: FileInFolder,
    settings: Settings,
    profiles: ProfileStore | None,
    decisions: ByContent,
) -> FileResult | None:
    from wkmp_lab.pipeline import recut  # loads decoders: the process that gives work needs none

    keys = cache_keys.compute_keys(settings)
    # A sheet beside a file that is not there would be taken for one that is gone.
    if not cache_keys.is_read_alike(kept, keys) or not Path(kept.path).exists():
        return None
    profile = recut.read_kept(kept.audio_hash, keys, profiles)
    if profile is None:
        return None
    hints = SegmentHints(
        n_siblings=file.n_siblings,
        durations_s=kept.track_lengths_s,
        boundaries_ticks=find_boundaries(decisions_on(kept, decisions)),
    )
    return recut.retune(kept, profile, settings=settings, hints=hints)
