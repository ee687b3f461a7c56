"""The tasks on a Dask cluster: the one of the current client, else a local one for the run."""

import contextlib
import queue
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from wkmp_lab.model import FileResult
from wkmp_lab.progress.board import Board
from wkmp_lab.runner.decoder_child import WorkerDiedError
from wkmp_lab.runner.remote import (
    N_RETRIES,
    WAIT_S,
    TakenBackError,
    load_engine,
    run_far,
)
from wkmp_lab.runner.worker import Task, TaskOutcome, measure_far
from wkmp_lab.settings import Settings


def run_on_dask(
    tasks: Sequence[Task], *, settings: Settings, board: Board, n_jobs: int
) -> Iterator[TaskOutcome]:
    """Outcomes in the order in which they are finished.

    The cluster of the process's current ``distributed.Client`` is used; where there is none, a
    local one of ``n_jobs`` processes is made for the run. After a cancel, what has begun is
    finished.

    Raises
    ------
    InvalidInputError
        The package ``distributed`` is not installed.
    """
    distributed = load_engine("distributed", backend="dask")
    with _connect(distributed, n_jobs) as client:
        yield from run_far(DaskEngine(client, settings), tasks, settings=settings, board=board)


@contextlib.contextmanager
def _connect(distributed: Any, n_jobs: int) -> Iterator[Any]:
    try:
        client = distributed.get_client()
    except ValueError:
        with (
            distributed.LocalCluster(
                n_workers=n_jobs, threads_per_worker=1, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster) as own,
        ):
            yield own
    else:
        yield client


class DaskEngine:
    """A ``distributed.Client`` as :func:`runner_far.run_far` needs it; tickets are its futures."""

    def __init__(self, client: Any, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.n_slots = max(sum(client.nthreads().values()), 1)

    def submit(self, task: Task) -> Hashable:
        future = self._client.submit(
            measure_far, task, self._settings, pure=False, retries=N_RETRIES
        )
        future.add_done_callback(self._ended.put)
        ticket: Hashable = future
        return ticket

    def wait(self, tickets: Sequence[Hashable]) -> Sequence[Hashable]:  # noqa: ARG002 (any)
        try:
            return [self._ended.get(timeout=WAIT_S)]
        except queue.Empty:
            return []

    def read(self, ticket: Any) -> FileResult:
        if ticket.status == "cancelled":
            raise TakenBackError("cancelled")
        error = ticket.exception()
        if type(error).__name__ == "KilledWorker":
            raise WorkerDiedError(str(error))
        measured: FileResult = ticket.result()
        return measured

    def take_back(self, tickets: Sequence[Hashable]) -> None:
        self._client.cancel(list(tickets))
