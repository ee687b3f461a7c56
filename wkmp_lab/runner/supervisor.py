"""The eye on the workers while they run: ends those that stall, lets go on as many as may.

A thread looks at the board four times a second. It ends a worker that shows no progress or
overhears a cancel, and lets files wait, or those that would read, by what
:mod:`~wkmp_lab.runner.throttle` decides. Nothing waits for it: the oldest file always goes on, and
all do once it has ended, however it ended.
"""

import collections
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from wkmp_lab.io.machine import Machine
from wkmp_lab.model import Phase
from wkmp_lab.model.reasons import Cause
from wkmp_lab.progress.board import PHASES, Board, Control, FileState
from wkmp_lab.progress.stalls import StallClock
from wkmp_lab.runner.throttle import (
    MIN_READ,
    WORKER_MB,
    Gate,
    Reading,
    choose_running,
    decide,
    estimate_file_mb,
    measure_reading,
)
from wkmp_lab.runner.worker import Task, TaskOutcome
from wkmp_lab.settings import Settings

TICK_S = 0.25
CANCEL_GRACE_S = 1.5
"""After this long, workers that have not seen the cancel flag are ended."""

_DECODING = PHASES.index(Phase.DECODING)

OnChange = Callable[[int, str, Phase | None], None]
"""Is told how many files may go on at once, in a phase or (None) at all, and why; without a reason
when the run has ended."""


