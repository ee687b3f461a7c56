"""The explorer of one file: see where it is cut and why, cut it otherwise, hear it, keep it.

The file is decoded once. Every new cut is made from its level profile, and one drawing thread
takes the newest request: what the mouse has left behind is never drawn.
"""

import contextlib
import os
import queue
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import ipywidgets as widgets
from IPython import get_ipython

from wkmp_lab.display.numbers import format_clock, format_count, read_clock
from wkmp_lab.display.pages import encode_base64
from wkmp_lab.display.safe_text import clean_text
from wkmp_lab.display.summary import format_result_html
from wkmp_lab.display.templating import render
from wkmp_lab.errors import InvalidInputError, WkmpLabError
from wkmp_lab.io.files.clips import MAX_CLIP_S, read_clip, read_crossfade
from wkmp_lab.io.tags.reading import read_tags
from wkmp_lab.library.session import ImportSession
from wkmp_lab.model import Tags
from wkmp_lab.notebook.card import format_status
from wkmp_lab.notebook.environment import find_ui
from wkmp_lab.notebook.explorer.controls import (
    CutEditor,
    Player,
    Sliders,
    format_settings_code,
    make_button,
)
from wkmp_lab.notebook.explorer.cutting import Cutting
from wkmp_lab.notebook.explorer.overview import read_beats, read_overview
from wkmp_lab.notebook.explorer.plots import plot_boundary, plot_overview
from wkmp_lab.notebook.standing import Standing
from wkmp_lab.pipeline.declared import complete_hints
from wkmp_lab.plots.figures import draw_png
from wkmp_lab.runner.decoder_child import run_in_child
from wkmp_lab.settings import SegmentHints, SegmentSettings, Settings

BOUNDARY_S = 5.0
"""What is played before and after a cut."""
CALM_S = 1.0
"""How long nothing is asked for before what a saved notebook keeps is renewed."""
LEAST_WIDTH_PX = 760
"""Of a picture: its words stay readable; where there is less room, it scrolls sideways."""
_TEMPLATE = "notebook/templates/explorer.html.jinja"

T = TypeVar("T")


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
        The audio file; it is decoded once, now, in a child process.
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
    overview = run_in_child(partial(read_overview, path), path=path)
    tags = Tags()
    with contextlib.suppress(InvalidInputError):  # tags beyond reason
        tags = run_in_child(partial(read_tags, path), path=path)
    hints = complete_hints(hints, str(path), tags, overview.profile.duration_s)
    return Explorer(Cutting(str(path), overview, settings=chosen, hints=hints, session=session))


