"""Copies of one recording side by side: what each is, and which the others make superfluous."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wkmp_lab.collection.copies import SongCopy
from wkmp_lab.collection.same_songs import SameSong
from wkmp_lab.model import PassageId


@dataclass(frozen=True, slots=True)
class GroupedCopy:
    """A copy among those of the same recording."""

    group: int
    """From 1, in order of the paths; copies of a number hold the same recording."""
    n_copies: int
    copy: SongCopy
    better: tuple[SameSong, ...]
    """The pairs in which another copy is the better one."""
    n_worse: int
    """How many copies this one is better than."""
    is_superfluous: bool
    """Every passage of its file has a better copy in another file, than which none is better."""

    @property
    def reason(self) -> str | None:
        """Why another copy is better; None where none is."""
        return self.better[0].reason if self.better else None


def group_copies(pairs: Sequence[SameSong]) -> list[GroupedCopy]:
    """Every copy with its group, the best first; without pairs, none.

    A group holds what is linked by pairs: a copy of a copy is in it.
    """
    copies = {_key(copy): copy for pair in pairs for copy in (pair.first, pair.second)}
    members = _link(copies, pairs)
    better: dict[PassageId, list[SameSong]] = {key: [] for key in copies}
    n_worse = dict.fromkeys(copies, 0)
    for pair in pairs:
        if pair.better is not None:
            worse = pair.second if pair.better == pair.first else pair.first
            better[_key(worse)].append(pair)
            n_worse[_key(pair.better)] += 1
    n_passages = {copy.path: copy.n_passages for copy in copies.values()}
    n_bettered = dict.fromkeys(n_passages, 0)
    for key, found in better.items():
        bests = [_key(pair.better) for pair in found if pair.better is not None]
        # One that is itself the worse of two might go, too.
        n_bettered[key[0]] += any(best[0] != key[0] and not better[best] for best in bests)
    return [
        GroupedCopy(
            group=number,
            n_copies=len(group),
            copy=copies[key],
            better=tuple(better[key]),
            n_worse=n_worse[key],
            is_superfluous=n_bettered[key[0]] == n_passages[key[0]],
        )
        for number, group in enumerate(members, 1)
        for key in sorted(group, key=lambda key: (len(better[key]), -n_worse[key], key))
    ]


def _link(copies: Iterable[PassageId], pairs: Sequence[SameSong]) -> list[list[PassageId]]:
    """The copies by group, in order of their least paths."""
    group_of: dict[PassageId, list[PassageId]] = {key: [key] for key in copies}
    for pair in pairs:
        ours, theirs = group_of[_key(pair.first)], group_of[_key(pair.second)]
        if ours is not theirs:
            ours += theirs
            group_of.update(dict.fromkeys(theirs, ours))
    unique: Mapping[int, list[PassageId]] = {id(group): group for group in group_of.values()}
    return sorted(unique.values(), key=min)


def _key(copy: SongCopy) -> PassageId:
    return copy.path, copy.passage
