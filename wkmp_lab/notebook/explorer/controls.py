"""What is moved and pressed in the explorer: sliders, the editor of cuts, the player.

Each group knows its widgets only, and calls back with what is asked for.
"""

import math
import threading
from collections.abc import Callable, Sequence
from typing import Any, cast, get_args

import ipywidgets as widgets

from wkmp_lab.display.numbers import format_clock
from wkmp_lab.settings import Medium, SegmentSettings

OWN = "own threshold"
REACH_S = 5.0
"""How far the slider moves a cut to either side."""
_LABEL = {"description_width": "11em"}
_WIDE = widgets.Layout(width="460px", max_width="calc(100% - 4px)")
"""Widgets have a margin of 2 px."""
_ROW = widgets.Layout(flex_flow="row wrap", align_items="center")


def make_settings(
    *, medium: str, threshold_dbfs: float, min_silence_s: float, min_passage_s: float
) -> SegmentSettings:
    """What the sliders stand for: the threshold counts only where it is one's own."""
    is_own = medium == OWN
    return SegmentSettings(
        medium="auto" if is_own else cast(Medium, medium),
        threshold_dbfs=round(threshold_dbfs, 2) if is_own else None,
        min_silence_s=round(min_silence_s, 2),
        min_passage_s=round(min_passage_s, 2),
    )


def format_settings_code(settings: SegmentSettings) -> str:
    """The settings as Python, to be used for an import.

    >>> print(format_settings_code(SegmentSettings(medium="vinyl")))
    settings = wl.Settings(segmenting=wl.SegmentSettings(medium='vinyl'))
    """
    plain = SegmentSettings()
    named = {
        name: getattr(settings, name)
        for name in ("medium", "threshold_dbfs", "min_silence_s", "min_passage_s")
    }
    changed = [f"{k}={v!r}" for k, v in named.items() if v != getattr(plain, k)]
    return f"settings = wl.Settings(segmenting=wl.SegmentSettings({', '.join(changed)}))"


def make_button(
    name: str, icon: str, tip: str, act: Callable[[], None], *, css_class: str
) -> widgets.Button:
    """A button as wide as its words, found by tests and style sheets through its class."""
    button = widgets.Button(description=name, icon=icon, tooltip=tip)
    button.layout.width = "auto"
    button.add_class(f"wkmp-{css_class}")
    button.on_click(lambda _: act())
    return button


class Sliders:
    """Medium, threshold, shortest silence and passage.

    Parameters
    ----------
    start
        Where they stand at first.
    threshold_dbfs
        What silence is below now.
    on_change
        Called with the settings that the sliders stand for.
    """

    def __init__(
        self,
        start: SegmentSettings,
        threshold_dbfs: float,
        on_change: Callable[[SegmentSettings], None],
    ) -> None:
        self._on_change = on_change
        medium = OWN if start.threshold_dbfs is not None else start.medium
        self.medium = widgets.Dropdown(
            options=[*get_args(Medium), OWN],
            value=medium,
            description="Medium",
            style=_LABEL,
            layout=_WIDE,
        )
        # On a step of the slider: the browser would move it there, as if a person had.
        level_dbfs = start.threshold_dbfs or round(2.0 * threshold_dbfs) / 2.0
        self.threshold = _slider("Silence below (dBFS)", level_dbfs, (-100.0, -10.0), 0.5)
        self.threshold.readout_format = ".1f"
        self.threshold.add_class("wkmp-threshold")
        self.min_silence = _slider("Silence at least (s)", start.min_silence_s, (0.1, 6.0), 0.1)
        self.min_passage = _slider("Passage at least (s)", start.min_passage_s, (0.0, 120.0), 1.0)
        self.threshold.observe(self._take_threshold, "value")
        for control in (self.medium, self.min_silence, self.min_passage):
            control.observe(self._take, "value")
        self.box = widgets.VBox([self.medium, self.threshold, self.min_silence, self.min_passage])

    def _take_threshold(self, change: dict[str, Any]) -> None:
        if not _is_moved(change):
            return
        if self.medium.value == OWN:
            self._take(change)
        else:
            self.medium.value = OWN

    def _take(self, _change: object) -> None:
        self._on_change(
            make_settings(
                medium=self.medium.value,
                threshold_dbfs=self.threshold.value,
                min_silence_s=self.min_silence.value,
                min_passage_s=self.min_passage.value,
            )
        )


