"""A measure of one's own: a function with the columns that it fills, checked where it is made."""

import functools
import inspect
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import FunctionType
from typing import Any

from wkmp_lab.errors import InvalidInputError, require
from wkmp_lab.measuring.code_hash import hash_code
from wkmp_lab.model import Amplitude
from wkmp_lab.model.measured import TARGETS, MeasureInfo, MeasureTarget
from wkmp_lab.units import ANALYSIS_SR

MAX_NAME = 64
"""Characters of a column's name, and of a unit."""
MAX_MEASURES = 100


@dataclass(frozen=True, slots=True)
class PassageInFile:
    """A passage as a measure is told of it."""

    path: str
    """The file."""
    index: int
    """In the file, from 0."""
    start_s: float
    end_s: float
    """In the file."""
    amplitude: Amplitude | None
    """Levels, lead points and faults, as ANALYZING has found them."""

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Measure:
    """A function that has become a measure, made by :func:`wkmp_lab.measure`.

    It is called like the function. Two measures are equal if their results would be. It travels to
    other processes with its function, whatever cell or script that was written in.
    """

    info: MeasureInfo
    function: Callable[..., Any] = field(compare=False, repr=False)

    def __post_init__(self) -> None:
        # What help and Tab tell of it is what they would tell of the function.
        for name in ("__doc__", "__name__", "__module__"):
            object.__setattr__(self, name, getattr(self.function, name))
        object.__setattr__(self, "__wrapped__", self.function)

    @property
    def name(self) -> str:
        return self.info.name

    def __call__(self, y: Any, **told: Any) -> Any:
        """What the function returns; by hand nothing is checked, cached or kept."""
        return self.function(y, **told)

    def hash_again(self) -> "Measure":
        """The measure with the hash of what its code names by now."""
        return replace(self, info=replace(self.info, code_hash=hash_code(self.function)))

    def pack(self) -> bytes:
        """The function as bytes.

        Raises
        ------
        InvalidInputError
            It holds what no other process can be given, such as an open file or a session.
        """
        import cloudpickle  # only whoever has measures needs it

        try:
            packed: bytes = cloudpickle.dumps(self.function)
        except Exception as error:
            raise InvalidInputError(
                f"measure {self.name!r} must be able to travel to another process, but holds what "
                f"cannot: {type(error).__name__}: {error}"
            ) from error
        return packed

    def __reduce__(self) -> tuple[Callable[..., "Measure"], tuple[MeasureInfo, bytes]]:
        return _unpack, (self.info, self.pack())


def make_measure(
    *,
    version: int | str,
    columns: Mapping[str, str],
    on: MeasureTarget = "passage",
    sr: int | None = ANALYSIS_SR,
    taken: Iterable[str] = (),
) -> Callable[[Callable[..., Any]], Measure]:
    """What makes a function a measure; see :func:`wkmp_lab.measure`, which knows what is taken.

    Parameters
    ----------
    taken
        Names of columns that are there already.
    """
    require(on in TARGETS, f"on must be one of {', '.join(TARGETS)}", on)
    require(sr in (ANALYSIS_SR, None), f"sr must be {ANALYSIS_SR} or None (the file's own)", sr)
    require(
        isinstance(version, int | str) and str(version).strip() != "",
        "version must be a number or a text",
        version,
    )
    require(
        isinstance(columns, Mapping) and len(columns) > 0,
        "columns must be a dict of column: unit, with one column or more",
        columns,
    )
    for name, unit in columns.items():
        check_column(name, unit, taken=taken)

    def make(function: Callable[..., Any]) -> Measure:
        if not isinstance(function, FunctionType):
            raise InvalidInputError(
                f"a measure is made of a function that def has made, got {function!r}"
            )
        _find_subject(function, on)
        pairs = tuple((name, str(unit)) for name, unit in columns.items())
        code_hash = hash_code(function)
        info = MeasureInfo(function.__name__, str(version), code_hash, pairs, on=on, sr=sr)
        return Measure(info, function)

    return make


def check_column(name: object, unit: object, *, taken: Iterable[str]) -> None:
    """Raise InvalidInputError where a column may not be called so."""
    is_name = isinstance(name, str) and name.isidentifier() and not name.startswith("_")
    require(
        is_name and len(str(name)) <= MAX_NAME,
        f"a column is named by letters, digits and _, as in 'zcr_hz', by at most {MAX_NAME}",
        name,
    )
    require(
        isinstance(unit, str) and len(unit) <= MAX_NAME and unit.isprintable(),
        f"the unit of column {name!r} must be a text of at most {MAX_NAME} characters",
        unit,
    )
    same = next((each for each in taken if fold_name(each) == fold_name(str(name))), None)
    if same is not None:
        raise InvalidInputError(f"column {name!r} must be a new one: there is a column {same!r}")


def freeze_measures(measures: Sequence[Measure]) -> tuple[Measure, ...]:
    """The measures of an import, with the hashes of their code as it is now.

    Raises
    ------
    InvalidInputError
        One is no measure, two have a name or a column in common, or one cannot be packed.
    """
    if not isinstance(measures, Sequence) or isinstance(measures, str):
        raise InvalidInputError(f"measures must be a list of measures, got {measures!r}")
    for each in measures:
        if not isinstance(each, Measure):
            raise InvalidInputError(
                f"measures must be functions below @wl.measure(version=..., columns=...), "
                f"got {each!r}"
            )
    require(len(measures) <= MAX_MEASURES, f"at most {MAX_MEASURES} measures", len(measures))
    names = [each.name for each in measures]
    columns = [(each.info.on, fold_name(name)) for each in measures for name in each.info.names]
    twice = next((name for name in names if names.count(name) > 1), None)
    require(twice is None, "each measure needs a name of its own", twice)
    both = next((name for name in columns if columns.count(name) > 1), None)
    require(both is None, "no two measures may fill one column", both and both[1])
    for each in measures:
        each.pack()
    return tuple(each.hash_again() for each in measures)


def fold_name(name: str) -> str:
    """A name as those compare it who know no capitals."""
    return unicodedata.normalize("NFKC", name).casefold()


def find_subject(made: Measure) -> str:
    """The keyword that a measure wants its passage or its file under."""
    return _find_subject(made.function, made.info.on)


def _find_subject(function: Callable[..., Any], on: MeasureTarget) -> str:
    """The last argument of ``(y, *, sr, passage)``; a measure of files may call it ``file``."""
    parameters = inspect.signature(function).parameters
    takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    wanted = ("file", "passage") if on == "file" else ("passage",)
    subject = next((name for name in wanted if name in parameters), wanted[0])
    try:
        inspect.signature(function).bind(None, sr=None, **{subject: None})
    except TypeError as error:
        raise InvalidInputError(
            f"a measure is a function of (y, *, sr, {wanted[0]}), got "
            f"{function.__name__}{inspect.signature(function)}: {error}"
        ) from None
    assert takes_any or subject in parameters
    return subject


@functools.lru_cache(maxsize=MAX_MEASURES)
def _load(packed: bytes) -> Callable[..., Any]:
    """The function of some bytes; the same one for every file, with what it keeps for itself."""
    import cloudpickle

    function: Callable[..., Any] = cloudpickle.loads(packed)
    return function


def _unpack(info: MeasureInfo, packed: bytes) -> Measure:
    return Measure(info, _load(packed))
