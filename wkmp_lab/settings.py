"""Every default, once: a frozen record per phase, and :class:`Settings` that holds them all."""

import functools
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, TypeVar

import msgspec

from wkmp_lab.backends import BACKENDS, Backend, imply_backend
from wkmp_lab.errors import InvalidInputError, require
from wkmp_lab.measuring.measure import Measure, freeze_measures
from wkmp_lab.model import Declaration, Phase
from wkmp_lab.names import offer_near_names

Record = TypeVar("Record")
Medium = Literal["auto", "cd", "vinyl", "cassette_dolby", "cassette", "other"]
Order = Literal["long_first", "small_first", "path"]
CUSTOM_ORDER = "custom"
"""What is kept of an order of one's own; alone it stands for ``long_first``."""
Design = Literal["lanes", "files"]
LeadPreset = Literal["default", "classical", "rock_pop", "electronic"]

MEDIUM_THRESHOLD_DBFS: dict[Medium, float] = {
    "cd": -80.0,
    "vinyl": -60.0,
    "cassette_dolby": -70.0,
    "cassette": -50.0,
    "other": -60.0,
}
"""What counts as silence by source medium (WKMP IMPL005), beside the file's own floor."""


Limits = Mapping[str, int] | tuple[tuple[str, int], ...]
"""Files at once by the name of a phase."""
MIN_MEMORY_MB = 250
"""One worker with a short file (see :mod:`wkmp_lab.runner.throttle`)."""


def _telling_where(record: type[Record]) -> type[Record]:
    """The record; of a keyword that it does not have, it says to which record that belongs."""
    made: Any = record
    construct = made.__init__
    names = [each.name for each in fields(made)]

    @functools.wraps(construct)
    def construct_or_tell(self: Record, *values: Any, **named: Any) -> None:
        unknown = next((name for name in named if name not in names), None)
        if unknown is not None:
            raise InvalidInputError(_tell_where(made, unknown, named[unknown]))
        construct(self, *values, **named)

    made.__init__ = construct_or_tell
    return record


def _tell_where(record: type, name: str, value: object) -> str:
    """What to write instead of ``record(name=value)``."""
    parts: dict[str, Any] = {
        each.name: each.default_factory for each in fields(Settings) if each.name != "measures"
    }
    homes = {each.name: part for part, home in parts.items() for each in fields(home)}
    told = f"wl.{record.__name__} has no {name!r}"
    if name in homes:
        part = homes[name]
        call = f"wl.Settings({part}=wl.{parts[part].__name__}({name}={value!r}))"
        return f"{told}: it belongs to wl.{parts[part].__name__}, as in {call}"
    own = [each.name for each in fields(record)]
    return told + (offer_near_names(name, own) or offer_near_names(name, [*homes, *parts]))


@_telling_where
@dataclass(frozen=True, slots=True)
class ScanSettings:
    """Which files are looked at."""

    follow_symlinks: bool = True
    max_duration_s: float = 12 * 3600.0
    """Decoding stops here; the file is flagged as capped."""

    def __post_init__(self) -> None:
        require(self.max_duration_s > 0, "max_duration_s must be positive", self.max_duration_s)


@_telling_where
@dataclass(frozen=True, slots=True)
class SegmentSettings:
    """How a file is cut into passages."""

    medium: Medium = "auto"
    """What lies below the medium's threshold counts as lying at the noise floor."""
    threshold_dbfs: float | None = None
    """A fixed silence threshold; None: the file's own noise floor, and its medium."""
    min_silence_s: float = 0.5
    min_passage_s: float = 10.0
    n_passages: int | None = None
    """Known number of pieces; None: found."""
    durations_s: tuple[float, ...] | None = None
    """Known lengths of the pieces, in order; None: found."""

    def __post_init__(self) -> None:
        require(
            self.medium in ("auto", *MEDIUM_THRESHOLD_DBFS),
            f"medium must be one of auto, {', '.join(MEDIUM_THRESHOLD_DBFS)}",
            self.medium,
        )
        require(self.min_silence_s > 0, "min_silence_s must be positive", self.min_silence_s)
        require(self.min_passage_s >= 0, "min_passage_s must be >= 0", self.min_passage_s)
        if self.threshold_dbfs is not None:
            require(
                -120 <= self.threshold_dbfs < 0,
                "threshold_dbfs must be in [-120, 0)",
                self.threshold_dbfs,
            )
        if self.n_passages is not None:
            require(self.n_passages >= 1, "n_passages must be >= 1", self.n_passages)
        if self.durations_s is not None:
            require(
                len(self.durations_s) > 0 and all(d > 0 for d in self.durations_s),
                "durations_s must be positive and not empty",
                self.durations_s,
            )


