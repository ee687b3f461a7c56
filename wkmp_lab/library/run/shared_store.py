"""The store of an import, as its threads share it."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from wkmp_lab.library.store import Store


class SharedStore:
    """The store of one import: the import thread keeps it open, others borrow it.

    Where nobody keeps it open, whoever borrows it opens it for so long. A borrower has it alone:
    it can neither be closed under him, nor opened twice by threads of one session.

    Parameters
    ----------
    path
        The SQLite file.
    folder
        The library's folder.
    """

    def __init__(self, path: Path, *, folder: Path) -> None:
        self.path = path
        self.folder = folder
        self._mutex = threading.RLock()
        self._kept: Store | None = None

    @contextlib.contextmanager
    def keep_open(self) -> Iterator[Store]:
        """The store, open for writing until the end of the import; StoreError as in Store."""
        with self._mutex:
            store = self._kept = Store(self.path, folder=self.folder)
        try:
            yield store
        finally:
            with self._mutex:
                self._kept = None
                store.close()

    @contextlib.contextmanager
    def borrow(self, *, is_writer: bool = True) -> Iterator[Store]:
        """The store for a moment: the one that is kept open, else one's own."""
        with self._mutex:
            if self._kept is not None:
                yield self._kept
                return
            with Store(self.path, folder=self.folder, is_writer=is_writer) as store:
                yield store
