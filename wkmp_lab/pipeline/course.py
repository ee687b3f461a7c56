"""The course of one file: which phase it is in, where it tells that, and where it has to wait."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from wkmp_lab.io import fault_injection
from wkmp_lab.model import FileResult, Passage, Phase, Span
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.pipeline.known import ProfileKeeper
from wkmp_lab.settings import Settings


class Progress(Protocol):
    """Where a file's work reports how far it is; ``advance`` may raise CancelledError."""

    def enter(self, phase: Phase) -> None: ...
    def advance(self, fraction: float) -> None: ...
    def cut(self, n_passages: int) -> None: ...
    def measure(self, index: int | None) -> None: ...
    def leave(self, phase: Phase) -> None: ...


class NoProgress:
    """A progress that nobody looks at."""

    def enter(self, phase: Phase) -> None: ...
    def advance(self, fraction: float) -> None: ...
    def cut(self, n_passages: int) -> None: ...
    def measure(self, index: int | None) -> None: ...
    def leave(self, phase: Phase) -> None: ...


class Gates(Protocol):
    """Keeps a place in a phase for the duration of a ``with`` block; may raise CancelledError."""

    def hold_place(self, phase: Phase) -> contextlib.AbstractContextManager[None]: ...


class OpenGates:
    """Gates that nobody waits at."""

    def hold_place(self, phase: Phase) -> contextlib.AbstractContextManager[None]:  # noqa: ARG002
        return contextlib.nullcontext()


@dataclass(slots=True)
class Course:
    """What is asked of one file, which phase it is in, and when it was in which."""

    path: str
    settings: Settings
    keys: cache_keys.CacheKeys
    """What it is made by, but for its hints."""
    profiles: ProfileKeeper | None
    progress: Progress
    gates: Gates
    phase: Phase = Phase.EXTRACTING
    spans: list[Span] = field(default_factory=list)

    @contextlib.contextmanager
    def through(self, phase: Phase) -> Iterator[None]:
        """One phase, once the file has its place in it."""
        self.phase = phase
        asked_s = time.monotonic()
        with self.gates.hold_place(phase):
            waited_s = time.monotonic() - asked_s
            self.progress.enter(phase)
            fault_injection.strike(phase, self.path)
            start_s, start_cpu_s = time.time(), time.thread_time()
            try:
                yield
            finally:
                cpu_s = time.thread_time() - start_cpu_s
                end_s, worker = time.time(), str(os.getpid())
                self.spans.append(Span(phase, start_s, end_s, worker, cpu_s, round(waited_s, 3)))
        self.progress.leave(phase)

    def fill(
        self, result: FileResult, phase: Phase, measure: Callable[[Passage], Passage]
    ) -> FileResult:
        """The file, its passages measured where they were not yet; a phase that has nothing to do
        is left.
        """
        missing = [each for each in result.passages if cache_keys.is_missing(each, phase)]
        if not missing:
            self.progress.leave(phase)
            return result
        measured: dict[int, Passage] = {}
        with self.through(phase):
            for passage in missing:
                self.progress.advance(len(measured) / len(missing))
                measured[passage.index] = measure(passage)
        passages = (measured.get(passage.index, passage) for passage in result.passages)
        return replace(result, passages=tuple(passages))
