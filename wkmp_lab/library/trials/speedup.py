"""What several jobs bring over one: a speed-up, with the baseline that the word needs."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wkmp_lab.display.numbers import format_count
from wkmp_lab.display.safe_text import clean_path, format_duration
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.machine import read_machine
from wkmp_lab.library.trials.sample import TrialRun, lay_out_sample, run_trial
from wkmp_lab.runner.runner import count_jobs
from wkmp_lab.runner.worker import warm_up
from wkmp_lab.settings import RunSettings

N_FILES = 24
N_ROUNDS = 3
"""With fewer a single disturbed run would tell the median."""


@dataclass(frozen=True, slots=True, repr=False)
class Speedup:
    """How much faster several jobs were than one, on the same files. Shows as a few lines."""

    folder: str
    n_files: int
    audio_s: float
    """Length of the music in the sample."""
    n_jobs: int
    alone: tuple[TrialRun, ...]
    """The runs with one job, round by round."""
    together: tuple[TrialRun, ...]
    """Those with ``n_jobs``."""

    @property
    def factors(self) -> tuple[float, ...]:
        """Time with one job over time with several, round by round."""
        pairs = zip(self.alone, self.together, strict=True)
        return tuple(one.passed_s / many.passed_s for one, many in pairs)

    @property
    def factor(self) -> float:
        """The median of the rounds: 2.0 is half the time."""
        return statistics.median(self.factors)

    def __repr__(self) -> str:
        low, high = min(self.factors), max(self.factors)
        n_jobs = format_count(self.n_jobs, "job")
        return "\n".join(
            (
                f"{self.factor:.2f} times as fast with {n_jobs} as with 1 "
                f"({low:.2f} to {high:.2f} in {format_count(len(self.factors), 'round')})",
                f"  1 job: {_describe(self.alone)}",
                f"  {n_jobs}: {_describe(self.together)}",
                f"  {format_count(self.n_files, 'file')} of {clean_path(self.folder)}, "
                f"{format_duration(self.audio_s)} of audio, from the system's cache; the whole "
                "command each time, offline, into a store of its own",
            )
        )


def measure_speedup(
    folder: str | Path,
    *,
    n_files: int | None = N_FILES,
    n_jobs: int | None = None,
    n_rounds: int = N_ROUNDS,
) -> Speedup:
    """Import a sample of a folder with one job and with several, in turns, and compare.

    Each import is the whole command in a process of its own, with start-up, offline, into a fresh
    store in a temporary folder. Who begins changes from round to round. It takes as long as
    ``n_rounds`` imports with one job and as many with several; what else the machine does
    meanwhile is in the figures.

    Parameters
    ----------
    folder
        The music; it is only read.
    n_files
        Files of the sample at most, of all sizes; None: all of the folder. A few files tell more
        of start-up and of the longest file than of a library.
    n_jobs
        Several; None: as many as an import would have here.
    n_rounds
        At least 3: the median is told, and how far the rounds lie apart.

    Raises
    ------
    InvalidInputError
        The folder is missing or without music, or a number is too small.
    WkmpLabError
        One of the imports did not come to its end.
    """
    if n_rounds < N_ROUNDS:
        raise InvalidInputError(f"n_rounds must be >= {N_ROUNDS}, got {n_rounds}")
    wanted = count_jobs(RunSettings(n_jobs=n_jobs), read_machine())
    alone: list[TrialRun] = []
    together: list[TrialRun] = []
    with lay_out_sample(folder, n_files=n_files) as sample:
        warm_up()  # kernels are compiled before the first run, which would pay for all others
        for number in range(n_rounds):
            turns = [(1, alone), (wanted, together)]
            for jobs, runs in turns if number % 2 == 0 else turns[::-1]:
                runs.append(run_trial(sample, n_jobs=jobs))
    return Speedup(
        folder=str(Path(folder).expanduser().absolute()),
        n_files=sample.n_files,
        audio_s=together[0].audio_s,
        n_jobs=wanted,
        alone=tuple(alone),
        together=tuple(together),
    )


def _describe(runs: Sequence[TrialRun]) -> str:
    passed_s = statistics.median(run.passed_s for run in runs)
    cores_busy = statistics.median(run.cores_busy for run in runs)
    return f"{passed_s:.1f} s, {cores_busy:.2f} cores busy"
