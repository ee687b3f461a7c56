"""The lookup thread: it identifies files while the workers measure the next ones."""

import contextlib
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Self

from wkmp_lab.errors import WkmpLabError
from wkmp_lab.io.web.transport import Tally
from wkmp_lab.lookup import album_lookups, lookups, services
from wkmp_lab.lookup.askers import Askers, decide_askers
from wkmp_lab.lookup.flavor_lookups import (
    Flavored,
    add_flavors,
    lacks_flavor,
    leave_unflavored,
)
from wkmp_lab.lookup.freshness import (
    compute_identify_key,
    needs_identity,
)
from wkmp_lab.lookup.services import Services, Sources
from wkmp_lab.model import LOOKUP_WORKER, SURE_LEVELS, FileResult, Phase, Span
from wkmp_lab.model.reasons import FailedLookup
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.settings import RunSettings, Settings

LOOKUP_BATCH = 10
"""Files that are identified together: AcoustID takes as many fingerprints in one request."""
MOST_JOBS = 8
"""Jobs where the settings leave their number to the machine."""
TURN_S = 0.1
"""How long a look-up beside others may go on to rest when it need not."""


def count_askers(running: RunSettings) -> Askers:
    """Look-ups at once: as many as the limit of IDENTIFYING lets; where it has none, one, or one
    for each job by the design ``files``.

    >>> count_askers(RunSettings(limits={"IDENTIFYING": 3})).n_allowed
    3
    """
    n_files = running.n_jobs or MOST_JOBS if running.design == "files" else 1
    n_most = running.find_limit(Phase.IDENTIFYING) or n_files
    return Askers(n_most, n_most)


def identify_now(result: FileResult, settings: Settings, *, folder: str | Path) -> FileResult:
    """Identify one file in the calling thread."""
    if not result.passages:
        return result
    start_s = time.time()
    with services.open_services(settings, is_cancelled=lambda: False, folder=folder) as asked:
        identified = lookups.identify_files([result], services=asked, settings=settings)
        flavored = add_flavors(identified, asked)
    sources = services.name_sources(settings.identifying, folder)
    spans = _share_time(start_s, 1)
    (stamped,) = _stamp(flavored, spans, compute_identify_key(settings), sources)
    return stamped


