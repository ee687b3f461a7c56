"""Who answers the page: each message goes to a thread of its kind, and the answer back.

The kernel's own thread only hands messages over, so that cells never wait for a sort or a clip.
Rows, sounds and planes have a thread each: a click is heard while a map is reckoned.
"""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from wkmp_lab.errors import InvalidInputError, WkmpLabError
from wkmp_lab.io.files.clips import CLIP_SR, MAX_CLIP_S, encode_clip, read_clip
from wkmp_lab.io.tags.covers import read_thumbnail
from wkmp_lab.library.session import ImportSession
from wkmp_lab.notebook.browser.columns import name_row
from wkmp_lab.notebook.browser.lane import Lane
from wkmp_lab.notebook.browser.listing import PlaceArray
from wkmp_lab.notebook.browser.pages import MAX_ROWS, make_head, make_rows, pack_points
from wkmp_lab.notebook.browser.planes import find_plane
from wkmp_lab.notebook.browser.shelf import Shelf
from wkmp_lab.runner.decoder_child import keep_child, run_in_child
from wkmp_lab.signals import Signal
from wkmp_lab.tables.columns import PassageRow
from wkmp_lab.units import seconds_from_ticks

CALM_S = 1.0
"""How long at least between two forms that a saved notebook keeps."""
FIRST_S = 3.0
"""Of a clip, cut and sent ahead: to encode half a minute takes longer than a click may wait."""
MAX_COVERS = 60
"""Covers that wait: those of a screen."""
Message = Mapping[str, Any]
Send = Callable[[dict[str, Any], list[bytes]], None]