class Explorer:
    """Controls, pictures and player of one file.

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
        self._beats: dict[int, tuple[float, ...]] = {}
        self._requests: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._make_widgets()
        self._draw()
        threading.Thread(target=self._follow, name="wkmp-explore", daemon=True).start()

    def show(self) -> None:
        """Draw soon what the cutting has become."""
        self._requests.put(_draw_anew)

    def close(self) -> None:
        """End the exploring: a picture and tables, which a saved file keeps, take its place."""
        self._requests.put(_end)
        self._standing.end(self._make_bundle())
        self.box.close()

    def __repr__(self) -> str:
        n_passages = len(self.cutting.result.passages)
        return f"{clean_text(self.cutting.path)}: {format_count(n_passages, 'passage')}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        del include, exclude  # the protocol's; all forms are always given
        live: dict[str, Any] = self.box._repr_mimebundle_()
        return {**live, **self._make_bundle()}

    def _ipython_display_(self) -> None:
        # Where a notebook is executed and nobody looks, sliders are of no use.
        if find_ui(shell=get_ipython(), environment=os.environ, is_terminal=False) == "html":
            self._standing.show_static(self._make_bundle())
        else:
            self._standing.show(self.box._repr_mimebundle_(), self._make_bundle())

    # -- inside ------------------------------------------------------------------------------

    def _make_widgets(self) -> None:
        cutting = self.cutting
        threshold_dbfs = cutting.segmentation.threshold_dbfs
        self.sliders = Sliders(cutting.settings, threshold_dbfs, self._then_show(cutting.tune))
        self.editor = CutEditor(
            on_pick=lambda _: self.show(),
            on_move=self._then_show(cutting.move),
            on_split=self._then_show(self._split),
            on_join=self._then_show(cutting.join),
            on_snap=self._then_show(cutting.snap),
            on_release=self._then_show(cutting.release),
        )
        self.player = Player(
            on_passage=self._try(lambda index: self._listen(index, 0.0, MAX_CLIP_S)),
            on_cut=self._try(lambda index: self._listen(index, -BOUNDARY_S, BOUNDARY_S)),
            on_crossfade=self._try(self._listen_across),
        )
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
        self.verdict, self.message, self.code = map(
            _with_class, (widgets.HTML() for _ in range(3)), ("verdict", "message", "code")
        )
        self.picture, self.near = (
            _with_class(widgets.Image(format="png"), name) for name in ("picture", "near")
        )
        for image in (self.picture, self.near):
            image.layout = widgets.Layout(width="100%", min_width=f"{LEAST_WIDTH_PX}px")
        frame = widgets.Layout(width="100%", max_width="920px", overflow="auto hidden")
        whole, near = (
            _with_class(widgets.Box([image], layout=frame), "frame")
            for image in (self.picture, self.near)
        )
        row = widgets.Layout(flex_flow="row wrap", align_items="flex-start")
        for part in (self.sliders.box, self.player.box):
            part.layout.flex = "1 1 360px"
        self.box = widgets.VBox(
            [
                widgets.HBox([self.sliders.box, self.player.box], layout=row),
                *(self.verdict, whole, self.editor.box, near),
                widgets.HBox([keep, done] if cutting.session else [done]),
                *(self.message, self.code),
            ]
        )

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

    def _split(self, typed: str) -> None:
        at_s, end_s = read_clock(typed), self.cutting.overview.profile.duration_s
        if not 0.0 < at_s < end_s:
            raise InvalidInputError(
                f"expected a time within the file, which is {format_clock(end_s)} long, "
                f"got {typed.strip()}"
            )
        self.cutting.split(at_s)
        self.editor.new.value = ""

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
                is_due = not self._draw()
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

    def _draw(self) -> bool:
        """Cut and show everything; False where another request came before the end."""
        cutting, end_s = self.cutting, self.cutting.overview.profile.duration_s
        passages = cutting.cut().passages
        self.verdict.value = _format_verdict(cutting)
        self.code.value = _format_code(cutting, "code")
        self.player.show([(p.start_s, p.end_s) for p in passages])
        cuts_s = [passage.start_s for passage in passages[1:]]
        self.editor.show(cuts_s, end_s, is_by_hand=cutting.is_by_hand)
        steps = [self._draw_whole, self._draw_near, self._listen_for_beats]
        if cutting.is_by_hand:  # the eye is on the near picture
            steps[:2] = reversed(steps[:2])
        for step in steps:
            step()
            if not self._requests.empty():
                return False
        return True

    def _draw_whole(self) -> None:
        self.picture.value = draw_png(plot_overview(self.cutting.overview, self.cutting.result))

    def _draw_near(self) -> None:
        """The chosen cut from near by, with the beats that are known."""
        at_s = self._find_chosen_s()
        self.near.layout.display = "none" if at_s is None else ""
        if at_s is not None:
            profile, beats_s = self.cutting.overview.profile, self._beats.get(round(at_s), ())
            near = plot_boundary(profile, at_s, result=self.cutting.result, beats_s=beats_s)
            self.near.value = draw_png(near)

    def _listen_for_beats(self) -> None:
        """Find the beats around the chosen cut, once a second of the file."""
        at_s = self._find_chosen_s()
        if at_s is None or round(at_s) in self._beats:
            return
        end_s = self.cutting.overview.profile.duration_s
        try:
            self._beats[round(at_s)] = self._decode(partial(read_beats, at_s=at_s, end_s=end_s))
        except (WkmpLabError, OSError) as error:
            self._say(f"no beats: {error}")
            return
        self._draw_near()

    def _find_chosen_s(self) -> float | None:
        number, passages = self.editor.chosen, self.cutting.result.passages
        return passages[number + 1].start_s if number is not None else None

    def _listen(self, index: int, from_s: float, to_s: float) -> None:
        """Play around the start of a passage."""
        start_s = self.cutting.result.passages[index].start_s
        work = partial(read_clip, start_s=start_s + from_s, end_s=start_s + to_s)
        self.player.play(self._decode(work))

    def _listen_across(self, index: int) -> None:
        if index == 0:
            raise InvalidInputError("no passage comes before the first")
        before, after = self.cutting.result.passages[index - 1 : index + 1]
        self.player.play(self._decode(partial(read_crossfade, before=before, after=after)))

    def _decode(self, work: "partial[T]") -> T:
        """What ``work`` reads of the file, in the child that decodes for this process."""
        path = self.cutting.path
        return run_in_child(partial(work, path), path=path)

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
    if cutting.is_by_hand:
        places = ", ".join(f"{at_s:.2f}" for at_s in cutting.cuts_s)
        code += f"\nsession.recut({cutting.path!r}, [{places}])"
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