class LookupThread:
    """The one thread that asks services; measured files go in, identified ones come out.

    At the end, when all files of a folder are known, each folder is looked at as an album.

    Parameters
    ----------
    settings
        Of the identifying phase.
    folder
        The music folder; it may bring a catalogue.
    on_identified
        Given each file that needs an identity, once, in the lookup thread.
    on_revised
        Given each file whose identity tells more, or other, with its folder as an album.
    is_cancelled
        Asked before and during waits.
    on_change
        Told how many look-ups may go on at once by now, and why, where the settings let it be
        several; from any of their threads.
    on_broken
        Called where the thread has to end before its time.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        folder: str | Path,
        on_identified: Callable[[FileResult], None],
        on_revised: Callable[[FileResult], None],
        is_cancelled: Callable[[], bool],
        on_change: Callable[[int, str], None] = lambda _n_now, _reason: None,
        on_broken: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._on_change = on_change
        self._on_broken = on_broken
        self._askers = count_askers(settings.running)
        self._n_batch = 1 if settings.running.design == "files" else LOOKUP_BATCH
        self._mutex = threading.Lock()
        """Held by whichever thread keeps what was answered: one at a time."""
        self._tallies: dict[int, Tally] = {}
        self._is_finishing = threading.Event()
        self._helper_error: WkmpLabError | None = None
        self._on_identified = on_identified
        self._on_revised = on_revised
        self._key = compute_identify_key(settings)
        self._folder = folder
        self._sources = services.name_sources(settings.identifying, folder)
        self._folders: defaultdict[str, dict[str, FileResult]] = defaultdict(dict)
        self._touched: dict[str, None] = {}
        self._unanswered: defaultdict[FailedLookup, set[str]] = defaultdict(set)
        self._unflavored: set[str] = set()
        self._broken: tuple[FailedLookup, ...] = ()
        self._why_unflavored = ""
        self._troubles: tuple[str, ...] = ()
        self._unsettled: dict[str, str] = {}
        self._is_cancelled = is_cancelled
        self._began_s = time.time()
        self._queue: queue.SimpleQueue[FileResult | None] = queue.SimpleQueue()
        self._error: WkmpLabError | None = WkmpLabError("the lookup thread broke off")
        # A daemon: an abandoned thread must not keep the interpreter from ending.
        self._thread = threading.Thread(target=self._run, name="wkmp-lookups", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join()

    def needs(self, result: FileResult) -> bool:
        """True where a file is to be identified: it will be given back."""
        return needs_identity(result, self._settings, self._sources)

    def put(self, result: FileResult) -> None:
        """Hand a measured file over; one that needs nothing still stands for its folder."""
        if self.needs(result):
            self._queue.put(result)
        else:
            self._keep(result)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the import as a whole has to tell of the services, a line each."""
        silences = [
            f"{len(paths)} file{'s' * (len(paths) != 1)} without an answer: {failed.sentence}"
            for failed, paths in self._unanswered.items()
        ]
        silences += [failed.sentence for failed in self._broken]
        if n_unflavored := len(self._unflavored):
            which = f"{n_unflavored} recording{'s' * (n_unflavored != 1)}: {self._why_unflavored}"
            silences.append(f"no musical flavors for {which}; the next import asks again")
        unsettled = (f"not seen as an album: {f!r}: {why}" for f, why in self._unsettled.items())
        return (*silences, *unsettled, *self._troubles)

    @property
    def n_requests(self) -> int:
        """Requests to services by now."""
        with self._mutex:
            return self._count().n_requests

    def finish(self) -> None:
        """No more files come; returns when all have left.

        Raises
        ------
        WkmpLabError
            What ended the thread before its time.
        """
        self._queue.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._identify_all()
            self._error = self._helper_error
        except WkmpLabError as error:
            self._error = error
        finally:
            if self._error is not None:
                self._on_broken()

    def _identify_all(self) -> None:
        helpers = [
            threading.Thread(
                target=self._help, args=(k,), name=f"{self._thread.name}-{k}", daemon=True
            )
            for k in range(1, self._askers.n_most)
        ]
        for helper in helpers:
            helper.start()
        with self._open() as asked:
            self._broken = tuple(each for each in asked.silent if isinstance(each, FailedLookup))
            try:
                self._serve(asked, 0)
            finally:
                self._is_finishing.set()
                self._queue.put(None)
                for helper in helpers:
                    helper.join()
            if self._helper_error is None:
                self._settle_folders(asked)
            self._note(asked, 0)

    def _open(self) -> contextlib.AbstractContextManager[Services]:
        return services.open_services(
            self._settings, is_cancelled=self._is_cancelled, folder=self._folder
        )

    def _help(self, k: int) -> None:
        """Look up beside the others, with services of its own, until no more files come."""
        try:
            with self._open() as asked:
                self._serve(asked, k)
        except Exception as error:  # noqa: BLE001 (the boundary: the lookup thread tells of it)
            known = error if isinstance(error, WkmpLabError) else WkmpLabError(_tell(error))
            self._helper_error = known
            self._on_broken()

    def _serve(self, asked: Services, k: int) -> None:
        """Take batches, ask, and keep what comes of it, until no more files come."""
        while self._await_turn(k) and (batch := self._take_batch()) is not None:
            if self._is_cancelled():
                continue
            start_s = time.time()
            identified = self._identify(batch, asked)
            flavored = self._add_flavors(identified, asked)
            with self._mutex:
                for result in self._close(flavored, start_s):
                    self._keep(result)
                    self._touched[_folder_of(result)] = None
                    self._on_identified(result)
                self._note(asked, k)
                self._adapt()

    def _await_turn(self, k: int) -> bool:
        """Wait as long as so many others are enough; False where no more files come meanwhile."""
        while k >= self._askers.n_allowed:
            if self._is_finishing.wait(TURN_S):
                return False
        return True

    def _note(self, asked: Services, k: int) -> None:
        self._troubles = tuple(dict.fromkeys((*self._troubles, *asked.tell())))
        self._tallies[k] = asked.count()

    def _count(self) -> Tally:
        return sum(self._tallies.values(), start=Tally())

    def _adapt(self) -> None:
        before = self._askers
        self._askers = decide_askers(before, self._count())
        if self._askers.n_allowed != before.n_allowed:
            self._on_change(self._askers.n_allowed, self._askers.reason)

    def _identify(self, batch: Sequence[FileResult], asked: Services) -> list[FileResult]:
        """The batch with identities; files that cannot be asked about fail, the others do not."""
        try:
            return lookups.identify_files(batch, services=asked, settings=self._settings)
        except Exception as error:  # noqa: BLE001 (the boundary: one answer must never end the run)
            if len(batch) > 1:
                return [each for one in batch for each in self._identify([one], asked)]
            return [lookups.leave_unanswered(batch[0], _tell(error))]

    def _settle_folders(self, asked: Services) -> None:
        """Choose one release for each folder that is an album, as far as it has something new."""
        for folder in self._touched:
            known = self._folders[folder]
            tracks = album_lookups.order_folder(list(known.values()))
            start_s = time.time()
            try:
                if self._is_cancelled() or album_lookups.is_settled(tracks, asked):
                    continue
                album = lookups.identify_folder(tracks, services=asked, settings=self._settings)
            except Exception as error:  # noqa: BLE001 (the boundary, as above)
                self._unsettled[folder] = _tell(error)
                continue
            revised = [each for each in album if each.passages != known[each.path].passages]
            for result in self._close(self._add_flavors(revised, asked), start_s):
                self._on_revised(result)

    def _keep(self, result: FileResult) -> None:
        if result.passages:
            self._folders[_folder_of(result)][result.path] = result

    def _add_flavors(self, identified: Sequence[FileResult], asked: Services) -> Flavored:
        try:
            return add_flavors(identified, asked)
        except Exception as error:  # noqa: BLE001 (the boundary, as above)
            return leave_unflavored(identified, _tell(error))

    def _close(self, flavored: Flavored, start_s: float) -> Sequence[FileResult]:
        """Identified files with what they were identified by."""
        for result in flavored.results:
            for failed in result.failed_lookups:
                self._unanswered[failed].add(result.path)
        self._unflavored |= flavored.unanswered
        self._why_unflavored = flavored.why or self._why_unflavored
        spans = _share_time(start_s, len(flavored.results))
        since_s = self._began_s
        return _stamp(flavored, spans, self._key, self._sources, since_s=since_s)

    def _take_batch(self) -> list[FileResult] | None:
        """What is waiting, at least one and at most a batch; None at the end."""
        first = self._queue.get()
        if first is None:
            self._queue.put(None)  # for the others
            return None
        batch = [first]
        while len(batch) < self._n_batch and not self._queue.empty():
            following = self._queue.get()
            if following is None:
                self._queue.put(None)
                break
            batch.append(following)
        return batch