class Desk:
    """Takes what pages ask for, and sends them the answers.

    Parameters
    ----------
    session
        An import, running or ended.
    shelf
        What the browser holds of it.
    send
        Sends a message with its buffers to the pages; called by threads of the desk.
    on_change
        Called, by a thread of the desk, when rows, selection or order have changed, at most once
        a second.
    """

    def __init__(
        self, session: ImportSession, shelf: Shelf, *, send: Send, on_change: Callable[[], None]
    ) -> None:
        self._session, self._shelf = session, shelf
        self._send, self._on_change = send, on_change
        self._told: tuple[str, ...] = ()
        self._rows = Lane("wkmp-browse", ("begin", "look", "select", "name", "rows", "ids"))
        self._sounds = Lane("wkmp-browse-sound", ("play", "rest", "covers", "warm"))
        self._planes = Lane("wkmp-browse-plane", ("map", "points"))
        self._keeping = Lane("wkmp-browse-keep", ("keep",))
        self._answers: Mapping[str, tuple[Lane, Callable[[Message, Sequence[Any]], None]]] = {
            "begin": (self._rows, self._begin),
            "look": (self._rows, lambda _asked, _buffers: self.renew()),
            "select": (self._rows, self._select),
            "rows": (self._rows, self._give_rows),
            "ids": (self._rows, self._give_ids),
            "name": (self._rows, self._name),
            "play": (self._sounds, self._play),
            "covers": (self._sounds, self._give_covers),
            "map": (self._planes, self._give_points),
            "points": (self._planes, self._give_points),
        }

    def take(self, asked: Message, buffers: Sequence[Any] = ()) -> None:
        """Take a message of a page; one of a kind that is not known is passed over."""
        kind = str(asked.get("do"))
        if kind in self._answers:
            lane, answer = self._answers[kind]
            work = partial(self._try, answer, asked, buffers)
            lane.put(kind, work, who=str(asked.get("me")))

    def renew(self) -> None:
        """Look at the library again, and tell the pages where something has changed."""
        if not self._shelf.renew():
            return
        listing = self._shelf.listing
        names = tuple(column.name for column in listing.columns)
        head = make_head(listing) if names != self._told else None
        self._told = names
        self._tell({"is": "changed", "version": listing.version, "head": head})
        self.keep()

    def keep(self) -> None:
        """Let the form that a saved notebook keeps be renewed soon."""

        def work() -> None:
            time.sleep(CALM_S)
            self._on_change()

        self._keeping.put("keep", work)

    # -- answers -----------------------------------------------------------------------------

    def _begin(self, asked: Message, _buffers: Sequence[Any]) -> None:
        self._shelf.renew()
        listing = self._shelf.listing
        self._told = tuple(column.name for column in listing.columns)
        numbers = self._shelf.numbers.number(sorted(self._shelf.selected))
        head = make_head(listing)
        self._tell({"is": "begin", **head}, [_pack(numbers)], to=asked)
        self._sounds.put("warm", _warm_child)

    def _give_rows(self, asked: Message, _buffers: Sequence[Any]) -> None:
        shelf = self._shelf
        query = shelf.read_query(asked["query"])
        listing, places = shelf.find(query)
        if query != shelf.query:
            shelf.query = query
            self.keep()
        anchor = self._find_anchor(asked.get("anchor"), places)
        first = int(asked["first"])
        if anchor is not None and (lead := asked.get("lead")) is not None:
            first = anchor - int(lead)
        first = max(min(first, len(places) - 1), 0)
        some = places[first : first + min(int(asked["n"]), MAX_ROWS)]
        numbers = shelf.number(listing, some)
        answer = {
            "is": "rows",
            "version": listing.version,
            "n_found": len(places),
            "n_all": len(listing),
            "first": first,
            "anchor_at": anchor,
            "rows": make_rows(listing, some, numbers, folder=shelf.folder),
        }
        self._tell(answer, to=asked)

    def _find_anchor(self, number: Any, places: PlaceArray) -> int | None:
        """Where among the found rows that stands which is to stay in sight."""
        keys = self._shelf.numbers.find([int(number)]) if number is not None else []
        place = self._shelf.listing.places.get(keys[0]) if keys else None
        if place is None:
            return None
        found = np.flatnonzero(places == place)
        return int(found[0]) if len(found) else None

    def _give_ids(self, asked: Message, _buffers: Sequence[Any]) -> None:
        listing, places = self._shelf.find(self._shelf.read_query(asked["query"]))
        first, last = int(asked["first"]), int(asked["last"])
        some = places[max(first, 0) : max(last + 1, 0)]
        self._tell({"is": "ids"}, [_pack(self._shelf.number(listing, some))], to=asked)

    def _select(self, asked: Message, buffers: Sequence[Any]) -> None:
        numbers = np.frombuffer(bytes(buffers[0]), "<i4") if buffers else np.zeros(0, "<i4")
        self._shelf.select(numbers.tolist())
        self._tell({"is": "selected", "by": asked.get("me")}, [_pack(numbers)])
        self.keep()

    def _name(self, asked: Message, _buffers: Sequence[Any]) -> None:
        words = name_row(self._find_row(asked["row"]))
        self._tell({"is": "name", "row": asked["row"], "words": words}, to=asked)

    def _play(self, asked: Message, _buffers: Sequence[Any]) -> None:
        """The first seconds of a clip; all of it follows, where nobody asks for another one."""
        row = self._find_row(asked["row"])
        start_s, end_s = map(seconds_from_ticks, row.passage.playable_ticks)
        end_s = min(end_s, start_s + MAX_CLIP_S)
        has_more = end_s - start_s > FIRST_S
        answer = {"is": "clip", "row": asked["row"], "name": name_row(row)}
        cut = partial(read_clip, row.file.path, start_s=start_s, is_exact=False)

        def give(end_s: float, *, is_whole: bool) -> None:
            clip = run_in_child(partial(cut, end_s=end_s), path=row.file.path)
            self._tell({**answer, "is_whole": is_whole}, [clip], to=asked)

        def give_rest(_asked: Message, _buffers: Sequence[Any]) -> None:
            give(end_s, is_whole=True)

        try:
            give(start_s + FIRST_S if has_more else end_s, is_whole=not has_more)
        except (WkmpLabError, OSError) as error:
            self._tell({**answer, "is": "unheard", "words": str(error)}, to=asked)
            return
        if has_more:
            rest = partial(self._try, give_rest, asked, ())
            self._sounds.put("rest", rest, who=str(asked.get("me")))

    def _give_covers(self, asked: Message, _buffers: Sequence[Any]) -> None:
        """The first of the covers; the others wait behind what is to be heard."""
        wanted = list(asked["rows"])[:MAX_COVERS]
        if not wanted:
            return
        if len(wanted) > 1 and not self._sounds.is_waiting("covers", who=str(asked.get("me"))):
            self.take({**asked, "rows": wanted[1:]})
        picture = None
        try:
            path = self._find_row(wanted[0]).file.path
            picture = run_in_child(partial(read_thumbnail, path), path=path)
        except (WkmpLabError, OSError):
            """It is shown without one; why is told where it is played."""
        self._tell({"is": "cover", "row": wanted[0]}, [picture] if picture else [], to=asked)

    def _give_points(self, asked: Message, _buffers: Sequence[Any]) -> None:
        shelf = self._shelf
        query = shelf.read_query(asked["query"])
        listing, places = shelf.find(query)
        xs, ys, words = find_plane(listing, str(asked["x"]), str(asked["y"]))
        is_found = None
        if not query.is_open:
            is_found = np.zeros(len(listing), bool)
            is_found[places] = True
        numbers = np.array(shelf.numbers.number(listing.keys), np.int64)
        answer = {"is": str(asked["do"]), "version": listing.version, "words": words}
        self._tell(answer, pack_points(xs, ys, numbers, is_found), to=asked)

    # -- inside ------------------------------------------------------------------------------

    def _find_row(self, number: Any) -> PassageRow:
        keys = self._shelf.numbers.find([int(number)])
        listing = self._shelf.listing
        if not keys or keys[0] not in listing.places:
            raise InvalidInputError("the library has no such passage any more")
        return listing.rows[listing.places[keys[0]]]

    def _try(
        self,
        answer: Callable[[Message, Sequence[Any]], None],
        asked: Message,
        buffers: Sequence[Any],
    ) -> None:
        try:
            answer(asked, buffers)
        except (WkmpLabError, OSError) as error:
            self._tell({"is": "error", "words": str(error)}, to=asked)

    def _tell(
        self, said: dict[str, Any], buffers: Sequence[bytes] = (), *, to: Message | None = None
    ) -> None:
        """Send to the page that has asked, with what it knows its question by, or to all."""
        address = {"to": to.get("me"), "token": to.get("token")} if to is not None else {}
        self._send({**said, **address}, list(buffers))


def _warm_child() -> None:
    """Let the child load what cuts clips, so that the first click need not wait for it."""
    silence = Signal(np.zeros((1, CLIP_SR // 10), np.float32), CLIP_SR)
    with contextlib.suppress(WkmpLabError):
        keep_child().call(partial(encode_clip, silence))


def _pack(numbers: Any) -> bytes:
    return np.asarray(numbers, "<i4").tobytes()
