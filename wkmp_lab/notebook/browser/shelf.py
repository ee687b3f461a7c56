"""What a browser holds of a library: its rows now, what is chosen of them, and what was asked."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from wkmp_lab.library.session import ImportSession
from wkmp_lab.model import PassageId
from wkmp_lab.notebook.browser.listing import Listing, PlaceArray, make_listing
from wkmp_lab.notebook.browser.query import Query, find_places, read_query
from wkmp_lab.tables import shown
from wkmp_lab.tables.tables import passages_table

MAX_KNOWN = 8
"""Queries whose answers are kept, until a row comes or goes."""


class RowNumbers:
    """A number for each passage that stays, whatever rows come and go: pages speak in those."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[PassageId, int] = {}
        self._keys: list[PassageId] = []

    def number(self, keys: Iterable[PassageId]) -> list[int]:
        """The number of each passage; one that had none is given the next."""
        with self._lock:
            return [self._give(key) for key in keys]

    def find(self, numbers: Iterable[int]) -> list[PassageId]:
        """The passages behind numbers; one that was never given is passed over."""
        with self._lock:
            return [self._keys[each] for each in numbers if 0 <= each < len(self._keys)]

    def _give(self, key: PassageId) -> int:
        number = self._numbers.setdefault(key, len(self._keys))
        if number == len(self._keys):
            self._keys.append(key)
        return number


class Shelf:
    """The rows of a session as a browser knows them; any thread may ask.

    Parameters
    ----------
    session
        An import, running or ended.

    Attributes
    ----------
    numbers
        What pages know passages by.
    selected
        What is chosen; may hold what the library holds no more.
    query
        What was asked for last.
    """

    def __init__(self, session: ImportSession) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._mark = _read_mark(session)
        self.listing = make_listing(session.results)
        self.numbers = RowNumbers()
        self.selected: frozenset[PassageId] = frozenset()
        self.query = Query()

    @property
    def folder(self) -> str:
        """Of the library, with a slash at its end: paths are shown from there."""
        return f"{self._session.folder.rstrip('/')}/"

    def renew(self) -> bool:
        """Look at the library again; True where a row has come, gone or changed.

        Results are read only where a count or a decision has changed: those of a large library
        lie in its store, and take seconds.
        """
        with self._lock:
            mark = _read_mark(self._session)
            if mark == self._mark:
                return False
            self._mark = mark
            results, before = self._session.results, self.listing
            is_same = len(results) == len(before.results) and all(
                new is old for new, old in zip(results, before.results, strict=True)
            )
            if not is_same:
                self.listing = make_listing(results, version=before.version + 1)
            return not is_same

    def read_query(self, asked: Mapping[str, Any]) -> Query:
        """The query in a message; see :func:`query.read_query`."""
        return read_query(asked, self.listing.columns)

    def find(self, query: Query) -> tuple[Listing, PlaceArray]:
        """Where the rows stand that answer to a query, and in which listing."""
        listing = self.listing
        places = listing.found.get(query)
        if places is None:
            places = find_places(listing, query)
            if len(listing.found) >= MAX_KNOWN:
                listing.found.clear()
            listing.found[query] = places
        return listing, places

    def number(self, listing: Listing, places: PlaceArray) -> list[int]:
        """What pages know the rows at some places by."""
        keys = listing.keys
        return self.numbers.number(keys[place] for place in places.tolist())

    def select(self, numbers: Sequence[int]) -> None:
        """Choose these rows, and no others."""
        self.selected = frozenset(self.numbers.find(numbers))

    def find_selected(self) -> PlaceArray:
        """Where the chosen rows stand, in the order of the library."""
        places = self.listing.places
        return np.array(sorted(places[key] for key in self.selected if key in places), np.int64)

    def make_table(self, places: PlaceArray) -> pd.DataFrame:
        """The rows of ``session.passages`` at some places, under the index they have there.

        Of a large library only those files are read that hold them.
        """
        listing = self.listing
        paths = {listing.keys[place][0] for place in places.tolist()}
        table = passages_table([each for each in listing.results if each.path in paths])
        held = [listing.places[key] for key in listing.keys if key[0] in paths]
        table.index = pd.Index(held, dtype="int64")
        return shown.place(table.loc[places], self._session.folder)

    def make_selection(self) -> pd.DataFrame:
        """The rows of ``session.passages`` that are chosen."""
        self.renew()
        return self.make_table(self.find_selected())


def _read_mark(session: ImportSession) -> tuple[object, ...]:
    """What changes with the results of a session, and costs less than they do."""
    now = session.snapshot()
    counts = (now.n_finished, now.n_failed, now.n_passages_by_level, now.n_passages_by_phase)
    return (now.state, *counts, tuple(session.read_decisions()))