@dataclass(frozen=True, slots=True)
class SegmentHints:
    """What is known of the structure of one file from outside; no setting, for it goes with it.

    Attributes
    ----------
    track, n_tracks
        Of the tags.
    n_siblings
        Other audio files in the same folder; None where unknown.
    durations_s
        Lengths of the pieces in order, from a release.
    declared
        What the file, or a sheet beside it, says where its pieces begin: it is cut there.
    boundaries_ticks
        Inner boundaries that a person has set; they hold, whatever the settings are.
    """

    track: int | None = None
    n_tracks: int | None = None
    n_siblings: int | None = None
    durations_s: tuple[float, ...] | None = None
    declared: Declaration | None = None
    boundaries_ticks: tuple[int, ...] | None = None


@_telling_where
@dataclass(frozen=True, slots=True)
class FingerprintSettings:
    """How passages are fingerprinted."""

    min_duration_s: float = 3.0
    """Chromaprint gives nothing below about 2.6 s."""
    max_duration_s: float = 3600.0


@_telling_where
@dataclass(frozen=True, slots=True)
class IdentifySettings:
    """Which sources are asked, and what they must show."""

    is_offline: bool = False
    catalogue: str | None = None
    """Path of a local catalogue; None: ``wkmp_catalogue.jsonl`` in the music folder, else the one
    in the user's data folder."""
    acoustid_url: str = "https://api.acoustid.org/v2"
    musicbrainz_url: str = "https://musicbrainz.org"
    acousticbrainz_url: str | None = None
    """Of a server that answers as AcousticBrainz did; None: flavors come from a dump only."""
    flavors: str | None = None
    """Path of flavors that were taken from a dump; None: in the user's data folder."""
    contact: str | None = None
    """An address for the User-Agent that MusicBrainz asks for."""
    has_text_search: bool = True
    """Search MusicBrainz by title and artist where no sound matches."""
    cache: str | None = None
    """Folder of remembered answers; None: the platform's cache folder."""
    acoustid_interval_s: float = 0.34
    """From the end of a request to the next; at the public services never below their limits."""
    musicbrainz_interval_s: float = 1.0
    acousticbrainz_interval_s: float = 1.0


@_telling_where
@dataclass(frozen=True, slots=True)
class AnalyzeSettings:
    """How lead-in, lead-out and first sound are found (WKMP SPEC025)."""

    preset: LeadPreset = "default"

    def __post_init__(self) -> None:
        presets = ("default", "classical", "rock_pop", "electronic")
        require(self.preset in presets, f"preset must be one of {presets}", self.preset)


@_telling_where
@dataclass(frozen=True, slots=True)
class FlavorSettings:
    """What is described."""

    has_beats: bool = False
    """Keep every beat position in the result (larger results)."""