def _tell(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _folder_of(result: FileResult) -> str:
    return str(PurePath(result.path).parent)


def _share_time(start_s: float, n_files: int) -> list[Span]:
    """Files that were looked up together share the time since then: one after the other, alike."""
    share_s = (time.time() - start_s) / max(n_files, 1)
    starts_s = [start_s + k * share_s for k in range(n_files)]
    return [Span(Phase.IDENTIFYING, at_s, at_s + share_s, LOOKUP_WORKER) for at_s in starts_s]


def _stamp(
    flavored: Flavored,
    spans: Sequence[Span],
    key: str,
    sources: Sources,
    *,
    since_s: float = float("inf"),
) -> list[FileResult]:
    """Note when and by which settings results were identified, and who was asked for the rest.

    Look-ups since ``since_s`` are of the same import: its album comes after the file itself.
    """
    stamped = []
    for result, span in zip(flavored.results, spans, strict=True):
        kept = (
            old
            for old in result.spans
            if old.phase is not Phase.IDENTIFYING or old.start_s >= since_s
        )
        made_by = {**dict(result.provenance), cache_keys.IDENTIFIED: key}
        made_by.pop(cache_keys.ASKED, None)
        made_by.pop(cache_keys.FLAVORED, None)
        levels = [each.identity.level if each.identity else None for each in result.passages]
        if not all(level in SURE_LEVELS for level in levels):
            made_by[cache_keys.ASKED] = sources.identity
        heard = {each.recording_mbid for each in result.passages}
        is_answered = bool(sources.flavor) and not heard & flavored.unanswered
        if is_answered and lacks_flavor(result):
            made_by[cache_keys.FLAVORED] = sources.flavor
        by = tuple(sorted(made_by.items()))
        stamped.append(replace(result, spans=(*kept, span), provenance=by))
    return stamped
