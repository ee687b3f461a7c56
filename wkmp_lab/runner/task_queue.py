"""What waits to be measured, in the order of its start; who waits can be moved to the front."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.progress.board import Board, Control, FileState
from wkmp_lab.runner.worker import Task
from wkmp_lab.settings import Order


class TaskQueue:
    """The tasks of one run that are not done: those that wait, and those that were handed out.

    The runner's threads take tasks and give them back; any thread may move files to the front.
    All under one lock. Workers are handed more than they work on, so that none waits for the next:
    where something is moved before these, they are told by the board to give them back.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._board: Board | None = None
        self._waiting: list[Task] = []
        """The next one last."""
        self._out: dict[int, Task] = {}
        self._keys: dict[int, tuple[int, int, int]] = {}
        """By index: how often something was moved before it, and where it stands."""
        self._wishes: list[tuple[str, ...]] = []

    def fill(self, tasks: Sequence[Task], board: Board) -> None:
        """Take tasks in, in the order of their start, in the place of all that were here; files
        that were to go first still do.
        """
        with self._mutex:
            self._board = board
            self._out = {}
            self._keys = {task.index: (0, 0, position) for position, task in enumerate(tasks)}
            self._waiting = list(tasks)
            for generation, paths in enumerate(self._wishes, 1):
                self._move(tasks, paths, generation)
            self._sort()

    def take(self) -> Task | None:
        """Hand out the next task; None where none waits, or the import was cancelled."""
        with self._mutex:
            is_over = self._board is None or self._board.control is Control.CANCEL
            if is_over or not self._waiting:
                return None
            task = self._waiting.pop()
            self._out[task.index] = task
            return task

    def take_all(self) -> Iterator[Task]:
        """Hand out one task after the other, each when it is asked for."""
        while (task := self.take()) is not None:
            yield task

    def finish(self, index: int) -> None:
        """A task that was handed out is done."""
        with self._mutex:
            self._out.pop(index, None)

    def give_back(self, *indices: int) -> None:
        """Tasks that were handed out wait again, where they stood; of none of them: all do."""
        with self._mutex:
            for index in indices or tuple(self._out):
                self._waiting.append(self._out.pop(index))
            self._sort()

    def prioritize(self, paths: Sequence[str]) -> int:
        """Move waiting files to the front, in this order.

        Parameters
        ----------
        paths
            Of files, or of folders with all that is below them.

        Returns
        -------
        int
            Files that were moved. What comes in later is moved as well.
        """
        with self._mutex:
            self._wishes.append(tuple(paths))
            if self._board is None:
                return 0
            states = self._board.read()["state"]
            idle = [task for task in self._out.values() if states[task.index] == FileState.WAITING]
            moved = self._move([*self._waiting, *idle], paths, len(self._wishes))
            self._sort()
            if any(task.index in moved for task in self._waiting):
                for task in idle:
                    if task.index not in moved:
                        self._board.postpone(task.index)
            return len(moved)

    def peek(self, n: int) -> tuple[str, ...]:
        """Paths of the files that come next, at most ``n``."""
        with self._mutex:
            return tuple(task.source.path for task in self._waiting[-1 : -n - 1 : -1])

    @property
    def handed_out(self) -> Mapping[int, Task]:
        """By index: tasks that are neither waiting nor done."""
        with self._mutex:
            return dict(self._out)

    @property
    def n_open(self) -> int:
        """Tasks that are not done."""
        with self._mutex:
            return len(self._waiting) + len(self._out)

    @property
    def n_waiting(self) -> int:
        """Tasks that nobody was handed."""
        with self._mutex:
            return len(self._waiting)

    def _move(self, tasks: Sequence[Task], paths: Sequence[str], generation: int) -> set[int]:
        """Put those of some tasks that are wanted before all others; returns their indices."""
        moved = set()
        for task, rank in zip(
            tasks, rank_paths([task.source.path for task in tasks], paths), strict=True
        ):
            if rank is not None:
                self._keys[task.index] = (-generation, rank, self._keys[task.index][2])
                moved.add(task.index)
        return moved

    def _sort(self) -> None:
        self._waiting.sort(key=lambda task: self._keys[task.index], reverse=True)


def rank_paths(paths: Sequence[str], wanted: Sequence[str]) -> list[int | None]:
    """Where each file stands in a list of files and folders; None where it is not in it.

    >>> rank_paths(["/m/a/1.ogg", "/m/b/2.ogg", "/m/3.ogg"], ["/m/3.ogg", "/m/a"])
    [1, None, 0]
    """
    places = {str(PurePath(path)): k for k, path in reversed(list(enumerate(wanted)))}
    found = []
    for path in paths:
        file = PurePath(path)
        over = (places.get(str(each)) for each in (file, *file.parents))
        found.append(min((place for place in over if place is not None), default=None))
    return found


def order_tasks(tasks: Sequence[Task], order: Order | Any) -> list[Task]:
    """Tasks in the order of their start.

    Long files first keeps the cores busy to the end; small ones first gives first results soonest.

    Parameters
    ----------
    tasks
        In any order.
    order
        As :class:`~wkmp_lab.settings.RunSettings` has it; paths of a list must be absolute. What
        a list does not name follows, long files first.

    Raises
    ------
    InvalidInputError
        A function of one's own failed, or its values cannot be compared.
    """
    if callable(order):
        try:
            keys = [(order(task.source), task.source.path) for task in tasks]
            ranked = sorted(zip(keys, range(len(tasks)), strict=True))
        except Exception as error:
            what = "order must be a function of a SourceFile whose values can be compared"
            raise InvalidInputError(f"{what}, got {type(error).__name__}: {error}") from error
        return [tasks[k] for _, k in ranked]
    if order == "path":
        return sorted(tasks, key=lambda task: task.source.path)
    sign = 1 if order == "small_first" else -1
    by_size = sorted(tasks, key=lambda task: (sign * task.source.size_bytes, task.source.path))
    if isinstance(order, str):
        return by_size
    ranks = rank_paths([task.source.path for task in by_size], order)
    places = [len(order) if rank is None else rank for rank in ranks]
    return [by_size[k] for k in sorted(range(len(by_size)), key=places.__getitem__)]
