"""What an import of a folder would do and cost, told in seconds: a small sample is decoded."""

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wkmp_lab import pipeline
from wkmp_lab.errors import WkmpLabError
from wkmp_lab.io.audio import AudioReader
from wkmp_lab.io.duplicates import find_duplicates
from wkmp_lab.io.scanning import scan_folder
from wkmp_lab.model import FileResult, Phase, SourceFile
from wkmp_lab.runner import count_jobs
from wkmp_lab.settings import Settings
from wkmp_lab.store import Store, find_store_path
from wkmp_lab.text import clean_path, clean_text, format_duration

ALBUM_S = 20 * 60.0
"""A longer file probably holds several pieces."""
N_SAMPLE = 3
SAMPLE_MIN_S, SAMPLE_MAX_S = 10.0, 300.0
"""How many files are measured where no past run tells the speed, and how long they may be."""
LOOKUP_S = 1.0
"""MusicBrainz answers one request a second and address; a song not known yet takes one."""
STORE_BYTES_PER_HOUR = 1_000_000
"""What results take in the store per hour of audio: 0.2 to 0.5 MB were seen, so this is ample."""

Measure = Callable[[SourceFile], FileResult]


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do; lengths are those that the headers tell."""

    folder: str
    n_files: int
    n_skipped: int
    n_done: int
    """Files that the store holds unchanged."""
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
    """Least time that look-ups take, beside the measuring; 0 offline."""
    store_bytes: int
    free_bytes: int

    @property
    def measuring_s(self) -> float | None:
        """Expected time until everything is measured; None where no speed is known."""
        return sum(seconds for _, seconds in self.phase_s) / self.n_jobs if self.phase_s else None


def make_plan(
    folder: str | Path,
    *,
    settings: Settings | None = None,
    store: str | Path | None = None,
    measure: Measure | None = None,
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
        Measures a file of the sample; :func:`wkmp_lab.pipeline.measure_file` where None.

    Raises
    ------
    InvalidInputError
        The folder is missing or no folder.
    """
    settings = settings or Settings()
    top = Path(folder).expanduser().absolute()
    scan = scan_folder(str(top), settings=settings.scanning)
    store_path = find_store_path(top) if store is None else Path(store).expanduser().absolute()
    done = _read_done(scan.files, store_path, top)
    durations, formats, unreadable = _read_headers(scan.files, done)
    copies = find_duplicates(scan.files).twin_of
    left = {p: s for p, s in durations.items() if p not in done and p not in copies}
    sample, basis = list(done.values()), "past runs"
    if left and not any(result.audio for result in sample):
        measure = measure or (lambda source: pipeline.measure_file(source, settings=settings))
        sample = [measure(source) for source in _choose_sample(scan.files, left)]
        basis = f"a sample of {len(sample)} files"
    rates = _measure_rates(sample)
    left_s = sum(left.values())
    return Plan(
        folder=str(top),
        n_files=len(scan.files),
        n_skipped=len(scan.skipped),
        n_done=len(done),
        n_jobs=count_jobs(settings.running),
        audio_s=sum(durations.values()),
        size_bytes=sum(file.size_bytes for file in scan.files),
        formats=tuple(formats.most_common()),
        albums=tuple((path, s) for path, s in durations.items() if s > ALBUM_S),
        duplicates=tuple(sorted(copies.items())),
        unreadable=unreadable,
        left_s=left_s,
        phase_s=tuple((phase.value, rate * left_s) for phase, rate in rates.items()),
        basis=basis if rates else "nothing to go by",
        network_s=0.0 if settings.identifying.is_offline else LOOKUP_S * len(left),
        store_bytes=round(left_s / 3600.0 * STORE_BYTES_PER_HOUR),
        free_bytes=_measure_free(store_path),
    )


def format_plan(plan: Plan) -> str:
    """A plan in a few lines."""
    formats = ", ".join(f"{count} {name}" for name, count in plan.formats) or "none"
    lines = [
        f"{plan.n_files} audio files, {format_duration(plan.audio_s)}, "
        f"{plan.size_bytes / 1e6:.0f} MB ({formats}); {plan.n_skipped} other files skipped",
        f"{plan.n_done} done already, {format_duration(plan.left_s)} left to measure",
    ]
    if plan.measuring_s is not None and plan.left_s > 0.0:
        lines.append(
            f"about {format_duration(plan.measuring_s)} with {plan.n_jobs} jobs, "
            f"told from {plan.basis}:"
        )
        lines += [f"  {phase}: {format_duration(s)} of processor" for phase, s in plan.phase_s]
    if plan.network_s > 0.0:
        lines.append(f"look-ups beside that: up to {format_duration(plan.network_s)}")
    lines.append(
        f"about {plan.store_bytes / 1e6:.1f} MB of store, {plan.free_bytes / 1e9:.1f} GB free"
    )
    lines += _format_list(
        "probably several pieces in one file",
        [f"{clean_path(path)} ({format_duration(s)})" for path, s in plan.albums],
    )
    copies = [f"{clean_path(copy)} = {clean_path(first)}" for copy, first in plan.duplicates]
    lines += _format_list("copies", copies)
    faults = [f"{clean_path(path)}: {clean_text(reason)}" for path, reason in plan.unreadable]
    lines += _format_list("unreadable", faults)
    return "\n".join(lines)


def _format_list(title: str, entries: Sequence[str]) -> list[str]:
    return [f"{len(entries)} {title}:", *(f"  {entry}" for entry in entries)] if entries else []


def _read_done(
    files: Sequence[SourceFile], store_path: Path, folder: Path
) -> dict[str, FileResult]:
    """Results of files that have not changed since an earlier import."""
    if not store_path.exists():
        return {}
    done = {}
    with Store(store_path, folder=folder, is_writer=False) as store:
        for file in files:
            known = store.find_by_path(file.path)
            if known is not None and known.status != "failed":
                is_same = (known.source.size_bytes, known.source.mtime_ns) == (
                    file.size_bytes,
                    file.mtime_ns,
                )
                if is_same:
                    done[file.path] = known
    return done


def _read_headers(
    files: Sequence[SourceFile], done: dict[str, FileResult]
) -> tuple[dict[str, float], Counter[str], tuple[tuple[str, str], ...]]:
    """Lengths by path, files per format, and the files that cannot be opened."""
    durations: dict[str, float] = {}
    formats: Counter[str] = Counter()
    unreadable = []
    for file in files:
        formats[Path(file.path).suffix.lstrip(".").lower() or "no ending"] += 1
        known = done.get(file.path)
        if known is not None and known.duration_s is not None:
            durations[file.path] = known.duration_s
            continue
        try:
            with AudioReader(file.path) as reader:
                durations[file.path] = reader.declared_duration_s or 0.0
        except (WkmpLabError, OSError) as error:
            unreadable.append((file.path, pipeline.describe_error(error)))
    return durations, formats, tuple(unreadable)


def _choose_sample(files: Sequence[SourceFile], left: dict[str, float]) -> list[SourceFile]:
    """The shortest files that are long enough to tell a speed."""
    fit = [file for file in files if SAMPLE_MIN_S <= left.get(file.path, 0.0) <= SAMPLE_MAX_S]
    return sorted(fit, key=lambda file: (left[file.path], file.path))[:N_SAMPLE]


def _measure_rates(results: Sequence[FileResult]) -> dict[Phase, float]:
    """Processor seconds of each measuring phase per second of audio."""
    spent: defaultdict[Phase, float] = defaultdict(float)
    audio_s = 0.0
    for result in results:
        if result.duration_s and any(span.cpu_s is not None for span in result.spans):
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
