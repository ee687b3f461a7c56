"""What differs between two imports of the same music, and which settings and versions do.

Both sides are results in memory: of two sessions of one kernel, or of two stores that
``open_session(folder, store=...)`` opens. A store keeps the latest result of each file only, so an
import that is to be compared with later goes into a store of its own.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import msgspec

from wkmp_lab.model import FileResult, Passage
from wkmp_lab.settings import Settings
from wkmp_lab.tables.columns import PASSAGES, Column, PassageRow
from wkmp_lab.tables.columns_files import FILES
from wkmp_lab.tables.own_columns import list_cells

MIN_SHARED_BY_PASSAGES = 0.5
"""Two passages are the same if they share more than this part of the longer one."""
NOT_COMPARED = frozenset({"path", "passage", "elapsed_s", "provenance"})
"""Columns that name a row, tell the time, or stand in ``cause``."""

Row = TypeVar("Row")
DifferenceKind = Literal["changed", "added", "removed"]
KINDS: tuple[DifferenceKind, ...] = ("changed", "added", "removed")


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that differs, or one file or passage that only one side has."""

    path: str | None
    """None: a setting."""
    passage: int | None
    """Index in the later result, of a removed one in the earlier; None: the file's own."""
    column: str
    """Of the tables ``files``, ``passages``, ``flavors``; or a setting: ``analyzing.preset``."""
    kind: DifferenceKind
    before: object
    after: object
    cause: str | None = None
    """The keys that differ between what made the two results of this file."""

    @property
    def change(self) -> float | None:
        """By how much a number has grown; None where it is no number on both sides."""
        before, after = self.before, self.after
        if isinstance(before, bool) or isinstance(after, bool):
            return None
        if isinstance(before, int | float) and isinstance(after, int | float):
            return float(after - before)
        return None


DIFFERENCES: Sequence[Column[Difference]] = (
    Column("path", "path", "the file; missing: a setting", lambda row: row.path),
    Column("passage", "int", "index in the later result", lambda row: row.passage),
    Column("column", "text", "what differs", lambda row: row.column),
    Column("kind", KINDS, "changed, or on one side only", lambda row: row.kind),
    Column("before", "text", "its value before", lambda row: row.before),
    Column("after", "text", "its value now", lambda row: row.after),
    Column("change", "float", "growth of a number", lambda row: row.change),
    Column("cause", "text", "keys of what made the file's results", lambda row: row.cause),
)
"""A row per difference."""


OF_PASSAGES = tuple(each for each in PASSAGES if not each.name.startswith("tag_"))
"""What is compared of passages: tags are their file's."""


def compare_settings(before: Settings, after: Settings) -> list[Difference]:
    """The settings that differ.

    >>> from wkmp_lab.settings import FlavorSettings
    >>> compare_settings(Settings(), Settings(flavoring=FlavorSettings(has_beats=True)))[0].column
    'flavoring.has_beats'
    """
    old, new = _flatten(before), _flatten(after)
    values = _compare_values(old, new)
    return [Difference(None, None, name, "changed", was, now) for name, was, now in values]


def compare_results(before: Sequence[FileResult], after: Sequence[FileResult]) -> list[Difference]:
    """Everything that differs between two imports, by path and passage.

    A file is known again by its path, else by its content. A passage is known again by its place:
    where a file was cut otherwise, the pieces that are left count as removed and added. Numbers
    differ as soon as they are not equal.

    Parameters
    ----------
    before, after
        In any order.
    """
    pairs = sorted(_pair_files(before, after), key=_path_of)
    return list(itertools.chain.from_iterable(_compare_files(*pair) for pair in pairs))


def _flatten(settings: Settings) -> dict[str, object]:
    written = settings.without_measures().with_named_order()
    parts: dict[str, Mapping[str, object]] = msgspec.to_builtins(written)
    parts["measures"] = {each.name: each.info.key for each in settings.measures}
    return {
        f"{part}.{name}": value for part, fields in parts.items() for name, value in fields.items()
    }


Pair = tuple[FileResult | None, FileResult | None]


def _path_of(pair: Pair) -> str:
    old, new = pair
    return new.path if new else old.path if old else ""


