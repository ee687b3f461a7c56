"""How the latest import ran, from the times of its files and what it noted of itself.

Nothing here is a speed-up: that takes a second run to compare with.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wkmp_lab.model import LOOKUP_WORKER, FileResult, FlightRecord, LimitChange, Phase

PHASES = tuple(Phase)
REST_S = 30.0
"""A rest this long parts two imports, where no record tells; within one, some worker works."""

IntArray = npt.NDArray[np.int64]
SecondsArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Flight:
    """The latest import in time; all times in seconds from its start.

    Arrays hold an entry for each span, in the order of their starts.
    """

    paths: tuple[str, ...]
    """Of the files that it worked on, in the order in which they were begun."""
    workers: tuple[str, ...]
    """In the order in which they began; who looked up comes last."""
    n_earlier: int
    """Files that it left alone."""
    origin_s: float
    """When it began, in seconds since the epoch."""
    passed_s: float
    file: IntArray
    worker: IntArray
    phase: IntArray
    start_s: SecondsArray
    end_s: SecondsArray
    cpu_s: SecondsArray
    waited_s: SecondsArray
    """Waiting for a place in the phase, before ``start_s``."""
    n_jobs: int
    """Files that could go on at once from the start; 0 where that was not noted."""
    changes: tuple[LimitChange, ...]
    own_cpu: SecondsArray
    """Processor time of the leading process alone, shape ``(2, n)``: until when, how much."""

    @property
    def is_measuring(self) -> npt.NDArray[np.bool_]:
        """Which spans are those of workers: a look-up of the lookup thread holds no file up."""
        names = np.array([name != LOOKUP_WORKER for name in self.workers], bool)
        return names[self.worker] if names.size else np.zeros(0, bool)

    @property
    def start_up_s(self) -> float:
        """From the call until the first worker was at work."""
        begun_s = (self.start_s - self.waited_s)[self.is_measuring]
        return float(begun_s.min()) if begun_s.size else 0.0

    @property
    def n_in_flight(self) -> float:
        """Files that workers had in hand, on average over the whole time."""
        taken_s = (self.end_s - self.start_s + self.waited_s)[self.is_measuring].sum()
        return float(taken_s) / self.passed_s if self.passed_s > 0.0 else 0.0

    @property
    def cores_busy(self) -> float:
        """Processor time of phases and of the leading process, over the time passed."""
        own_s = self.own_cpu[1].max(initial=0.0)
        return float(self.cpu_s.sum() + own_s) / self.passed_s if self.passed_s > 0.0 else 0.0


class FlightSpans(NamedTuple):
    """When and where each phase of each file ran, a number or a name for each span.

    Times are in seconds since the epoch.
    """

    paths: Sequence[str]
    """Of the files, each once."""
    workers: Sequence[str]
    """Each once."""
    file: IntArray
    """Position in ``paths``."""
    worker: IntArray
    """Position in ``workers``."""
    phase: IntArray
    """Position in ``PHASES``."""
    start_s: SecondsArray
    end_s: SecondsArray
    cpu_s: SecondsArray
    waited_s: SecondsArray


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """What went on in each bin of time, on average."""

    edges_s: SecondsArray
    n_in_flight: SecondsArray
    cores_busy: SecondsArray
    n_queued: SecondsArray
    """Files that are measured and not looked up yet."""


def read_flight(results: Sequence[FileResult], record: FlightRecord | None = None) -> Flight:
    """The latest import of a library.

    Parameters
    ----------
    results
        Of the library; spans of earlier imports are left out.
    record
        What the import noted; where None, it begins with the first span after a rest of
        ``REST_S``, and how many could go on at once is not known.
    """
    return order_flight(collect_spans(results), record)


def collect_spans(results: Sequence[FileResult]) -> FlightSpans:
    """The spans of results, file by file."""
    timed = [result for result in results if result.spans]
    rows = [(k, span) for k, result in enumerate(timed) for span in result.spans]
    desk = _number(span.worker for _, span in rows)
    number = {phase: k for k, phase in enumerate(PHASES)}
    values = [
        (k, desk[s.worker], number[s.phase], s.start_s, s.end_s, s.cpu_s or 0.0, s.waited_s)
        for k, s in rows
    ]
    columns = np.array(values, np.float64).reshape(-1, 7).T
    whole = columns[:3].astype(np.int64)
    return FlightSpans([result.path for result in timed], list(desk), *whole, *columns[3:])


def order_flight(spans: FlightSpans, record: FlightRecord | None = None) -> Flight:
    """The latest import of a library from all spans of it; see :func:`read_flight`."""
    began_s, until_s = _find_ends(spans.start_s, spans.end_s, record)
    latest = ((spans.start_s >= began_s) & (spans.start_s <= until_s)).nonzero()[0]
    chosen = latest[np.argsort(spans.start_s[latest], kind="stable")]
    paths, file = _order_names(spans.paths, spans.file[chosen])
    workers, worker = _order_names(spans.workers, spans.worker[chosen], last=LOOKUP_WORKER)
    start_s, end_s, cpu_s = spans.start_s[chosen], spans.end_s[chosen], spans.cpu_s[chosen]
    origin_s = began_s if np.isfinite(began_s) else 0.0
    last_s = end_s.max(initial=origin_s)
    inside = np.array([name == record.worker if record else False for name in workers], bool)
    is_inside = inside[worker] if inside.size else np.zeros(0, bool)
    own_cpu = (
        _read_own_cpu(record, start_s[is_inside], end_s[is_inside], cpu_s[is_inside])
        if record
        else np.zeros((2, 0))
    )
    return Flight(
        paths=paths,
        workers=workers,
        n_earlier=len(spans.paths) - len(paths),
        origin_s=origin_s,
        passed_s=float(max(last_s, record.ended_s or 0.0) if record else last_s) - origin_s,
        file=file,
        worker=worker,
        phase=spans.phase[chosen],
        start_s=start_s - origin_s,
        end_s=end_s - origin_s,
        cpu_s=cpu_s,
        waited_s=spans.waited_s[chosen],
        n_jobs=record.n_jobs if record else 0,
        changes=record.changes if record else (),
        own_cpu=own_cpu,
    )


def measure_load(flight: Flight, *, n_bins: int) -> Load:
    """What went on in each of ``n_bins`` equal parts of an import.

    Processor time of a span counts as spread evenly over it, that of the leading process as
    spread between two looks at it. A file counts as queued from the end of its measuring until
    its own look-up begins.
    """
    edges_s = np.linspace(0.0, max(flight.passed_s, 1e-9), n_bins + 1)
    begun_s, spans_s = flight.start_s - flight.waited_s, flight.end_s - flight.start_s
    mine = flight.is_measuring
    rates = np.divide(flight.cpu_s, spans_s, out=np.zeros_like(spans_s), where=spans_s > 0.0)
    cores = measure_cover(flight.start_s, flight.end_s, edges_s, weights=rates)
    own_s = np.interp(edges_s, np.r_[0.0, flight.own_cpu[0]], np.r_[0.0, flight.own_cpu[1]])
    return Load(
        edges_s=edges_s,
        n_in_flight=measure_cover(begun_s[mine], flight.end_s[mine], edges_s),
        cores_busy=cores + np.diff(own_s) / np.diff(edges_s),
        n_queued=measure_cover(*_find_queued(flight), edges_s),
    )


def measure_cover(
    start_s: SecondsArray,
    end_s: SecondsArray,
    edges_s: SecondsArray,
    *,
    weights: SecondsArray | None = None,
) -> SecondsArray:
    """How many intervals cover each bin, on average over it.

    Parameters
    ----------
    start_s, end_s
        Of the intervals, shape ``(n,)``.
    edges_s
        Of the bins, ascending, shape ``(n_bins + 1,)``.
    weights
        What each counts for; 1 where None.

    >>> measure_cover(np.array([0.0, 1.0]), np.array([3.0, 2.0]), np.array([0.0, 2.0, 4.0]))
    array([1.5, 0.5])
    """
    counts = np.ones_like(start_s) if weights is None else weights
    covered_s = _integrate(start_s, counts, edges_s) - _integrate(end_s, counts, edges_s)
    cover: SecondsArray = np.diff(covered_s) / np.diff(edges_s)
    return np.maximum(cover, 0.0)


def _integrate(at_s: SecondsArray, weights: SecondsArray, edges_s: SecondsArray) -> SecondsArray:
    """Weighted time since each moment, summed up, as it is at each edge."""
    order = np.argsort(at_s, kind="stable")
    ordered_s, counts = at_s[order], weights[order]
    n_before = np.searchsorted(ordered_s, edges_s)
    weight = np.r_[0.0, np.cumsum(counts)][n_before]
    moment: SecondsArray = np.r_[0.0, np.cumsum(counts * ordered_s)][n_before]
    since: SecondsArray = edges_s * weight - moment
    return since


def _find_ends(
    starts_s: SecondsArray, ends_s: SecondsArray, record: FlightRecord | None
) -> tuple[float, float]:
    """When the latest import began, and the last moment at which a span of it may begin."""
    if record is not None:
        return record.started_s, record.ended_s or np.inf
    order = np.argsort(starts_s, kind="stable")
    ordered_s = starts_s[order]
    busy_until_s = np.r_[-np.inf, np.maximum.accumulate(ends_s[order])][: ordered_s.size]
    begins = ordered_s[ordered_s - busy_until_s > REST_S]
    return (float(begins[-1]) if begins.size else np.inf), np.inf


def _order_names(
    names: Sequence[str], codes: IntArray, *, last: str = ""
) -> tuple[tuple[str, ...], IntArray]:
    """Names in the order in which they are met, one of them behind all others, and their codes."""
    met, firsts = np.unique(codes, return_index=True)
    order = sorted(range(met.size), key=lambda k: (names[int(met[k])] == last, firsts[k]))
    place = np.zeros(len(names), np.int64)
    place[met[order]] = np.arange(met.size)
    return tuple(names[int(met[k])] for k in order), place[codes]


def _number(names: Iterable[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(dict.fromkeys(names))}


def _read_own_cpu(
    record: FlightRecord, start_s: SecondsArray, end_s: SecondsArray, cpu_s: SecondsArray
) -> SecondsArray:
    """Processor time of the leading process without that of the spans that ran in it."""
    if not record.cpu:
        return np.zeros((2, 0))
    at_s, taken_s = np.array(record.cpu, np.float64).T
    rates = cpu_s / np.maximum(end_s - start_s, 1e-9)
    taken_s = taken_s - _integrate(start_s, rates, at_s) + _integrate(end_s, rates, at_s)
    return np.array([at_s - record.started_s, np.maximum.accumulate(np.maximum(taken_s, 0.0))])


def _find_queued(flight: Flight) -> tuple[SecondsArray, SecondsArray]:
    """From when to when each file that was looked up waited for it."""
    n_files = len(flight.paths)
    mine = flight.is_measuring
    measured_s, asked_s = np.zeros(n_files), np.full(n_files, np.inf)
    np.maximum.at(measured_s, flight.file[mine], flight.end_s[mine])
    np.minimum.at(asked_s, flight.file[~mine], flight.start_s[~mine])
    waits = np.isfinite(asked_s) & (asked_s > measured_s)
    return measured_s[waits], asked_s[waits]