class CutEditor:
    """The cuts, the one that is looked at, and what can be done to it.

    Parameters
    ----------
    on_pick, on_move, on_split
        Called with the number of a cut; with that and its new place in s; with the time that was
        typed for a new one.
    on_join, on_snap, on_release
        Called with the number of a cut, the last one with nothing.
    """

    def __init__(
        self,
        *,
        on_pick: Callable[[int], None],
        on_move: Callable[[int, float], None],
        on_split: Callable[[str], None],
        on_join: Callable[[int], None],
        on_snap: Callable[[int], None],
        on_release: Callable[[], None],
    ) -> None:
        self._cuts_s: tuple[float, ...] = ()
        self._is_dragged = False
        self._showing: int | None = None
        self._on_pick, self._on_move = on_pick, on_move
        self.pick = widgets.Dropdown(options=[], description="Cut", style=_LABEL, layout=_WIDE)
        self.place = _slider("Move it (s)", 0.0, (0.0, 1.0), 0.01)
        self.place.readout_format = ".2f"
        self.place.add_class("wkmp-place")
        self.new = widgets.Text(
            description="New cut at", placeholder="83.5 or 1:23.5", style=_LABEL
        )
        self.new.layout.width = "280px"
        self.pick.observe(self._take_pick, "value")
        self.place.observe(self._take_place, "value")
        one = self._with_cut
        self.snap = make_button(
            "To the calmest spot",
            "magnet",
            "Move it to the quietest place within 2 s",
            one(on_snap),
            css_class="snap",
        )
        self.join = make_button(
            "Join", "link", "Take this cut away", one(on_join), css_class="join"
        )
        self.split = make_button(
            "Split there",
            "cut",
            "Cut at this time",
            lambda: on_split(self.new.value),
            css_class="split",
        )
        self.release = make_button(
            "As found",
            "undo",
            "Forget what was set by hand, and cut as the sliders say",
            on_release,
            css_class="release",
        )
        self.box = widgets.VBox(
            [
                self.pick,
                self.place,
                widgets.HBox([self.snap, self.join, self.release], layout=_ROW),
                widgets.HBox([self.new, self.split], layout=_ROW),
            ]
        )

    @property
    def chosen(self) -> int | None:
        """The number of the cut that is looked at, None where there is none."""
        number: int | None = self.pick.value
        return number

    def show(self, cuts_s: Sequence[float], end_s: float, *, is_by_hand: bool) -> None:
        """Show these cuts of a file; a slider that is being dragged stays where it is."""
        chosen = self.chosen or 0
        if not is_by_hand or len(cuts_s) != len(self._cuts_s):
            self._is_dragged = False
        self._cuts_s = tuple(cuts_s)
        # Widgets tell of changes in the thread that makes them: what is changed here is no
        # request, and what a person changes meanwhile is one.
        self._showing = threading.get_ident()
        try:
            self.pick.options = [
                (f"before passage #{number + 1}, at {format_clock(at_s)}", number)
                for number, at_s in enumerate(cuts_s)
            ]
            self.pick.value = min(chosen, len(cuts_s) - 1) if cuts_s else None
            if self.chosen is not None and not self._is_dragged:
                self._aim(self.chosen, end_s)
        finally:
            self._showing = None
        for control in (self.place, self.snap, self.join):
            control.disabled = not cuts_s

    def _aim(self, number: int, end_s: float) -> None:
        """Let the slider reach around a cut."""
        marks = (0.0, *self._cuts_s, end_s)
        at_s, before_s, after_s = (marks[number + i] for i in (1, 0, 2))
        # On steps of the slider: the browser would move it there, as if a person had.
        at_s = round(at_s, 2)
        low = round(min(max(at_s - REACH_S, before_s + 0.11), at_s), 2)
        high = round(max(min(at_s + REACH_S, after_s - 0.11), at_s), 2)
        # Wide first: there must be no moment with a value outside the range.
        self.place.min, self.place.max = 0.0, max(end_s, self.place.value)
        self.place.value = at_s
        self.place.min, self.place.max = low, high

    def _with_cut(self, act: Callable[[int], None]) -> Callable[[], None]:
        def do() -> None:
            self._is_dragged = False
            if self.chosen is not None:
                act(self.chosen)

        return do

    def _take_pick(self, change: dict[str, Any]) -> None:
        if self._showing != threading.get_ident() and change["new"] is not None:
            self._is_dragged = False
            self._on_pick(change["new"])

    def _take_place(self, change: dict[str, Any]) -> None:
        is_request = self._showing != threading.get_ident() and _is_moved(change)
        if is_request and self.chosen is not None:
            self._is_dragged = True
            self._on_move(self.chosen, change["new"])


