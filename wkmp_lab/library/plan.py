"""What an import of a folder would do and cost, told in seconds: a small sample is decoded."""

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath

from wkmp_lab.display.numbers import format_count
from wkmp_lab.display.safe_text import clean_path, clean_text, format_duration
from wkmp_lab.errors import WkmpLabError
from wkmp_lab.identifying.decisions import group_by_content
from wkmp_lab.io.files.audio import read_duration_s
from wkmp_lab.io.files.scanning import locate_folder, scan_folder
from wkmp_lab.io.machine import read_machine
from wkmp_lab.library.changes import Sorting, sort_out
from wkmp_lab.library.relocate import find_former_folder, offer_relocation
from wkmp_lab.library.store import Store, find_store_path, is_written_elsewhere
from wkmp_lab.lookup.freshness import needs_identity
from wkmp_lab.lookup.services import name_limit, name_sources
from wkmp_lab.model import FileResult, Phase, SourceFile
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.pipeline.health import describe_error
from wkmp_lab.runner.decoder_child import run_in_child
from wkmp_lab.runner.one_file import measure_apart
from wkmp_lab.runner.runner import count_jobs
from wkmp_lab.runner.worker import Task
from wkmp_lab.settings import Settings

ALBUM_S = 20 * 60.0
"""A longer file probably holds several pieces."""
N_SAMPLE = 3
SAMPLE_MIN_S, SAMPLE_MAX_S = 10.0, 300.0
"""How many files are measured where no past run tells the speed, and how long they may be."""
START_S = 2.5
"""Until the workers have begun: processes, libraries and compiled kernels."""
COUNT_S = 0.03
"""What a file costs beside its measuring: opening, hashing, keeping and counting it."""
LOOKUP_S = 1.0
"""MusicBrainz answers one request a second and address; a song not known yet takes one."""
STORE_BYTES_PER_HOUR = 1_000_000
"""What results take in the store per hour of audio: 0.2 to 0.5 MB were seen, so this is ample."""

MeasureFile = Callable[[SourceFile], FileResult]

_DECODES = (Phase.DECODING, Phase.SEGMENTING)
"""Until 0.2 a decode was timed as part of SEGMENTING."""


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """What an import would do; lengths are those that the headers tell. Shows as a few lines."""

    folder: str
    n_files: int
    n_skipped: int
    n_done: int
    """Files that the store holds unchanged, failed ones among them."""
    n_partly: int
    """Files of which the store holds what other settings or an older version made."""
    n_jobs: int
    audio_s: float
    size_bytes: int
    formats: tuple[tuple[str, int], ...]
    """(format, files), most frequent first."""
    albums: tuple[tuple[str, float], ...]
    """(path, seconds) of files that probably hold several pieces."""
    duplicates: tuple[tuple[str, str], ...]
    """(copy, original) of files with the same content."""
    unreadable: tuple[tuple[str, str], ...]
    """(path, reason) of files that hold no audio that can be decoded."""
    left_s: float
    """Audio that is to be measured."""
    phase_s: tuple[tuple[str, float], ...]
    """(phase, processor seconds) expected for it; empty where no speed is known."""
    basis: str
    """Where the speed comes from."""
    network_s: float
    """Least time that look-ups take, beside the measuring; 0 where nobody outside is asked."""
    store_bytes: int
    free_bytes: int
    measuring_s: float | None = None
    """Expected time until everything is measured, with the start of the workers and what this
    process does with each file; None where no speed is known."""
    former_folder: str | None = None
    """Where the same files were known, if that is gone and nothing is known here."""
    is_running: bool = False
    """An import of the folder is at work, here or in another process."""

    def __repr__(self) -> str:
        return format_plan(self)


