"""The flight recorder of an import: how many files could go on when and why, and its own work."""

import os
import threading
import time
from dataclasses import replace

from wkmp_lab.model import FlightRecord, LimitChange, Phase

SAMPLE_S = 0.25
"""Shortest time between two looks at the processor time; it doubles when there are too many."""
MAX_SAMPLES = 500


class FlightRecorder:
    """What one import notes of itself; any of its threads may note, everybody reads.

    Parameters
    ----------
    run_id, started_s
        Of the import.
    """

    def __init__(self, run_id: str, *, started_s: float) -> None:
        self._mutex = threading.Lock()
        self._record = FlightRecord(run_id, started_s, worker=str(os.getpid()))
        self._cpu_before_s = time.process_time()
        self._sample_s = SAMPLE_S
        self._has_news = False

    def read(self) -> FlightRecord:
        """What is noted so far."""
        with self._mutex:
            return self._record

    def load(self, record: FlightRecord) -> None:
        """Show what an earlier import has noted."""
        with self._mutex:
            self._record = record

    def begin(self, n_jobs: int) -> None:
        """Note how many files may go on at once from the start; a later start changes nothing."""
        with self._mutex:
            self._record = replace(self._record, n_jobs=self._record.n_jobs or n_jobs)

    def note_limit(self, n: int, reason: str, *, phase: Phase | None = None) -> None:
        """Note that another number may go on at once now: of files, or of those in a phase."""
        with self._mutex:
            before = [change.n for change in self._record.changes if change.phase is phase]
            if not reason and (before[-1:] or [n]) == [n]:
                return
            change = LimitChange(time.time(), n, reason, phase)
            self._record = replace(self._record, changes=(*self._record.changes, change))
            self._has_news = True

    def sample(self) -> None:
        """Note the processor time of this process, now and then."""
        with self._mutex:
            latest_s = self._record.cpu[-1][0] if self._record.cpu else self._record.started_s
            if time.time() - latest_s >= self._sample_s:
                self._note_cpu()

    def end(self) -> None:
        """Note that the import has ended."""
        with self._mutex:
            self._note_cpu()
            self._record = replace(self._record, ended_s=time.time())

    def take_news(self) -> FlightRecord | None:
        """The record where a number has changed since this was asked last, else None."""
        with self._mutex:
            has_news, self._has_news = self._has_news, False
            return self._record if has_news else None

    def _note_cpu(self) -> None:
        taken_s = time.process_time() - self._cpu_before_s
        cpu = (*self._record.cpu, (time.time(), taken_s))
        if len(cpu) > MAX_SAMPLES:
            cpu, self._sample_s = cpu[1::2], 2.0 * self._sample_s
        self._record = replace(self._record, cpu=cpu)
