"""How an import ran as a whole: what no file's own times tell."""

from dataclasses import dataclass

from wkmp_lab.model.results import Phase


@dataclass(frozen=True, slots=True)
class LimitChange:
    """From when on how many files may go on at once."""

    at_s: float
    """Seconds since the epoch."""
    n: int
    reason: str
    """In words; empty where that is simply the number that was asked for."""
    phase: Phase | None = None
    """The phase that is limited; None: files at once."""


@dataclass(frozen=True, slots=True)
class FlightRecord:
    """What is kept of the latest import beside the times of its files."""

    run_id: str
    started_s: float
    """Of the import, in seconds since the epoch: workers start from here on."""
    worker: str
    """The process that led it, as spans name it."""
    n_jobs: int = 0
    """Files that could go on at once when it began."""
    ended_s: float | None = None
    """None while it runs, and where it was broken off."""
    changes: tuple[LimitChange, ...] = ()
    cpu: tuple[tuple[float, float], ...] = ()
    """(seconds since the epoch, processor time in s that the leading process took until then)."""


@dataclass(frozen=True, slots=True)
class DesignTrial:
    """What imports of the same files by one design came to, in medians where they are several."""

    design: str
    n_files: int
    n_jobs: int
    n_rounds: int
    passed_s: float
    """From the call to the end of the import."""
    shortest_s: float
    longest_s: float
    first_result_s: float
    """From the call until the first file was measured and, where anybody was asked, identified."""
    cores_busy: float
    n_requests: int
    """To services."""
