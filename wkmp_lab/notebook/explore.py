"""The explorer of one file: move a slider, see where it would be cut, hear it, keep the settings.

The file is decoded once. Every new cut is made from its level profile, and one drawing thread
takes the newest wish: what the mouse has left behind is never drawn.
"""

import threading
from pathlib import Path
from typing import Any, Literal, cast, get_args

import ipywidgets as widgets

from wkmp_lab.errors import WkmpLabError
from wkmp_lab.model import FileResult, Passage, Segmentation, SourceFile
from wkmp_lab.notebook.clips import MAX_CLIP_S, read_clip
from wkmp_lab.notebook.pictures import draw_png
from wkmp_lab.notebook.plots import plot_passages
from wkmp_lab.pipeline import read_profile
from wkmp_lab.segmenting import find_passages
from wkmp_lab.settings import Medium, SegmentSettings
from wkmp_lab.signals import LevelProfile
from wkmp_lab.summary import format_clock
from wkmp_lab.text import clean_text, escape_html
from wkmp_lab.units import seconds_from_ticks

OWN = "own threshold"
BOUNDARY_S = 5.0
"""What is played before and after a cut."""
_LABEL = {"description_width": "11em"}


def explore(path: str | Path, *, settings: SegmentSettings | None = None) -> "Explorer":
    """Explore how a file is cut; the last expression of a cell shows it.

    Parameters
    ----------
    path
        The audio file; it is decoded once, now.
    settings
        Where to begin.
    """
    return Explorer(path, read_profile(path), settings=settings or SegmentSettings())


def make_settings(
    *, medium: str, threshold_dbfs: float, min_silence_s: float, min_passage_s: float
) -> SegmentSettings:
    """What the controls stand for: the threshold counts only where it is one's own."""
    is_own = medium == OWN
    return SegmentSettings(
        medium="auto" if is_own else cast(Medium, medium),
        threshold_dbfs=threshold_dbfs if is_own else None,
        min_silence_s=round(min_silence_s, 2),
        min_passage_s=round(min_passage_s, 2),
    )


def format_settings_code(settings: SegmentSettings) -> str:
    """The settings as Python, to be used for an import.

    >>> print(format_settings_code(SegmentSettings(medium="vinyl")))
    from wkmp_lab.settings import SegmentSettings
    settings = wl.Settings(segmenting=SegmentSettings(medium='vinyl'))
    """
    plain = SegmentSettings()
    named = {
        name: getattr(settings, name)
        for name in ("medium", "threshold_dbfs", "min_silence_s", "min_passage_s")
    }
    changed = [f"{k}={v!r}" for k, v in named.items() if v != getattr(plain, k)]
    call = f"settings = wl.Settings(segmenting=SegmentSettings({', '.join(changed)}))"
    return f"from wkmp_lab.settings import SegmentSettings\n{call}"


def make_cut_result(path: str | Path, cut: Segmentation) -> FileResult:
    """A cut as the result that plots and summaries draw from."""
    passages = tuple(
        Passage(index, start, end) for index, (start, end) in enumerate(cut.spans_ticks)
    )
    status: Literal["done", "no_audio"] = "done" if passages else "no_audio"
    source = SourceFile(str(path), 0, 0)
    return FileResult(source, status, segmentation=cut, passages=passages)


def _show_code(code: str) -> str:
    lines = "<br>".join(escape_html(line) for line in code.splitlines())
    return f"<code>{lines}</code>"


