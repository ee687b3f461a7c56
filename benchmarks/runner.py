"""How well the cores are used: one job against several, and what a file costs besides its music.

    python benchmarks/runner.py --music FOLDER [--jobs N] [--rounds R] [--tiny N]

Every import writes a fresh store and is read off its timeline. Rounds are interleaved and the best
of each is kept, because a machine's other work only ever makes a run slower.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from wkmp_lab.library.session import ImportSession, import_folder
from wkmp_lab.runner.worker import warm_up
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings


@dataclass(frozen=True, slots=True)
class Run:
    """One import, as its clocks and its timeline tell it."""

    wall_s: float
    """From the first phase of the first file to the last phase of the last."""
    cpu_s: float
    busy: float
    """Share of the workers' time that was spent in phases, until the last file."""
    n_files: int
    total_s: float
    """Of the whole call, with scan, start of the workers and store."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, default=Path("data/sample"))
    parser.add_argument("--jobs", type=int, default=min(max(os.cpu_count() or 2, 2), 8))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tiny", type=int, default=1000, help="one-second files (0: none)")
    options = parser.parse_args()
    warm_up()
    with tempfile.TemporaryDirectory(prefix="wkmp-bench-") as buffer:
        compare_jobs(options.music, options.jobs, options.rounds, Path(buffer))
        if options.tiny:
            measure_tiny(options.tiny, options.jobs, Path(buffer))


def compare_jobs(music: Path, n_jobs: int, n_rounds: int, buffer: Path) -> None:
    """Speed-up of ``n_jobs`` over one job on the same files."""
    runs: dict[int, list[Run]] = {1: [], n_jobs: []}
    for _ in range(n_rounds):
        for jobs, done in runs.items():
            done.append(run_import(music, jobs, buffer))
    best = {jobs: min(done, key=lambda run: run.wall_s) for jobs, done in runs.items()}
    print(f"{music.name}: {best[1].n_files} files, best of {n_rounds} interleaved rounds")
    print(
        f"{'jobs':>5} {'wall s':>8} {'CPU s':>8} {'in phases':>10} {'cores busy':>11} "
        f"{'speed-up':>9}"
    )
    for jobs, run in best.items():
        speed_up = best[1].wall_s / run.wall_s
        cores_busy = run.cpu_s / run.wall_s
        print(
            f"{jobs:>5} {run.wall_s:8.2f} {run.cpu_s:8.2f} {run.busy:10.1%} {cores_busy:11.2f} "
            f"{speed_up:9.2f}"
        )


def measure_tiny(n_files: int, n_jobs: int, buffer: Path) -> None:
    """Files per second and cost per file where the music costs next to nothing."""
    for count in (max(n_files // 10, 1), n_files):
        folder = buffer / f"tiny{count}"
        folder.mkdir()
        write_tiny(folder, count)
        run = run_import(folder, n_jobs, buffer)
        phases_ms = 1000 * run.cpu_s / count
        overhead_ms = 1000 * (run.wall_s * n_jobs - run.cpu_s) / count
        print(
            f"{count} one-second files: {count / run.wall_s:.0f} files/s, {phases_ms:.1f} ms CPU "
            f"in phases and {overhead_ms:.1f} ms besides per file; whole call {run.total_s:.1f} s"
        )
        shutil.rmtree(folder)


def run_import(music: Path, n_jobs: int, buffer: Path) -> Run:
    """One import into a fresh store."""
    settings = Settings(
        identifying=IdentifySettings(is_offline=True), running=RunSettings(n_jobs=n_jobs)
    )
    with fresh_store(buffer) as store:
        start_s = time.perf_counter()
        session = import_folder(music, settings=settings, store=store)
        total_s = time.perf_counter() - start_s
    return read_timeline(session, n_jobs, total_s)


def read_timeline(session: ImportSession, n_jobs: int, total_s: float) -> Run:
    """What the spans of a session say."""
    spans = [s for r in session.results for s in r.spans if s.phase != "IDENTIFYING"]
    start_s, end_s = min(s.start_s for s in spans), max(s.end_s for s in spans)
    in_phases_s = sum(s.end_s - s.start_s for s in spans)
    return Run(
        wall_s=end_s - start_s,
        cpu_s=sum(s.cpu_s or 0.0 for s in spans),
        busy=in_phases_s / (n_jobs * (end_s - start_s)),
        n_files=len(session.results),
        total_s=total_s,
    )


@contextmanager
def fresh_store(buffer: Path) -> Iterator[Path]:
    """A store that nobody has used."""
    with tempfile.TemporaryDirectory(dir=buffer) as folder:
        yield Path(folder) / "bench.wkmp.db"


def write_tiny(folder: Path, n_files: int, *, seed: int = 7) -> None:
    """One-second files, all different."""
    rng = np.random.default_rng(seed)
    for k in range(n_files):
        tone = 0.3 * np.sin(2 * np.pi * rng.uniform(100, 2000) * np.arange(22050) / 22050)
        samples = np.round(tone * 32767).astype(np.int16)[None]
        with av.open(str(folder / f"{k:05d}.wav"), "w") as container:
            stream = container.add_stream("pcm_s16le", rate=22050, layout="mono")
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate = 22050
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))


if __name__ == "__main__":
    main()
