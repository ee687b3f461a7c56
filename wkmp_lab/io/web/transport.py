"""The one HTTP client of the project: polite, bounded, and never an exception for an answer.

Every request to a host, retries and redirects included, passes through that host's slot
(:mod:`~wkmp_lab.io.web.rate_limit`). What was learnt is stored before the slot is given up, and
looked for again after it was gained; so no process asks what another one is asking.
"""

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

from wkmp_lab.io.web.answers import Outcome
from wkmp_lab.io.web.connection import (
    BrokenReplyError,
    Connections,
    Reply,
    Request,
    StaleConnectionError,
    StoppedError,
    TimedOutError,
    Timeouts,
    UnreachableError,
)
from wkmp_lab.io.web.rate_limit import MAX_PAUSE_S, hold_slot
from wkmp_lab.model.reasons import OutcomeKind

Found = TypeVar("Found")

RETRIED_STATUS = frozenset({429, 500, 502, 503, 504})
REDIRECT_STATUS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Patience:
    """How a host's troubles are met.

    ``pause_s * 2**k`` (halved at random, at most 60 s) lies between tries; after
    ``n_failed_before_break`` questions in a row have failed, the host is left alone for
    ``break_s``. A host that cannot be reached at all is left alone at once.
    """

    n_tries: int = 6
    n_tries_when_silent: int = 2
    pause_s: float = 1.5
    n_failed_before_break: int = 3
    break_s: float = 300.0
    linger_s: float = 2.0
    """Pause after a time-out: the server may see the request later than it was given up."""
    timeouts: Timeouts = field(default_factory=Timeouts)


