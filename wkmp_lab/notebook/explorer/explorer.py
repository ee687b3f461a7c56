"""The explorer of one file: see where it is cut and why, cut it otherwise, hear it, keep it.

The file is decoded once. Every new cut is made from its level profile, and one drawing thread
takes the newest request: what the mouse has left behind is never drawn.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from wkmp_lab.display.numbers import format_clock, format_count, read_clock
from wkmp_lab.display.pages import encode_base64
from wkmp_lab.display.safe_text import clean_text
from wkmp_lab.display.summary import format_result_html
from wkmp_lab.display.templating import render
from wkmp_lab.errors import InvalidInputError, WkmpLabError
from wkmp_lab.io.tags.reading import read_tags
from wkmp_lab.library.session import ImportSession
from wkmp_lab.model import Tags
from wkmp_lab.notebook.card import format_status
from wkmp_lab.notebook.explorer.controls import (
    Sliders,
    format_settings_code,
    make_button,
)
from wkmp_lab.notebook.explorer.cutting import Cutting
from wkmp_lab.notebook.explorer.listening import Listening
from wkmp_lab.notebook.explorer.overview import (
    Overview,
    Spectrogram,
    read_overview,
    read_spectrogram,
    sketch_spectrogram,
)
from wkmp_lab.notebook.explorer.plots import plot_overview
from wkmp_lab.notebook.explorer.wave import (
    describe_cutting,
    make_wave,
    show_spectrum,
)
from wkmp_lab.notebook.standing import Standing
from wkmp_lab.pipeline.declared import complete_hints
from wkmp_lab.plots.figures import draw_png
from wkmp_lab.runner.decoder_child import run_in_child
from wkmp_lab.settings import SegmentHints, SegmentSettings, Settings

CALM_S = 1.0
"""How long nothing is asked for before what a saved notebook keeps is renewed."""
LEAST_WIDTH_PX = 760
"""Of a picture: its words stay readable; where there is less room, it scrolls sideways."""
_TEMPLATE = "notebook/templates/explorer.html.jinja"


def explore(
    path: str | Path,
    *,
    settings: SegmentSettings | None = None,
    session: ImportSession | None = None,
) -> "Explorer":
    """Explore how a file is cut; the last expression of a cell shows it.

    Parameters
    ----------
    path
        The audio file; it is decoded once, now, in a child process. Where an import has kept its
        level profile, it opens from that, and is decoded meanwhile for its spectrogram.
    settings
        Where to begin; None: as the session was asked for, else the defaults.
    session
        An import that knows the file: boundaries set by hand can be kept in it, for every later
        import.

    Raises
    ------
    DecodeError
        The file holds no audio that can be decoded.
    InvalidInputError
        The session does not know the file.
    """
    hints, chosen = SegmentHints(), settings or Settings().segmenting
    if session is not None:
        path, hints = session.get_result(path).path, session.make_hints(path)
        chosen = settings or session.settings.segmenting
    kept = session.read_kept_profile(path) if session is not None else None
    if kept is None:
        overview = run_in_child(partial(read_overview, path), path=path)
    else:
        overview = Overview(kept, sketch_spectrogram(kept), is_sketch=True)
    tags = Tags()
    with contextlib.suppress(InvalidInputError):  # tags beyond reason
        tags = run_in_child(partial(read_tags, path), path=path)
    hints = complete_hints(hints, str(path), tags, overview.profile.duration_s)
    return Explorer(Cutting(str(path), overview, settings=chosen, hints=hints, session=session))


class Explorer:
    """Sliders and picture of one file.

    Attributes
    ----------
    cutting
        Where the file is cut now; scripts may change it, and call :meth:`show`.
    box
        The widgets.
    """

    def __init__(self, cutting: Cutting) -> None:
        self.cutting = cutting
        self._standing = Standing()
        self._is_kept = True
        self._requests: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._make_widgets()
        self._show_cut()
        threading.Thread(target=self._follow, name="wkmp-explore", daemon=True).start()
        if cutting.overview.is_sketch:
            threading.Thread(target=self._paint, name="wkmp-paint", daemon=True).start()

    def show(self) -> None:
        """Draw soon what the cutting has become."""
        self.sliders.show(self.cutting.settings)
        self._requests.put(_draw_anew)

    def close(self) -> None:
        """End the exploring: a picture and tables, which a saved file keeps, take its place."""
        self._requests.put(_end)
        self._listening.close()
        self._standing.end(self._make_bundle())
        self.wave.close()
        self.box.close()

    def __repr__(self) -> str:
        n_passages = len(self.cutting.result.passages)
        return f"{clean_text(self.cutting.path)}: {format_count(n_passages, 'passage')}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        del include, exclude  # the protocol's; all forms are always given
        live: dict[str, Any] = self.box._repr_mimebundle_()
        return {**live, **self._make_bundle()}

    def _ipython_display_(self) -> None:
        self._standing.present(self.box, self._make_bundle())

    # -- inside ------------------------------------------------------------------------------

    def _make_widgets(self) -> None:
        cutting = self.cutting
        threshold_dbfs = cutting.segmentation.threshold_dbfs
        self.sliders = Sliders(cutting.settings, threshold_dbfs, self._then_show(cutting.tune))
        self.wave = make_wave(cutting, self._hear)
        keep = make_button(
            "Keep these cuts",
            "save",
            "For every later import, too",
            lambda: self._requests.put(self._keep),
            css_class="keep",
        )
        done = make_button(
            "Done",
            "stop",
            "Leave a picture that a saved notebook keeps",
            self.close,
            css_class="done",
        )
        self.verdict, self.message, self.code = (
            _with_class(widgets.HTML(), name) for name in ("verdict", "message", "code")
        )
        self.box = widgets.VBox(
            [
                self.sliders.box,
                *(self.verdict, self.wave, self.message),
                widgets.HBox([keep, done] if cutting.session else [done]),
                self.code,
            ]
        )
        self._listening = Listening(cutting, self.wave, self._say)
        self._deeds: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "move": self._then_show(self._move),
            "lead": self._then_show(self._move_lead),
            "split": self._then_show(lambda asked: cutting.split(asked["at_s"])),
            "join": self._then_show(lambda asked: cutting.join(asked["number"])),
            "snap": self._then_show(lambda asked: cutting.snap(asked["number"])),
            "release": self._then_show(lambda _: cutting.release()),
            "undo": self._then_show(lambda _: cutting.undo()),
            "redo": self._then_show(lambda _: cutting.redo()),
            "threshold": self._try(self._set_threshold),
            "go": self._try(self._go),
        }

    def _hear(self, asked: Mapping[str, Any]) -> None:
        """Do what the picture asks for."""
        if asked["kind"] in self._deeds:
            self._deeds[asked["kind"]](asked)
        else:
            self._listening.hear(asked)

    def _try(self, act: Callable[..., None]) -> Callable[..., None]:
        """Callbacks are mute: what goes wrong is told."""

        def do(*values: Any) -> None:
            self._say("")
            try:
                act(*values)
            except (WkmpLabError, OSError) as error:
                self._say(str(error))

        return do

    def _then_show(self, act: Callable[..., None]) -> Callable[..., None]:
        def do(*values: Any) -> None:
            act(*values)
            self.show()

        return self._try(do)

    def _move(self, asked: Mapping[str, Any]) -> None:
        """Move a cut; with the end of a dragging its step ends, too."""
        self.cutting.move(asked["number"], asked["to_s"])
        if asked["is_last"]:
            self.cutting.end_step()

    def _move_lead(self, asked: Mapping[str, Any]) -> None:
        is_lead_in = asked["name"] == "lead_in_s"
        self.cutting.move_lead(asked["passage"], to_s=asked["to_s"], is_lead_in=is_lead_in)
        if asked["is_last"]:
            self.cutting.end_step()

    def _set_threshold(self, asked: Mapping[str, Any]) -> None:
        self.sliders.threshold.value = asked["dbfs"]
        if asked["is_last"]:
            self.cutting.end_step()

    def _go(self, asked: Mapping[str, Any]) -> None:
        """Show the place that was typed."""
        typed, end_s = asked["typed"], self.cutting.overview.profile.duration_s
        at_s = read_clock(typed)
        if not 0.0 <= at_s <= end_s:
            raise InvalidInputError(
                f"expected a time within the file, which is {format_clock(end_s)} long, "
                f"got {typed.strip()}"
            )
        self.wave.send({"kind": "cursor", "view": asked["view"], "at_s": at_s})

    def _say(self, words: str) -> None:
        self.message.value = format_status(words)

    def _keep(self) -> None:
        self._say("measuring the passages anew ...")
        try:
            result = self.cutting.save()
        except (WkmpLabError, OSError) as error:
            self._say(f"not kept: {error}")
            return
        told = f"failed: {result.failure.reason}" if result.failure else "measured anew"
        self._say(f"kept: {format_count(len(result.passages), 'passage')}, {told}")

    def _follow(self) -> None:
        """Carry requests out, one after the other; of drawings only the latest."""
        is_due = False
        while (request := self._await_request()) is not _end:
            if request is _draw_anew:
                is_due = True
            else:
                request()
            if is_due and self._requests.empty():
                self._draw()
                is_due = self._is_kept = False

    def _paint(self) -> None:
        """Measure the spectrogram, and show it in the place of its sketch."""
        path = self.cutting.path
        try:
            spectrogram = run_in_child(partial(read_spectrogram, path), path=path)
        except (WkmpLabError, OSError) as error:
            self._say(f"no spectrogram: {error}")
            return
        self._requests.put(partial(self._take_spectrogram, spectrogram))

    def _take_spectrogram(self, spectrogram: Spectrogram) -> None:
        cutting = self.cutting
        cutting.overview = replace(cutting.overview, spectrogram=spectrogram, is_sketch=False)
        show_spectrum(self.wave, cutting.overview)
        self._is_kept = False

    def _await_request(self) -> Callable[[], None]:
        """The next request; where none comes for a while, what has changed is kept meanwhile."""
        if not self._is_kept:
            try:
                return self._requests.get(timeout=CALM_S)
            except queue.Empty:
                self._standing.keep(self._make_bundle())
                self._is_kept = True
        return self._requests.get()

    def _draw(self) -> None:
        """Cut, and show everything."""
        self.cutting.cut()
        self._show_cut()

    def _show_cut(self) -> None:
        cutting = self.cutting
        self.verdict.value = _format_verdict(cutting)
        self.code.value = _format_code(cutting, "code")
        self.sliders.show_threshold(cutting.segmentation.threshold_dbfs)
        self.wave.state = describe_cutting(cutting)

    def _make_bundle(self) -> dict[str, str]:
        cutting = self.cutting
        png = encode_base64(draw_png(plot_overview(cutting.overview, cutting.result)))
        values = {
            "png": png,
            "words": f"Level and spectrogram of {self!r}",
            "least_width_px": LEAST_WIDTH_PX,
        }
        html = (
            render(_TEMPLATE, "picture", values)
            + format_result_html(cutting.result)
            + _format_code(cutting, "saved_code")
        )
        return {"text/html": html, "text/plain": repr(self)}


def format_cutting_code(cutting: Cutting) -> str:
    """What was found, as Python: the settings, and the boundaries where they were set by hand."""
    code = format_settings_code(cutting.settings)
    if cutting.can_release:
        cuts = [round(at_s, 2) for at_s in cutting.cuts_s] if cutting.is_by_hand else None
        leads = {n: (round(a, 2), round(b, 2)) for n, (a, b) in cutting.leads_s.items()}
        code += f"\nsession.recut({cutting.path!r}, {cuts}{f', leads_s={leads}' if leads else ''})"
    return code


def _format_verdict(cutting: Cutting) -> str:
    """What was cut, in words, as HTML."""
    cut = cutting.segmentation
    values = {
        "n_passages": len(cut.spans_ticks),
        "n_left": sum(not gap.is_boundary for gap in cut.gaps),
        "threshold_dbfs": cut.threshold_dbfs,
        "how": "set by hand" if cutting.is_by_hand else cut.verdict,
    }
    return render(_TEMPLATE, "verdict", values)


def _format_code(cutting: Cutting, part: str) -> str:
    return render(_TEMPLATE, part, {"lines": format_cutting_code(cutting).splitlines()})


def _with_class(widget: Any, name: str) -> Any:
    widget.add_class(f"wkmp-{name}")
    return widget


def _end() -> None:
    """The request that ends the drawing thread."""


def _draw_anew() -> None:
    """The request for new pictures; of several, one is drawn."""
