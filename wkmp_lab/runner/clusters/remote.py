"""The same tasks on a cluster of other processes or hosts, through the cluster's own client.

joblib's Dask backend hangs when a worker dies, and its Ray backend gives no results as they come;
what the engines offer themselves does both. The workers need the package and the music under the
same paths, and no other network. They tell their phases as they go. A pause hands out no more
files; a cancel takes back what has not begun, and workers leave what they have.
"""

import importlib
from collections.abc import Hashable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol

from wkmp_lab.errors import InvalidInputError, WkmpLabError
from wkmp_lab.model import FileResult, Phase
from wkmp_lab.model.reasons import Cause
from wkmp_lab.pipeline.health import find_cause
from wkmp_lab.progress.board import Board, Control, FileProgress, FileState
from wkmp_lab.runner.decoder_child import WorkerDiedError
from wkmp_lab.runner.task_queue import TaskQueue
from wkmp_lab.runner.worker import Task, TaskOutcome, fail, leave_out_measures
from wkmp_lab.settings import Settings

QUEUED_PER_WORKER = 3
"""Tasks that wait at the cluster for each of its slots: enough to keep it busy."""
N_RETRIES = 2
"""How often the cluster tries a file again whose worker died."""
WORKER_DIED = "worker died"
CONNECT_S = 5.0
"""How long the address of a cluster is tried."""
WAIT_S = 0.25
"""How long a cancel or a pause may go unseen."""


class TakenBackError(WkmpLabError):
    """A task was cancelled before its end."""


class Engine(Protocol):
    """What a cluster's client must do for :func:`run_far`; a ticket stands for a task there."""

    n_slots: int
    """Tasks that the cluster works on at once."""
    n_retries: int
    """How often it is to be handed a task again whose worker died: ``N_RETRIES``, or 0 where it
    sees to that itself."""

    def submit(self, task: Task) -> Hashable:
        """Hand a task to the cluster."""

    def wait(self, tickets: Sequence[Hashable]) -> Sequence[Hashable]:
        """Tickets of tasks that have ended; after ``WAIT_S`` without any, an empty sequence. What
        workers have told meanwhile is written to the board.
        """

    def read(self, ticket: Hashable) -> FileResult:
        """What came of a task; TakenBackError, WorkerDiedError or what went wrong is raised."""

    def take_back(self, tickets: Sequence[Hashable]) -> None:
        """Cancel tasks; each ends soon all the same."""


def run_far(
    engine: Engine, queue: TaskQueue, *, settings: Settings, board: Board
) -> Iterator[TaskOutcome]:
    """Outcomes in the order in which they are finished."""
    held: dict[Hashable, tuple[Task, int]] = {}  # with how often it may be tried again
    is_cancelled = False
    while True:
        if board.control is Control.RUN:
            for task in islice(queue.take_all(), _find_room(engine, len(held), settings, board)):
                if settings.running.design == "files":
                    FileProgress(board, task.index).begin()
                held[engine.submit(task)] = task, engine.n_retries
        is_over = not queue.n_waiting or board.control is Control.CANCEL
        if not held and is_over and board.control is not Control.PAUSE:
            return
        for ticket in engine.wait(list(held)):
            task, n_left = held.pop(ticket)
            result = _read(engine, ticket, task, settings, board)
            if (again := _try_again(engine, task, n_left, result, settings)) is not None:
                held[engine.submit(again[0])] = again
                continue
            queue.finish(task.index)
            if result is not None:
                _show_measured(board, task.index, result)
            yield task.index, task.source.path, result
        if board.control is Control.CANCEL and not is_cancelled:
            is_cancelled = True
            engine.take_back(list(held))


def _show_measured(board: Board, index: int, result: FileResult) -> None:
    for span in result.spans:  # news of the last ones may come too late
        board.leave(index, span.phase)
    board.mark(index, FileState.MEASURED, n_passages=len(result.passages))


def _find_room(engine: Engine, n_held: int, settings: Settings, board: Board) -> int:
    """How many more files the cluster may be handed."""
    if settings.running.design == "files":
        return max(engine.n_slots - board.count_places(), 0)
    return (1 + QUEUED_PER_WORKER) * engine.n_slots - n_held


def _read(
    engine: Engine, ticket: Hashable, task: Task, settings: Settings, board: Board
) -> FileResult | None:
    """The result; the death of its workers is a file's failure, a cancel of ours is no result."""
    cause: Cause = "file"
    try:
        return engine.read(ticket)
    except TakenBackError:
        if board.control is Control.CANCEL:
            return None
        reason, cause = "the cluster gave it up", "machine"
    except WorkerDiedError:
        reason = WORKER_DIED
    except Exception as error:  # noqa: BLE001 (the boundary: one file must never end the run)
        reason, cause = f"unexpected {type(error).__name__}: {error}", find_cause(error)
    return fail(task, Phase.EXTRACTING, reason, settings=settings, cause=cause)


def _try_again(
    engine: Engine, task: Task, n_left: int, result: FileResult | None, settings: Settings
) -> tuple[Task, int] | None:
    """What a file that its worker died with is handed out as, and how often still: at last
    without one's own measures; None where it is not.
    """
    failure = result.failure if result is not None else None
    if failure is None or failure.reason != WORKER_DIED:
        return None
    if n_left:
        return task, n_left - 1
    reason = f"{WORKER_DIED}, of this measure or another"
    without = leave_out_measures(task, settings, reason=reason)
    return None if without is None else (without, engine.n_retries)


def read_limits(settings: Settings) -> dict[str, int]:
    """How many files may be at once in each phase that workers go through and that has a limit."""
    limits = {phase: settings.running.find_limit(phase) for phase in Phase}
    return {
        phase.value: n
        for phase, n in limits.items()
        if n is not None and phase is not Phase.IDENTIFYING
    }


def load_engine(package: str, *, backend: str) -> Any:
    """The module of an engine.

    Raises
    ------
    InvalidInputError
        It is not installed.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise InvalidInputError(
            f"backend {backend!r} needs the package {package}: pip install 'wkmp-lab[scale]'"
        ) from error
