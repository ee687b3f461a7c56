"""Results that stay in the store: read when somebody asks for them, and no earlier."""

from __future__ import annotations  # pandas is loaded when the first table is made

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from wkmp_lab.identifying.decisions import ByContent, apply_decisions, decisions_on
from wkmp_lab.library import changes
from wkmp_lab.library.run.shared_store import SharedStore
from wkmp_lab.library.store import Store, packed
from wkmp_lab.library.store.blocks import KnownFiles, ResultKind, kind_of
from wkmp_lab.library.store.schema import lengthen_path, shorten_path
from wkmp_lab.model import (
    Amplitude,
    Descriptors,
    Failure,
    FileResult,
    Passage,
    Phase,
    SourceFile,
)
from wkmp_lab.settings import Settings
from wkmp_lab.tables import unpacking
from wkmp_lab.tables.packing import OF_TABLE, make_packed
from wkmp_lab.tables.unpacking import PackedPart

if TYPE_CHECKING:
    import pandas as pd

ASTRAY = "an index leads astray: rows that it tells of are not there"
MAX_HELD = 2000
"""A session of no more files holds its results itself, as they were when it was opened."""


class StoredCounts(NamedTuple):
    """What is counted of all results."""

    paths: tuple[str, ...]
    """Of all files, ascending."""
    n_of_kind: Counter[ResultKind]
    failures: tuple[tuple[str, str], ...]
    """(path, reason) of some failed files."""


class StoredResults:
    """The results of a library as its store has them at the moment of asking.

    Parameters
    ----------
    store
        Of schema 6 or later.
    settings
        What they are held against: phases that these would do differently are stale.
    on_damage
        Told, in a sentence, of each row that is not as it was written and therefore left out.
    """

    def __init__(
        self,
        store: SharedStore,
        settings: Settings,
        *,
        on_damage: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._on_damage = on_damage

    def read(self, decisions: ByContent) -> list[FileResult]:
        """All of them, with decisions laid over them."""
        with self._store.borrow(is_writer=False) as store:
            found = self._finish(store.read_results(), decisions)
            self._tell(store, n_lost=(packed.count_files(store) or 0) - len(found))
            return found

    def find(self, path: str, decisions: ByContent) -> FileResult | None:
        """The result of a path, None where there is none."""
        with self._store.borrow(is_writer=False) as store:
            found = store.find_by_path(path)
            self._tell(store, n_lost=found is None and path in store.read_paths())
        return None if found is None else self._finish([found], decisions)[0]

    def count(self, decisions: ByContent, *, n_failures: int) -> StoredCounts:
        """What is counted of them, with the reasons of so many failures."""
        with self._store.borrow(is_writer=False) as store:
            known = packed.find_known(store, decisions)
            rest = self._find_rest(store, known.others, decisions)
            failed = [path for path, kind in known.list_kinds() if kind.status == "failed"]
            told = [*rest, *store.find_many(sorted(failed)[-n_failures:])]
            paths = [lengthen_path(path, store.folder) for path, _ in known.list_kinds()]
        reasons = {
            each.path: f"{each.failure.phase}: {each.failure.reason}"
            for each in told
            if each.failure is not None
        }
        return StoredCounts(
            paths=tuple(sorted([*paths, *(result.path for result in rest)])),
            n_of_kind=known.count_kinds() + Counter(map(kind_of, rest)),
            failures=tuple(sorted(reasons.items())[-n_failures:]),
        )

    def make_table(self, name: str, decisions: ByContent) -> pd.DataFrame | None:
        """The table that all results would give; None where only they themselves can."""
        if name not in OF_TABLE:
            return None
        with self._store.borrow(is_writer=False) as store:
            known = packed.find_known(store, decisions)
            parts, others = _read_parts(store, known, name)
            rest = self._find_rest(store, others, decisions)
            if any(result.measures for result in rest):
                return None
            apart = self._read_apart(store, name, known)
            stale = self._find_stale(store, known) if name == "files" else {}
            for result in rest:  # of a damaged block, too: they tell it themselves
                stale.pop(result.path, None)
        paths = [shorten_path(result.path, self._store.folder) for result in rest]
        parts.append(PackedPart(make_packed(name, rest), paths))
        lengthen = functools.partial(lengthen_path, folder=self._store.folder)
        table = unpacking.join_parts(name, parts, lengthen=lengthen, apart=apart)
        return unpacking.add_notes(table, stale) if stale else table

    def _read_apart(
        self, store: Store, name: str, known: KnownFiles
    ) -> dict[str, Mapping[bytes, Sequence[str | None]]]:
        """The columns that blocks do not have, by stored path."""
        if name == "files":
            twins = packed.read_twins(store)
            copies = {path for path, kind in known.list_kinds() if kind.status == "duplicate"}
            self._tell(store, n_lost=len(copies - twins.keys()))
            return {"duplicate_of": twins}
        if name != "passages":
            return {}
        prints, n_lost = packed.read_prints(store)
        self._tell(store, n_lost=n_lost)
        return {"fingerprint": prints}

    def _find_rest(
        self, store: Store, paths: Sequence[bytes], decisions: ByContent
    ) -> list[FileResult]:
        """The results of files that no block tells of."""
        found = self._finish(store.find_many(paths), decisions)
        self._tell(store, n_lost=len(paths) - len(found))
        return found

    def _tell(self, store: Store, *, n_lost: int) -> None:
        for line in (store.find_damage() or (ASTRAY,)) if n_lost else ():
            self._on_damage(line)

    def _finish(self, results: Iterable[FileResult], decisions: ByContent) -> list[FileResult]:
        noted = changes.note_stale(results, self._settings)
        return [apply_decisions(each, decisions_on(each, decisions)) for each in noted]

    def _find_stale(self, store: Store, known: KnownFiles) -> dict[str, str]:
        """By path what would be done differently now, in words, of files that blocks tell of."""
        words = {kind: self._describe_stale(kind) for kind in known.count_kinds()}
        if not any(words.values()):
            return {}
        found = known.list_kinds()
        return {
            lengthen_path(path, store.folder): words[kind] for path, kind in found if words[kind]
        }

    def _describe_stale(self, kind: ResultKind) -> str:
        example = FileResult(
            SourceFile("", 0, 0),
            kind.status,
            passages=(_make_example(kind.missing),) if kind.n_passages else (),
            failure=Failure(kind.failed_in, "") if kind.failed_in else None,
            provenance=kind.provenance,
        )
        (noted,) = changes.note_stale([example], self._settings)
        return "; ".join(noted.all_notes)


def _make_example(missing: Sequence[Phase]) -> Passage:
    """A passage that has gone through all phases but some."""
    return Passage(
        0,
        0,
        1,
        fingerprint_reason=None if Phase.FINGERPRINTING in missing else "an example",
        amplitude=None
        if Phase.ANALYZING in missing
        else Amplitude(0, 1, 0, 0, None, 0.0, 0.0, None, None),
        descriptors=None if Phase.FLAVORING in missing else Descriptors(1, ()),
    )


def _read_parts(
    store: Store, known: KnownFiles, name: str
) -> tuple[list[PackedPart], Sequence[bytes]]:
    """The packed rows of a table, and the stored paths of the files that they do not tell of."""
    parts, others = [], list(known.others)
    for table, paths in packed.read_blocks(store, known, name):
        if table is None:
            others += [path for path in paths if path is not None]
        else:
            parts.append(PackedPart(table, paths))
    return parts, others