def plan(
    folder: str | Path,
    *,
    settings: Settings | None = None,
    store: str | Path | None = None,
    measure: MeasureFile | None = None,
) -> Plan:
    """Look at a folder as an import would, without importing it.

    Parameters
    ----------
    folder
        The music; it is only read.
    settings
        Of the import.
    store
        Where an earlier import left its results; None: in the user's data folder.
    measure
        Measures a file of the sample; in a child process where None.

    Raises
    ------
    InvalidInputError
        The folder is missing or no folder.
    """
    settings = settings or Settings()
    top = locate_folder(folder)
    scan = scan_folder(str(top), settings=settings.scanning)
    store_path = find_store_path(top, store)
    former = None if store_path.exists() else find_former_folder(top, scan.files)
    found = _sort_out(scan.files, store_path, top, settings)
    known = {result.path: result for result in (*found.known, *found.copies)}
    durations, faults = _read_lengths(scan.files, known)
    left = [task for task in found.tasks if task.source.path in durations]
    earlier = (task.earlier for task in left if task.earlier is not None)
    sample, basis = [*known.values(), *earlier], "past runs"
    if left and not any(result.audio for result in sample):
        measure = measure or (lambda source: measure_apart(Task(0, source), settings))
        sample = [measure(source) for source in _choose_sample(left, durations)]
        basis = f"a sample of {format_count(len(sample), 'file')}"
    rates = _measure_rates(sample)
    left_s = sum(durations[task.source.path] for task in left)
    sources = name_sources(settings.identifying, top)
    n_asked = len(left) + sum(needs_identity(each, settings, sources) for each in known.values())
    n_jobs = count_jobs(settings.running, read_machine())
    return Plan(
        folder=str(top),
        n_files=len(scan.files),
        n_skipped=len(scan.skipped),
        n_done=len(scan.files) - len(found.tasks) - _count_copies(found.copies),
        n_partly=sum(task.earlier is not None for task in found.tasks),
        n_jobs=n_jobs,
        audio_s=sum(durations.values()),
        size_bytes=sum(file.size_bytes for file in scan.files),
        formats=_count_formats(scan.files),
        albums=tuple((path, s) for path, s in durations.items() if s > ALBUM_S),
        duplicates=tuple(
            sorted((copy.path, copy.duplicate_of) for copy in found.copies if copy.duplicate_of)
        ),
        unreadable=faults,
        left_s=left_s,
        phase_s=_expect(left, durations, rates),
        basis=basis if rates else "nothing to go by",
        network_s=LOOKUP_S * n_asked if name_limit(settings.identifying) else 0.0,
        store_bytes=round(left_s / 3600.0 * STORE_BYTES_PER_HOUR),
        free_bytes=_measure_free(store_path),
        measuring_s=_expect_wall_s(left, durations, rates, n_jobs=n_jobs) * _measure_delay(sample)
        if left and rates
        else None,
        former_folder=str(former) if former else None,
        is_running=is_written_elsewhere(store_path),
    )


def format_plan(made: Plan) -> str:
    """A plan in a few lines."""
    formats = ", ".join(f"{count} {name}" for name, count in made.formats) or "none"
    lines = [
        f"{made.n_files} audio files, {format_duration(made.audio_s)}, "
        f"{made.size_bytes / 1e6:.0f} MB ({formats}); {made.n_skipped} other files skipped",
        f"{made.n_done} done already, {made.n_partly} partly, "
        f"{format_duration(made.left_s)} left to measure",
    ]
    if made.is_running:
        lines.append("an import of this folder is running: what it has yet to do is counted here")
    if made.former_folder is not None:
        lines.append(clean_text(offer_relocation(Path(made.former_folder), Path(made.folder))))
    if made.measuring_s is not None and made.left_s > 0.0:
        lines.append(
            f"about {format_duration(made.measuring_s)} with {format_count(made.n_jobs, 'job')}, "
            f"told from {made.basis}:"
        )
        lines += [f"  {phase}: {_format_cpu(s)} of processor" for phase, s in made.phase_s]
    if made.network_s > 0.0:
        lines.append(f"look-ups beside that: up to {format_duration(made.network_s)}")
    lines.append(
        f"about {made.store_bytes / 1e6:.1f} MB of store, {made.free_bytes / 1e9:.1f} GB free"
    )
    lines += _format_list(
        "probably several pieces in one file",
        [f"{clean_path(path)} ({format_duration(s)})" for path, s in made.albums],
    )
    copies = [f"{clean_path(copy)} = {clean_path(first)}" for copy, first in made.duplicates]
    lines += _format_list("copy" if len(copies) == 1 else "copies", copies)
    faults = [f"{clean_path(path)}: {clean_text(reason)}" for path, reason in made.unreadable]
    lines += _format_list("unreadable", faults)
    return "\n".join(lines)