def _pair_files(before: Sequence[FileResult], after: Sequence[FileResult]) -> Iterator[Pair]:
    old_by_path = {result.path: result for result in before}
    arrived = [result for result in after if result.path not in old_by_path]
    stayed = [result for result in after if result.path in old_by_path]
    for result in stayed:
        yield old_by_path.pop(result.path), result
    gone_by_content = {r.content: r for r in old_by_path.values() if r.content}
    for result in arrived:
        old = gone_by_content.pop(result.content, None) if result.content else None
        if old is not None:
            del old_by_path[old.path]
        yield old, result
    for old in old_by_path.values():
        yield old, None


def _compare_files(old: FileResult | None, new: FileResult | None) -> Iterator[Difference]:
    if old is None or new is None:
        kind: DifferenceKind = "added" if old is None else "removed"
        sides = (old and old.status, new and new.status)
        yield Difference(_path_of((old, new)), None, "file", kind, *sides)
        return
    if _bare(old) == _bare(new):
        return
    cause = _find_cause(old, new)
    if old.path != new.path:
        yield Difference(new.path, None, "path", "changed", old.path, new.path, cause)
    values = (_values_of(file, FILES) | list_cells(file.measured) for file in (old, new))
    for name, before, after in _compare_values(*values):
        yield Difference(new.path, None, name, "changed", before, after, cause)
    for was, now in _pair_passages(old.passages, new.passages):
        yield from _compare_passages(old, new, was, now, cause)


def _bare(result: FileResult) -> FileResult:
    """A result without what tells when, where and by what it was made."""
    source = replace(result.source, mtime_ns=0, inode=None)
    return replace(result, source=source, spans=(), provenance=(), not_renewed=())


def _find_cause(old: FileResult, new: FileResult) -> str | None:
    made_before, made_now = dict(old.provenance), dict(new.provenance)
    names = sorted(made_before.keys() | made_now.keys())
    changes = [
        f"{name} {made_before.get(name, 'none')} -> {made_now.get(name, 'none')}"
        for name in names
        if made_before.get(name) != made_now.get(name)
    ]
    return "; ".join(changes) or None


def _pair_passages(
    before: Sequence[Passage], after: Sequence[Passage]
) -> Iterator[tuple[Passage | None, Passage | None]]:
    left = list(before)
    for now in after:
        was = next((passage for passage in left if _is_same_place(passage, now)), None)
        if was is not None:
            left.remove(was)
        yield was, now
    for was in left:
        yield was, None


def _is_same_place(one: Passage, other: Passage) -> bool:
    shared = min(one.end_ticks, other.end_ticks) - max(one.start_ticks, other.start_ticks)
    longer = max(one.end_ticks - one.start_ticks, other.end_ticks - other.start_ticks)
    return shared > MIN_SHARED_BY_PASSAGES * longer


def _compare_passages(
    old: FileResult,
    new: FileResult,
    was: Passage | None,
    now: Passage | None,
    cause: str | None,
) -> Iterator[Difference]:
    if was is None or now is None:
        kind: DifferenceKind = "added" if was is None else "removed"
        index = now.index if now else was.index if was else None
        sides = (was and _describe_span(was), now and _describe_span(now))
        yield Difference(new.path, index, "passage", kind, *sides, cause)
        return
    values = (
        _values_of(PassageRow(file, passage), OF_PASSAGES)
        | (passage.descriptors.as_dict() if passage.descriptors else {})
        | list_cells(passage.measured)
        for file, passage in ((old, was), (new, now))
    )
    for name, before, after in _compare_values(*values):
        yield Difference(new.path, now.index, name, "changed", before, after, cause)


def _describe_span(passage: Passage) -> str:
    return f"{passage.start_s:.2f} to {passage.end_s:.2f} s"


def _values_of(row: Row, columns: Sequence[Column[Row]]) -> dict[str, object]:
    return {each.name: each.read(row) for each in columns if each.name not in NOT_COMPARED}


def _compare_values(
    before: Mapping[str, object], after: Mapping[str, object]
) -> Iterator[tuple[str, object, object]]:
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield name, old, new