@_telling_where
@dataclass(frozen=True, slots=True)
class RunSettings:
    """How the work is spread; never part of what makes a result stale."""

    n_jobs: int | None = None
    """Files in flight; None: clamp(cpu, 2, 8)."""
    backend: Backend = "loky"
    """``loky``: processes of this machine, also for a single job. ``sequential`` and ``threading``
    decode in this very process, which a damaged file can then end."""
    # Any, since a union with a function could not be read back from a store.
    order: Order | Any = "long_first"
    """Which files begin first. Also a function that makes of a file's SourceFile a value to sort
    by, or a list of paths (files or folders, absolute or from the library): what it does not name
    follows, long files first."""
    stall_s: float = 180.0
    """A worker that shows no progress for this long is ended, and its file fails."""
    worker_memory_mb: int = 4096
    """Address space of a worker (where the system can limit it)."""
    memory_mb: int | None = None
    """What the workers may take together; None: 80 % of what is available at the start. It tells
    how many workers there are and which files go on together; a single file always does."""
    design: Design = "lanes"
    """``lanes``: workers go on with the next files while those that are measured wait for answers.
    ``files``: a file keeps its place until it is identified, each by questions of its own."""
    cluster: str | None = None
    """Where the workers are: ``tcp://host:port`` or ``tls://host:port`` of a Dask scheduler,
    ``ray://host:port`` of a Ray, or ``auto``, a Dask cluster on this machine for the run. It
    implies the backend, in the place of the default."""
    has_profiles: bool = True
    """Keep the level profile of each file beside the store (1.3 MB an hour): by it files are cut
    and levelled anew without a decode. Clusters keep none."""
    limits: Limits = ()
    """So many files at most in a phase at once, over all workers: ``{"FLAVORING": 2}``. Of
    IDENTIFYING: so many questions to services at once. Kept as pairs, in the order of Phase."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "limits", _read_limits(self.limits))
        if self.n_jobs is not None:
            require(self.n_jobs >= 1, "n_jobs must be >= 1", self.n_jobs)
        if self.memory_mb is not None:
            require(
                self.memory_mb >= MIN_MEMORY_MB,
                f"memory_mb must be >= {MIN_MEMORY_MB}, what one worker takes",
                self.memory_mb,
            )
        require(self.backend in BACKENDS, f"backend must be one of {BACKENDS}", self.backend)
        if self.cluster is not None:
            # The default cannot be told from a backend that was asked for: it gives way.
            told = None if self.backend == "loky" else self.backend
            object.__setattr__(self, "backend", imply_backend(self.cluster, told=told))
        object.__setattr__(self, "order", _read_order(self.order))
        designs = ("lanes", "files")
        require(self.design in designs, f"design must be one of {designs}", self.design)

    def name_order(self) -> str:
        """The order by its name, which can be written down.

        >>> RunSettings(order=["new", "old/side.flac"]).name_order()
        'custom'
        """
        if callable(self.order):
            name: str = getattr(self.order, "__name__", "")
            return f"{CUSTOM_ORDER} {name}".strip()
        return self.order if isinstance(self.order, str) else CUSTOM_ORDER

    def find_limit(self, phase: Phase) -> int | None:
        """Files that may be in a phase at once; None where nothing but the jobs limits them.

        >>> RunSettings(limits={"FLAVORING": 2}).find_limit(Phase.FLAVORING)
        2
        """
        return dict(self.limits).get(phase.value)


def _read_order(order: Any) -> Any:
    """The order, a list as a tuple of texts; InvalidInputError where it is none."""
    orders = ("long_first", "small_first", "path")
    is_kept = isinstance(order, str) and order.split(" ")[0] == CUSTOM_ORDER
    if callable(order) or is_kept or (isinstance(order, str) and order in orders):
        return order
    what = f"order must be one of {orders}, a function of a SourceFile, or a list of paths"
    is_list = isinstance(order, Iterable) and not isinstance(order, (str, bytes))
    paths = tuple(order) if is_list else ()
    require(is_list and all(isinstance(p, (str, os.PathLike)) for p in paths), what, order)
    return tuple(os.fspath(path) for path in paths)


def _read_limits(limits: Limits) -> tuple[tuple[str, int], ...]:
    """The limits as pairs; InvalidInputError where one is none."""
    asked = dict(limits.items() if isinstance(limits, Mapping) else _read_pairs(limits))
    known = [phase.value for phase in Phase if phase is not Phase.SCANNING]
    for phase, n in asked.items():
        require(phase in known, f"limits must be of phases, one of {', '.join(known)}", phase)
        is_count = isinstance(n, int) and not isinstance(n, bool) and n >= 1
        require(is_count, f"the limit of {phase} must be a whole number >= 1", n)
    return tuple((phase, asked[phase]) for phase in known if phase in asked)


def _read_pairs(limits: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    try:
        return tuple((phase, n) for phase, n in limits)
    except (TypeError, ValueError):
        what = 'limits must be a number by phase, as {"FLAVORING": 2}'
        raise InvalidInputError(f"{what}, got {limits!r}") from None


@_telling_where
@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """All settings of an import, one record per phase: ``help(type(settings.segmenting))`` tells
    of each field, its unit and range. What is not given has its default.

    >>> Settings(segmenting=SegmentSettings(medium="vinyl")).segmenting.min_silence_s
    0.5
    """

    scanning: ScanSettings = field(default_factory=ScanSettings)
    segmenting: SegmentSettings = field(default_factory=SegmentSettings)
    fingerprinting: FingerprintSettings = field(default_factory=FingerprintSettings)
    identifying: IdentifySettings = field(default_factory=IdentifySettings)
    analyzing: AnalyzeSettings = field(default_factory=AnalyzeSettings)
    flavoring: FlavorSettings = field(default_factory=FlavorSettings)
    running: RunSettings = field(default_factory=RunSettings)
    measures: Sequence[Measure] = ()
    """Measures of one's own; stores keep what they are called and what they found, not these."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "measures", freeze_measures(self.measures))

    def without_measures(self) -> "Settings":
        """All that can be written down."""
        return replace(self, measures=()) if self.measures else self

    def __repr__(self) -> str:
        """As Python, a record a line."""
        lines = [f"    {each.name}={getattr(self, each.name)!r}," for each in fields(self)]
        return "\n".join(["Settings(", *lines, ")"])

    def with_named_order(self) -> "Settings":
        """The settings without a function or paths of one's own: as they are kept, and travel."""
        name = self.running.name_order()
        if name == self.running.order:
            return self
        return replace(self, running=replace(self.running, order=name))


_PHASE_FIELDS = {
    Phase.SCANNING: "scanning",
    Phase.SEGMENTING: "segmenting",
    Phase.FINGERPRINTING: "fingerprinting",
    Phase.IDENTIFYING: "identifying",
    Phase.ANALYZING: "analyzing",
    Phase.FLAVORING: "flavoring",
}


def compute_settings_key(settings: Settings, phase: Phase) -> str:
    """Short hash of the settings that a phase's results depend on.

    Equal settings give equal keys in every process and on every machine.
    """
    part = getattr(settings, _PHASE_FIELDS[phase])
    return hashlib.sha256(msgspec.json.encode(part, order="sorted")).hexdigest()[:16]
