"""The tasks on a Ray cluster: at an address, of this process, or local for the run."""

import contextlib
import logging
import os
import shutil
import time
import warnings
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from wkmp_lab.errors import WkmpLabError
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
from wkmp_lab.runner.task_queue import TaskQueue
from wkmp_lab.runner.worker import Task, TaskOutcome, measure_far
from wkmp_lab.settings import Settings

OBJECT_STORE_BYTES = 100 << 20
"""Shared memory of a local cluster; results are small, Ray's default is a third of the machine."""
LOCAL_VARIABLES = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_task_oom_retries": str(N_RETRIES),
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}
"""What a local cluster is told: to report to nobody, not to try a file for ever that Ray itself
ends for want of memory (its default), and to listen on loopback alone, as Ray does by itself on
Windows and macOS but on Linux on every network."""


def run_on_ray(
    queue: TaskQueue, *, settings: Settings, board: Board, n_jobs: int
) -> Iterator[TaskOutcome]:
    """Outcomes in the order in which they are finished.

    Where the settings name no cluster, the one that Ray is initialized with is used; where it is
    not, a local one of ``n_jobs`` processors is made for the run, without a dashboard. After a
    cancel, what has begun is interrupted.

    Raises
    ------
    InvalidInputError
        The package ``ray`` is not installed.
    WkmpLabError
        The local cluster did not start, or nobody answers at the address.
    """
    ray = load_engine("ray", backend="ray")
    with connect(ray, settings.running.cluster, n_jobs):
        yield from run_far(RayEngine(ray, settings), queue, settings=settings, board=board)


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
    """An initialized Ray as :func:`runner_far.run_far` needs it; tickets are object references."""

    def __init__(self, ray: Any, settings: Settings) -> None:
        self._ray = ray
        # Once for all tasks: it is the same for each.
        self._settings = ray.put(settings)
        self._measure = ray.remote(max_retries=N_RETRIES)(measure_far)
        self.n_slots = max(int(ray.cluster_resources().get("CPU", 1.0)), 1)

    def submit(self, task: Task) -> Hashable:
        ticket: Hashable = self._measure.remote(task, self._settings)
        return ticket

    def wait(self, tickets: Sequence[Hashable]) -> Sequence[Hashable]:
        if not tickets:  # paused
            time.sleep(WAIT_S)
            return []
        ended, _ = self._ray.wait(list(tickets), num_returns=1, timeout=WAIT_S)
        found: Sequence[Hashable] = ended
        return found

    def read(self, ticket: Any) -> FileResult:
        faults = self._ray.exceptions
        try:
            measured: FileResult = self._ray.get(ticket)
        except faults.TaskCancelledError as error:
            raise TakenBackError(str(error)) from error
        except (faults.WorkerCrashedError, faults.OutOfMemoryError, faults.NodeDiedError) as error:
            raise WorkerDiedError(str(error)) from error
        return measured

    def take_back(self, tickets: Sequence[Hashable]) -> None:
        for ticket in tickets:
            self._ray.cancel(ticket, force=False)