@dataclass(frozen=True, slots=True)
class Host:
    """A service and the distance that its requests must keep, in seconds."""

    name: str
    interval_s: float
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True)
class PublicService:
    """A service as the public knows it: its name, its domain, and the pace that it allows.

    >>> public = PublicService("musicbrainz", "musicbrainz.org", 1.0)
    >>> public.make_host("https://musicbrainz.org/ws/2", 0.1, Patience()).interval_s
    1.0
    >>> public.make_host("http://mirror:5000/ws/2", 0.1, Patience()).name
    'musicbrainz-mirror_5000'
    """

    name: str
    domain: str
    interval_s: float

    def make_host(self, url: str, interval_s: float, patience: Patience) -> Host:
        """The server at an address: its own slot, so that a mirror does not wait for the public.

        ``interval_s`` is what is asked for; the public server is never asked more often than it
        allows.
        """
        address = urlsplit(url)
        server = address.hostname or ""
        is_public = server == self.domain or server.endswith(f".{self.domain}")
        slot = re.sub(r"[^a-z0-9.-]", "_", address.netloc.lower())
        return Host(
            f"{self.name}-{slot}",
            max(interval_s, self.interval_s) if is_public else interval_s,
            patience,
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of the requests of one client so far."""

    n_requests: int = 0
    n_troubles: int = 0
    """Refused for the moment (429, 503 and their like), timed out or broken."""
    waited_s: float = 0.0
    """For replies, without the distance that requests keep."""

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.n_requests + other.n_requests,
            self.n_troubles + other.n_troubles,
            self.waited_s + other.waited_s,
        )


@dataclass(slots=True)
class _Health:
    n_failed: int = 0
    closed_until: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Trouble:
    """A try that gave no answer."""

    kind: OutcomeKind
    why: str
    pause_s: float = 0.0
    n_tries: int = 1
    is_dead: bool = False
    """The host cannot be reached: asking again now is pointless."""
    is_stale: bool = False
    """It was the connection's: a next turn, with a new one, is not a second try."""


class Transport:
    """Questions to hosts; for one thread, polite across all processes.

    Connections stay open between questions, until :meth:`close`.

    Parameters
    ----------
    folder
        A local folder for the slots, the same for all processes and users of this machine;
        see :func:`~wkmp_lab.io.web.rate_limit.find_slots`.
    user_agent
        Name, version and contact.
    is_cancelled
        Asked at least every 0.1 s during waits and requests.
    """

    def __init__(self, folder: Path, *, user_agent: str, is_cancelled: Callable[[], bool]) -> None:
        self._folder = folder
        self._user_agent = user_agent
        self._is_cancelled = is_cancelled
        self._health: dict[str, _Health] = {}
        self._connections = Connections()
        self._random = random.Random()  # noqa: S311
        self.tally = Tally()
        """What came of its requests so far."""

    def close(self) -> None:
        """Close the connections that are open."""
        self._connections.close()

    def ask(
        self,
        host: Host,
        prepare: Callable[[], Request | None],
        accept: Callable[[Reply], Outcome[Found]],
    ) -> Outcome[Found]:
        """Put one question, as often as the host's troubles need.

        Parameters
        ----------
        host
            Whom to ask.
        prepare
            Called within the slot: the request, or None where the answer is known by now.
        accept
            Called within the slot with a reply that is neither a redirect nor a trouble of the
            server: what it means. It stores what shall be kept.

        Returns
        -------
        Outcome
            What ``accept`` made of the reply; ``NO_MATCH`` where ``prepare`` returned None.
        """
        health = self._health.setdefault(host.name, _Health())
        if time.monotonic() < health.closed_until:
            return Outcome(OutcomeKind.UNAVAILABLE, why=f"left alone after: {health.why}")
        n_tried = n_redirects = 0
        target: str | None = None
        while n_redirects <= MAX_REDIRECTS:
            try:
                turn = self._take_turn(host, prepare, accept, target, n_tried)
            except OSError as error:  # the folder of the slots: a network disk, a full one
                why = f"no slot in {str(self._folder)!r}: {error}"
                return _note(health, host, Outcome(OutcomeKind.UNAVAILABLE, why=why), is_dead=True)
            if isinstance(turn, Outcome):
                return _note(health, host, turn)
            if isinstance(turn, str):
                target, n_redirects = turn, n_redirects + 1
                continue
            if turn.is_stale:
                continue
            n_tried += 1
            if n_tried >= turn.n_tries:
                outcome: Outcome[Found] = Outcome(turn.kind, why=turn.why)
                return _note(health, host, outcome, is_dead=turn.is_dead)
        circle: Outcome[Found] = Outcome(OutcomeKind.MALFORMED, why="redirected in a circle")
        return _note(health, host, circle)

    def _take_turn(
        self,
        host: Host,
        prepare: Callable[[], Request | None],
        accept: Callable[[Reply], Outcome[Found]],
        target: str | None,
        n_tried: int,
    ) -> Outcome[Found] | _Trouble | str:
        """One request in the slot: an outcome, a trouble, or the address of a redirect."""
        path = self._folder / f"{host.name}.lock"
        with hold_slot(path, interval_s=host.interval_s, is_cancelled=self._is_cancelled) as slot:
            if not slot.is_held:
                return Outcome(OutcomeKind.CANCELLED, why="cancelled")
            request = prepare()
            if request is None:
                return Outcome(OutcomeKind.NO_MATCH)
            if not slot.start():
                return Outcome(OutcomeKind.CANCELLED, why="cancelled")
            headers = {"User-Agent": self._user_agent, **request.headers}
            sent = replace(request, headers=headers, url=target or request.url)
            asked_s = time.monotonic()
            turn: Reply | Outcome[Found] | _Trouble | str = self._judge(sent, host, n_tried)
            is_trouble = isinstance(turn, _Trouble) and not turn.is_stale
            self.tally += Tally(1, int(is_trouble), time.monotonic() - asked_s)
            if isinstance(turn, _Trouble):
                slot.pause_s = turn.pause_s
            return accept(turn) if isinstance(turn, Reply) else turn

    def _judge(
        self, request: Request, host: Host, n_tried: int
    ) -> Reply | Outcome[Found] | _Trouble | str:
        """Send, and tell a reply that can be read from everything else."""
        patience = host.patience
        back_off_s = patience.pause_s * 2.0**n_tried * self._random.uniform(0.5, 1.0)
        try:
            reply = self._connections.exchange(
                request, timeouts=patience.timeouts, is_cancelled=self._is_cancelled
            )
        except StoppedError:
            return Outcome(OutcomeKind.CANCELLED, why="cancelled")
        except StaleConnectionError as error:
            return _Trouble(OutcomeKind.MALFORMED, str(error), is_stale=True)
        except UnreachableError as error:
            return _Trouble(OutcomeKind.UNAVAILABLE, f"unreachable: {error}", is_dead=True)
        except TimedOutError as error:
            pause_s = max(back_off_s, patience.linger_s)
            n_tries = patience.n_tries_when_silent
            return _Trouble(OutcomeKind.UNAVAILABLE, f"timed out: {error}", pause_s, n_tries)
        except BrokenReplyError as error:
            return _Trouble(OutcomeKind.MALFORMED, str(error), back_off_s, patience.n_tries)
        if reply.status in RETRIED_STATUS:
            is_limit = reply.status == 429
            kind = OutcomeKind.RATE_LIMITED if is_limit else OutcomeKind.UNAVAILABLE
            pause_s = min(max(back_off_s, _asked_pause_s(reply)), MAX_PAUSE_S)
            return _Trouble(kind, f"HTTP {reply.status}", pause_s, patience.n_tries)
        return _follow(reply) if reply.status in REDIRECT_STATUS else reply


def _follow(reply: Reply) -> Outcome[Found] | str:
    """Where a redirect leads, as long as it stays on the host."""
    where = reply.headers.get("location", "")
    if not where:
        return Outcome(OutcomeKind.MALFORMED, why="redirected, but not told where to")
    try:
        target = urljoin(reply.url, where)
        is_same = _server_of(target) == _server_of(reply.url)
    except ValueError as error:
        return Outcome(OutcomeKind.MALFORMED, why=f"redirected to no address: {error}")
    if not is_same:
        return Outcome(OutcomeKind.REJECTED, why="redirected to another host, not followed")
    return target


def _server_of(url: str) -> tuple[str, str, str | None, int | None]:
    """Scheme, user, host and port of an address; a ValueError where it is none."""
    parts = urlsplit(url)
    user, _, _ = parts.netloc.rpartition("@")
    return parts.scheme, user, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _asked_pause_s(reply: Reply) -> float:
    """The pause that the server asks for, in seconds; 0 where it does not say."""
    asked = (reply.headers.get("retry-after", ""), reply.headers.get("x-ratelimit-reset-in", ""))
    return max(read_pause_s(text) for text in asked)


def read_pause_s(text: str) -> float:
    """Seconds to wait by a header of whole seconds or of an HTTP date; 0 for anything else.

    At most ``MAX_PAUSE_S``.

    >>> read_pause_s("12"), read_pause_s("Fri, 31 Dec 1999 23:59:59 GMT"), read_pause_s("²")
    (12.0, 0.0, 0.0)
    """
    from urllib3.exceptions import InvalidHeader
    from urllib3.util import Retry

    try:
        return float(min(Retry().parse_retry_after(text), MAX_PAUSE_S))
    except (InvalidHeader, ValueError, OverflowError):
        return 0.0


def _note(
    health: _Health, host: Host, outcome: Outcome[Found], *, is_dead: bool = False
) -> Outcome[Found]:
    """Remember how a question ended; a host that fails again and again is left alone."""
    if outcome.kind is OutcomeKind.CANCELLED:
        return outcome
    if outcome.is_answered or outcome.kind is OutcomeKind.REJECTED:
        health.n_failed = 0
        return outcome
    health.n_failed += 1
    health.why = outcome.why
    if is_dead or health.n_failed >= host.patience.n_failed_before_break:
        health.closed_until = time.monotonic() + host.patience.break_s
        health.n_failed = 0
    return outcome
