"""The tuner of a library: move its settings, and see at once which files change, and why.

One thread looks through the library by the kept level profiles. It takes the newest settings:
where they move on while it looks, it begins again.
"""

import queue
import threading
import time
from dataclasses import replace
from typing import Any, get_args

import ipywidgets as widgets

from wkmp_lab.collection.recuts import Recut
from wkmp_lab.display.numbers import format_count
from wkmp_lab.errors import WkmpLabError
from wkmp_lab.library.session import ImportSession
from wkmp_lab.notebook.card import format_status, make_style
from wkmp_lab.notebook.explorer.controls import Sliders, make_button
from wkmp_lab.notebook.standing import Standing
from wkmp_lab.notebook.tuner.words import (
    format_code,
    format_files_html,
    format_recuts,
    format_state_html,
    format_tuning_html,
    format_tuning_text,
)
from wkmp_lab.settings import AnalyzeSettings, LeadPreset, SegmentSettings

TELL_S = 0.25
"""How often it is told how far the look has come."""
NOMINAL_DBFS = -60.0
"""Where the slider of the threshold stands before it is used: each file has its own floor."""
_WIDE = widgets.Layout(width="460px", max_width="calc(100% - 4px)")


def tune(session: ImportSession) -> "Tuner":
    """Tune how a library is cut and levelled; the last expression of a cell shows it.

    Parameters
    ----------
    session
        An import that has ended. Nothing is kept before the button is pressed.
    """
    return Tuner(session)


class Tuner:
    """Settings of a whole library, and what they would change in it.

    Attributes
    ----------
    session
        The library; after "Keep" as it is then.
    segmenting, analyzing
        What the controls stand for; scripts may change them, and call :meth:`show`.
    recuts
        What would change, a record a file, of the latest look that has come to its end.
    box
        The widgets.
    """

    def __init__(self, session: ImportSession) -> None:
        self.session = session
        self.segmenting = session.settings.segmenting
        self.analyzing = session.settings.analyzing
        self.recuts: list[Recut] = []
        self._standing = Standing()
        self._requests: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._make_widgets()
        self._look()
        threading.Thread(target=self._follow, name="wkmp-tune", daemon=True).start()

    def show(self) -> None:
        """Look through the library soon, by what the settings have become."""
        self._requests.put("look")

    def close(self) -> None:
        """End the tuning: a table that a saved file keeps takes the place of the controls."""
        self._requests.put("end")
        self._standing.end(self._make_bundle())
        self.box.close()

    def __repr__(self) -> str:
        return format_tuning_text(self.recuts, code=self._format_code())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        del include, exclude  # the protocol's; all forms are always given
        live: dict[str, Any] = self.box._repr_mimebundle_()
        return {**live, **self._make_bundle()}

    def _ipython_display_(self) -> None:
        self._standing.present(self.box, self._make_bundle())

    # -- inside ------------------------------------------------------------------------------

    def _make_widgets(self) -> None:
        self.sliders = Sliders(self.segmenting, NOMINAL_DBFS, self._take_segmenting)
        self.preset = widgets.Dropdown(
            options=get_args(LeadPreset),
            value=self.analyzing.preset,
            description="Leads",
            style={"description_width": "11em"},
            layout=_WIDE,
        )
        self.preset.observe(self._take_preset, "value")
        self.state, self.files, self.message = (widgets.HTML() for _ in range(3))
        for widget, name in ((self.state, "state"), (self.files, "files")):
            widget.add_class(f"wkmp-tune-{name}")
        keep = make_button(
            "Keep this",
            "save",
            "Cut and level the library so, without a decode",
            lambda: self._requests.put("keep"),
            css_class="tune-keep",
        )
        done = make_button(
            "Done",
            "stop",
            "Leave a table that a saved notebook keeps",
            self.close,
            css_class="tune-done",
        )
        style = make_style("card.css")
        self.box = widgets.VBox(
            [
                *(style, self.sliders.box, self.preset, self.state, self.files),
                *(widgets.HBox([keep, done]), self.message),
            ]
        )
        self.box.add_class("wkmp")

    def _take_segmenting(self, chosen: SegmentSettings) -> None:
        # Of a known number or known lengths of pieces the sliders tell nothing.
        self.segmenting = replace(
            self.segmenting,
            medium=chosen.medium,
            threshold_dbfs=chosen.threshold_dbfs,
            min_silence_s=chosen.min_silence_s,
            min_passage_s=chosen.min_passage_s,
        )
        self.show()

    def _take_preset(self, change: dict[str, Any]) -> None:
        self.analyzing = AnalyzeSettings(change["new"])
        self.show()

    def _follow(self) -> None:
        """Carry requests out, one after the other; of looks only the latest."""
        while (request := self._requests.get()) != "end":
            try:
                if request == "keep":
                    self._keep()
                elif self._requests.empty():
                    self._look()
            except (WkmpLabError, OSError) as error:
                self.message.value = format_status(str(error))

    def _look(self) -> None:
        """Look through the library; left where another request comes before the end."""
        found: list[Recut] = []
        told_s = time.monotonic()
        for recut in self.session._preview(self.segmenting, self.analyzing):
            found.append(recut)
            if not self._requests.empty():
                return
            if time.monotonic() - told_s > TELL_S:
                told_s = time.monotonic()
                words = f"{format_count(len(found), 'file')} looked at"
                self.state.value = format_state_html(words, is_busy=True)
        self.recuts = found
        self.state.value = format_state_html(format_recuts(found), is_busy=False)
        self.files.value = format_files_html(found, folder=self.session.folder)
        self._standing.keep(self._make_bundle())

    def _keep(self) -> None:
        self.message.value = format_status("cutting and levelling the library ...")
        self.session = self.session.retune(segmenting=self.segmenting, analyzing=self.analyzing)
        told = self.session.snapshot().remarks[-1]
        self.message.value = format_status(f"{told}; it is tuner.session now")
        self._look()

    def _format_code(self) -> str:
        return format_code(self.segmenting, self.analyzing)

    def _make_bundle(self) -> dict[str, str]:
        html = format_tuning_html(
            self.recuts, folder=self.session.folder, code=self._format_code()
        )
        return {"text/html": html, "text/plain": repr(self)}
