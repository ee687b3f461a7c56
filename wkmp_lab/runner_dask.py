"""The same tasks on a Dask cluster, through its own client.

joblib's Dask backend hangs when a worker dies; ``Client.submit`` with ``as_completed`` does not,
and the scheduler tries a task again elsewhere. The workers need the package and the music under
the same paths, and no other network. Progress is told per file, not per phase; a cancel takes
back what has not begun, and lets finish what has.
"""

import importlib
from collections.abc import Iterator, Sequence
from typing import Any

from wkmp_lab.board import Board, Control, FileState
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.model import FileResult, Phase
from wkmp_lab.settings import Settings
from wkmp_lab.worker import Outcome, Task, fail, measure_far, until_cancelled

QUEUED_PER_WORKER = 3
"""Tasks that wait at the scheduler for each thread of the cluster: enough to keep it busy."""
N_RETRIES = 2


def run_on_dask(
    tasks: Sequence[Task], *, settings: Settings, board: Board, n_jobs: int
) -> Iterator[Outcome]:
    """Outcomes in the order in which they are finished.

    The cluster of the process's current ``distributed.Client`` is used; where there is none, a
    local one of ``n_jobs`` processes is made for the run.

    Raises
    ------
    InvalidInputError
        The package ``distributed`` is not installed.
    """
    distributed = _import_distributed()
    try:
        client = distributed.get_client()
    except ValueError:
        with (
            distributed.LocalCluster(
                n_workers=n_jobs, threads_per_worker=1, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster) as own,
        ):
            yield from _run(own, distributed, tasks, settings, board)
    else:
        yield from _run(client, distributed, tasks, settings, board)


def _run(
    client: Any,
    distributed: Any,
    tasks: Sequence[Task],
    settings: Settings,
    board: Board,
) -> Iterator[Outcome]:
    waiting = until_cancelled(tasks, board)
    n_threads = max(sum(client.nthreads().values()), 1)
    held: dict[str, Task] = {}
    futures: dict[str, Any] = {}
    queue = distributed.as_completed()

    def submit_next() -> None:
        task = next(waiting, None)
        if task is None:
            return
        future = client.submit(measure_far, task, settings, pure=False, retries=N_RETRIES)
        held[future.key], futures[future.key] = task, future
        queue.add(future)

    for _ in range(QUEUED_PER_WORKER * n_threads):
        submit_next()
    for future in queue:
        task = held.pop(future.key)
        del futures[future.key]
        result = _read_result(future, task, settings)
        if result is not None:
            board.mark(task.index, FileState.MEASURED, n_passages=len(result.passages))
        yield task.index, task.source.path, result
        if board.control is Control.CANCEL:
            client.cancel(list(futures.values()))
        submit_next()


def _read_result(future: Any, task: Task, settings: Settings) -> FileResult | None:
    """The result; the death of a worker is the file's failure, a cancel is no result."""
    if future.status == "cancelled":
        return None
    error = future.exception()
    if error is None:
        measured: FileResult = future.result()
        return measured
    kind = type(error).__name__
    reason = "worker died" if kind == "KilledWorker" else f"unexpected {kind}: {error}"
    return fail(task, Phase.EXTRACTING, reason, settings=settings)


def _import_distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError as error:
        raise InvalidInputError(
            "backend 'dask' needs the package distributed: pip install 'wkmp-lab[scale]'"
        ) from error
