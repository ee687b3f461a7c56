"""The same tasks on a cluster of other processes or hosts, through the cluster's own client.

joblib's Dask backend hangs when a worker dies, and its Ray backend gives no results as they come;
what the engines offer themselves does both, and tries a task again elsewhere. The workers need
the package and the music under the same paths, and no other network. On Dask workers tell their
phases, on Ray progress comes per file. A pause hands out no more files; a cancel takes back what
has not begun.
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

    def submit(self, task: Task) -> Hashable:
        """Hand a task to the cluster, to be measured with ``N_RETRIES`` retries."""

    def wait(self, tickets: Sequence[Hashable]) -> Sequence[Hashable]:
        """Tickets of tasks that have ended; after ``WAIT_S`` without any, an empty sequence."""

    def read(self, ticket: Hashable) -> FileResult:
        """What came of a task; TakenBackError, WorkerDiedError or what went wrong is raised."""

    def take_back(self, tickets: Sequence[Hashable]) -> None:
        """Cancel tasks; each ends soon all the same."""


def run_far(
    engine: Engine, queue: TaskQueue, *, settings: Settings, board: Board
) -> Iterator[TaskOutcome]:
    """Outcomes in the order in which they are finished."""
    held: dict[Hashable, Task] = {}
    is_cancelled = False
    while True:
        if board.control is Control.RUN:
            for task in islice(queue.take_all(), _find_room(engine, len(held), settings, board)):
                if settings.running.design == "files":
                    FileProgress(board, task.index).begin()
                held[engine.submit(task)] = task
        is_over = not queue.n_waiting or board.control is Control.CANCEL
        if not held and is_over and board.control is not Control.PAUSE:
            return
        for ticket in engine.wait(list(held)):
            task = held.pop(ticket)
            result = _read(engine, ticket, task, settings, board)
            if (without := _leave_out(task, result, settings)) is not None:
                held[engine.submit(without)] = without
                continue
            queue.finish(task.index)
            if result is not None:
                board.mark(task.index, FileState.MEASURED, n_passages=len(result.passages))
            yield task.index, task.source.path, result
        if board.control is Control.CANCEL and not is_cancelled:
            is_cancelled = True
            engine.take_back(list(held))


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


def _leave_out(task: Task, result: FileResult | None, settings: Settings) -> Task | None:
    """A file that its workers died with, to be tried without one's own measures first."""
    failure = result.failure if result is not None else None
    if failure is None or failure.reason != WORKER_DIED:
        return None
    return leave_out_measures(task, settings, reason=f"{WORKER_DIED}, of this measure or another")


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
