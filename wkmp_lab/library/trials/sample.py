"""A sample of a library in a folder of its own, and one import of it by the whole command."""

import contextlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from wkmp_lab.collection.flight import read_flight
from wkmp_lab.errors import InvalidInputError, WkmpLabError
from wkmp_lab.io.files.scanning import require_folder, scan_folder
from wkmp_lab.library.store import Store
from wkmp_lab.model import SourceFile

_GOOD = (0, 1)
"""Exit statuses of an import that came to its end: without and with failed files."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Some files of a library, as a folder of links, and where stores for trials may lie."""

    folder: Path
    buffer: Path
    n_files: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class TrialRun:
    """One import of a sample."""

    n_jobs: int
    """Files at once, as the import could have them."""
    passed_s: float
    """Of the whole command, from its start to its end."""
    cores_busy: float
    audio_s: float
    """Length of the music that was decoded."""


@contextlib.contextmanager
def lay_out_sample(folder: str | Path, *, n_files: int | None) -> Iterator[Sample]:
    """A sample in a temporary folder; the music itself is only read, once, so that it lies in the
    system's cache for the first trial as for the last.

    Parameters
    ----------
    folder
        The library.
    n_files
        Files at most, from the largest to the smallest at equal steps; None: all.

    Raises
    ------
    InvalidInputError
        The folder is missing, no folder, or without music, or ``n_files`` is less than 1.
    """
    if n_files is not None and n_files < 1:
        raise InvalidInputError(f"n_files must be >= 1, got {n_files}")
    top = Path(folder).expanduser().absolute()
    require_folder(top)
    chosen = choose_sample(scan_folder(str(top)).files, n_files=n_files)
    if not chosen:
        raise InvalidInputError(f"no audio files found in {str(top)!r}")
    with TemporaryDirectory(prefix="wkmp-lab-trial-") as made:
        links = Path(made, "music")
        for number, file in enumerate(chosen):
            link = links / f"{number:05d}" / Path(file.path).name
            link.parent.mkdir(parents=True)
            _link(Path(file.path), link)
            _read_through(link)
        yield Sample(links, Path(made), len(chosen), sum(file.size_bytes for file in chosen))


def choose_sample(files: Sequence[SourceFile], *, n_files: int | None) -> list[SourceFile]:
    """Files of all sizes: the same ones every time.

    >>> files = [SourceFile(f"{k}.mp3", k, 0) for k in range(1, 10)]
    >>> [file.size_bytes for file in choose_sample(files, n_files=3)]
    [9, 5, 1]
    """
    ordered = sorted(files, key=lambda file: (-file.size_bytes, file.path))
    if n_files is None or n_files >= len(ordered):
        return ordered
    step = (len(ordered) - 1) / max(n_files - 1, 1)
    return [ordered[round(k * step)] for k in range(n_files)]


def run_trial(sample: Sample, *, n_jobs: int) -> TrialRun:
    """Import a sample by the command, offline, into a store that nobody has used.

    Raises
    ------
    WkmpLabError
        The command did not come to its end.
    """
    with TemporaryDirectory(dir=sample.buffer) as made:
        store = Path(made, "trial.wkmp.db")
        command = [sys.executable, "-m", "wkmp_lab", "import", str(sample.folder), "--offline"]
        command += ["--jobs", str(n_jobs), "--store", str(store), "--json"]
        start_s = time.perf_counter()
        summary = _call(command)
        passed_s = time.perf_counter() - start_s
        with Store(store, folder=sample.folder, is_writer=False) as kept:
            results, record = list(kept.read_results()), kept.read_record()
    return TrialRun(
        n_jobs=int(str(summary["n_jobs"])),
        passed_s=passed_s,
        cores_busy=read_flight(results, record).cores_busy,
        audio_s=sum(result.duration_s or 0.0 for result in results),
    )


def _call(command: Sequence[str]) -> dict[str, object]:
    """The summary that an import prints; an interrupt ends it."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    with process:
        try:
            told, complaints = process.communicate()
        finally:
            if process.poll() is None:
                process.terminate()
    if process.returncode not in _GOOD:
        raise WkmpLabError(
            f"a trial must come to its end, got exit status {process.returncode}: "
            f"{complaints.strip()[-500:]}"
        )
    summary: dict[str, object] = json.loads(told)
    return summary


def _link(file: Path, link: Path) -> None:
    try:
        link.symlink_to(file)
    except OSError:  # a system or a disk without links
        shutil.copyfile(file, link)


def _read_through(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("rb", buffering=0) as file:
        while file.read(1 << 20):
            pass
