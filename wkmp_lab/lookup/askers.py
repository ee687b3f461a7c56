"""How many look-ups go on at once: evidence in, decision out; nothing is done here.

Each asks one service at a time, and each service keeps its own distance, whoever asks. So more
look-ups at once bring something as long as services are waited for, and are one too many as soon
as a service asks to be left alone.
"""

from dataclasses import dataclass, field, replace

from wkmp_lab.io.web.transport import Tally

SLOW = 2.0
"""So many times the quickest mean reply, and fewer look-ups at once are tried."""
MIN_REQUESTS = 4
"""Requests that tell something of a number of look-ups."""


@dataclass(frozen=True, slots=True)
class Askers:
    """How many look-ups may go on now, and how that came."""

    n_allowed: int
    n_most: int
    reason: str = ""
    seen: Tally = field(default_factory=Tally)
    """What came of all requests until the latest decision."""
    quickest_s: float = float("inf")
    """The shortest mean time that replies have taken."""


def decide_askers(askers: Askers, tally: Tally) -> Askers:
    """The number after a look at what came of the requests.

    Half as many after a trouble, one fewer where replies take twice as long as they did at best,
    one more where neither is so.

    >>> four = Askers(4, 4)
    >>> decide_askers(four, Tally(5, 1, 0.5)).n_allowed
    2
    """
    new = Tally(
        tally.n_requests - askers.seen.n_requests,
        tally.n_troubles - askers.seen.n_troubles,
        tally.waited_s - askers.seen.waited_s,
    )
    if new.n_troubles:
        n_fewer = max(askers.n_allowed // 2, 1)
        told = f"{new.n_troubles} of the latest {new.n_requests} requests were refused or broken"
        return replace(askers, n_allowed=n_fewer, reason=told, seen=tally)
    if new.n_requests < MIN_REQUESTS:
        return askers
    mean_s = new.waited_s / new.n_requests
    known = replace(askers, seen=tally, quickest_s=min(mean_s, askers.quickest_s))
    told = f"a reply takes {1000.0 * mean_s:.0f} ms"
    if mean_s > SLOW * known.quickest_s:
        best = f"{told}, at best it took {1000.0 * known.quickest_s:.0f} ms"
        return replace(known, n_allowed=max(askers.n_allowed - 1, 1), reason=best)
    return replace(known, n_allowed=min(askers.n_allowed + 1, askers.n_most), reason=told)
