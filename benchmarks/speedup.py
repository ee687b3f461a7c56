"""Whether ``wl.measure_speedup`` tells what a stopwatch beside the command tells.

    python benchmarks/speedup.py --music FOLDER [--files N] [--jobs 1,2,4,8] [--rounds R] [--busy]

For each number of jobs the factor of ``measure_speedup`` stands beside that of imports which this
script runs itself: the whole command, stores of their own, who begins changing from round to
round, the median of the rounds. Both must lie within a tenth of each other. ``--busy`` does all of
it a second time beside a process that never rests.
"""

import argparse
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import wkmp_lab as wl
from wkmp_lab.library.trials.sample import lay_out_sample

MAX_OFF = 0.1


def main() -> None:
    """Print the table; the exit status is 1 where a row is off by more than a tenth."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, default=Path("data/sample"))
    parser.add_argument("--files", type=int, default=17)
    parser.add_argument("--jobs", default="1,2,4,8")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--busy", action="store_true", help="a second time beside a busy loop")
    options = parser.parse_args()
    numbers = [int(part) for part in options.jobs.split(",")]
    print(f"{'machine':>8} {'jobs':>5} {'told':>6} {'run':>6} {'off by':>7} {'cores busy':>11}")
    is_off = False
    for machine in ("quiet", "busy")[: 1 + options.busy]:
        for n_jobs in numbers:
            with busy_loop() if machine == "busy" else quiet():
                told = wl.measure_speedup(
                    options.music, n_files=options.files, n_jobs=n_jobs, n_rounds=options.rounds
                )
                seen = time_command(options.music, options.files, n_jobs, options.rounds)
            off = told.factor / seen - 1.0
            is_off |= abs(off) > MAX_OFF
            busy = statistics.median(run.cores_busy for run in told.together)
            print(
                f"{machine:>8} {n_jobs:>5} {told.factor:6.2f} {seen:6.2f} {off:+7.1%} {busy:11.2f}"
            )
            sys.stdout.flush()
    sys.exit(int(is_off))


def time_command(music: Path, n_files: int, n_jobs: int, n_rounds: int) -> float:
    """The factor by imports of the same sample that nothing but a stopwatch looks at."""
    factors = []
    with lay_out_sample(music, n_files=n_files) as sample:
        for number in range(n_rounds):
            turns = (1, n_jobs) if number % 2 == 0 else (n_jobs, 1)
            first_s, second_s = (time_import(sample.folder, jobs) for jobs in turns)
            factors.append(first_s / second_s if turns[0] == 1 else second_s / first_s)
    return statistics.median(factors)


def time_import(folder: Path, n_jobs: int) -> float:
    """Seconds of one import by the command."""
    with tempfile.TemporaryDirectory(prefix="wkmp-bench-") as buffer:
        command = [sys.executable, "-m", "wkmp_lab", "import", str(folder), "--offline"]
        command += ["--jobs", str(n_jobs), "--store", str(Path(buffer, "bench.wkmp.db"))]
        start_s = time.perf_counter()
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode not in (0, 1):
            raise SystemExit(done.stderr.decode(errors="replace"))
        return time.perf_counter() - start_s


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing beside it."""
    yield


@contextmanager
def busy_loop() -> Iterator[None]:
    """A process that takes a core as long as this lasts."""
    process = multiprocessing.Process(target=_never_rest, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _never_rest() -> None:
    while True:
        pass


if __name__ == "__main__":
    main()