def _format_cpu(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 0.95 else format_duration(seconds)


def _format_list(title: str, entries: Sequence[str]) -> list[str]:
    return [f"{len(entries)} {title}:", *(f"  {entry}" for entry in entries)] if entries else []


def _sort_out(
    files: Sequence[SourceFile], store_path: Path, folder: Path, settings: Settings
) -> Sorting:
    """What an import would have to do, by the store where there is one."""
    if not store_path.exists():
        return sort_out(files, store=None, settings=settings)
    with Store(store_path, folder=folder, is_writer=False) as store:
        decisions = group_by_content(decision for _, decision in store.read_decisions())
        return sort_out(files, store=store, settings=settings, decisions=decisions)


def _read_lengths(
    files: Sequence[SourceFile], known: Mapping[str, FileResult]
) -> tuple[dict[str, float], tuple[tuple[str, str], ...]]:
    """Lengths in seconds by path, and the files without any, with the reason."""
    lengths: dict[str, float] = {}
    faults = []
    for file in files:
        result = known.get(file.path)
        if result is not None and result.duration_s is not None:
            lengths[file.path] = result.duration_s
            continue
        if result is not None and result.failure is not None:
            faults.append((file.path, result.failure.reason))
            continue
        try:
            work = partial(read_duration_s, file.path)
            lengths[file.path] = run_in_child(work, path=file.path) or 0.0
        except (WkmpLabError, OSError) as error:
            faults.append((file.path, describe_error(error)))
    return lengths, tuple(faults)


def _count_formats(files: Sequence[SourceFile]) -> tuple[tuple[str, int], ...]:
    endings = (PurePath(file.path).suffix.lstrip(".").lower() or "no ending" for file in files)
    return tuple(Counter(endings).most_common())


def _count_copies(copies: Sequence[FileResult]) -> int:
    return sum(copy.status == "duplicate" for copy in copies)


def _choose_sample(tasks: Sequence[Task], durations: Mapping[str, float]) -> list[SourceFile]:
    """The shortest files that are long enough to tell a speed; else the longest of the short."""
    short = [t.source for t in tasks if 0.0 < durations[t.source.path] <= SAMPLE_MAX_S]
    by_length = sorted(short, key=lambda file: (durations[file.path], file.path))
    fit = [file for file in by_length if durations[file.path] >= SAMPLE_MIN_S]
    return fit[:N_SAMPLE] or by_length[-N_SAMPLE:]


def _expect(
    tasks: Sequence[Task], durations: Mapping[str, float], rates: Mapping[Phase, float]
) -> tuple[tuple[str, float], ...]:
    """Processor seconds of each phase that has anything to do."""
    spent: defaultdict[Phase, float] = defaultdict(float)
    for task in tasks:
        for phase in cache_keys.find_missing(task.earlier):
            spent[phase] += rates.get(phase, 0.0) * durations[task.source.path]
    return tuple((phase.value, spent[phase]) for phase in rates if spent[phase] > 0.0)


def _expect_wall_s(
    tasks: Sequence[Task],
    durations: Mapping[str, float],
    rates: Mapping[Phase, float],
    *,
    n_jobs: int,
) -> float:
    """Time of the whole measuring on a machine that has nothing else to do."""
    costs_s = [sum(seconds for _, seconds in _expect([task], durations, rates)) for task in tasks]
    return START_S + max(sum(costs_s) / n_jobs, max(costs_s)) + COUNT_S * len(tasks)


def _measure_delay(results: Sequence[FileResult]) -> float:
    """How much longer work takes here than its processor time: others work on the machine, too."""
    spans = [s for result in results for s in result.spans if s.cpu_s is not None]
    busy_s = sum(span.cpu_s or 0.0 for span in spans)
    passed_s = sum(span.end_s - span.start_s for span in spans)
    return max(passed_s / busy_s, 1.0) if busy_s > 0.0 else 1.0


def _measure_rates(results: Sequence[FileResult]) -> dict[Phase, float]:
    """Processor seconds of each measuring phase per second of audio."""
    spent: defaultdict[Phase, float] = defaultdict(float)
    audio_s = 0.0
    for result in results:
        decodes = (span for span in result.spans if span.phase in _DECODES)
        if result.duration_s and any(span.cpu_s is not None for span in decodes):
            audio_s += result.duration_s
            for span in result.spans:
                spent[span.phase] += span.cpu_s or 0.0
    order = (phase for phase in Phase if phase in spent and phase is not Phase.IDENTIFYING)
    return {phase: spent[phase] / audio_s for phase in order} if audio_s else {}


def _measure_free(path: Path) -> int:
    """Free bytes where a file is or would be."""
    place = path
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free
