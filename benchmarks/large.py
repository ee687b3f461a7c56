"""What a large library takes: opening, tables, pictures, exports, a second import, the store.

    python benchmarks/large.py [--files 1000,10000] [--imported N] [--keep FOLDER]

Results are generated, as long as those of songs of four minutes, and written into a store as an
import writes them; the music is empty files of their names, which the second import finds
unchanged. Each step runs in a process of its own, which tells its time and by how much its memory
grew. Last, N one-second files are imported really, for what the parent takes of each. Goals stand
beside the wall times; where other work goes on, look at the processor times.
"""

import argparse
import contextlib
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from runner import write_tiny
from support.generated import OFFLINE, generate_results

import wkmp_lab as wl
from wkmp_lab._version import __version__
from wkmp_lab.io.files.scanning import scan_folder
from wkmp_lab.library.session import import_folder
from wkmp_lab.library.store import Store, StoredRun, packed, read_folder
from wkmp_lab.plots.figures import draw_png, make_axes
from wkmp_lab.settings import RunSettings
from wkmp_lab.tables.tables import passages_table

N_AT_ONCE = 1000
TABLES = ("files", "passages", "flavors", "timeline", "gaps", "candidates", "evidence", "failures")
PLOTS = (
    *("timeline", "phase_times", "slowest", "gaps", "leads", "dynamics", "loudness_tempo"),
    *("match_levels", "tempo", "keys", "flavor_map", "flavor_radar"),
)
GOALS_S = {
    "open": 0.5,
    **{f"table {name}": 1.5 for name in TABLES},
    **{f"plot {name}": 3.0 for name in PLOTS},
    "second import": 20.0,
    "export csv": 20.0,
    "export parquet": 20.0,
}
"""At 100,000 files."""
MAX_STORE_KB = 4.0
MAX_PARENT_MS = 1.0
MAX_PARENT_MB = 100.0


