"""The state of an import at one moment: all that progress displays draw from."""

from dataclasses import dataclass
from typing import Literal

from wkmp_lab.model import Phase

SessionState = Literal[
    "scanning", "running", "paused", "completed", "cancelled", "failed", "running elsewhere"
]
"""The last is told of a session that was opened while another process imports its folder."""


@dataclass(frozen=True, slots=True)
class InFlight:
    """A file that is being worked on now."""

    path: str
    phase: Phase
    fraction: float
    """Of this phase, 0 to 1."""
    elapsed_s: float
    worker: str
    waits_for: Phase | None = None
    """The phase that it waits for a place in; None where it waits for none."""

    @property
    def doing(self) -> str:
        """The phase, or that it is waited for, in words."""
        return f"waiting for {self.waits_for}" if self.waits_for else self.phase.value


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a session at one moment: all that progress displays draw from."""

    session_id: str
    state: SessionState
    folder: str
    n_files: int
    n_finished: int
    n_failed: int
    n_passages: int
    n_passages_by_level: tuple[int, int, int, int]
    """In the order of MATCH_LEVELS."""
    n_files_by_phase: tuple[int, ...]
    n_passages_by_phase: tuple[int, ...]
    """What has left each phase, in the order of Phase; before SEGMENTING there is no passage."""
    fraction: float
    """Of the whole import, by work done, 0 to 1; never goes backwards."""
    elapsed_s: float
    remaining_s: float | None
    """None until a twentieth of the work is done."""
    remaining_reason: str
    in_flight: tuple[InFlight, ...]
    failures: tuple[tuple[str, str], ...]
    """(path, reason) of the latest failed files, at most 20."""
    log: tuple[str, ...]
    """The latest log lines, at most 20."""
    n_jobs: int
    remarks: tuple[str, ...] = ()
    """What there is to tell of the import as a whole, oldest first, at most 20 lines."""
    measured_s: float = 0.0
    """Length of the music that this import has decoded."""
    n_requests: int = 0
    """To services, told when the last look-up has ended."""
    coming: tuple[str, ...] = ()
    """The first few of the files that wait, in the order in which they will be begun."""
    has_measures: bool = False
    """Measures of one's own are run."""

    @property
    def phases(self) -> tuple[Phase, ...]:
        """Those that the import goes through, in their order."""
        return tuple(each for each in Phase if each is not Phase.MEASURING or self.has_measures)
