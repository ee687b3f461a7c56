"""The tasks on a Ray cluster: at an address, of this process, or local for the run."""

import contextlib
import itertools
import logging
import os
import shutil
import warnings
from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import msgspec

from wkmp_lab.errors import CancelledError, WkmpLabError
from wkmp_lab.model import FileResult
from wkmp_lab.progress.board import Board, FileState
from wkmp_lab.progress.far import FarNews
from wkmp_lab.runner.clusters.hub import Hub
from wkmp_lab.runner.clusters.remote import (
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

OBJECT_STORE_BYTES = 100 << 20
"""Shared memory of a local cluster; results are small, Ray's default is a third of the machine."""
LOCAL_VARIABLES = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_worker_register_timeout_seconds": "600",
}
"""What a local cluster is told: to report to nobody; to listen on loopback alone, as Ray does by
itself on Windows and macOS but on Linux on every network; to leave graphics cards alone, of which
it warns else; and to wait for its first workers, which take more than its minute on a machine that
is busy: without them ``ray.init`` never ends."""


def run_on_ray(
    queue: TaskQueue, *, settings: Settings, board: Board, n_jobs: int
) -> Iterator[TaskOutcome]:
    """Outcomes in the order in which they are finished.

    Where the settings name no cluster, the one that Ray is initialized with is used; where it is
    not, a local one of ``n_jobs`` processors is made for the run, without a dashboard. After a
    cancel, workers leave what they have begun when they next report how far they are.

    Raises
    ------
    InvalidInputError
        The package ``ray`` is not installed.
    WkmpLabError
        The local cluster did not start, or nobody answers at the address.
    """
    ray = load_engine("ray", backend="ray")
    with connect(ray, settings.running.cluster, n_jobs):
        engine = RayEngine(ray, settings, board)
        try:
            yield from run_far(engine, queue, settings=settings, board=board)
        finally:
            engine.close()


@contextlib.contextmanager
def connect(ray: Any, cluster: str | None, n_jobs: int) -> Iterator[None]:
    if cluster is not None:
        _reach(ray, cluster)
        try:
            yield
        finally:
            ray.util.disconnect()
        return
    if ray.is_initialized():
        yield
        return
    folder = ""
    try:
        with _telling(LOCAL_VARIABLES), _staying_on_loopback(ray):
            folder = _start(ray, n_jobs)
        yield
    finally:
        ray.shutdown()
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


def _reach(ray: Any, address: str) -> None:
    """Connect to the cluster at an address, which is tried for five seconds."""
    if ray.is_initialized():
        raise WkmpLabError(
            f"Ray is connected in this process already, not to {address!r}: leave the address out "
            "to use that cluster, or call ray.shutdown() before"
        )
    try:
        with warnings.catch_warnings():  # of what the error says too
            warnings.simplefilter("ignore")
            # ray.init tries three times, each time longer: half a minute.
            ray.util.connect(address.removeprefix("ray://"), connection_retries=1)
    except Exception as error:  # of the network, of versions
        raise WkmpLabError(
            f"no Ray answers at {address!r}: {type(error).__name__}: {error}"
        ) from error


def _start(ray: Any, n_jobs: int) -> str:
    """Start a local cluster; returns the folder of its logs and sockets."""
    try:
        context = ray.init(
            address="local",
            num_cpus=n_jobs,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            object_store_memory=OBJECT_STORE_BYTES,
        )
    except Exception as error:
        raise WkmpLabError(
            f"Ray's local cluster did not start: {error} Start one with 'ray start --head', and "
            "call ray.init() before the import"
        ) from error
    return str(context.address_info["session_dir"])


@contextlib.contextmanager
def _staying_on_loopback(ray: Any) -> Iterator[None]:
    """Let this process, too, which may have read Ray's variables already, listen on loopback."""
    constants = ray._private.ray_constants
    before = constants.ENABLE_RAY_CLUSTER
    constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        constants.ENABLE_RAY_CLUSTER = before


