"""Many files at once: the only module that knows joblib, processes and backends.

A supervisor stands around joblib: a worker that dies or stalls costs one file, which is named;
what the others held is done again. Results come back out of order, as they are finished.
"""

import contextlib
import os
import re
import signal
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any

from joblib import Parallel, cpu_count, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

from wkmp_lab.board import PHASES, Board, Control, FileState
from wkmp_lab.runner_dask import run_on_dask
from wkmp_lab.runner_ray import run_on_ray
from wkmp_lab.settings import Order, RunSettings, Settings
from wkmp_lab.worker import (
    Outcome,
    Task,
    fail,
    measure_task,
    prepare_worker,
    until_cancelled,
)

_CLUSTERS = {"dask": run_on_dask, "ray": run_on_ray}
CANCEL_GRACE_S = 1.5
"""After this long, workers that have not seen the cancel flag are ended."""


def count_jobs(settings: RunSettings) -> int:
    """Files in flight: as set, else clamp(cpu, 2, 8).

    >>> count_jobs(RunSettings(n_jobs=3))
    3
    """
    return settings.n_jobs or min(max(cpu_count(), 2), 8)


def order_tasks(tasks: Sequence[Task], order: Order) -> list[Task]:
    """Tasks in the order of their start.

    Long files first keeps the cores busy to the end; small ones first gives first results soonest.
    """
    if order == "path":
        return sorted(tasks, key=lambda task: task.source.path)
    sign = -1 if order == "long_first" else 1
    return sorted(tasks, key=lambda task: (sign * task.source.size_bytes, task.source.path))


class Runner:
    """Measures tasks with one backend; made before the scan, so that workers start meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._backend = settings.running.backend
        self.n_jobs = 1 if self._backend == "sequential" else count_jobs(settings.running)
        self._starting: Iterator[Any] = iter(())

    def start(self) -> None:
        """Start the workers; returns when their processes exist, before they are ready."""
        if self._backend == "loky" and self.n_jobs > 1:
            self._starting = self._parallel(delayed(os.getpid)() for _ in range(self.n_jobs))

    def run(self, tasks: Sequence[Task], board: Board) -> Iterator[Outcome]:
        """Outcomes in the order in which they are finished.

        Parameters
        ----------
        tasks
            In the order of their start.
        board
            Where the workers report; its control word ends or pauses the run.
        """
        if self._backend in _CLUSTERS:
            run_there = _CLUSTERS[self._backend]
            yield from run_there(tasks, settings=self._settings, board=board, n_jobs=self.n_jobs)
        elif self.n_jobs == 1:
            for task in until_cancelled(tasks, board):
                yield measure_task(task, self._settings, board)
        elif self._backend == "loky":
            for _ in self._starting:
                pass
            yield from self._supervise(tasks, board)
        else:
            yield from self._parallel(self._jobs(tasks, board))

    def _supervise(self, tasks: Sequence[Task], board: Board) -> Iterator[Outcome]:
        waiting = {task.index: task for task in tasks}
        with _watching(board, self._settings.running.stall_s) as stalled:
            while waiting and board.control is not Control.CANCEL:
                died = yield from self._run_pool(list(waiting.values()), waiting, board)
                if died is None:
                    return
                for task in _find_suspects(waiting, board):
                    yield from self._run_suspect(task, waiting, board, stalled)

    def _run_pool(
        self, tasks: Sequence[Task], waiting: dict[int, Task], board: Board
    ) -> Generator[Outcome, None, str | None]:
        """Run tasks in the pool; returns how a worker died, None where all went well."""
        try:
            for outcome in self._parallel(self._jobs(tasks, board)):
                waiting.pop(outcome[0], None)
                yield outcome
        except TerminatedWorkerError as error:
            return describe_death(str(error))
        return None

    def _run_suspect(
        self, task: Task, waiting: dict[int, Task], board: Board, stalled: dict[int, str]
    ) -> Iterator[Outcome]:
        """Try a file that a worker died with by itself: what dies alone is to blame."""
        if task.index not in stalled:
            board.mark(task.index, FileState.WAITING)
            died = yield from self._run_pool([task], waiting, board)
            if died is None or board.control is Control.CANCEL:
                return
        reason = stalled.get(task.index) or died or "worker died"
        phase = PHASES[int(board.read()[task.index]["phase"])]
        del waiting[task.index]
        board.mark(task.index, FileState.MEASURED)
        result = fail(task, phase, reason, settings=self._settings)
        yield task.index, task.source.path, result

    def _jobs(self, tasks: Sequence[Task], board: Board) -> Iterator[Any]:
        measure = delayed(measure_task)
        for task in until_cancelled(tasks, board):
            yield measure(task, self._settings, board)

    def _parallel(self, jobs: Iterable[Any]) -> Iterator[Any]:
        if self._backend == "threading":
            return iter(
                Parallel(self.n_jobs, backend="threading", return_as="generator_unordered")(jobs)
            )
        # The configuration ends before the first result: the consumer's own joblib calls
        # must not inherit it.
        with parallel_config(backend="loky", inner_max_num_threads=1):
            pool = Parallel(
                self.n_jobs,
                return_as="generator_unordered",
                batch_size=1,
                pre_dispatch="2*n_jobs",
                initializer=prepare_worker,
                initargs=(os.getpid(), self._settings.running.worker_memory_mb),
            )
            return iter(pool(jobs))


def describe_death(text: str) -> str:
    """How a worker died, from the words of the pool.

    >>> describe_death("The exit codes of the workers are {SIGSEGV(-11)}")
    'worker died (signal 11)'
    >>> describe_death("The exit codes of the workers are {EXIT(3)}")
    'worker died (exit status 3)'
    """
    if found := re.search(r"SIG\w+\(-(\d+)\)", text):
        return f"worker died (signal {found[1]})"
    if found := re.search(r"EXIT\((\d+)\)", text):
        return f"worker died (exit status {found[1]})"
    return "worker died"


def _find_suspects(waiting: dict[int, Task], board: Board) -> list[Task]:
    """The files that were in flight when the pool broke."""
    records = board.read()
    return [task for i, task in waiting.items() if records[i]["state"] == FileState.IN_FLIGHT]


@contextlib.contextmanager
def _watching(board: Board, stall_s: float) -> Iterator[dict[int, str]]:
    """Watch over the workers: end those that stall, and those that overhear a cancel."""
    stalled: dict[int, str] = {}
    is_over = threading.Event()
    watcher = threading.Thread(
        target=_watch, args=(board, stall_s, stalled, is_over), daemon=True, name="wkmp-watch"
    )
    watcher.start()
    try:
        yield stalled
    finally:
        is_over.set()
        watcher.join()


def _watch(
    board: Board, stall_s: float, stalled: dict[int, str], is_over: threading.Event
) -> None:
    cancelled_at: float | None = None
    while not is_over.wait(0.25):
        now = time.time()
        records = board.read()
        in_flight = (records["state"] == FileState.IN_FLIGHT).nonzero()[0]
        if board.control is Control.CANCEL:
            cancelled_at = cancelled_at or now
            if now - cancelled_at > CANCEL_GRACE_S:
                _end_workers({int(records[i]["pid"]) for i in in_flight})
            continue
        for i in in_flight:
            if now - records[i]["alive"] > stall_s and int(i) not in stalled:
                stalled[int(i)] = f"no progress for {stall_s:.0f} s: its worker was ended"
                _end_workers({int(records[i]["pid"])})


def _end_workers(pids: set[int]) -> None:
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
