"""The tables of whatever holds results, as attributes: ``session.passages``."""

from __future__ import annotations  # pandas is loaded when the first table is made

import abc
from typing import TYPE_CHECKING

from wkmp_lab.collection import same_songs as cataloguing
from wkmp_lab.collection.copy_groups import group_copies
from wkmp_lab.identifying import merges as merging
from wkmp_lab.model import FileResult
from wkmp_lab.names import read_missing
from wkmp_lab.tables import shown, tables

if TYPE_CHECKING:
    import pandas as pd


class ResultTables(abc.ABC):
    """What has results has tables of them, each made anew when it is asked for."""

    folder: str
    """Of the library, absolute."""

    if not TYPE_CHECKING:  # whoever checks types is told of a miss by that

        def __getattr__(self, name: str) -> object:
            return read_missing(self, name)

    def _place(self, table: pd.DataFrame) -> pd.DataFrame:
        return shown.place(table, self.folder)

    def _make_table(self, name: str) -> pd.DataFrame:
        """One of :data:`tables.TABLES`, of all results."""
        return tables.TABLES[name](self.results)

    @property
    @abc.abstractmethod
    def results(self) -> tuple[FileResult, ...]:
        """What has come back so far, by path."""

    @property
    def files(self) -> pd.DataFrame:
        """A row per file."""
        return self._place(self._make_table("files"))

    @property
    def passages(self) -> pd.DataFrame:
        """A row per passage."""
        return self._place(self._make_table("passages"))

    @property
    def candidates(self) -> pd.DataFrame:
        """A row per identity candidate of each passage."""
        return self._place(self._make_table("candidates"))

    @property
    def evidence(self) -> pd.DataFrame:
        """A row per piece of evidence: why each candidate was (not) taken."""
        return self._place(self._make_table("evidence"))

    @property
    def flavors(self) -> pd.DataFrame:
        """The measured character of each passage."""
        return self._place(self._make_table("flavors"))

    @property
    def musical_flavors(self) -> pd.DataFrame:
        """WKMP's flavor of each passage whose recording AcousticBrainz knows."""
        return self._place(self._make_table("musical_flavors"))

    @property
    def gaps(self) -> pd.DataFrame:
        """Every gap that was weighed, taken or not."""
        return self._place(self._make_table("gaps"))

    @property
    def timeline(self) -> pd.DataFrame:
        """When and where each phase of each file ran."""
        return self._place(self._make_table("timeline"))

    @property
    def failures(self) -> pd.DataFrame:
        """A row per failed file, with phase and reason."""
        return self._place(self._make_table("failures"))

    @property
    def measures(self) -> pd.DataFrame:
        """A row per column of your own measures: unit, version, code, values and errors."""
        return self._place(self._make_table("measures"))

    @property
    def same_songs(self) -> pd.DataFrame:
        """Pairs of passages that are one recording; the better copy where the evidence decides."""
        return self._place(tables.same_songs_table(cataloguing.find_same_songs(self.results)))

    @property
    def copies(self) -> pd.DataFrame:
        """Copies of each recording side by side: what each was, which of them are superfluous."""
        copies = group_copies(cataloguing.find_same_songs(self.results))
        return self._place(tables.copies_table(copies))

    @property
    def merges(self) -> pd.DataFrame:
        """Neighbouring passages that seem to be one; :meth:`merge` makes them one."""
        return self._place(tables.merges_table(merging.find_merges(self.results)))
