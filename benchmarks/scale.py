"""How long a large library takes, where the knee is, and whether the model is right.

    python benchmarks/scale.py --music FOLDER [--jobs N] [--rounds R] [--tiny N] [--requests R]

First a model is held against real imports that it has not seen. Two figures of the machine are
measured on one half of FOLDER and on a quarter as many one-second files: how much more processor
time a file takes while all jobs work, and how long a job is busy with a file besides its phases.
Then the other half, and N other one-second files, are imported with one job for what each file
costs; the time with several jobs is simulated, and measured. Last the model is asked about
libraries that nobody measures. The model: files start in the runner's order on whichever worker is
free; the parent takes each finished file for a fixed time, one by one; the network lane spends a
fixed time a file, one by one; an import ends with the last of these. Rounds are interleaved and
the least of each figure is kept, because a machine's other work only ever makes a run slower.
"""

import argparse
import heapq
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from runner import fresh_store, write_tiny
from threadpoolctl import threadpool_limits

from wkmp_lab.io.files.scanning import scan_folder
from wkmp_lab.library.session import ImportSession, import_folder
from wkmp_lab.runner.worker import warm_up
from wkmp_lab.settings import (
    IdentifySettings,
    RunSettings,
    ScanSettings,
    Settings,
)

SONG_S = 240.0
"""Length of the songs of a library that is only thought of."""
SIZES = (10**4, 10**6, 10**8)
HOST_CORES = 8


@dataclass(frozen=True, slots=True)
class Costs:
    """What files cost, all in seconds."""

    files_s: Sequence[float]
    """Of a worker, for each file, in the order of their start."""
    parent_s: float
    """Of the parent, per file."""


@dataclass(frozen=True, slots=True)
class Runs:
    """One library, imported several times with one job and with several."""

    alone: list[ImportSession]
    together: list[ImportSession]
    parent_s: float
    """Least processor time of the parent per file, with several jobs."""


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, default=Path("data/sample"))
    parser.add_argument("--jobs", type=int, default=min(max(os.cpu_count() or 2, 2), 8))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tiny", type=int, default=1000)
    parser.add_argument("--requests", type=float, default=0.1, help="to MusicBrainz, per file")
    options = parser.parse_args()
    warm_up()
    with tempfile.TemporaryDirectory(prefix="wkmp-bench-") as name:
        buffer = Path(name)
        known, unseen = split_music(options.music, buffer)
        known_tiny, unseen_tiny = split_tiny(options.tiny, buffer)

        def run(music: Path) -> Runs:
            return run_rounds(music, options.jobs, options.rounds, buffer)

        seen = run(known)
        slowdown = sum(read_cpu_s(seen.together)) / sum(read_cpu_s(seen.alone))
        seen_tiny = run(known_tiny)
        besides_s = measure_besides(seen_tiny, options.jobs)
        print(
            f"{options.jobs} jobs, {os.cpu_count()} cores: a file takes {slowdown:.3f} times the "
            f"processor time it takes alone, and {1000 * besides_s:.1f} ms of its job besides"
        )
        print(f"{'':22} {'files':>6} {'simulated':>10} {'measured':>10} {'off by':>8}")
        for label, music in (("one-second files", unseen_tiny), (options.music.name, unseen)):
            runs = run(music)
            files_s = [slowdown * cpu_s + besides_s for cpu_s in read_cpu_s(runs.alone)]
            costs = Costs(files_s, seen_tiny.parent_s)
            simulated_s = simulate(costs, n_workers=options.jobs)
            measured_s = min(measure_wall_s(session) for session in runs.together)
            off = simulated_s / measured_s - 1.0
            print(
                f"{label:22} {len(files_s):>6} {simulated_s:9.2f}s {measured_s:9.2f}s {off:8.1%}"
            )
        per_minute_s = min(measure_rate(session) for session in runs.together)
        row_bytes = measure_row_bytes(runs.together[0])
    tell(per_minute_s, seen_tiny.parent_s, options.requests, row_bytes)


def split_music(music: Path, buffer: Path) -> tuple[Path, Path]:
    """Two folders with every other file of a library each, as links, long and short in both."""
    files = scan_folder(str(music), settings=ScanSettings()).files
    by_size = sorted(files, key=lambda file: (-file.size_bytes, file.path))
    halves = buffer / "known", buffer / "unseen"
    for k, half in enumerate(halves):
        half.mkdir()
        for n, file in enumerate(by_size[k::2]):
            (half / f"{n:05d}{Path(file.path).suffix}").symlink_to(Path(file.path).absolute())
    return halves


