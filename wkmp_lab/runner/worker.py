"""What runs inside a worker process: measuring one file, and getting ready for it."""

import contextlib
import functools
import hashlib
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wkmp_lab.dsp.compiling import load_numba, name_user, read_cache_folder
from wkmp_lab.errors import CancelledError
from wkmp_lab.io.locks import hold_lock
from wkmp_lab.model import Failure, FileResult, Phase, SourceFile
from wkmp_lab.model.reasons import Cause
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.pipeline.health import describe_error, find_cause
from wkmp_lab.pipeline.known import ProfileKeeper, Recall
from wkmp_lab.pipeline.own.measures_kept import LeftOut
from wkmp_lab.progress.board import PHASES, Board, FileProgress
from wkmp_lab.progress.far import Channel, FarProgress
from wkmp_lab.runner.gates import Lease, LeasedGates, LocalGates, begin_in_turn
from wkmp_lab.runner.serving import settle_process
from wkmp_lab.settings import SegmentHints, Settings

KERNEL_ROOMS = ("analyzing", "dsp", "fingerprinting", "flavoring")
"""Folders of the package that hold compiled kernels."""
COMPILE_LIMIT_S = 120.0
"""How long a worker waits for another one to compile."""


@dataclass(frozen=True, slots=True)
class Task:
    """One file to be measured."""

    index: int
    """Its record on the board."""
    source: SourceFile
    hints: SegmentHints = field(default_factory=SegmentHints)
    sha256: str | None = None
    earlier: FileResult | None = None
    """What of an earlier result holds, if the audio is the same."""
    recall: Recall | None = None
    """Asked for other results of the same audio."""
    profiles: ProfileKeeper | None = None
    """Keeps the level profiles of what is decoded."""
    left_out: LeftOut = ()
    """Measures of one's own that are not run on it, since its worker died of them."""


TaskOutcome = tuple[int, str, FileResult | None]
"""``(index, path, result)``; the result is None where the run was cancelled before it, or
the file is to wait for others."""


def measure_task(task: Task, settings: Settings, board: Board) -> TaskOutcome:
    """Measure one file in a process of this machine; every failure is a result."""
    from wkmp_lab.pipeline import measure  # loads decoders: the process that gives work needs none

    progress = FileProgress(board, task.index)
    path = task.source.path
    running = settings.running
    try:
        n_places = running.n_jobs if running.design == "files" else None
        if not begin_in_turn(progress, board, task.index, n_places=n_places):
            return task.index, path, None
        result = measure.measure_file(
            task.source,
            settings=settings,
            hints=task.hints,
            sha256=task.sha256,
            earlier=task.earlier,
            recall=task.recall,
            profiles=task.profiles,
            left_out=task.left_out,
            progress=progress,
            gates=LocalGates(progress, board=board, settings=settings.running),
        )
    except CancelledError:
        return task.index, path, None
    except Exception as error:  # noqa: BLE001 (the boundary: one file must never end the run)
        phase = PHASES[int(board.read()[task.index]["phase"])]
        reason = f"unexpected {describe_error(error)}"
        result = fail(task, phase, reason, settings=settings, cause=find_cause(error))
    progress.end(len(result.passages))
    return task.index, path, result


def measure_warm(task: Task, settings: Settings, board: Board) -> TaskOutcome:
    """:func:`measure_task` in a process that :func:`prepare_worker` never ran in."""
    _warm_up_once()
    return measure_task(task, settings, board)


def measure_far(
    task: Task, settings: Settings, leases: Mapping[str, Lease], channel: Channel
) -> FileResult:
    """Measure one file on any machine that sees its path, with a channel in the place of a board,
    and leases by the names of phases that are limited in the place of locks.

    Raises
    ------
    CancelledError
        Nobody waits for the file any more.
    """
    from wkmp_lab.pipeline import measure  # as above

    progress = FarProgress(channel, task.index)
    try:
        _warm_up_once()
        return measure.measure_file(
            task.source,
            settings=settings,
            hints=task.hints,
            sha256=task.sha256,
            earlier=task.earlier,
            recall=task.recall,
            left_out=task.left_out,
            progress=progress,
            gates=LeasedGates(leases, progress),
        )
    except CancelledError:
        raise  # no result: a cluster that wants the file after all tries it again
    except Exception as error:  # noqa: BLE001 (the boundary, as above)
        reason = f"unexpected {describe_error(error)}"
        cause = find_cause(error)
        return fail(task, Phase.EXTRACTING, reason, settings=settings, cause=cause)


