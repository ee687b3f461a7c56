"""What a library keeps: an unchanged one costs next to nothing, a killed import loses nothing.

    python benchmarks/resume.py [--files N] [--kills K]

First, N one-second files are imported twice. Then an import of the sample is killed with SIGKILL
at K random moments, each time into a fresh store, and gone on with; the export is compared byte
for byte with that of an unbroken run, and files that were measured again after they had been
stored are counted.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from runner import write_tiny

from wkmp_lab.session import ImportSession, import_folder, open_session
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings
from wkmp_lab.worker import warm_up

SETTINGS = Settings(identifying=IdentifySettings(is_offline=True), running=RunSettings(n_jobs=2))
COMPARED = ("passages.csv", "candidates.csv", "evidence.csv", "flavors.csv", "gaps.csv")
"""Tables without clocks; files.csv holds elapsed seconds, timeline.csv nothing else."""

CHILD = """
import sys
from wkmp_lab.session import import_folder
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings
settings = Settings(
    identifying=IdentifySettings(is_offline=True), running=RunSettings(n_jobs=2)
)
print("go", flush=True)
import_folder(sys.argv[1], settings=settings, store=sys.argv[2])
"""


def main() -> None:
    """Print both findings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, default=Path("data/sample"))
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    warm_up()
    with tempfile.TemporaryDirectory(prefix="wkmp-bench-") as scratch:
        if options.files:
            import_twice(options.files, Path(scratch))
        if options.kills:
            kill_often(options.music, options.kills, options.seed, Path(scratch))


def import_twice(n_files: int, scratch: Path) -> None:
    """Time of the first and the second import of the same files."""
    folder = scratch / "tiny"
    folder.mkdir()
    write_tiny(folder, n_files)
    for name in ("first", "second"):
        start_s, start_cpu_s = time.perf_counter(), time.process_time()
        session = import_folder(folder, settings=SETTINGS, store=scratch / "tiny.wkmp.db")
        peak_mb = psutil.Process().memory_info().rss / 2**20
        n_measured = count_measured(session, start_s_epoch(session))
        print(
            f"{name} import of {n_files} files: {time.perf_counter() - start_s:.1f} s, the "
            f"parent's work {time.process_time() - start_cpu_s:.1f} s; "
            f"{len(session.results)} rows, {n_measured} measured; parent {peak_mb:.0f} MB"
        )


def kill_often(music: Path, n_kills: int, seed: int, scratch: Path) -> None:
    """Kill, go on, compare."""
    rng = random.Random(seed)
    start_s = time.perf_counter()
    whole = import_folder(music, settings=SETTINGS, store=scratch / "whole.wkmp.db")
    length_s = time.perf_counter() - start_s
    expected = read_export(whole, scratch / "whole")
    n_equal = n_twice = n_lost = n_orphans = 0
    for k in range(n_kills):
        store = scratch / f"killed{k}.wkmp.db"
        n_orphans += kill_once(music, store, rng.uniform(0.5, 1.2 * length_s + 1.0))
        kept = (
            {r.path for r in open_session(music, store=store).results} if store.exists() else set()
        )
        session = import_folder(music, settings=SETTINGS, store=store)
        began_s = start_s_epoch(session)
        n_twice += sum(
            1
            for r in session.results
            if r.path in kept
            and any(s.phase == "SEGMENTING" and s.start_s >= began_s for s in r.spans)
        )
        n_lost += len(whole.results) - len(session.results)
        n_equal += read_export(session, scratch / f"killed{k}") == expected
    print(
        f"{n_kills} kills: {n_lost} files lost, {n_twice} files measured again after they were "
        f"stored, {n_orphans} workers left behind, {n_equal} of {n_kills} exports identical"
    )


def kill_once(music: Path, store: Path, after_s: float) -> int:
    """Kill an import after a time; returns how many of its workers outlive it by ten seconds."""
    command = [sys.executable, "-c", CHILD, str(music), str(store)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(after_s)
        workers = (
            psutil.Process(child.pid).children(recursive=True) if child.poll() is None else []
        )
        child.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(workers, timeout=10)
    return len(alive)


def read_export(session: ImportSession, folder: Path) -> dict[str, bytes]:
    """The bytes of the tables that hold no clock."""
    session.export(folder)
    return {name: (folder / name).read_bytes() for name in COMPARED}


def start_s_epoch(session: ImportSession) -> float:
    """When a session began, in seconds since the epoch."""
    return time.time() - session.snapshot().elapsed_s


def count_measured(session: ImportSession, since_s: float) -> int:
    """Files that were decoded since a moment."""
    return sum(
        1
        for r in session.results
        if any(s.phase == "SEGMENTING" and s.start_s >= since_s for s in r.spans)
    )


if __name__ == "__main__":
    main()
