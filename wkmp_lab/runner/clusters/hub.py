"""Where all workers of a run on Ray report, and get their places in phases: an actor of the run.

It ends with the run, so that whoever finds it gone knows that nobody waits for its file.
"""

import asyncio
import time
from collections.abc import Mapping

from wkmp_lab.progress.far import FarNews
from wkmp_lab.runner.gates import POLL_S


class Hub:
    """News of files in flight, and the places that are taken in phases with a limit.

    Its methods run in one thread, each until it waits; so nothing here is locked.

    Parameters
    ----------
    limits
        How many places there are, by the name of the phase.
    """

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = dict(limits)
        self._news: dict[int, FarNews] = {}
        self._holders: dict[str, set[int]] = {phase: set() for phase in limits}
        self._dead: set[int] = set()

    async def tell(self, news: FarNews) -> None:
        """Keep the latest of each file."""
        self._news[news.index] = news

    async def hear(self, after_s: float) -> list[FarNews]:
        """What was told and not heard yet, after a while."""
        await asyncio.sleep(after_s)
        news, self._news = list(self._news.values()), {}
        return news

    async def take(self, phase: str, holder: int, timeout_s: float) -> bool:
        """Wait so long for a place; True where it is the holder's, as it may have been before."""
        until_s = time.monotonic() + timeout_s
        holders = self._holders[phase]
        while len(holders - {holder}) >= self._limits[phase]:
            if time.monotonic() >= until_s:
                return False
            await asyncio.sleep(POLL_S)
        if holder not in self._dead:
            holders.add(holder)
        return True

    async def give_back(self, phase: str, holder: int) -> None:
        """Free a place; nothing where it was not taken."""
        self._holders[phase].discard(holder)

    async def bury(self, holder: int) -> None:
        """Free what a holder has that is dead, and let nothing be taken for it any more."""
        self._dead.add(holder)
        for holders in self._holders.values():
            holders.discard(holder)
