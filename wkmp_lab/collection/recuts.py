"""What changes where a file is cut and levelled by other settings, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from wkmp_lab.model import FileResult, Gap, Passage
from wkmp_lab.units import seconds_from_ticks, ticks_from_seconds

MOVED_S = 3.0
"""A cut that goes and one that comes this near are one that has moved."""
RecutKind = Literal["changed", "unchanged", "no profile"]


@dataclass(frozen=True, slots=True)
class CutChange:
    """A cut that comes, goes or moves: where it was and where it is, None where there is none."""

    before_s: float | None
    after_s: float | None
    reason: str
    """Why it is there now, or is not, in the words of the segmentation."""


@dataclass(frozen=True, slots=True)
class Recut:
    """What other settings would change in one file."""

    path: str
    kind: RecutKind
    n_before: int
    """Passages as they are."""
    n_after: int | None = None
    """Passages by the other settings; None where nobody can tell without a decode."""
    n_new: int = 0
    """Of these, those that begin or end elsewhere: they are to be heard anew."""
    n_levels: int = 0
    """Passages that stay, with other leads or levels."""
    cuts: tuple[CutChange, ...] = ()

    @property
    def why(self) -> str | None:
        """What the segmentation says of each cut that changes; None where none does."""
        if self.kind == "no profile":
            return "no profile is kept: the next import decodes it"
        return "; ".join(dict.fromkeys(each.reason for each in self.cuts)) or None


def describe_cuts(recut: Recut) -> str | None:
    """The cuts that come, go and move, in seconds; None where none does.

    >>> moved, gone = CutChange(9.0, 9.5, ""), CutChange(60.0, None, "")
    >>> describe_cuts(Recut("a.flac", "changed", 3, cuts=(moved, gone)))
    '9.0 to 9.5 s, without 60.0 s'
    """
    words = []
    for cut in recut.cuts:
        if cut.before_s is None:
            words.append(f"new at {cut.after_s:.1f} s")
        elif cut.after_s is None:
            words.append(f"without {cut.before_s:.1f} s")
        else:
            words.append(f"{cut.before_s:.1f} to {cut.after_s:.1f} s")
    return ", ".join(words) or None


@dataclass(frozen=True, slots=True)
class RecutCounts:
    """What other settings would change in a library; passages are of files with a profile."""

    n_files: int
    n_changed: int
    n_without: int
    """Files without a profile."""
    n_before: int
    n_after: int
    n_new: int
    n_levels: int


def count_recuts(recuts: Sequence[Recut]) -> RecutCounts:
    """What would change in all of them together."""
    known = [each for each in recuts if each.n_after is not None]
    return RecutCounts(
        n_files=len(recuts),
        n_changed=sum(each.kind == "changed" for each in recuts),
        n_without=len(recuts) - len(known),
        n_before=sum(each.n_before for each in known),
        n_after=sum(each.n_after or 0 for each in known),
        n_new=sum(each.n_new for each in known),
        n_levels=sum(each.n_levels for each in known),
    )


def compare_recut(old: FileResult, new: FileResult | None) -> Recut:
    """What differs between a file as it is and as it was cut anew; None: it could not be."""
    n_before = len(old.passages)
    if new is None:
        return Recut(old.path, "no profile", n_before)
    before = {_span(each): each for each in old.passages}
    stay = [(before[_span(each)], each) for each in new.passages if _span(each) in before]
    n_new = len(new.passages) - len(stay)
    n_levels = sum(was.amplitude != now.amplitude for was, now in stay)
    is_changed = bool(n_new or n_levels) or n_before != len(new.passages)
    return Recut(
        old.path,
        "changed" if is_changed else "unchanged",
        n_before,
        n_after=len(new.passages),
        n_new=n_new,
        n_levels=n_levels,
        cuts=_compare_cuts(old, new),
    )


def _compare_cuts(old: FileResult, new: FileResult) -> tuple[CutChange, ...]:
    """The cuts that differ, in order of time."""
    before, after = _list_cuts(old), _list_cuts(new)
    gone = sorted(before - after)
    changes: list[tuple[int | None, int | None]] = []
    for cut in sorted(after - before):
        near = [each for each in gone if abs(each - cut) <= ticks_from_seconds(MOVED_S)]
        was = min(((abs(each - cut), each) for each in near), default=None)
        if was is not None:
            gone.remove(was[1])
        changes.append((was[1] if was else None, cut))
    changes += [(each, None) for each in gone]
    gaps = new.segmentation.gaps if new.segmentation else ()
    told = [
        CutChange(
            None if was is None else seconds_from_ticks(was),
            None if now is None else seconds_from_ticks(now),
            _find_reason(gaps, was if now is None else now),
        )
        for was, now in changes
    ]
    return tuple(sorted(told, key=lambda each: each.before_s or each.after_s or 0.0))


def _list_cuts(result: FileResult) -> set[int]:
    return {each.start_ticks for each in result.passages if each.start_ticks > 0}


def _find_reason(gaps: tuple[Gap, ...], ticks: int | None) -> str:
    """What the segmentation says of the gap that a place lies in."""
    for gap in gaps:
        if gap.cut_ticks == ticks:
            return gap.reason
    for gap in gaps:
        if ticks is not None and gap.start_ticks <= ticks <= gap.end_ticks:
            return gap.reason
    return "no quiet stretch any more"


def _span(passage: Passage) -> tuple[int, int]:
    return passage.start_ticks, passage.end_ticks
