"""Who shows no sign of life, by a clock that stands still while this process does.

A machine that sleeps, or a stop of all processes, silences the workers and their watch alike. The
watch knows it by its own late look: then everybody gets the whole time once more to show a sign.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from wkmp_lab.model.reasons import Cause

LATE_S = 5.0
"""A look that comes later than this, or than half of what a stall takes, was slept through."""


@dataclass(frozen=True, slots=True)
class _Sign:
    """A worker's latest sign of life."""

    alive_s: float
    awake_s: float
    """How long the watch had been awake when the sign was first seen, or since it last woke up."""
    slept_s: float
    """How long the watch had slept when the sign was first seen."""


class StallClock:
    """Counts how long workers are silent while they are watched.

    Parameters
    ----------
    stall_s
        Silence of this many seconds is a stall.

    Examples
    --------
    >>> clock = StallClock(stall_s=3.0)
    >>> [clock.look(now_s, {0: 100.0}) for now_s in (100.0, 101.0, 102.0, 103.5)]
    [{}, {}, {}, {0: 'file'}]
    """

    def __init__(self, *, stall_s: float) -> None:
        self._stall_s = stall_s
        self._late_s = min(LATE_S, stall_s / 2)
        self._looked_s: float | None = None
        self._awake_s = 0.0
        self._slept_s = 0.0
        self._signs: dict[int, _Sign] = {}

    def look(self, now_s: float, alive_s: Mapping[int, float]) -> dict[int, Cause]:
        """The files that stall, and whose fault it is: the machine's if it slept meanwhile.

        Parameters
        ----------
        now_s
            Of a clock that goes on while the machine sleeps.
        alive_s
            The latest sign of life of each file in flight, by any clock.
        """
        passed_s = max(now_s - (now_s if self._looked_s is None else self._looked_s), 0.0)
        self._looked_s = now_s
        if passed_s > self._late_s:
            self._slept_s += passed_s
            woken = {i: replace(each, awake_s=self._awake_s) for i, each in self._signs.items()}
            self._signs = woken
        else:
            self._awake_s += passed_s
        self._signs = {index: self._sign(index, each) for index, each in alive_s.items()}
        return {
            index: "machine" if sign.slept_s < self._slept_s else "file"
            for index, sign in self._signs.items()
            if self._awake_s - sign.awake_s > self._stall_s
        }

    def _sign(self, index: int, alive_s: float) -> _Sign:
        known = self._signs.get(index)
        if known is not None and known.alive_s == alive_s:
            return known
        return _Sign(alive_s, self._awake_s, self._slept_s)
