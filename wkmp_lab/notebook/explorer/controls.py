"""What is moved and pressed beside the picture: sliders of what decides, and buttons.

The sliders know their widgets only, and call back with what is asked for.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, get_args

import ipywidgets as widgets

from wkmp_lab.settings import Medium, SegmentSettings

OWN = "own threshold"
_HAIR = 1e-6
_LABEL = {"description_width": "11em"}
_WIDE = widgets.Layout(width="460px", max_width="calc(100% - 4px)")
"""Widgets have a margin of 2 px."""


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

    What they show is one thing, what was asked for another: a browser puts a slider on one of its
    steps, and tells so as if a person had moved it. So each changes nothing but what it stands
    for, and only where it was moved.

    Parameters
    ----------
    start
        What was asked for at first.
    threshold_dbfs
        What silence is below now.
    on_change
        Called with the settings that are asked for.
    """

    def __init__(
        self,
        start: SegmentSettings,
        threshold_dbfs: float,
        on_change: Callable[[SegmentSettings], None],
    ) -> None:
        self._on_change = on_change
        self._settings = start
        self._movers: set[int] = set()
        self.medium = widgets.Dropdown(
            options=[*get_args(Medium), OWN], description="Medium", style=_LABEL, layout=_WIDE
        )
        self.threshold = _slider("Silence below (dBFS)", (-120.0, -10.0), 0.1, 1)
        self.threshold.add_class("wkmp-threshold")
        self.min_silence = _slider("Silence at least (s)", (0.1, 6.0), 0.1, 1)
        self.min_passage = _slider("Passage at least (s)", (0.0, 120.0), 1.0, 0)
        self.show(start)
        self.show_threshold(threshold_dbfs)
        self.medium.observe(self._take_medium, "value")
        self.threshold.observe(self._take_threshold, "value")
        self.min_silence.observe(self._take_min_silence, "value")
        self.min_passage.observe(self._take_min_passage, "value")
        self.box = widgets.VBox([self.medium, self.threshold, self.min_silence, self.min_passage])

    def show(self, settings: SegmentSettings) -> None:
        """Stand where these settings are."""
        self._settings = settings
        with self._moving():
            self.medium.value = settings.medium if settings.threshold_dbfs is None else OWN
            _stand(self.min_silence, settings.min_silence_s)
            _stand(self.min_passage, settings.min_passage_s)
            if settings.threshold_dbfs is not None:
                _stand(self.threshold, settings.threshold_dbfs)

    def show_threshold(self, threshold_dbfs: float) -> None:
        """Stand where a file's own threshold was found; one that was asked for stays."""
        if self._settings.threshold_dbfs is None:
            with self._moving():
                _stand(self.threshold, threshold_dbfs)

    @contextlib.contextmanager
    def _moving(self) -> Iterator[None]:
        """Widgets tell of changes in the thread that makes them: what is changed here is no
        request, and what a person changes meanwhile is one.
        """
        self._movers.add(threading.get_ident())
        try:
            yield
        finally:
            self._movers.discard(threading.get_ident())

    def _take_medium(self, change: dict[str, Any]) -> None:
        if change["new"] == OWN:
            self._ask(threshold_dbfs=self.threshold.value)
        else:
            self._ask(medium=change["new"])

    def _take_threshold(self, change: dict[str, Any]) -> None:
        if _is_moved(change):
            self._ask(threshold_dbfs=change["new"])

    def _take_min_silence(self, change: dict[str, Any]) -> None:
        if _is_moved(change):
            self._ask(min_silence_s=change["new"])

    def _take_min_passage(self, change: dict[str, Any]) -> None:
        if _is_moved(change):
            self._ask(min_passage_s=change["new"])

    def _ask(
        self,
        *,
        medium: Medium | None = None,
        threshold_dbfs: float | None = None,
        min_silence_s: float | None = None,
        min_passage_s: float | None = None,
    ) -> None:
        """Ask for one thing otherwise, unless it is this program that moves the sliders."""
        if threading.get_ident() in self._movers:
            return
        wish = self._settings
        if medium is not None:
            wish = replace(wish, medium=medium, threshold_dbfs=None)
        if threshold_dbfs is not None:
            wish = replace(wish, medium="auto", threshold_dbfs=round(threshold_dbfs, 1))
        if min_silence_s is not None:
            wish = replace(wish, min_silence_s=round(min_silence_s, 2))
        if min_passage_s is not None:
            wish = replace(wish, min_passage_s=round(min_passage_s, 2))
        self._settings = wish
        self._on_change(wish)


def _is_moved(change: dict[str, Any]) -> bool:
    """False where the browser only wrote the same number with other last digits."""
    return bool(abs(change["old"] - change["new"]) > _HAIR)


def _stand(slider: Any, value: float) -> None:
    """Put a slider on the step nearest to a value, where the browser would put it, too."""
    n_steps = round((min(max(value, slider.min), slider.max) - slider.min) / slider.step)
    on_step = round(slider.min + n_steps * slider.step, 6)
    if abs(on_step - slider.value) > _HAIR:
        slider.value = on_step


def _slider(name: str, ends: tuple[float, float], step: float, digits: int) -> Any:
    return widgets.FloatSlider(
        value=ends[0],
        min=ends[0],
        max=ends[1],
        step=step,
        readout_format=f".{digits}f",
        description=name,
        style=_LABEL,
        layout=_WIDE,
    )
