"""What is known of a library, while it is imported and afterwards, and decided about by hand."""

from __future__ import annotations  # pandas is loaded when the first table is made

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wkmp_lab.analyzing.null_test import NullTest
from wkmp_lab.collection import neighbours
from wkmp_lab.collection.recuts import Recut
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.identifying import decisions
from wkmp_lab.identifying.decisions import Decision, LeadPoints, Verdict
from wkmp_lab.library import by_hand, retuning
from wkmp_lab.library.finding import find_file
from wkmp_lab.library.recall import make_profiles, read_kept_profile
from wkmp_lab.library.run.import_run import ImportRun
from wkmp_lab.model import Candidate, FileResult, FlightRecord
from wkmp_lab.progress.snapshot import Snapshot
from wkmp_lab.settings import AnalyzeSettings, SegmentHints, SegmentSettings
from wkmp_lab.signals import LevelProfile
from wkmp_lab.tables import differences, tables
from wkmp_lab.tables.session_tables import ResultTables

if TYPE_CHECKING:
    import pandas as pd


class LibraryView(ResultTables):
    """Results, tables and decisions of one import of one folder, as far as it has come.

    It changes nothing itself: each request goes to the part of :mod:`wkmp_lab.library.run` that
    may carry it out, or to a function. Its attributes are told where users meet them, at
    :class:`~wkmp_lab.library.session.ImportSession`.
    """

    def __init__(self, run: ImportRun) -> None:
        self._run = run
        self.session_id = run.session_id
        self.folder = run.folder
        self.settings = run.settings
        self.store_path = run.store.path

    @property
    def results(self) -> tuple[FileResult, ...]:
        """What has come back so far, by path."""
        return self._run.results.read()

    def _make_table(self, name: str) -> pd.DataFrame:
        made = self._run.results.make_table(name)
        return super()._make_table(name) if made is None else made

    @property
    def state(self) -> str:
        """``scanning, running, paused, completed, cancelled, failed`` or ``running elsewhere``.

        The last: another process imports the folder; what had come is told when it was opened.
        """
        # A plain str: a Literal as what a property returns ends jedi's completion of the whole.
        return self._run.control.state

    @property
    def is_ended(self) -> bool:
        """True where nothing changes any more."""
        return self._run.control.is_ended

    @property
    def record(self) -> FlightRecord:
        """What the import noted of itself: when it ran, and how many files could go on at once."""
        return self._run.recorder.read()

    def snapshot(self) -> Snapshot:
        """The state at this moment, as progress displays draw it."""
        return self._run.snapshot()

    @property
    def decisions(self) -> pd.DataFrame:
        """What was decided by hand, oldest first."""
        return self._place(tables.decisions_table(self.read_decisions(), self.results))

    def read_decisions(self) -> Sequence[tuple[float, Decision]]:
        """When, in seconds since 1970, and what was decided by hand, oldest first."""
        with self._run.store.borrow(is_writer=False) as store:
            return store.read_decisions()

    def neighbours(
        self, path: str | Path, passage: int = 0, *, n: int = 5, by: neighbours.Way = "sound"
    ) -> pd.DataFrame:
        """The ``n`` passages that are most like one; see :func:`neighbours.find_neighbours`."""
        asked = self.get_result(path).path
        found = neighbours.find_neighbours(self.results, asked, passage, n=n, by=by)
        return self._place(tables.neighbours_table(found, self.results))

    def compare_copies(self, path: str | Path, other_path: str | Path) -> NullTest:
        """What is left of a copy without the other; see :func:`null_tests.compare_copies`."""
        from wkmp_lab.collection import null_tests  # loads decoders

        return null_tests.compare_copies(self.get_result(path), self.get_result(other_path))

    def compare(self, other: LibraryView) -> pd.DataFrame:
        """What another import of the same music did otherwise, from this one to that one.

        A row per setting, file, passage and column that differs, with the keys of what caused it;
        see :func:`comparing.compare_results`. A store keeps the latest result of a file only: an
        import to be compared with later goes into a store of its own.
        """
        settings = differences.compare_settings(self.settings, other.settings)
        results = differences.compare_results(self.results, other.results)
        return self._place(tables.comparison_table([*settings, *results]))

    def get_result(self, path: str | Path) -> FileResult:
        """What is known of one file, named by its path or any part of it that no other has; see
        :func:`finding.find_file`. InvalidInputError where nothing has come back of it."""
        result = self._run.results.find(str(Path(self.folder, Path(path).expanduser())))
        if result is not None:
            return result
        found = find_file(str(path), self._run.results.list_paths(), folder=self.folder)
        result = self._run.results.find(found)
        if result is None:
            raise InvalidInputError(f"the row of {found!r} is damaged in the store: import again")
        return result

    def preview_retune(
        self,
        *,
        segmenting: SegmentSettings | None = None,
        analyzing: AnalyzeSettings | None = None,
    ) -> pd.DataFrame:
        """What ``retune`` would change, a row for each file that it would; nothing is kept.

        Files without a profile have a row, too, as nobody can tell without a decode.

        Raises
        ------
        InvalidInputError
            The import still runs.
        """
        found = self._preview(segmenting, analyzing)
        changed = (each for each in found if each.kind != "unchanged")
        rows = sorted(changed, key=lambda each: each.path)
        return self._place(tables.recuts_table(rows))

    def _preview(
        self, segmenting: SegmentSettings | None, analyzing: AnalyzeSettings | None
    ) -> Iterator[Recut]:
        """What would change in each measured file, as it is found out."""
        asked = self._ask_retuning(segmenting, analyzing)
        return retuning.preview_library(self._run.results.list_paths(), asked)

    def _ask_retuning(
        self, segmenting: SegmentSettings | None, analyzing: AnalyzeSettings | None
    ) -> retuning.Retuning:
        if not self.is_ended:
            raise InvalidInputError(f"an import of {self.folder!r} still runs: wait or cancel")
        settings = retuning.change_settings(
            self.settings, segmenting=segmenting, analyzing=analyzing
        )
        return retuning.Retuning(self.store_path, Path(self.folder), settings)

    # -- what a person decides -----------------------------------------------------------

    def decide(
        self,
        path: str | Path,
        passage: int,
        verdict: Verdict,
        *,
        candidate: Candidate | None = None,
    ) -> None:
        """Decide which recording a passage is; see :func:`decisions.make_identity_decision`."""
        result = self.get_result(path)
        decision = decisions.make_identity_decision(result, passage, verdict, candidate)
        by_hand.keep_decisions(self._run, decision)

    def decide_all(self, keys: Iterable[tuple[str | Path, int]], verdict: Verdict) -> None:
        """Decide alike on passages, by path and index: all or none; one :meth:`undo` undoes it."""
        found = [(self.get_result(path), passage) for path, passage in keys]
        made = [decisions.make_identity_decision(*each, verdict) for each in found]
        by_hand.keep_decisions(self._run, *made)

    def recut(
        self,
        path: str | Path,
        boundaries_s: Sequence[float] | None,
        *,
        leads_s: Mapping[int, tuple[float, float]] | None = None,
    ) -> FileResult:
        """Cut a file by hand, and measure and identify its passages anew, now and in later runs.

        Parameters
        ----------
        path
            A file of the library, absolute or from its folder.
        boundaries_s
            Inner boundaries in seconds; empty: one passage; None: back to what is found.
        leads_s
            By the number of a passage as it is then: where its lead-in ends and its lead-out
            begins, in seconds of the file. Those of other passages are as measured.
        """
        result = self.get_result(path)
        decision = decisions.make_cut_decision(result, boundaries_s, leads_s=leads_s)
        return by_hand.cut(self._run, result, decision)

    def merge(self, path: str | Path, passage: int) -> FileResult:
        """Make one of a passage and the next, now and in later runs; :meth:`undo` parts them."""
        result = self.get_result(path)
        return by_hand.cut(self._run, result, decisions.make_merge_decision(result, passage))

    def make_hints(self, path: str | Path) -> SegmentHints:
        """What the library knows of a file when it is cut: its folder, lengths, decisions."""
        return by_hand.make_hints(self._run, self.get_result(path))

    def read_kept_profile(self, path: str | Path) -> LevelProfile | None:
        """The level profile that an import has kept of a file, read without a decode.

        None where none is kept, or where the file has changed since.
        """
        profiles = make_profiles(self.store_path, Path(self.folder), self.settings)
        return read_kept_profile(self.get_result(path), profiles, self.settings)

    def find_leads(self, path: str | Path) -> tuple[LeadPoints, ...]:
        """The lead points of a file that were set by hand; see :meth:`recut`."""
        return by_hand.find_leads(self._run, self.get_result(path))

    def undo(self) -> tuple[Decision, ...]:
        """Take the latest decision back, with those made at once with it; empty without any."""
        return by_hand.undo_decisions(self._run)