def main() -> None:
    """Print a table for each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", default="1000,10000")
    parser.add_argument("--imported", type=int, default=300)
    parser.add_argument("--keep", type=Path, help="a folder for libraries that are used again")
    parser.add_argument("--step", nargs=3, metavar=("STEP", "MUSIC", "STORE"))
    options = parser.parse_args()
    if options.step:
        print(json.dumps(run_step(*options.step)))
        return
    with contextlib.ExitStack() as stack:
        buffer = options.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="wkmp-bench-"))
        )
        for n_files in map(int, options.files.split(",")):
            music, store = make_library(n_files, buffer)
            tell_size(n_files, store)
            for step, goal_s in GOALS_S.items():
                tell_step(step, goal_s, music, store)
        if options.imported:
            tell_import(options.imported, buffer)


def make_library(n_files: int, buffer: Path) -> tuple[Path, Path]:
    """A folder of empty songs and the store of its import; those of an earlier run where kept."""
    music, store = buffer / f"music-{n_files}", buffer / f"large-{n_files}.wkmp.db"
    if store.exists():
        return music, store
    for k in range(n_files):
        folder = music / f"artist {k // 1000:04d}" / f"album {k // 10:07d}"
        if k % 10 == 0:
            folder.mkdir(parents=True)
        (folder / f"{k % 10:02d} song.flac").write_bytes(b"fLaC%07d" % k)
    scan = scan_folder(str(music), settings=OFFLINE.scanning)
    results = generate_results(scan.files)
    begun = time.perf_counter()
    with Store(store, folder=music) as opened:
        while some := list(islice(results, N_AT_ONCE)):
            opened.put_many(some, run_id="generated")
        run = StoredRun("generated", 1.0, 2.0, "completed", 2, OFFLINE)
        opened.put_run(run, version=__version__)
        packed.pack(opened)
    passed_s = time.perf_counter() - begun
    print(f"\n{n_files} results made and written in {passed_s:.1f} s")
    return music, store


def tell_size(n_files: int, store: Path) -> None:
    """Bytes a song, and how many of them are fingerprints."""
    with contextlib.closing(sqlite3.connect(store)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with Store(store, folder=read_folder(store), is_writer=False) as opened:
        found = (opened.find_by_path(path) for path in opened.read_paths()[:100])
        some = [each for each in found if each is not None]
    texts = [each.file_fingerprint.text for each in some if each.file_fingerprint]
    texts += [p.fingerprint.text for each in some for p in each.passages if p.fingerprint]
    print_kb = sum(map(len, texts)) * 3 / 4 / len(some) / 1000.0
    whole_kb = store.stat().st_size / n_files / 1000.0
    print(f"\n{n_files} files{'':14} {'figure':>10} {'goal':>8}")
    print(f"{'store besides prints':24} {whole_kb - print_kb:7.1f} kB {MAX_STORE_KB:5.1f} kB")
    print(f"{'fingerprints as bytes':24} {print_kb:7.1f} kB")


def tell_step(step: str, goal_s: float, music: Path, store: Path) -> None:
    """One line: what a step took in a process of its own."""
    command = [sys.executable, __file__, "--step", step, str(music), str(store)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{step:24} failed: {done.stderr.strip().splitlines()[-1]}")
        return
    told = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{step:24} {told['passed_s']:8.2f} s (cpu {told['cpu_s']:5.2f}) {goal_s:6.1f} s "
        f"{told['grown_mb']:8.0f} MB "
        f"(at most {told['peak_mb']:.0f})",
        flush=True,
    )


def run_step(step: str, music: str, store: str) -> dict[str, float]:
    """Do one thing with a library, here; tables and pictures of a session that is open."""
    what, _, name = step.partition(" ")
    if what != "open":
        session = wl.open_session(music, store=store)
        draw_png(make_axes())  # loads what draws
        passages_table([])  # loads pandas
    own = psutil.Process()
    before = own.memory_info().rss
    begun, cpu_s = time.perf_counter(), time.process_time()
    if what == "open":
        session = wl.open_session(music, store=store)
    elif what == "table":
        assert not getattr(session, name).empty or name == "failures"
    elif what == "plot":
        draw_png(getattr(session.plot, name)())
    elif what == "export":
        with tempfile.TemporaryDirectory(prefix="wkmp-bench-") as out:
            session.export(out, formats=name)
    else:
        again = import_folder(music, settings=OFFLINE, store=store)
        assert any("0 files to look at" in line for line in again.snapshot().log)
    passed_s, cpu_s = time.perf_counter() - begun, time.process_time() - cpu_s
    grown = own.memory_info().rss - before
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {
        "passed_s": passed_s,
        "cpu_s": cpu_s,
        "grown_mb": grown / 1e6,
        "peak_mb": peak / 1e6,
    }


def tell_import(n_files: int, buffer: Path) -> None:
    """What the parent takes of an import that measures, per file and in all."""
    music = buffer / f"tiny-{n_files}"
    if not music.exists():
        music.mkdir(parents=True)
        write_tiny(music, n_files)
    settings = replace(OFFLINE, running=RunSettings(n_jobs=2))
    own = psutil.Process()
    with tempfile.TemporaryDirectory(dir=buffer) as made:
        import_folder(Path(__file__).parents[1] / "data" / "sample", store=Path(made, "warm.db"))
        before, before_mb = sum(own.cpu_times()[:2]), own.memory_info().rss / 1e6
        import_folder(music, settings=settings, store=Path(made, "tiny.db"))
        cpu_ms = 1000.0 * (sum(own.cpu_times()[:2]) - before) / n_files
        grown_mb = own.memory_info().rss / 1e6 - before_mb
    print(f"\n{n_files} one-second files imported with two jobs")
    print(f"{'parent, a file':24} {cpu_ms:7.2f} ms {MAX_PARENT_MS:5.1f} ms")
    print(f"{'parent, grown by':24} {grown_mb:7.0f} MB {MAX_PARENT_MB:5.0f} MB")


if __name__ == "__main__":
    main()
