"""Results in the order of their coming: who asks for the next one is woken when it is there."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, Self

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.library.run.control import RunControl, cancel_and_wait, raise_error
from wkmp_lab.library.run.log import RunLog
from wkmp_lab.library.run.results import Results
from wkmp_lab.model import FileResult
from wkmp_lab.pipeline.health import describe_error

Since = Literal["start", "now"]
Completion = tuple[int, str, FileResult]
"""Index of the file in the scan, from 0; its path; its result."""
OnResult = Callable[[int, str, FileResult], object]
HEAR_S = 1.0
"""How long an interrupt may go unheard, on systems where no lock hears one."""


class Finished:
    """The files of one import of which nothing more is to come, in the order of their coming.

    The import thread and the lookup thread add them, the import thread says when it is over;
    everybody waits for the next one.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._files: list[tuple[int, str]] = []
        self._is_over = False
        self._wakers: list[Callable[[], object]] = []

    def add(self, index: int, path: str) -> None:
        """A file is finished; its result can be read."""
        with self._changed:
            self._files.append((index, path))
            self._wake()

    def load(self, paths: Sequence[str]) -> None:
        """Show what an earlier import left, as a whole that is over."""
        with self._changed:
            self._files = list(enumerate(paths))
        self.end()

    def end(self) -> None:
        """No more will come."""
        with self._changed:
            self._is_over = True
            self._wake()

    def count(self) -> int:
        """Files so far."""
        with self._changed:
            return len(self._files)

    def read(self, position: int) -> tuple[tuple[int, str] | None, bool]:
        """The file at a position, None where it has not come yet; and whether none will."""
        with self._changed:
            file = self._files[position] if position < len(self._files) else None
            return file, self._is_over

    def wait(self, position: int) -> None:
        """Block until there is a file at a position, or none will be, or for ``HEAR_S``."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._files) > position or self._is_over, HEAR_S)

    @contextlib.contextmanager
    def calling(self, waker: Callable[[], object]) -> Iterator[None]:
        """Call a function at every change, in whatever thread makes it, within a block."""
        with self._changed:
            self._wakers.append(waker)
        try:
            yield
        finally:
            with self._changed:
                self._wakers.remove(waker)

    def _wake(self) -> None:
        self._changed.notify_all()
        for waker in self._wakers:
            with contextlib.suppress(RuntimeError):  # its event loop was closed
                waker()


class Completed:
    """The results of an import as they are finished; for ``for`` and for ``async for``.

    Each gives ``(index, path, result)`` out of order, as it comes, and ends with the import; on
    one that has ended it gives what is there. To stop before the end stops nothing but the loop.

    Parameters
    ----------
    finished, results, control, log
        Of the import.
    since
        ``start``: all of them; ``now``: those to come.
    """

    def __init__(
        self,
        finished: Finished,
        results: Results,
        control: RunControl,
        log: RunLog,
        *,
        since: Since,
    ) -> None:
        if since not in ("start", "now"):
            raise InvalidInputError(f"since must be 'start' or 'now', got {since!r}")
        self._finished = finished
        self._results = results
        self._control = control
        self._log = log
        self._position = finished.count() if since == "now" else 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Completion:
        while True:
            file, is_over = self._finished.read(self._position)
            if file is not None:
                return self._take(file)
            if is_over:
                raise_error(self._control)
                raise StopIteration
            self._finished.wait(self._position)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Completion:
        import asyncio  # where somebody awaits, it is there already

        loop = asyncio.get_running_loop()
        while True:
            changed = asyncio.Event()

            def wake(changed: asyncio.Event = changed) -> None:
                loop.call_soon_threadsafe(changed.set)

            with self._finished.calling(wake):
                file, is_over = self._finished.read(self._position)
                if file is None and not is_over:
                    await changed.wait()
                    continue
            if file is not None:
                return self._take(file)
            raise_error(self._control)
            raise StopAsyncIteration

    def hand_out(self, on_result: OnResult) -> None:
        """Call a function with each of them, here; what it raises cancels the import.

        Raises
        ------
        Exception
            Whatever the function raises, or what ended the import.
        """
        try:
            for each in self:
                on_result(*each)
        except BaseException:
            cancel_and_wait(self._control)
            raise

    def follow(self, on_result: OnResult) -> threading.Thread:
        """Call a function with each of them in a thread of its own, which is returned.

        After an error it is called no more; the import says so and goes on.
        """
        thread = threading.Thread(
            target=self._call, args=(on_result,), name="wkmp-results", daemon=True
        )
        thread.start()
        return thread

    def _call(self, on_result: OnResult) -> None:
        with contextlib.suppress(Exception):  # of the import: who waits for it is told
            for each in self:
                try:
                    on_result(*each)
                except Exception as error:  # noqa: BLE001 (the boundary: it is not ours)
                    words = describe_error(error)
                    self._log.remark(f"on_result is not called any more: {words}", n_jobs=0)
                    return

    def _take(self, file: tuple[int, str]) -> Completion:
        self._position += 1
        index, path = file
        result = self._results.find(path)
        assert result is not None, "what is finished has a result"
        return index, path, result