def count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> count(1, "passage"), count(2, "passage")
    ('1 passage', '2 passages')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class Explorer:
    """Controls, picture and player of one file.

    Attributes
    ----------
    path
        The file.
    profile
        Its levels.
    settings
        What the controls stand for now.
    cut
        The passages and gaps that these settings give.
    box
        The widgets.
    """

    def __init__(
        self, path: str | Path, profile: LevelProfile, *, settings: SegmentSettings
    ) -> None:
        self.path = path
        self.profile = profile
        self.settings = settings
        self.cut = find_passages(profile, settings=settings)
        self._is_closed = False
        self._wake = threading.Event()
        self._make_controls()
        self._make_player()
        self._image = widgets.Image(format="png", layout=widgets.Layout(width="100%"))
        self._image.layout.max_width = "920px"
        self._verdict, self._code = widgets.HTML(), widgets.HTML()
        for widget, name in (
            (self._threshold, "threshold"),
            (self._image, "picture"),
            (self._verdict, "verdict"),
            (self._audio, "audio"),
        ):
            widget.add_class(f"wkmp-{name}")
        sliders = widgets.VBox(
            [self._medium, self._threshold, self._min_silence, self._min_passage]
        )
        player = widgets.VBox([self._pick, self._play, self._play_cut, self._audio, self._trouble])
        top = widgets.HBox([sliders, player], layout=widgets.Layout(flex_flow="row wrap"))
        self.box = widgets.VBox([top, self._verdict, self._image, self._code])
        self._draw()
        threading.Thread(target=self._follow, name="wkmp-explore", daemon=True).start()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        del include, exclude  # the protocol's; all forms are always given
        words = f"{clean_text(str(self.path))}: {count(len(self.cut.spans_ticks), 'passage')}"
        live: dict[str, Any] = self.box._repr_mimebundle_()
        return {**live, "text/html": f"<p>{escape_html(words, 300)}</p>", "text/plain": words}

    def close(self) -> None:
        """End the drawing thread and forget the widgets."""
        self._is_closed = True
        self._wake.set()
        self.box.close()

    def _make_controls(self) -> None:
        start = self.settings
        wide = widgets.Layout(width="460px", max_width="100%")
        media = [*get_args(Medium), OWN]
        medium = OWN if start.threshold_dbfs is not None else start.medium
        self._medium = widgets.Dropdown(
            options=media, value=medium, description="Medium", style=_LABEL, layout=wide
        )
        self._threshold = widgets.FloatSlider(
            value=start.threshold_dbfs or round(self.cut.threshold_dbfs, 1),
            min=-100.0,
            max=-10.0,
            step=0.5,
            description="Silence below (dBFS)",
            readout_format=".1f",
            style=_LABEL,
            layout=wide,
        )
        self._min_silence = widgets.FloatSlider(
            value=start.min_silence_s,
            min=0.1,
            max=6.0,
            step=0.1,
            description="Silence at least (s)",
            style=_LABEL,
            layout=wide,
        )
        self._min_passage = widgets.FloatSlider(
            value=start.min_passage_s,
            min=0.0,
            max=120.0,
            step=1.0,
            description="Passage at least (s)",
            style=_LABEL,
            layout=wide,
        )
        self._threshold.observe(self._take_threshold, "value")
        for control in (self._medium, self._min_silence, self._min_passage):
            control.observe(self._take, "value")

    def _make_player(self) -> None:
        self._pick = widgets.Dropdown(options=[], description="Passage")
        self._play = widgets.Button(description="Play its start", icon="play")
        self._play_cut = widgets.Button(description="Play the cut before it", icon="play")
        self._audio = widgets.Audio(value=b"", format="ogg", autoplay=True, loop=False)
        self._audio.layout.display = "none"
        self._trouble = widgets.HTML()
        for button in (self._play, self._play_cut):
            button.layout.width = "auto"
        self._play.on_click(lambda _: self._listen(0.0, MAX_CLIP_S))
        self._play_cut.on_click(lambda _: self._listen(-BOUNDARY_S, BOUNDARY_S))

    def _take_threshold(self, _change: object) -> None:
        if self._medium.value == OWN:
            self._take(_change)
        else:
            self._medium.value = OWN

    def _take(self, _change: object) -> None:
        self.settings = make_settings(
            medium=self._medium.value,
            threshold_dbfs=self._threshold.value,
            min_silence_s=self._min_silence.value,
            min_passage_s=self._min_passage.value,
        )
        self._wake.set()

    def _follow(self) -> None:
        while self._wake.wait() and not self._is_closed:
            self._wake.clear()
            self._draw()

    def _draw(self) -> None:
        settings = self.settings
        self.cut = find_passages(self.profile, settings=settings)
        spans = [(seconds_from_ticks(a), seconds_from_ticks(b)) for a, b in self.cut.spans_ticks]
        n_left = sum(not gap.is_boundary for gap in self.cut.gaps)
        self._verdict.value = (
            f'<div role="status"><b>{count(len(spans), "passage")}</b>, '
            f"{count(n_left, 'gap')} not cut; silence "
            f"below {self.cut.threshold_dbfs:.1f} dBFS; {escape_html(self.cut.verdict)}</div>"
        )
        self._code.value = _show_code(format_settings_code(settings))
        chosen = self._pick.value
        self._pick.options = [
            (f"{index}: {format_clock(start)} to {format_clock(end)}", index)
            for index, (start, end) in enumerate(spans)
        ]
        if spans:
            self._pick.value = chosen if chosen is not None and chosen < len(spans) else 0
        self._image.value = draw_png(
            plot_passages(self.profile, make_cut_result(self.path, self.cut))
        )

    def _listen(self, from_s: float, to_s: float) -> None:
        """Play around the start of the chosen passage; trouble is told, for callbacks are mute."""
        index = self._pick.value
        if index is None or index >= len(self.cut.spans_ticks):
            return
        start_s = seconds_from_ticks(self.cut.spans_ticks[index][0])
        try:
            clip = read_clip(self.path, start_s=start_s + from_s, end_s=start_s + to_s)
        except (WkmpLabError, OSError) as error:
            self._trouble.value = escape_html(f"cannot play this: {error}", 300)
            return
        self._trouble.value = ""
        self._audio.value = clip
        self._audio.layout.display = ""
