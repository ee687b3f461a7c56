"""Many files at once: the only module that knows joblib, processes and backends.

A supervisor stands around joblib: a worker that dies or stalls costs one file, which is named;
what the others held is done again. Results come back out of order, as they are finished.
"""

import contextlib
import multiprocessing
import os
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Self, TypeVar

from joblib import Parallel, cpu_count, delayed, parallel_config
from joblib.externals.loky.process_executor import BrokenProcessPool

from wkmp_lab.errors import WkmpLabError
from wkmp_lab.io.machine import Machine, read_machine
from wkmp_lab.model.reasons import Cause
from wkmp_lab.pipeline.health import is_ended_from_outside
from wkmp_lab.progress.board import PHASES, Board, Control, FileState
from wkmp_lab.runner.clusters.dask import run_on_dask
from wkmp_lab.runner.clusters.ray import run_on_ray
from wkmp_lab.runner.decoder_child import DecoderChild, WorkerDiedError, keep_child
from wkmp_lab.runner.supervisor import OnChange, Watch
from wkmp_lab.runner.task_queue import TaskQueue
from wkmp_lab.runner.throttle import find_budget_mb, fit_jobs
from wkmp_lab.runner.worker import (
    Task,
    TaskOutcome,
    fail,
    leave_out_measure,
    measure_task,
    measure_warm,
    prepare_worker,
)
from wkmp_lab.settings import RunSettings, Settings

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

MAX_BARREN = 10
"""How often in a row workers may die without any file: what kills them is no file, and stays."""
MAX_ALONE = 2
"""How often a file may kill a worker that does nothing else: the first time may be bad luck."""
_CLUSTERS = {"dask": run_on_dask, "ray": run_on_ray}


def count_jobs(settings: RunSettings, machine: Machine) -> int:
    """Files in flight: as wanted, but never more than the memory holds workers."""
    return fit_jobs(_count_wanted(settings), find_budget_mb(settings.memory_mb, machine))


def _count_wanted(settings: RunSettings) -> int:
    return settings.n_jobs or min(max(cpu_count(), 2), 8)


