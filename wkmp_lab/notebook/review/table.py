"""The table of a review: many open passages at a look, to be ticked and decided on together.

A page has few rows, and its widgets serve every page: a library of thousands costs no more.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import ipywidgets as widgets

from wkmp_lab.collection.review_queue import ReviewItem, ReviewOrder, arrange_items
from wkmp_lab.display.numbers import format_clock
from wkmp_lab.display.palette import MATCH_COLORS
from wkmp_lab.display.safe_text import elide
from wkmp_lab.display.templating import render
from wkmp_lab.model import MATCH_LEVELS, MatchLevel, PassageId
from wkmp_lab.notebook.review.html import name_place, name_song

PAGE_ROWS = 25
MAX_PLACE = 60
_ORDERS: tuple[tuple[str, ReviewOrder], ...] = (
    ("file and place", "file"),
    ("level, surest first", "level"),
    ("score, highest first", "score"),
    ("score, lowest first", "lowest score"),
    ("margin, widest first", "margin"),
)
_LEVELS: tuple[tuple[str, tuple[MatchLevel, ...]], ...] = (
    ("every level", MATCH_LEVELS),
    *((level, (level,)) for level in MATCH_LEVELS),
)
_TEMPLATE = "notebook/templates/review_table.html.jinja"


def make_line(*controls: widgets.Widget) -> widgets.HBox:
    """Controls beside one another, and below where there is no room."""
    row = widgets.HBox(
        controls, layout=widgets.Layout(flex_flow="row wrap", align_items="center", margin="4px 0")
    )
    row.add_class("wk-line")
    return row


class ReviewTable:
    """The open passages, a page at a time, and those that are ticked.

    Parameters
    ----------
    on_open
        Called with the passage that a person wants to see by itself.
    on_take, on_reject
        Called when the ticked passages are to be decided on.

    Attributes
    ----------
    ticked
        The passages that are ticked; what the filter hides is not among them.
    box
        The widgets.
    """

    def __init__(
        self,
        *,
        on_open: Callable[[PassageId], None],
        on_take: Callable[[], None],
        on_reject: Callable[[], None],
    ) -> None:
        self.ticked: frozenset[PassageId] = frozenset()
        self._items: Sequence[ReviewItem] = ()
        self._shown: Sequence[ReviewItem] = ()
        self._page = 0
        self._on_open = on_open
        self._rows: list[_Row] = []
        self.level = _dropdown("Show", _LEVELS, width="210px")
        self.least = widgets.BoundedFloatText(
            value=0.0, min=0.0, max=1.0, step=0.05, description="score at least"
        )
        self.least.style.description_width = "initial"
        self.least.layout.width = "160px"
        self.order = _dropdown("Sort by", _ORDERS, width="250px")
        for control in (self.level, self.least, self.order):
            control.observe(self._take_filter, "value")
        self._make_buttons(on_take, on_reject)
        self._count = widgets.HTML()
        self._body = widgets.VBox()
        self._body.add_class("wk-rows")
        file, head = render(_TEMPLATE, "file_head", {}), render(_TEMPLATE, "head", {})
        self._head = widgets.HBox([widgets.HTML(), widgets.HTML(file), widgets.HTML(head)])
        for name in ("wk-row", "wk-head"):
            self._head.add_class(name)
        self.box = widgets.VBox(
            [
                make_line(self.level, self.least, self.order),
                make_line(self._tick_page, self._tick_all, self._untick, self._count),
                self._head,
                self._body,
                make_line(self._previous, self._next, self._place),
                make_line(self.take, self.reject),
            ]
        )

    def show(self, items: Sequence[ReviewItem]) -> None:
        """Show these passages, as the filter says; what is no longer shown is no longer ticked."""
        self._items = items
        self._shown = arrange_items(
            items,
            levels=self.level.value,
            least_score=self.least.value,
            order=cast(ReviewOrder, self.order.value),
        )
        self.tick(self.ticked)

    def tick(self, keys: Iterable[PassageId]) -> None:
        """Tick these passages, and no other; those that are not shown are left out."""
        self.ticked = frozenset(keys) & {item.key for item in self._shown}
        n_shown = len(self._shown)
        self._page = min(self._page, max(n_shown - 1, 0) // PAGE_ROWS)
        first = self._page * PAGE_ROWS
        page = self._shown[first : first + PAGE_ROWS]
        while len(self._rows) < len(page):
            self._rows.append(_Row(self._take_tick, self._on_open))
        for row, item in zip(self._rows, page, strict=False):
            row.show(item, is_ticked=item.key in self.ticked)
        self._body.children = [row.box for row in self._rows[: len(page)]]
        self._head.layout.display = "" if page else "none"
        place = f"{first + 1} to {first + len(page)} of {n_shown}" if page else "nothing to show"
        self._place.value = render(_TEMPLATE, "place", {"words": place})
        self._previous.disabled = first == 0
        self._next.disabled = first + PAGE_ROWS >= n_shown
        self._tick_all.description = f"Tick all {n_shown}"
        self._tell_ticked()

    # -- inside ------------------------------------------------------------------------------

    def _make_buttons(self, on_take: Callable[[], None], on_reject: Callable[[], None]) -> None:
        self._tick_page = _button("Tick page", "The passages of this page", self._take_page)
        self._tick_all = _button(
            "Tick all",
            "Every passage that the filter shows, on all pages",
            lambda: self.tick(item.key for item in self._shown),
        )
        self._untick = _button("Untick", "Tick nothing", lambda: self.tick(()))
        self._previous = _button("Previous", "The page before", lambda: self._turn(-1))
        self._next = _button("Next", "The page after", lambda: self._turn(1))
        self._place = widgets.HTML()
        self.take = _button("", "The best candidate of each ticked passage", on_take)
        self.reject = _button("", "No candidate of the ticked passages is right", on_reject)
        self.take.icon, self.reject.icon = "check", "times"

    def _turn(self, n_pages: int) -> None:
        self._page = max(self._page + n_pages, 0)
        self.tick(self.ticked)

    def _take_filter(self, _change: object) -> None:
        self._page = 0
        self.show(self._items)

    def _take_page(self) -> None:
        first = self._page * PAGE_ROWS
        page = self._shown[first : first + PAGE_ROWS]
        self.tick(self.ticked | {item.key for item in page})

    def _take_tick(self, key: PassageId, *, is_ticked: bool) -> None:
        self.ticked = self.ticked | {key} if is_ticked else self.ticked - {key}
        self._tell_ticked()

    def _tell_ticked(self) -> None:
        n_ticked = len(self.ticked)
        self._count.value = render(_TEMPLATE, "ticked", {"n_ticked": n_ticked})
        self.take.description = f"Take the best for {n_ticked} ticked"
        self.reject.description = f"Reject {n_ticked} ticked"
        for button in (self.take, self.reject, self._untick):
            button.disabled = n_ticked == 0


class _Row:
    """The widgets of a row, whatever passage they show."""

    def __init__(self, on_tick: Callable[..., None], on_open: Callable[[PassageId], None]) -> None:
        self._key: PassageId | None = None
        self._on_tick, self._on_open = on_tick, on_open
        self._check = widgets.Checkbox(indent=False)
        self._name = _button("", "", self._open)
        self._facts = widgets.HTML()
        self._check.observe(self._take_tick, "value")
        self.box = widgets.HBox([self._check, self._name, self._facts])
        self.box.add_class("wk-row")

    def show(self, item: ReviewItem, *, is_ticked: bool) -> None:
        """Show a passage."""
        place = elide(name_place(item), MAX_PLACE)
        self._key = None  # a tick that is only shown is nobody's choice
        self._check.value = is_ticked
        self._key = item.key
        # The words beside the box are for those who hear the page; the button shows them.
        self._check.description = f"Tick {place}"
        self._name.description = place
        self._name.tooltip = f"Look at {place} by itself"
        self._facts.value = _format_facts(item)

    def _take_tick(self, change: dict[str, Any]) -> None:
        if self._key is not None:
            self._on_tick(self._key, is_ticked=change["new"])

    def _open(self) -> None:
        if self._key is not None:
            self._on_open(self._key)


def _format_facts(item: ReviewItem) -> str:
    """What is known of a passage, as the cells of its row."""
    passage, identity, best, margin = item.passage, item.passage.identity, item.best, item.margin
    level = identity.level if identity else "unidentified"
    values = {
        "time": f"{format_clock(passage.start_s)} to {format_clock(passage.end_s)}",
        "level": level,
        "color": MATCH_COLORS[level],
        "score": "" if best is None else f"{best.score:.2f}",
        "margin": "" if margin is None else f"{margin:+.2f}",
        "song": "no candidate" if best is None else name_song(best),
        # Sure passages are open too, where they seem to be cut through.
        "offer": str(item.merge) if item.merge else "",
    }
    return render(_TEMPLATE, "facts", values)


def _dropdown(name: str, options: Sequence[tuple[str, Any]], *, width: str) -> widgets.Dropdown:
    made = widgets.Dropdown(options=options, description=name)
    made.style.description_width = "initial"
    made.layout.width = width
    return made


def _button(name: str, tip: str, act: Callable[[], None]) -> widgets.Button:
    made = widgets.Button(description=name, tooltip=tip)
    made.on_click(lambda _: act())
    return made