class Watch:
    """Watches over one run, from its ``with`` to the end of it.

    Parameters
    ----------
    board
        Where the workers report.
    tasks
        Of the run.
    settings
        Of the import.
    n_jobs
        Workers.
    budget_mb
        What they may take together.
    look
        Tells the state of the machine.
    on_change
        Called from the watching thread.

    Attributes
    ----------
    stalled
        Reasons and causes by index of the files whose workers were ended because they stalled.
    """

    def __init__(
        self,
        board: Board,
        tasks: Iterable[Task],
        *,
        settings: Settings,
        n_jobs: int,
        budget_mb: float,
        look: Callable[[], Machine],
        on_change: OnChange,
    ) -> None:
        self.stalled: dict[int, tuple[str, Cause]] = {}
        self._stalls = StallClock(stall_s=settings.running.stall_s)
        self._board = board
        self._sources = {task.index: task.source for task in tasks}
        self._settings = settings
        self._n_jobs = n_jobs
        self._budget_mb = budget_mb
        self._look = look
        self._on_change = on_change
        self._gate = Gate(n_jobs, n_jobs)
        self._n_told = n_jobs
        self._unfit: set[int] = set()
        """Files that waited on our behalf while they were read: they tell nothing of the disk."""
        self._outcomes: collections.deque[TaskOutcome] = collections.deque(
            maxlen=max(MIN_READ, 2 * n_jobs)
        )
        self._cancelled_at: float | None = None
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="wkmp-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()
        self._on_change(self._n_jobs, "", None)

    def note(self, outcome: TaskOutcome) -> None:
        """Take a result as evidence of how fast files are read."""
        self._outcomes.append(outcome)

    def _work(self) -> None:
        self._look()  # from here on it tells what was idle since
        try:
            while not self._is_over.wait(TICK_S):
                self._watch()
        finally:
            self._hold(self._find_in_flight(self._board.read()), set())
            self._board.n_readers = 0

    def _watch(self) -> None:
        records = self._board.read()
        in_flight = self._find_in_flight(records)
        control = self._board.control
        if control is Control.CANCEL:
            self._end_deaf(records, in_flight)
        else:
            self._end_stalled(records, in_flight)
        if control is Control.PAUSE:
            self._note_waiting(records, in_flight)
        if control is Control.RUN:
            self._throttle(records, in_flight)

    def _end_deaf(self, records: npt.NDArray[Any], in_flight: npt.NDArray[Any]) -> None:
        now = time.time()
        self._cancelled_at = self._cancelled_at or now
        if now - self._cancelled_at > CANCEL_GRACE_S:
            _end_workers({int(records[i]["pid"]) for i in in_flight})

    def _end_stalled(self, records: npt.NDArray[Any], in_flight: npt.NDArray[Any]) -> None:
        alive_s = {int(i): float(records[i]["alive"]) for i in in_flight}
        stall_s = self._settings.running.stall_s
        for i, cause in self._stalls.look(time.time(), alive_s).items():
            if i not in self.stalled:
                reason = f"no progress for {stall_s:.0f} s: its worker was ended"
                self.stalled[i] = reason, cause
                _end_workers({int(records[i]["pid"])})

    def _throttle(self, records: npt.NDArray[Any], in_flight: npt.NDArray[Any]) -> None:
        """Hold back the youngest files that are too many, or too large to go on together."""
        gate = decide(self._gate, self._look(), self._measure_reading(), n_jobs=self._n_jobs)
        # Who waits at a gate does nothing: held back, the others might keep the places for ever.
        in_flight = in_flight[records["waits_for"][in_flight] == 0]
        by_age = in_flight[np.argsort(records["started"][in_flight], kind="stable")]
        costs_mb = [self._estimate_mb(int(i)) for i in by_age]
        room_mb = self._budget_mb - self._n_jobs * WORKER_MB
        chosen = choose_running(costs_mb, n_allowed=gate.n_allowed, room_mb=room_mb)
        held = np.delete(by_age, chosen)
        self._hold(by_age, {int(i) for i in held})
        self._note_waiting(records, held)
        if gate is not self._gate:
            is_of_reading = gate.n_readers != self._gate.n_readers
            self._gate = gate
            if is_of_reading:
                self._board.n_readers = gate.n_readers if gate.n_readers < self._n_jobs else 0
                self._on_change(gate.n_readers, gate.reason, Phase.DECODING)
            self._tell(gate.n_allowed, gate.reason)
        elif len(held) and len(chosen) < gate.n_allowed:
            self._tell(
                len(chosen),
                f"the files at hand may take {sum(costs_mb):.0f} MB, "
                f"{max(room_mb, 0.0):.0f} MB are theirs",
            )
        elif not len(held) and len(in_flight) >= gate.n_allowed:
            self._tell(gate.n_allowed, "the files at hand fit the memory")

    @staticmethod
    def _find_in_flight(records: npt.NDArray[Any]) -> npt.NDArray[Any]:
        in_flight: npt.NDArray[Any] = (records["state"] == FileState.IN_FLIGHT).nonzero()[0]
        return in_flight

    def _hold(self, in_flight: npt.NDArray[Any], held: set[int]) -> None:
        for i in in_flight:
            self._board.hold(int(i), is_held=int(i) in held)

    def _note_waiting(self, records: npt.NDArray[Any], waiting: npt.NDArray[Any]) -> None:
        """A file that waits before a phase has begun does so outside its spans."""
        is_reading = (records["phase"] == _DECODING) & (records["fraction"] > 0.0)
        self._unfit.update(int(i) for i in waiting if is_reading[i])

    def _tell(self, n_now: int, reason: str) -> None:
        if n_now != self._n_told:
            self._n_told = n_now
            self._on_change(n_now, reason, None)

    def _estimate_mb(self, index: int) -> float:
        limit_s = self._settings.scanning.max_duration_s
        return estimate_file_mb(self._sources[index], max_duration_s=limit_s)

    def _measure_reading(self) -> Reading | None:
        """How files were read that were begun since the gate's latest change."""
        results = [
            result
            for index, _, result in list(self._outcomes)
            if result is not None
            and result.spans
            and index not in self._unfit
            and result.spans[0].start_s > self._gate.changed_s
        ]
        return measure_reading(results, n_jobs=self._gate.n_readers)


def _end_workers(pids: set[int]) -> None:
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