@contextlib.contextmanager
def _telling(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables for processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class RayEngine:
    """An initialized Ray as :func:`remote.run_far` needs it; tickets are object references.

    Ray itself tries no task again: the places of a worker that died are to come back at once, and
    a file that takes all memory is not to be tried for ever (Ray's default).
    """

    n_retries = N_RETRIES

    def __init__(self, ray: Any, settings: Settings, board: Board) -> None:
        self._ray = ray
        self._board = board
        # Once for all tasks: it is the same for each.
        self._settings = ray.put(settings)
        self._measure = ray.remote(max_retries=0)(measure_far)
        self._limits = read_limits(settings)
        # On the host of this process, or of its client's server: without that nothing goes on.
        strategies = load_engine("ray.util.scheduling_strategies", backend="ray")
        node_id = ray.get_runtime_context().get_node_id()
        beside = strategies.NodeAffinitySchedulingStrategy(node_id, soft=True)
        make_hub = ray.remote(num_cpus=0, scheduling_strategy=beside)(Hub)
        self._hub = make_hub.remote(self._limits)
        self._news = self._hub.hear.remote(WAIT_S)
        self._held: dict[Any, tuple[int, int]] = {}  # the file's index, the holder of its places
        self._holders = itertools.count()
        self._is_over = False
        self.n_slots = max(int(ray.cluster_resources().get("CPU", 1.0)), 1)

    def close(self) -> None:
        """Let workers that are at work still know that nobody waits for them."""
        self._is_over = True
        self._ray.kill(self._hub)

    def submit(self, task: Task) -> Hashable:
        holder = next(self._holders)
        leases = {phase: RayLease(self._hub, phase, holder) for phase in self._limits}
        ticket = self._measure.remote(task, self._settings, leases, RayChannel(self._hub))
        self._held[ticket] = task.index, holder
        taken: Hashable = ticket
        return taken

    def wait(self, tickets: Sequence[Hashable]) -> Sequence[Hashable]:
        if self._is_over:
            return list(tickets)
        # The news come first, since of several that are there only one is told of.
        ended, _ = self._ray.wait([self._news, *tickets], num_returns=1, timeout=WAIT_S)
        if self._news in ended:
            self._hear()
            return []
        found: Sequence[Hashable] = ended
        return found

    def _hear(self) -> None:
        try:
            news: list[FarNews] = self._ray.get(self._news)
        except self._ray.exceptions.RayError as error:
            raise WkmpLabError(f"workers on Ray cannot be heard of: {error}") from error
        for each in news:
            self._board.note(**msgspec.structs.asdict(each))
        self._news = self._hub.hear.remote(WAIT_S)

    def read(self, ticket: Any) -> FileResult:
        faults = self._ray.exceptions
        _, holder = self._held.pop(ticket)
        if self._is_over and not self._ray.wait([ticket], timeout=0)[0]:
            raise TakenBackError("cancelled")
        try:
            measured: FileResult = self._ray.get(ticket)
        except (faults.TaskCancelledError, CancelledError) as error:
            raise TakenBackError(str(error)) from error
        except (
            faults.WorkerCrashedError,
            faults.OutOfMemoryError,
            faults.NodeDiedError,
            faults.ObjectLostError,
        ) as error:
            self._hub.bury.remote(holder)
            raise WorkerDiedError(str(error)) from error
        return measured

    def take_back(self, tickets: Sequence[Hashable]) -> None:
        states = self._board.read()["state"]
        for ticket in tickets:
            if states[self._held[ticket][0]] == FileState.WAITING:
                self._ray.cancel(ticket, force=False)
        self.close()


@dataclass(frozen=True, slots=True)
class RayLease:
    """A place in a phase that the hub hands out; ends with its holder's worker."""

    hub: Any
    phase: str
    holder: int

    def acquire(self, *, timeout: float) -> bool:
        ray = load_engine("ray", backend="ray")
        asked = self.hub.take.remote(self.phase, self.holder, timeout)
        try:
            # Who waits by ray.get or ray.wait lends its processor to another task meanwhile.
            is_taken: bool = asked.future().result()
        except ray.exceptions.RayActorError as error:
            raise CancelledError("the import was cancelled") from error
        return is_taken

    def release(self) -> None:
        self.hub.give_back.remote(self.phase, self.holder)


@dataclass(slots=True)
class RayChannel:
    """News of a worker as calls of the hub, none of which is waited for."""

    hub: Any
    _told: Future[None] | None = None
    """What comes of the latest: an error where the hub is gone."""
    _is_cancelled: bool = False

    def tell(self, news: FarNews) -> None:
        if self._told is not None and self._told.done():
            self._is_cancelled |= self._told.exception() is not None
        self._told = self.hub.tell.remote(news).future()

    def is_cancelled(self) -> bool:
        return self._is_cancelled
