"""The fold of an import: every result that came back, and what is counted of them."""

from __future__ import annotations  # pandas is loaded when the first table is made

import collections
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wkmp_lab.identifying.decisions import (
    ByContent,
    Decision,
    apply_decisions,
    decisions_on,
    group_by_content,
)
from wkmp_lab.library.run.stored import StoredCounts, StoredResults
from wkmp_lab.model import MATCH_LEVELS, FileResult, MatchLevel, Phase

if TYPE_CHECKING:
    import pandas as pd

N_LATEST = 20
"""Failures that a display shows."""


@dataclass(frozen=True, slots=True)
class ResultCounts:
    """What is counted of the results at one moment."""

    n_failed: int
    n_passages_by_level: tuple[int, int, int, int]
    """In the order of MATCH_LEVELS."""
    failures: tuple[tuple[str, str], ...]
    """(path, reason) of the latest failed files, at most ``N_LATEST``."""
    measured_s: float
    """Length of the music that this import has decoded."""


class Results:
    """The results of one import by path, with what a person has decided laid over them.

    The import thread and the lookup thread put results, the thread of whoever decides by hand
    replaces them and lays decisions over them, everybody reads; all under one lock.

    Parameters
    ----------
    since_s
        When the import began, in seconds since the epoch: what was decoded before is not its own.
    stored
        Where all results lie already, and are read when they are asked for; None: they are put
        here, and held.
    """

    def __init__(self, *, since_s: float, stored: StoredResults | None = None) -> None:
        self._since_s = since_s
        self._stored = stored
        self._counts: StoredCounts | None = None
        self._mutex = threading.Lock()
        self._by_path: dict[str, FileResult] = {}
        self._decisions: ByContent = {}
        self._levels: collections.Counter[MatchLevel] = collections.Counter()
        self._failures: dict[str, str] = {}
        self._n_finished = 0
        self._measured_s = 0.0

    def read(self) -> tuple[FileResult, ...]:
        """What has come back so far, by path."""
        if self._stored is not None:
            return tuple(sorted(self._stored.read(self._decisions), key=lambda each: each.path))
        with self._mutex:
            found = [self._decide(result) for result in self._by_path.values()]
        return tuple(sorted(found, key=lambda result: result.path))

    def find(self, path: str) -> FileResult | None:
        """The result of a path, None where none has come back."""
        if self._stored is not None:
            return self._stored.find(path, self._decisions)
        with self._mutex:
            result = self._by_path.get(path)
            return None if result is None else self._decide(result)

    def list_paths(self) -> Sequence[str]:
        """Paths of all files that have come back so far."""
        if self._stored is not None:
            return self.count_stored().paths
        with self._mutex:
            return tuple(self._by_path)

    def put(self, result: FileResult, *, is_finished: bool, is_new: bool) -> None:
        """Add or replace the result of a file.

        Parameters
        ----------
        result
            Of a file of the scan.
        is_finished
            Nothing more is to come for this file.
        is_new
            It was worked on in this import.
        """
        with self._mutex:
            self._fold(result)
            if not is_finished:
                return
            self._n_finished += 1
            if is_new and self._is_decoded_now(result):
                self._measured_s += result.duration_s or 0.0

    def replace(self, result: FileResult) -> None:
        """Put another result of a file that had one: nothing is finished by that."""
        with self._mutex:
            self._counts = None
            if self._stored is None:
                self._fold(result)

    def make_table(self, name: str) -> pd.DataFrame | None:
        """A table of all results, where they lie in a store that can tell it without them."""
        return None if self._stored is None else self._stored.make_table(name, self._decisions)

    def count_stored(self) -> StoredCounts:
        """What is counted of results that lie in a store, and their paths."""
        counts = self._counts
        if counts is None:
            assert self._stored is not None, "they are held here"
            counts = self._counts = self._stored.count(self._decisions, n_failures=N_LATEST)
        return counts

    def decide(self, decisions: Iterable[Decision]) -> None:
        """Lay these decisions over the results, instead of those before."""
        grouped = group_by_content(decisions)
        with self._mutex:
            self._decisions = grouped
            self._counts = None
            self._levels.clear()
            for result in self._by_path.values():
                self._levels.update(_levels_of(self._decide(result)))

    @property
    def decisions(self) -> ByContent:
        """What a person has decided: laid over the results that are read, never kept in them."""
        return self._decisions

    @property
    def n_finished(self) -> int:
        """Files of which nothing more is to come."""
        return self._n_finished

    def count(self) -> ResultCounts:
        """What is counted at this moment."""
        if self._stored is not None:
            return _count(self.count_stored())
        with self._mutex:
            high, medium, low, unidentified = (self._levels[level] for level in MATCH_LEVELS)
            return ResultCounts(
                n_failed=len(self._failures),
                n_passages_by_level=(high, medium, low, unidentified),
                failures=tuple(list(self._failures.items())[-N_LATEST:]),
                measured_s=self._measured_s,
            )

    def _fold(self, result: FileResult) -> None:
        """Replace a result and keep the counts true; the caller holds the mutex."""
        old = self._by_path.get(result.path)
        if old is not None:
            self._levels.subtract(_levels_of(self._decide(old)))
        self._levels.update(_levels_of(self._decide(result)))
        self._by_path[result.path] = result
        self._failures.pop(result.path, None)
        if result.failure is not None:
            self._failures[result.path] = f"{result.failure.phase}: {result.failure.reason}"

    def _decide(self, result: FileResult) -> FileResult:
        return apply_decisions(result, decisions_on(result, self._decisions))

    def _is_decoded_now(self, result: FileResult) -> bool:
        return any(
            span.phase is Phase.DECODING and span.start_s >= self._since_s for span in result.spans
        )


def _levels_of(result: FileResult) -> list[MatchLevel]:
    return [p.identity.level for p in result.passages if p.identity is not None]


def _count(stored: StoredCounts) -> ResultCounts:
    kinds = stored.n_of_kind
    high, medium, low, unidentified = (
        sum(n * kind.n_by_level[k] for kind, n in kinds.items()) for k in range(len(MATCH_LEVELS))
    )
    return ResultCounts(
        n_failed=sum(n for kind, n in kinds.items() if kind.status == "failed"),
        n_passages_by_level=(high, medium, low, unidentified),
        failures=stored.failures,
        measured_s=0.0,
    )
