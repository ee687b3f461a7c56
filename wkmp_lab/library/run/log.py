"""What an import says of itself: the latest lines, and what summaries repeat."""

import collections
import logging
import threading

N_LATEST = 20
"""Lines that are kept for displays; the logger is given all of them."""
LOGGER = logging.getLogger("wkmp_lab")


class RunLog:
    """The lines of one import; the import, the lookup and the supervisor thread write them.

    Parameters
    ----------
    session_id
        Stands in every line that the logger ``wkmp_lab`` is given.
    """

    def __init__(self, session_id: str) -> None:
        self._session_id = session_id
        self._mutex = threading.Lock()
        self._lines: collections.deque[str] = collections.deque(maxlen=N_LATEST)
        self._remarks: collections.deque[str] = collections.deque(maxlen=N_LATEST)

    def note(self, line: str, *, n_jobs: int) -> None:
        """Add a line; ``n_jobs`` is how many files go on at once by now."""
        with self._mutex:
            self._lines.append(line)
        LOGGER.info("session %s [%d jobs] %s", self._session_id, n_jobs, line)

    def remark(self, line: str, *, n_jobs: int) -> None:
        """Add a line that summaries show too."""
        with self._mutex:
            self._remarks.append(line)
        self.note(line, n_jobs=n_jobs)

    @property
    def lines(self) -> tuple[str, ...]:
        """The latest lines, oldest first."""
        with self._mutex:
            return tuple(self._lines)

    @property
    def remarks(self) -> tuple[str, ...]:
        """The latest lines that summaries show, oldest first."""
        with self._mutex:
            return tuple(self._remarks)