class Player:
    """What can be heard, and the sound.

    Parameters
    ----------
    on_passage, on_cut, on_crossfade
        Called with the number of a passage: play its start; the cut before it; how a player
        would pass to it from the one before.
    """

    def __init__(
        self,
        *,
        on_passage: Callable[[int], None],
        on_cut: Callable[[int], None],
        on_crossfade: Callable[[int], None],
    ) -> None:
        self.pick = widgets.Dropdown(options=[], description="Passage", layout=_WIDE)
        self.start = make_button(
            "Play its start", "play", "The first 30 s", self._with(on_passage), css_class="start"
        )
        self.cut = make_button(
            "Play the cut before it",
            "play",
            "5 s before and after",
            self._with(on_cut),
            css_class="cut",
        )
        self.crossfade = make_button(
            "Play the cross-fade into it",
            "random",
            "The end of the passage before and its start, overlapped by their lead points",
            self._with(on_crossfade),
            css_class="crossfade",
        )
        self.audio = widgets.Audio(value=b"", format="ogg", autoplay=True, loop=False)
        self.audio.layout.display, self.audio.layout.max_width = "none", "100%"
        self.audio.add_class("wkmp-audio")
        buttons = widgets.HBox([self.start, self.cut, self.crossfade], layout=_ROW)
        self.box = widgets.VBox([self.pick, buttons, self.audio])

    def show(self, spans_s: Sequence[tuple[float, float]]) -> None:
        """Offer these passages."""
        chosen = self.pick.value
        self.pick.options = [
            (f"#{index}, {format_clock(start)} to {format_clock(end)}", index)
            for index, (start, end) in enumerate(spans_s)
        ]
        if spans_s:
            self.pick.value = chosen if chosen is not None and chosen < len(spans_s) else 0

    def play(self, clip: bytes) -> None:
        """Play an Ogg clip now."""
        self.audio.value = clip
        self.audio.layout.display = ""

    def _with(self, act: Callable[[int], None]) -> Callable[[], None]:
        def do() -> None:
            if self.pick.value is not None:
                act(self.pick.value)

        return do


def _is_moved(change: dict[str, Any]) -> bool:
    """False where the browser only wrote the same number with other last digits."""
    return not math.isclose(change["old"], change["new"], rel_tol=1e-9, abs_tol=1e-9)


def _slider(name: str, value: float, ends: tuple[float, float], step: float) -> Any:
    return widgets.FloatSlider(
        value=min(max(value, ends[0]), ends[1]),
        min=ends[0],
        max=ends[1],
        step=step,
        description=name,
        style=_LABEL,
        layout=_WIDE,
    )