class Runner:
    """Measures tasks with one backend, in as many workers as there is work for.

    Parameters
    ----------
    settings
        Of the import.
    n_tasks
        No more workers are made than that.
    look
        Tells the state of the machine.
    queue
        Holds what waits, for whoever wants to look at it or change its order.
    on_change
        Is told how many files may go on at once, and why: at the start where memory holds fewer
        workers than wanted, and when it changes during a run on ``loky`` workers, in DECODING
        or (None) at all; without a reason when the run has ended.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        n_tasks: int | None = None,
        queue: TaskQueue | None = None,
        look: Callable[[], Machine] = read_machine,
        on_change: OnChange = lambda _n_now, _reason, _phase: None,
    ) -> None:
        self._settings = settings.with_named_order()  # a function need not travel
        self._queue = queue or TaskQueue()
        self._backend = settings.running.backend
        self._look = look
        self._on_change = on_change
        self._budget_mb = find_budget_mb(settings.running.memory_mb, look())
        n_wanted = 1 if self._backend == "sequential" else _count_wanted(settings.running)
        n_wanted = min(n_wanted, n_tasks or n_wanted)
        self.n_jobs = fit_jobs(n_wanted, self._budget_mb)
        if self.n_jobs < n_wanted:
            on_change(self.n_jobs, f"{self._budget_mb:.0f} MB hold no more workers", None)
        if self._backend == "loky" and self.n_jobs > 1 and (fault := find_pool_fault()):
            self._do_without_pool(fault)
        self._starting: Iterator[Any] = iter(())

    def start(self) -> None:
        """Start the workers; returns when their processes exist, before they are ready."""
        if self._backend == "loky" and self.n_jobs == 1:
            self._find_child().start()
        elif self._backend == "loky":
            with contextlib.suppress(BrokenProcessPool, OSError):  # the first task will tell
                self._starting = self._parallel(delayed(os.getpid)() for _ in range(self.n_jobs))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        # joblib's generator, left over where an import ends before its first task, would be
        # collected in another thread: it then waits for its workers for ever.
        self._await_workers()

    def _await_workers(self) -> None:
        with contextlib.suppress(BrokenProcessPool, OSError):
            for _ in self._starting:
                pass

    def _do_without_pool(self, fault: str) -> None:
        """Go on with the one child, which needs nothing but pipes."""
        self.n_jobs = 1
        self._on_change(1, f"no pool of processes can be made: {fault}", None)

    def run(self, tasks: Sequence[Task], board: Board) -> Iterator[TaskOutcome]:
        """Outcomes in the order in which they are finished.

        Parameters
        ----------
        tasks
            In the order of their start.
        board
            Where the workers report; its control word ends or pauses the run. By the design
            ``files`` a file keeps its place until it is marked there as done.
        """
        queue = self._queue
        queue.fill(tasks, board)
        if self._backend in _CLUSTERS:
            run_there = _CLUSTERS[self._backend]
            yield from run_there(queue, settings=self._settings, board=board, n_jobs=self.n_jobs)
        elif self._backend == "loky":
            self._await_workers()
            yield from self._supervise(tasks, board)
        else:
            while queue.n_open and board.control is not Control.CANCEL:
                for outcome in self._measure(queue.take_all(), board):
                    if self._is_final(outcome, board):
                        yield outcome

    def _is_final(self, outcome: TaskOutcome, board: Board) -> bool:
        """False for a file that is given back, to let others go first."""
        index, _, result = outcome
        if result is None and board.control is not Control.CANCEL:
            self._queue.give_back(index)
            return False
        self._queue.finish(index)
        return True

    def _supervise(self, tasks: Sequence[Task], board: Board) -> Iterator[TaskOutcome]:
        queue = self._queue
        with Watch(
            board,
            tasks,
            settings=self._settings,
            n_jobs=self.n_jobs,
            budget_mb=self._budget_mb,
            look=self._look,
            on_change=self._on_change,
        ) as watch:
            n_barren = 0
            while queue.n_open and board.control is not Control.CANCEL:
                n_before = queue.n_open
                died = yield from self._run_pool(queue.take_all(), board, watch)
                if died is None:
                    continue
                begun = _take_back_in_flight(queue.handed_out, board)
                n_barren = n_barren + 1 if queue.n_open == n_before and not begun else 0
                if n_barren == MAX_BARREN:
                    raise WkmpLabError(f"no worker lives to begin a file: {died}")
                for task in begun:
                    yield from self._run_alone(task, board, watch)
                queue.give_back()

    def _run_pool(
        self, tasks: Iterator[Task], board: Board, watch: Watch
    ) -> Generator[TaskOutcome, None, str | None]:
        """Run tasks in the pool; returns how a worker died, None where all went well."""
        try:
            for outcome in self._measure(tasks, board):
                if self._is_final(outcome, board):
                    watch.note(outcome)
                    yield outcome
        except BrokenProcessPool as error:
            return describe_death(str(error))
        except OSError as error:  # of the pool: what files raise is a result
            if self.n_jobs == 1:
                raise
            self._do_without_pool(error.strerror or str(error))
            return "worker died"
        except WorkerDiedError as error:
            return str(error)
        return None

    def _run_alone(self, task: Task, board: Board, watch: Watch) -> Iterator[TaskOutcome]:
        """Try a file that a worker died with by itself: what dies so twice is to blame."""
        deaths: list[str] = []
        causes: set[Cause] = set()
        while task.index not in watch.stalled and len(deaths) < MAX_ALONE:
            died = yield from self._run_pool(iter([task]), board, watch)
            if died is None or board.control is Control.CANCEL:
                return
            is_begun = bool(_take_back_in_flight({task.index: task}, board))
            is_own = is_begun and not is_ended_from_outside(died)
            deaths.append(died)
            causes.add("file" if is_own else "machine")
        reason, cause = watch.stalled.get(task.index) or (
            deaths[-1],
            "machine" if "machine" in causes else "file",
        )
        record = board.read()[task.index]
        without = leave_out_measure(task, record, self._settings, reason=reason, cause=cause)
        if without is not None:
            watch.stalled.pop(task.index, None)
            yield from self._run_alone(without, board, watch)
            return
        phase = PHASES[int(record["phase"])]
        self._queue.finish(task.index)
        board.mark(task.index, FileState.MEASURED)
        result = fail(task, phase, reason, settings=self._settings, cause=cause)
        yield task.index, task.source.path, result

    def _measure(self, tasks: Iterator[Task], board: Board) -> Iterator[TaskOutcome]:
        """Outcomes of a pool of processes or threads; of a single job in the child, which joblib
        would do in this process, or there where the backend says so.
        """
        if self.n_jobs > 1:
            yield from self._parallel(self._jobs(tasks, board))
            return
        settings = self._tell_jobs()
        for task in tasks:
            if self._backend == "loky":
                yield self._find_child().call(partial(measure_warm, task, settings, board))
            else:
                yield measure_task(task, settings, board)

    def _tell_jobs(self) -> Settings:
        """The settings as workers have them, with how many there are by now."""
        return replace(self._settings, running=replace(self._settings.running, n_jobs=self.n_jobs))

    def _find_child(self) -> DecoderChild:
        return keep_child(memory_mb=self._settings.running.worker_memory_mb)

    def _jobs(self, tasks: Iterator[Task], board: Board) -> Iterator[Any]:
        measure, settings = delayed(measure_task), self._tell_jobs()
        for task in tasks:
            yield measure(task, settings, board)

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


def run_batches(
    work: Callable[[Sequence[Item]], Outcome], items: Sequence[Item], *, size: int, n_jobs: int
) -> Iterator[Outcome]:
    """What comes of each batch of work that opens no audio, as they are done.

    There is no board and no supervisor: nothing native is at work that a file could bring down, so
    whatever is raised there is raised here.

    Parameters
    ----------
    work
        A function of a module, or a partial of one: it travels to the workers.
    items
        What is to be worked on.
    size
        Items in a batch: so many that handing them over costs little beside them.
    n_jobs
        Batches at once; with one job, or for one batch, no worker is made.
    """
    batches = [items[start : start + size] for start in range(0, len(items), size)]
    if n_jobs == 1 or len(batches) <= 1:
        yield from map(work, batches)
        return
    jobs = (delayed(work)(batch) for batch in batches)
    # As above: it ends before the first outcome.
    with parallel_config(backend="loky", inner_max_num_threads=1):
        pool: Any = Parallel(n_jobs, return_as="generator_unordered", batch_size=1)
        outcomes: Iterator[Outcome] = iter(pool(jobs))
    yield from outcomes


def find_pool_fault() -> str:
    """Why no pool can be made here; empty where one can.

    Its processes share semaphores, which lie in /dev/shm: a container may have no room there.
    """
    methods = multiprocessing.get_all_start_methods()
    try:
        multiprocessing.get_context("fork" if "fork" in methods else "spawn").Lock()
    except (OSError, ImportError) as error:
        return getattr(error, "strerror", None) or str(error)
    return ""


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


def _take_back_in_flight(waiting: Mapping[int, Task], board: Board) -> list[Task]:
    """The files that were in flight when the pool broke; they wait again."""
    records = board.read()
    found = [task for i, task in waiting.items() if records[i]["state"] == FileState.IN_FLIGHT]
    for task in found:
        board.mark(task.index, FileState.WAITING)
    return found
