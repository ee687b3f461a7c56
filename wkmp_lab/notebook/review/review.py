"""Review by hand: passages that are not sure, one by one with candidates and sound, or many."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, Literal

import ipywidgets as widgets

from wkmp_lab.collection.review_queue import (
    ReviewItem,
    ReviewOrder,
    arrange_items,
    find_items,
    find_open,
    read_recording_id,
)
from wkmp_lab.errors import InvalidInputError, WkmpLabError
from wkmp_lab.identifying.decisions import (
    IdentityDecision,
    Verdict,
    make_candidate,
)
from wkmp_lab.io.files.clips import MAX_CLIP_S, read_clip
from wkmp_lab.library.session import ImportSession
from wkmp_lab.model import MATCH_LEVELS, Candidate, MatchLevel, PassageId
from wkmp_lab.notebook.card import format_status, make_style
from wkmp_lab.notebook.review.html import (
    MAX_CANDIDATES,
    format_item_html,
    format_review_html,
    format_review_text,
    format_state_html,
    name_candidate,
    name_item,
)
from wkmp_lab.notebook.review.table import ReviewTable, make_line
from wkmp_lab.notebook.standing import Standing
from wkmp_lab.runner.decoder_child import run_in_child

View = Literal["one by one", "table"]
VIEWS: tuple[tuple[str, View], ...] = (("One by one", "one by one"), ("Table", "table"))
MAX_LISTED = 200
"""Passages that can be picked from the list at once."""
_WIDE = widgets.Layout(width="100%", max_width="900px")


def review(session: ImportSession) -> "Review":
    """Decide on what is not sure; the last expression of a cell shows it.

    Parameters
    ----------
    session
        An import, running or ended. The passages that are open now are shown; decisions are kept
        in its store at once, and hold in every later run.
    """
    return Review(session)


class Review:
    """The queue of open passages, the one that is looked at, all in a table, and the buttons.

    Attributes
    ----------
    keys
        (path, passage) of what is to be decided on, in order.
    position
        Which of them is looked at.
    table
        The other view: many at a look, some of them ticked.
    box
        The widgets.
    """

    def __init__(self, session: ImportSession) -> None:
        self._session = session
        self.keys = [item.key for item in find_open(session.results)]
        self.position = 0
        self._standing = Standing()
        self._state, self._item, self._message = (widgets.HTML() for _ in range(3))
        self._pick = widgets.Dropdown(description="Passage", layout=_WIDE)
        self._candidates = widgets.RadioButtons(layout=_WIDE)
        self._typed = widgets.Text(
            placeholder="or a recording's id or address at MusicBrainz",
            layout=_WIDE,
            continuous_update=True,
        )
        self._typed.observe(lambda _: self._offer(), "value")
        self._audio = widgets.Audio(value=b"", format="ogg", autoplay=True, loop=False)
        self._audio.layout.display = "none"
        self._make_buttons()
        self._pick.observe(self._on_pick, "value")
        # Not toggle buttons: of those, nobody who hears the page is told which is pressed.
        self._view = widgets.RadioButtons(options=VIEWS)
        self._view.add_class("wk-views")
        self._view.observe(lambda _: self._paint(), "value")
        self.table = ReviewTable(
            on_open=lambda key: self._try(lambda: self.open(key)),
            on_take=lambda: self._try(lambda: self.take_best(self.table.ticked)),
            on_reject=lambda: self._try(lambda: self.reject_all(self.table.ticked)),
        )
        style = make_style("card.css", "review.css", "review_table.css")
        self._single = widgets.VBox(
            [
                *(self._pick, self._item),
                make_line(self._play_start, self._play_end, self._audio),
                *(self._candidates, self._typed),
                make_line(self._choose, self._reject, self._merge, self._skip),
            ]
        )
        rest = make_line(self._undo, self._done)
        self.box = widgets.VBox(
            [style, self._state, self._view, self._single, self.table.box, rest, self._message]
        )
        self.box.add_class("wkmp")
        self._paint()

    # -- what the buttons do, and a script may -----------------------------------------------

    @property
    def item(self) -> ReviewItem | None:
        """The passage that is looked at, as it is now; None where there is nothing to review."""
        if not self.keys:
            return None
        found = find_items(self._session.results, [self.keys[self.position]])
        return found[0] if found else None

    @property
    def n_open(self) -> int:
        """Passages of the queue that are not decided yet."""
        return sum(not each.is_decided for each in self._items())

    def choose(self, candidate: Candidate | None = None) -> None:
        """Take a candidate; without one, that which was matched, or the best."""
        self._decide("accept" if candidate is None else "choose", candidate)

    def reject(self) -> None:
        """It is none of the candidates."""
        self._decide("reject", None)

    def find_open(
        self,
        levels: Sequence[MatchLevel] = MATCH_LEVELS,
        *,
        least_score: float = 0.0,
        order: ReviewOrder = "file",
    ) -> list[PassageId]:
        """The passages that are not decided yet; see :func:`reviewing.arrange_items`."""
        items = [item for item in self._items() if not item.is_decided]
        found = arrange_items(items, levels=levels, least_score=least_score, order=order)
        return [item.key for item in found]

    def take_best(self, keys: Collection[PassageId]) -> None:
        """Take the best candidate of each of these passages; where there is none, it stays open.

        One :meth:`undo` takes it all back, as it does after :meth:`reject_all`.
        """
        takeable = [i.key for i in find_items(self._session.results, list(keys)) if i.best]
        self._session.decide_all(takeable, "accept")
        n_left = len(keys) - len(takeable)
        left = f"; {n_left} without a candidate stay open" if n_left else ""
        self._paint(f"{len(takeable)} taken{left}")

    def reject_all(self, keys: Collection[PassageId]) -> None:
        """Of each of these passages it is none of the candidates."""
        self._session.decide_all(keys, "reject")
        self._paint(f"{len(keys)} set aside")

    def open(self, key: PassageId) -> None:
        """Look at one passage by itself; InvalidInputError where the queue does not hold it."""
        self._items()
        if key not in self.keys:
            raise InvalidInputError(f"expected a passage that is to be reviewed, got {key!r}")
        self.position = self.keys.index(key)
        self.show("one by one")

    def show(self, view: View) -> None:
        """Show one passage, or the table."""
        if self._view.value == view:
            self._paint()
        self._view.value = view

    def merge(self) -> None:
        """Make one of the passage and the next; the file's open passages are looked at anew."""
        item = self.item
        if item is None:
            return
        path, passage = item.key
        self._session.merge(path, passage)
        fresh = [each.key for each in find_open(self._session.results) if each.key[0] == path]
        place = next(n for n, key in enumerate(self.keys) if key[0] == path)
        others = [key for key in self.keys if key[0] != path]
        self.keys = [*others[:place], *fresh, *others[place:]]
        self._paint("merged; Undo parts them again")

    def undo(self) -> None:
        """Take the latest decision back, with those made at once with it, and look there again."""
        undone = self._session.undo()
        places = {(d.content, d.start_ticks) for d in undone if isinstance(d, IdentityDecision)}
        if not places:
            self._paint("a cut was undone" if undone else "there is nothing to undo")
            return
        for position, item in reversed(list(enumerate(self._items()))):
            hashes = (item.result.audio_hash, item.result.sha256)
            if places & {(each, item.passage.start_ticks) for each in hashes}:
                self.position = position
        self._paint("undone" if len(undone) == 1 else f"{len(undone)} decisions undone")

    def close(self) -> None:
        """End the review: the widgets give way to what was decided, which a saved file keeps."""
        self._standing.end(self._make_bundle())
        self.box.close()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        del include, exclude  # the protocol's; all forms are always given
        live: dict[str, Any] = self.box._repr_mimebundle_()
        return {**live, **self._make_bundle()}

    def _ipython_display_(self) -> None:
        self._standing.present(self.box, self._make_bundle())

    def __repr__(self) -> str:
        lines = [format_review_text(len(self._session.decisions), self.n_open)]
        lines += [f"  {name_item(item)}" for item in self._items()]
        return "\n".join(lines)

    # -- inside ------------------------------------------------------------------------------

    def _make_buttons(self) -> None:
        def button(name: str, icon: str, tip: str, act: Callable[[], None]) -> widgets.Button:
            made = widgets.Button(description=name, icon=icon, tooltip=tip)
            made.add_class(f"wkmp-{name.split()[-1].lower()}")
            made.on_click(lambda _: self._try(act))
            return made

        self._play_start = button("Play start", "play", "The first 30 s", self._play_first)
        self._play_end = button("Play end", "play", "The last 30 s", self._play_last)
        self._choose = button(
            "Take it", "check", "This candidate, or the id that was typed", self._take
        )
        self._reject = button("None of these", "times", "No candidate is right", self.reject)
        self._merge = button(
            "Merge", "compress", "This passage and the next one are one", self.merge
        )
        self._skip = button("Later", "forward", "Look at the next one", self._next)
        self._undo = button("Undo", "undo", "Take the latest decision back", self.undo)
        self._done = button("Done", "stop", "End the review; all is kept already", self.close)

    def _items(self) -> list[ReviewItem]:
        """The queue as it is now; what is gone, as its file was cut anew, leaves it."""
        items = list(find_items(self._session.results, self.keys))
        self.keys = [item.key for item in items]
        self.position = min(self.position, max(len(items) - 1, 0))
        return items

    def _try(self, act: Callable[[], None]) -> None:
        """Callbacks are mute: what goes wrong is told."""
        try:
            act()
        except (WkmpLabError, OSError) as error:
            self._say(str(error))

    def _take(self) -> None:
        if self._typed.value.strip():
            self.choose(make_candidate(read_recording_id(self._typed.value)))
        elif self.item is not None and self._candidates.value is not None:
            self.choose(self.item.candidates[self._candidates.value])

    def _decide(self, verdict: Verdict, candidate: Candidate | None) -> None:
        item = self.item
        if item is None:
            return
        path, passage = item.key
        self._session.decide(path, passage, verdict, candidate=candidate)
        self._next()

    def _next(self) -> None:
        """Go to the next passage that is open, around the end."""
        decided = {item.key: item.is_decided for item in self._items()}
        n_all = len(self.keys)
        for step in range(1, n_all + 1):
            position = (self.position + step) % n_all
            if not decided.get(self.keys[position], True):
                self.position = position
                break
        self._paint()

    def _on_pick(self, change: dict[str, Any]) -> None:
        if change["new"] is not None and change["new"] != self.position:
            self.position = change["new"]
            self._paint()

    def _play_first(self) -> None:
        self._play(is_end=False)

    def _play_last(self) -> None:
        self._play(is_end=True)

    def _play(self, *, is_end: bool) -> None:
        item = self.item
        if item is None:
            return
        start_s, end_s = item.passage.start_s, item.passage.end_s
        start_s = max(start_s, end_s - MAX_CLIP_S) if is_end else start_s
        path = item.result.path
        work = partial(read_clip, path, start_s=start_s, end_s=end_s)
        self._audio.value = run_in_child(work, path=path)
        self._audio.layout.display = ""
        self._say("")

    def _offer(self) -> None:
        """Offer to take what there is to take, and to refuse where there are candidates."""
        has_candidate = self._candidates.value is not None
        self._choose.disabled = not has_candidate and not self._typed.value.strip()
        self._candidates.layout.display = "" if has_candidate else "none"

    def _say(self, words: str) -> None:
        self._message.value = format_status(words)

    def _paint(self, words: str = "") -> None:
        items = self._items()
        n_open = sum(not each.is_decided for each in items)
        self._state.value = format_state_html(len(items) - n_open, len(items))
        is_table = self._view.value == "table"
        self._single.layout.display = "none" if is_table else ""
        self.table.box.layout.display = "" if is_table else "none"
        if is_table:
            self.table.show([each for each in items if not each.is_decided])
        else:
            self._paint_one(items)
        self._say(words)
        self._standing.keep(self._make_bundle())

    def _paint_one(self, items: Sequence[ReviewItem]) -> None:
        item = items[self.position] if items else None
        # Of thousands, those around the one that is looked at: they are sent with every step.
        first = max(self.position - MAX_LISTED // 2, 0)
        listed = enumerate(items[first : first + MAX_LISTED], first)
        options = [(name_item(each), position) for position, each in listed]
        # New options choose their first by themselves, which is nobody's choice.
        self._pick.unobserve(self._on_pick, "value")
        self._pick.options = options
        self._pick.value = self.position if options else None
        self._pick.observe(self._on_pick, "value")
        candidates = item.candidates[:MAX_CANDIDATES] if item is not None else ()
        self._candidates.options = [
            (f"{number + 1}: {name_candidate(candidate)}", number)
            for number, candidate in enumerate(candidates)
        ]
        self._candidates.value = 0 if candidates else None
        self._typed.value = ""
        self._offer()
        self._merge.layout.display = "none" if item is None or item.merge is None else ""
        self._item.value = format_item_html(item)

    def _make_bundle(self) -> dict[str, str]:
        decided = self._session.read_decisions()
        text = format_review_text(len(decided), self.n_open)
        return {"text/html": format_review_html(decided, self._items()), "text/plain": text}
