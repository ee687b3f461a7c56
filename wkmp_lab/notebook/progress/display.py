"""Progress in a notebook: a live panel, or a table that is renewed, and what stays at the end.

One thread paints a session. At the end the display is replaced, through its display id, by
static HTML and plain text: widgets do not survive in a saved notebook.
"""

import time
from collections.abc import Callable
from typing import Any, Literal, cast

import pandas as pd
from IPython import get_ipython
from IPython.display import DisplayHandle

from wkmp_lab.display.summary import (
    format_result_html,
    format_session_html,
    format_snapshot_html,
    format_snapshot_text,
)
from wkmp_lab.display.terminal import Watched
from wkmp_lab.library.session import ImportSession
from wkmp_lab.model import FileResult
from wkmp_lab.notebook.environment import register_texts
from wkmp_lab.notebook.progress.frames import FrameFormatter
from wkmp_lab.notebook.progress.panel import Controlled, Panel
from wkmp_lab.notebook.progress.records import SHOWN, format_record_html
from wkmp_lab.progress.snapshot import Snapshot

TICK_S = 0.125
"""At most eight updates a second reach the browser."""
HTML_INTERVAL_S = 1.0
"""Between two tables, where a notebook is executed and nobody looks."""


def make_follower(
    session: Watched, *, ui: Literal["widgets", "html"], is_page: bool = False
) -> Callable[[], None]:
    """Display a session here and now; the function that is returned keeps it up to date.

    The display belongs to the cell that runs now, so it is made by the caller's thread; the
    function is for a thread of its own and returns when the session has ended. On a page (of
    Voila), which may be drawn after that, the panel stays, with its last state.
    """
    now = session.snapshot()
    if ui == "html":
        handle = _show(make_bundle(now))
        _finish_in_cell(session, handle)
        return lambda: _follow(session, handle, None)
    panel = Panel(cast(Controlled, session))
    panel.paint(now)
    live = panel.card._repr_mimebundle_()
    handle = _show({**live, **make_bundle(now)})
    return lambda: _follow(session, handle, panel, is_page=is_page)


def make_bundle(now: Snapshot) -> dict[str, str]:
    """What stays when widgets are gone."""
    return {"text/html": format_snapshot_html(now), "text/plain": format_snapshot_text(now)}


def register_reprs(shell: Any) -> None:
    """Let an IPython shell show sessions and results as summaries.

    The records themselves know nothing of HTML; a notebook's shell is told how to show them. How
    other DataFrames look is not changed: they go to what showed them before.
    """
    html = shell.display_formatter.formatters["text/html"]
    html.for_type(ImportSession, lambda s: format_session_html(s.snapshot(), s.results))
    html.for_type(Snapshot, format_snapshot_html)
    html.for_type(FileResult, format_result_html)
    before = html.for_type(pd.DataFrame)
    if not isinstance(before, FrameFormatter):
        html.for_type(pd.DataFrame, FrameFormatter(before))
    for record in SHOWN:
        html.for_type(record, format_record_html)
    register_texts(shell)
    plain = shell.display_formatter.formatters["text/plain"]
    # By name: matplotlib is not loaded before something is drawn.
    axes = ("matplotlib.axes._axes", "Axes")
    shell.display_formatter.formatters["image/png"].for_type_by_name(*axes, _draw_axes)
    plain.for_type_by_name(*axes, lambda ax, printer, _cycle: printer.text(_describe_axes(ax)))


def _draw_axes(ax: Any) -> tuple[bytes, dict[str, str | int]] | None:
    """The picture of axes that pyplot does not show by itself, and words for it."""
    from wkmp_lab.plots import figures

    if figures.is_managed(ax):
        return None
    width, height = figures.measure_page_size(ax)
    png = figures.draw_png(ax, sharpness=figures.SHARPNESS)
    return png, {"alt": str(ax.get_label()), "width": width, "height": height}


def _describe_axes(ax: Any) -> str:
    from wkmp_lab.plots import figures

    return str(ax) if figures.is_managed(ax) else f"[picture: {ax.get_label()}]"


def _show(bundle: dict[str, Any]) -> Any:
    handle: Any = DisplayHandle()  # type: ignore[no-untyped-call]
    handle.display(bundle, raw=True)
    return handle


def _finish_in_cell(session: Watched, handle: Any) -> None:
    """Show the end as part of the first cell that ends after it.

    Executors drop what arrives between two cells, and a thread cannot know when that is.
    """
    shell = get_ipython()
    if shell is None:
        return

    def finish(_result: object) -> None:
        if session.is_ended:
            shell.events.unregister("post_run_cell", finish)
            handle.update(make_bundle(session.snapshot()), raw=True)

    shell.events.register("post_run_cell", finish)


def _follow(session: Watched, handle: Any, panel: Panel | None, *, is_page: bool = False) -> None:
    painted_at_s = 0.0
    while not session.is_ended:
        if panel is not None:
            panel.paint(session.snapshot())
        elif time.monotonic() - painted_at_s >= HTML_INTERVAL_S:
            handle.update(make_bundle(session.snapshot()), raw=True)
            painted_at_s = time.monotonic()
        time.sleep(TICK_S)
    if panel is not None and is_page:
        panel.paint(session.snapshot())
        return
    handle.update(make_bundle(session.snapshot()), raw=True)
    if panel is not None:
        panel.end(session.snapshot())