def fail(
    task: Task, phase: Phase, reason: str, *, settings: Settings, cause: Cause = "file"
) -> FileResult:
    """The row of a file whose worker could not give one."""
    keys = cache_keys.add_hints(
        cache_keys.compute_keys(settings), task.hints, path=task.source.path
    )
    failure = Failure(phase, reason, cause)
    result = FileResult(
        task.source,
        "failed",
        sha256=task.sha256,
        failure=failure,
        track_lengths_s=task.hints.durations_s,
    )
    return cache_keys.stamp(result, keys)


def leave_out_measure(
    task: Task, record: Any, settings: Settings, *, reason: str, cause: Cause = "file"
) -> Task | None:
    """The task without the measure that was at work; None where none was.

    Parameters
    ----------
    task
        Of a file whose worker died.
    record
        What the board tells of the file.
    reason, cause
        How it died: the error of the measure's cells.
    """
    is_measuring = PHASES[int(record["phase"])] is Phase.MEASURING
    if not is_measuring or not record["measure"]:
        return None
    name = settings.measures[int(record["measure"]) - 1].name
    return replace(task, left_out=(*task.left_out, (name, reason, cause)))


def leave_out_measures(task: Task, settings: Settings, *, reason: str) -> Task | None:
    """The task without any measure, where nobody can tell which one was at work; None where it
    had none any more.
    """
    if not settings.measures or task.left_out:
        return None
    left_out: LeftOut = tuple((each.name, reason, "file") for each in settings.measures)
    return replace(task, left_out=left_out)


def prepare_worker(parent_pid: int, memory_mb: int) -> None:
    """Make this process a worker: bounded and warm, it ignores Ctrl-C and ends with its parent."""
    settle_process(parent_pid, memory_mb)
    warm_up()


def warm_up() -> None:
    """Load and compile every kernel, so that the first file pays for none.

    Where nothing is compiled yet, one process compiles while the others wait: concurrent first
    compilation can crash, and would cost every core the same work.
    """
    stamp = _find_stamp()
    if stamp.exists():
        _call_kernels()
        return
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # no locks on this disk: each compiles for itself
            stack.enter_context(hold_lock(stamp.with_suffix(".lock"), timeout_s=COMPILE_LIMIT_S))
        _call_kernels()
        stamp.touch()


_warm_up_once = functools.cache(warm_up)
"""For processes in which :func:`prepare_worker` never ran."""


def _call_kernels() -> None:
    from wkmp_lab.analyzing import amplitude
    from wkmp_lab.dsp import levels
    from wkmp_lab.fingerprinting import fingerprint
    from wkmp_lab.flavoring import descriptors

    levels.warm_up()
    fingerprint.warm_up()
    amplitude.warm_up()
    descriptors.warm_up()


def _find_stamp() -> Path:
    """The file that says that these very kernels are compiled: beside numba's cache of them."""
    package = Path(__file__).parents[1]
    sources = sorted(path for room in KERNEL_ROOMS for path in (package / room).glob("*.py"))
    state = [(path.name, path.stat().st_mtime_ns) for path in sources]
    name = hashlib.sha256(
        repr((state, sys.version, load_numba().__version__)).encode()
    ).hexdigest()[:16]
    cache = read_cache_folder() or package / "dsp" / "__pycache__"
    folder = cache if os.access(cache, os.W_OK) else Path(tempfile.gettempdir())
    return folder / f"wkmp-lab-kernels-{name_user()}-{name}"
