"""The tasks on a Dask cluster: at an address, of a client, or local for the run."""

import contextlib
import uuid
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

import msgspec

from wkmp_lab.backends import LOCAL_CLUSTER
from wkmp_lab.errors import WkmpLabError
from wkmp_lab.model import FileResult
from wkmp_lab.progress.board import Board
from wkmp_lab.progress.far import FarNews
from wkmp_lab.runner.clusters.remote import (
    CONNECT_S,
    N_RETRIES,
    WAIT_S,
    TakenBackError,
    load_engine,
    read_limits,
    run_far,
)
from wkmp_lab.runner.decoder_child import WorkerDiedError
from wkmp_lab.runner.task_queue import TaskQueue
from wkmp_lab.runner.worker import Task, TaskOutcome, measure_far
from wkmp_lab.settings import Settings


def run_on_dask(
    queue: TaskQueue, *, settings: Settings, board: Board, n_jobs: int
) -> Iterator[TaskOutcome]:
    """Outcomes in the order in which they are finished.

    Where the settings name no cluster, that of the process's current ``distributed.Client`` is
    used; where there is none either, or ``auto`` is asked for, a local one of ``n_jobs`` processes
    is made for the run, which listens on loopback alone. After a cancel, workers leave what they
    have begun when they next report how far they are.

    Raises
    ------
    InvalidInputError
        The package ``distributed`` is not installed.
    WkmpLabError
        Nobody answers at the address.
    """
    distributed = load_engine("distributed", backend="dask")
    with _connect(distributed, settings.running.cluster, n_jobs) as client:
        places = _open_gates(distributed, settings)
        engine = DaskEngine(client, settings, places, board)
        try:
            yield from run_far(engine, queue, settings=settings, board=board)
        finally:
            engine.close()
            for semaphore in places.values():
                semaphore.close()


def _open_gates(distributed: Any, settings: Settings) -> dict[str, Any]:
    """A semaphore by phase that is limited, of this run alone; its leases end with their worker,
    ``distributed.scheduler.locks.lease-timeout`` (30 s) later.
    """
    run = uuid.uuid4().hex
    return {
        phase: distributed.Semaphore(n, name=f"wkmp-lab-{run}-{phase}")
        for phase, n in read_limits(settings).items()
    }


@contextlib.contextmanager
def _connect(distributed: Any, cluster: str | None, n_jobs: int) -> Iterator[Any]:
    if cluster not in (None, LOCAL_CLUSTER):
        with _reach(distributed, cluster) as client:
            yield client
        return
    current = _find_current(distributed) if cluster is None else None
    if current is not None:
        yield current
        return
    with (
        distributed.LocalCluster(
            n_workers=n_jobs,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
        ) as made,
        distributed.Client(made) as client,
    ):
        yield client


def _find_current(distributed: Any) -> Any:
    try:
        return distributed.get_client()
    except ValueError:
        return None


def _reach(distributed: Any, address: str) -> Any:
    """A client of the scheduler at an address."""
    try:
        client = distributed.Client(address, timeout=CONNECT_S)
    except Exception as error:  # of the network, of certificates, of versions
        raise WkmpLabError(
            f"no Dask scheduler answers at {address!r}: {type(error).__name__}: {error}"
        ) from error
    if not client.nthreads():
        client.close()
        raise WkmpLabError(
            f"the Dask scheduler at {address!r} has no workers: start some with "
            f"'dask worker {address}'"
        )
    return client


@dataclass(frozen=True, slots=True)
class DaskChannel:
    """News of a worker as events of the scheduler, under a topic of the run."""

    topic: str

    def tell(self, news: FarNews) -> None:
        distributed = load_engine("distributed", backend="dask")
        distributed.get_worker().log_event(self.topic, msgspec.to_builtins(news))

    def is_cancelled(self) -> bool:
        worker = load_engine("distributed", backend="dask").get_worker()
        state = worker.state.tasks.get(worker.get_current_task())
        return state is None or state.state == "cancelled"


class DaskEngine:
    """A ``distributed.Client`` as :func:`remote.run_far` needs it; tickets are its futures."""

    n_retries = 0  # Dask tries a task again by itself, elsewhere

    def __init__(
        self, client: Any, settings: Settings, places: Mapping[str, Any], board: Board
    ) -> None:
        self._client = client
        self._places = places
        self._board = board
        self._channel = DaskChannel(f"wkmp-lab-{uuid.uuid4().hex}")
        self._settings = settings
        self._ended: SimpleQueue[Any] = SimpleQueue()
        self.n_slots = max(sum(client.nthreads().values()), 1)
        client.subscribe_topic(self._channel.topic, self._hear)

    def close(self) -> None:
        """Listen to the run's news no more."""
        self._client.unsubscribe_topic(self._channel.topic)

    def _hear(self, event: Any) -> None:
        # By the way of what has ended, so that one thread alone writes records.
        self._ended.put(msgspec.convert(event[1], FarNews))

    def submit(self, task: Task) -> Hashable:
        future = self._client.submit(
            measure_far,
            task,
            self._settings,
            self._places,
            self._channel,
            pure=False,
            retries=N_RETRIES,
        )
        future.add_done_callback(self._ended.put)
        ticket: Hashable = future
        return ticket

    def wait(self, tickets: Sequence[Hashable]) -> Sequence[Hashable]:  # noqa: ARG002 (any)
        try:
            came = self._ended.get(timeout=WAIT_S)
        except Empty:
            return []
        if not isinstance(came, FarNews):
            return [came]
        self._board.note(**msgspec.structs.asdict(came))
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
