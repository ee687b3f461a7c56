"""The network lane: one thread that identifies files while the workers measure the next ones."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Self

from wkmp_lab import lookups, services
from wkmp_lab.errors import WkmpLabError
from wkmp_lab.model import FileResult, Phase, Span
from wkmp_lab.settings import Settings, compute_settings_key

LANE_BATCH = 10
"""Files that are identified together: AcoustID takes as many fingerprints in one request."""


def compute_identify_key(settings: Settings) -> str:
    """Key of all that an identity depends on besides the measured result."""
    return f"{lookups.IDENTIFY_VERSION}-{compute_settings_key(settings, Phase.IDENTIFYING)[:8]}"


def needs_identity(result: FileResult, settings: Settings) -> bool:
    """True where passages were not identified with these settings, or a service did not answer."""
    if not result.passages:
        return False
    if dict(result.provenance).get("identified") != compute_identify_key(settings):
        return True
    return lookups.is_unanswered(result)


def identify_now(result: FileResult, settings: Settings) -> FileResult:
    """Identify one file in the calling thread."""
    if not result.passages:
        return result
    start_s = time.time()
    with services.open_services(settings, is_cancelled=lambda: False) as asked:
        (identified,) = lookups.identify_files([result], services=asked, settings=settings)
    span = Span(Phase.IDENTIFYING, start_s, time.time(), "lane")
    return _stamp(identified, span, compute_identify_key(settings))


class Lane:
    """The one thread that asks services; measured files go in, identified ones come out.

    Parameters
    ----------
    settings
        Of the identifying phase.
    on_identified
        Given each file, in the lane's thread.
    is_cancelled
        Asked before and during waits.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        on_identified: Callable[[FileResult], None],
        is_cancelled: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._on_identified = on_identified
        self._is_cancelled = is_cancelled
        self._queue: queue.SimpleQueue[FileResult | None] = queue.SimpleQueue()
        self._error: WkmpLabError | None = WkmpLabError("the identifying lane broke off")
        # A daemon: an abandoned lane must not keep the interpreter from ending.
        self._thread = threading.Thread(target=self._run, name="wkmp-lane", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join()

    def put(self, result: FileResult) -> None:
        """Hand a measured file over."""
        self._queue.put(result)

    def finish(self) -> None:
        """No more files come; returns when all have left.

        Raises
        ------
        WkmpLabError
            What ended the lane before its time.
        """
        self._queue.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._identify_all()
            self._error = None
        except WkmpLabError as error:
            self._error = error

    def _identify_all(self) -> None:
        key = compute_identify_key(self._settings)
        with services.open_services(self._settings, is_cancelled=self._is_cancelled) as asked:
            while (batch := self._take_batch()) is not None:
                if self._is_cancelled():
                    continue
                start_s = time.time()
                for result in lookups.identify_files(
                    batch, services=asked, settings=self._settings
                ):
                    span = Span(Phase.IDENTIFYING, start_s, time.time(), "lane")
                    self._on_identified(_stamp(result, span, key))

    def _take_batch(self) -> list[FileResult] | None:
        """What is waiting, at least one and at most ``LANE_BATCH``; None at the end."""
        first = self._queue.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < LANE_BATCH and not self._queue.empty():
            following = self._queue.get()
            if following is None:
                self._queue.put(None)
                break
            batch.append(following)
        return batch


def _stamp(result: FileResult, span: Span, key: str) -> FileResult:
    """Note when and by which settings a result was identified."""
    spans = (*(old for old in result.spans if old.phase is not Phase.IDENTIFYING), span)
    provenance = {**dict(result.provenance), "identified": key}
    return replace(result, spans=spans, provenance=tuple(sorted(provenance.items())))