def split_tiny(n_files: int, buffer: Path) -> tuple[Path, Path]:
    """A folder of a quarter as many one-second files, and one of as many others."""
    folders = buffer / "known_tiny", buffer / "unseen_tiny"
    n_known = max(n_files // 4, 1)
    for folder in folders:
        folder.mkdir()
    write_tiny(folders[0], n_known)
    write_tiny(folders[1], n_files + n_known)
    for path in sorted(folders[1].iterdir())[:n_known]:  # the same as the known ones
        path.unlink()
    return folders


def simulate(costs: Costs, *, n_workers: int, network_s: float = 0.0) -> float:
    """Seconds from the first start to the end of the last lane.

    >>> simulate(Costs([3.0, 2.0, 1.0], 0.0), n_workers=2)
    3.0
    >>> simulate(Costs([1.0] * 4, 0.5), n_workers=4, network_s=1.0)
    5.5
    """
    free_s = [0.0] * n_workers
    finished = []
    for cost_s in costs.files_s:
        finish_s = heapq.heappop(free_s) + cost_s
        finished.append(finish_s)
        heapq.heappush(free_s, finish_s)
    parent_free_s = lane_free_s = 0.0
    for finish_s in sorted(finished):
        parent_free_s = max(parent_free_s, finish_s) + costs.parent_s
        lane_free_s = max(lane_free_s, parent_free_s) + network_s
    return max(parent_free_s, lane_free_s)


def run_rounds(music: Path, n_jobs: int, n_rounds: int, buffer: Path) -> Runs:
    """Imports of one library, one job and several in turn."""
    alone, together, parents_s = [], [], []
    for _ in range(n_rounds):
        # Workers have one thread each; a file alone must not have two.
        with threadpool_limits(1):
            alone.append(run_import(music, 1, buffer)[0])
        session, own_s = run_import(music, n_jobs, buffer)
        together.append(session)
        parents_s.append(own_s / len(session.results))
    return Runs(alone, together, min(parents_s))


def run_import(music: Path, n_jobs: int, buffer: Path) -> tuple[ImportSession, float]:
    """An import into a fresh store, and the parent's processor time."""
    settings = Settings(
        identifying=IdentifySettings(is_offline=True), running=RunSettings(n_jobs=n_jobs)
    )
    own = psutil.Process()
    with fresh_store(buffer) as store:
        before = own.cpu_times()
        session = import_folder(music, settings=settings, store=store)
        after = own.cpu_times()
    return session, after.user + after.system - before.user - before.system


def read_cpu_s(sessions: Sequence[ImportSession]) -> list[float]:
    """The least processor time of each file, in the order of their start in the first run."""
    costs: dict[str, list[float]] = {}
    starts = {r.path: r.spans[0].start_s for r in sessions[0].results}
    for session in sessions:
        for result in session.results:
            spans = [s for s in result.spans if s.phase != "IDENTIFYING"]
            costs.setdefault(result.path, []).append(sum(s.cpu_s or 0.0 for s in spans))
    return [min(costs[path]) for path in sorted(costs, key=lambda path: starts[path])]


def measure_besides(runs: Runs, n_jobs: int) -> float:
    """How long a job is busy with a file besides its phases: handed over, taken, stored."""
    shares_s = []
    for session in runs.together:
        cpu_s = sum(read_cpu_s([session]))
        shares_s.append((n_jobs * measure_wall_s(session) - cpu_s) / len(session.results))
    return min(shares_s)


def measure_wall_s(session: ImportSession) -> float:
    """From the first phase of the first file to the last of the last."""
    spans = [s for r in session.results for s in r.spans if s.phase != "IDENTIFYING"]
    return max(s.end_s for s in spans) - min(s.start_s for s in spans)


def measure_rate(session: ImportSession) -> float:
    """Processor seconds a minute of audio."""
    cpu_s = sum(s.cpu_s or 0.0 for r in session.results for s in r.spans)
    return 60.0 * cpu_s / sum(r.duration_s or 0.0 for r in session.results)


def measure_row_bytes(session: ImportSession) -> float:
    """Bytes of a file's rows in the tables that a notebook holds."""
    tables = (session.files, session.passages, session.flavors, session.timeline)
    n_bytes = sum(int(table.memory_usage(deep=True).sum()) for table in tables)
    return n_bytes / len(session.results)


def tell(per_minute_s: float, parent_s: float, n_requests: float, row_bytes: float) -> None:
    """What follows for libraries of songs of four minutes."""
    file_s = per_minute_s * SONG_S / 60.0
    network_s = n_requests * 1.0
    print(
        f"\na song of {SONG_S / 60:g} min: {file_s:.2f} s of a worker, "
        f"{1000 * parent_s:.1f} ms of the parent, {network_s:g} s of MusicBrainz' one request a "
        f"second; {row_bytes:.0f} B of rows"
    )
    print(
        f"{'files':>12} {'cores':>6} {'measured in h':>14} {'and online h':>13} {'tables GB':>10}"
    )
    for n_files in SIZES:
        for n_cores in (HOST_CORES, 100 * HOST_CORES):
            # Beyond a few thousand equal files the model is its slowest lane.
            worker_h = n_files * file_s / n_cores / 3600.0
            offline_h = max(worker_h, n_files * parent_s / 3600.0)
            online_h = max(offline_h, n_files * network_s / 3600.0)
            gigabytes = n_files * row_bytes / 1e9
            print(
                f"{n_files:>12,} {n_cores:>6} {offline_h:>14,.1f} {online_h:>13,.1f} "
                f"{gigabytes:>10,.2f}"
            )
    print(
        f"knee: {file_s / parent_s:,.0f} workers keep one parent busy; "
        f"{file_s / network_s:,.0f} keep MusicBrainz busy"
    )
    songs = Costs([file_s] * 4000, parent_s)
    for n_workers in np.unique(np.geomspace(1, 4 * file_s / parent_s, 12).astype(int)):
        rate = len(songs.files_s) / simulate(songs, n_workers=int(n_workers))
        print(f"{n_workers:>6} workers: {rate:8.1f} files/s")


if __name__ == "__main__":
    main()
