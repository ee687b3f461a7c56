"""What lookups cost a design: each file's phases one after the other, or lanes.

    python benchmarks/lanes.py --music FOLDER [--jobs N] [--latency-s 0.3] [--rounds R]

The same files against the stand-in services of the tests, which know every one of them, at the
real services' intervals and the given latency. "one after the other" is the design that
re-creations of the original begin with: N files in flight, each measured and then looked up by the
worker that measured it. "lanes" is ours: the workers go on while one lane asks, ten files at once.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from joblib import Parallel, delayed
from runner import read_timeline
from support.standin import KEY, Standin, run_standin
from support.standin_world import make_known_world

from wkmp_lab.io.files.scanning import scan_folder
from wkmp_lab.library.session import ImportSession, import_folder
from wkmp_lab.lookup.lookup_thread import identify_now
from wkmp_lab.model import FileResult, SourceFile
from wkmp_lab.pipeline import measure
from wkmp_lab.runner.worker import warm_up
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, default=Path("data/sample"))
    parser.add_argument("--jobs", type=int, default=min(max(os.cpu_count() or 2, 2), 8))
    parser.add_argument("--latency-s", type=float, default=0.3)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    os.environ["WKMP_LAB_ACOUSTID_KEY"] = KEY
    warm_up()
    with tempfile.TemporaryDirectory(prefix="wkmp-bench-") as name:
        buffer = Path(name)
        offline = Settings(
            identifying=IdentifySettings(is_offline=True, catalogue=str(buffer / "none")),
            running=RunSettings(n_jobs=options.jobs),
        )
        known = run_lanes(options.music, offline, buffer)
        with run_standin(make_known_world(known.results)) as standin:
            standin.latency_s = options.latency_s
            compare(options.music, offline, standin, buffer, options.rounds)


def compare(music: Path, offline: Settings, standin: Standin, buffer: Path, n_rounds: int) -> None:
    """Best of interleaved rounds, each with an empty cache."""
    n_jobs = offline.running.n_jobs or 2
    best: dict[str, tuple[float, float, int]] = {}
    for number in range(n_rounds):
        for design in ("lanes, offline", "lanes", "one after the other"):
            settings = offline if "offline" in design else ask(offline, standin, buffer, number)
            before, start_s = len(standin.ledger), time.perf_counter()
            if design == "one after the other":
                settings = ask(offline, standin, buffer, number + n_rounds)
                run_inline(music, settings, n_jobs)
                measured_s = time.perf_counter() - start_s
            else:
                session = run_lanes(music, settings, buffer)
                measured_s = read_timeline(session, n_jobs, 0.0).wall_s
            run = measured_s, time.perf_counter() - start_s, len(standin.ledger) - before
            best[design] = min(best.get(design, run), run)
    print(f"{'design':>22} {'workers busy until':>19} {'whole s':>8} {'requests':>9}")
    for design, (measured_s, whole_s, n_requests) in best.items():
        print(f"{design:>22} {measured_s:>17.2f} s {whole_s:8.2f} {n_requests:9d}")
    kept = best["lanes, offline"][0] / best["lanes"][0]
    gain = best["one after the other"][0] / best["lanes"][0]
    print(
        f"with lookups at {standin.latency_s:g} s the workers keep {kept:.0%} of their offline "
        f"speed, and are done {gain:.1f} times as soon as one after the other"
    )


def ask(settings: Settings, standin: Standin, buffer: Path, number: int) -> Settings:
    """The settings with the stand-in services and a cache of their own."""
    identifying = IdentifySettings(
        acoustid_url=standin.acoustid_url,
        musicbrainz_url=standin.url,
        contact="bench@example.org",
        cache=str(buffer / f"cache{number}"),
        catalogue=str(buffer / "none"),
    )
    return Settings(identifying=identifying, running=settings.running)


def run_lanes(music: Path, settings: Settings, buffer: Path) -> ImportSession:
    """One import into a fresh store."""
    with tempfile.TemporaryDirectory(dir=buffer) as folder:
        return import_folder(music, settings=settings, store=Path(folder) / "bench.wkmp.db")


def run_inline(music: Path, settings: Settings, n_jobs: int) -> list[FileResult]:
    """Every file through all its phases in one worker, N at a time."""
    files = sorted(scan_folder(music).files, key=lambda file: -file.size_bytes)
    work = (delayed(measure_and_ask)(file, settings, str(music)) for file in files)
    return list(Parallel(n_jobs=n_jobs)(work))


def measure_and_ask(source: SourceFile, settings: Settings, folder: str) -> FileResult:
    """What a worker of the other design does."""
    return identify_now(measure.measure_file(source, settings=settings), settings, folder=folder)


if __name__ == "__main__":
    main()
