"""The live panel of an import: one card of HTML parts and native buttons.

Each part is sent only when its text has changed, by the one thread that paints; the buttons only
leave a request. Colours follow the theme of the page through its CSS variables.
"""

from collections.abc import Sequence
from typing import Protocol

import ipywidgets as widgets

from wkmp_lab.display.numbers import format_clock, format_count, group_by_reason
from wkmp_lab.display.palette import MATCH_COLORS, PHASE_COLORS
from wkmp_lab.display.summary import (
    format_finished,
    format_snapshot_html,
    format_time_left,
)
from wkmp_lab.display.templating import render
from wkmp_lab.model import MATCH_LEVELS, Phase
from wkmp_lab.notebook.card import make_style
from wkmp_lab.progress.snapshot import InFlight, Snapshot

MAX_IN_FLIGHT = 8
MAX_FAILURES = 5
"""Causes that the panel tells."""
MAX_NAMED = 3
"""Files that it names of each."""
_TEMPLATE = "notebook/templates/panel.html.jinja"


class Controlled(Protocol):
    """A session, as the panel's buttons see it."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def cancel(self) -> None: ...


class Panel:
    """The widgets of one import.

    Attributes
    ----------
    card
        What is displayed.
    """

    def __init__(self, session: Controlled) -> None:
        self._session = session
        self._is_paused = False
        self._is_cancelled = False
        self._parts = {
            name: widgets.HTML()
            for name in ("title", "whole", "phases", "match", "files", "bad", "notes")
        }
        self._parts["title"].layout.flex = "1 1 auto"
        self._pause = widgets.Button(description="Pause", icon="pause")
        self._pause.tooltip = "Pause the import; files in flight wait where they are"
        self._cancel = widgets.Button(description="Cancel", icon="stop")
        self._cancel.tooltip = "End the import; finished files are kept"
        self._pause.add_class("wkmp-pause")
        self._cancel.add_class("wkmp-cancel")
        self._pause.on_click(self._toggle)
        self._cancel.on_click(self._stop)
        style = make_style("card.css")
        top = widgets.HBox([self._parts["title"], self._pause, self._cancel])
        top.layout.align_items = "center"
        rest = [part for name, part in self._parts.items() if name != "title"]
        self.card = widgets.VBox([style, top, *rest])
        self.card.add_class("wkmp")

    def paint(self, now: Snapshot) -> None:
        """Show a snapshot; only what differs is sent."""
        is_live = now.state in ("scanning", "running", "paused")
        self._is_paused = now.state == "paused"
        texts = {
            "title": format_title(now),
            "whole": format_whole(now),
            "phases": format_phases(now),
            "match": format_match(now),
            "notes": format_notes(now),
            "files": format_files(now) if is_live else "",
            "bad": format_failures(now),
        }
        for name, text in texts.items():
            self._parts[name].value = text
        self._pause.description = "Resume" if self._is_paused else "Pause"
        self._pause.icon = "play" if self._is_paused else "pause"
        self._cancel.description = "Cancelling…" if self._is_cancelled else "Cancel"
        self._pause.disabled = self._cancel.disabled = self._is_cancelled or not is_live

    def end(self, now: Snapshot) -> None:
        """Leave the static summary in the card, and forget the parts.

        The cell has it too, by then. But a page that was loaded anew while the import ran no more
        knows which output is replaced at the end: there the card stays, and tells it.
        """
        style, *parts = self.card.children
        self.card.children = [style, widgets.HTML(format_snapshot_html(now))]
        for child in (*parts[0].children, *parts):
            child.close()

    def close(self) -> None:
        """Forget all widgets; the kernel would keep them for ever."""
        for child in (*self.card.children[1].children, *self.card.children, self.card):
            child.close()

    def _toggle(self, _button: object) -> None:
        if self._is_paused:
            self._session.resume()
        else:
            self._session.pause()

    def _stop(self, _button: object) -> None:
        self._is_cancelled = True
        self._session.cancel()


def format_title(now: Snapshot) -> str:
    """Whose import it is, and its state."""
    return render(_TEMPLATE, "title", {"now": now})


def format_whole(now: Snapshot) -> str:
    """The overall bar, and the numbers in words; a scan has no bar, for its end is unknown."""
    if now.state == "scanning":
        return render(_TEMPLATE, "scan", {"n_files": now.n_files})
    failed = f"{now.n_failed} failed" if now.n_failed else "no failures"
    words = [format_finished(now), f"{format_clock(now.elapsed_s)} elapsed"]
    words += format_time_left(now)
    if now.remaining_reason and now.state == "running":
        words.append(now.remaining_reason)
    words.append(failed)
    if now.n_jobs:
        words.append(f"{now.n_jobs} at a time")
    return render(_TEMPLATE, "whole", {"share_percent": 100.0 * now.fraction, "words": words})


def format_phases(now: Snapshot) -> str:
    """A bar for each phase: the files that have left it, and their passages in words."""
    counts = zip(now.phases, now.n_files_by_phase, now.n_passages_by_phase, strict=False)
    rows = [(phase.title(), PHASE_COLORS[phase], *both) for phase, *both in counts]
    return render(_TEMPLATE, "phases", {"rows": rows, "n_files": now.n_files})


def format_match(now: Snapshot) -> str:
    """The passages found so far by how sure their identity is."""
    counts = zip(MATCH_LEVELS, now.n_passages_by_level, strict=True)
    levels = [(level, MATCH_COLORS[level], count) for level, count in counts]
    n_whole = max(now.n_passages, sum(now.n_passages_by_level), 1)
    values = {"levels": levels, "n_passages": now.n_passages, "n_whole": n_whole}
    return render(_TEMPLATE, "match", values)


def format_files(now: Snapshot) -> str:
    """The files in flight, with the phases they are through."""
    n_rows = min(max(now.n_jobs, len(now.in_flight), 1), MAX_IN_FLIGHT)
    if not now.in_flight:
        values = {"words": _describe_pause(now), "n_rows": n_rows}
        return render(_TEMPLATE, "pause", values)
    shown = now.in_flight[:MAX_IN_FLIGHT]
    rows = [(file, _measure_segments(file, now.phases)) for file in shown]
    values = {"rows": rows, "n_rows": n_rows, "folder": now.folder, "coming": now.coming}
    return render(_TEMPLATE, "files", values)


def format_failures(now: Snapshot) -> str:
    """The latest failed files by cause."""
    if not now.failures:
        return ""
    groups = group_by_reason(now.failures)[:MAX_FAILURES]
    rows = [(reason, paths[-MAX_NAMED:], len(paths)) for reason, paths in groups]
    n_more = now.n_failed - sum(len(paths) for _, paths in groups)
    values = {"rows": rows, "n_more": n_more, "folder": now.folder}
    return render(_TEMPLATE, "failures", values)


def format_notes(now: Snapshot) -> str:
    """What there is to tell of the import as a whole; nothing where that is nothing."""
    return render(_TEMPLATE, "notes", {"lines": now.remarks})


def _describe_pause(now: Snapshot) -> str:
    """Why no file is in flight."""
    if now.state == "scanning" or now.n_finished >= now.n_files:
        return ""
    n_waiting = now.n_files_by_phase[len(now.phases) - 1] - now.n_finished
    if n_waiting > 0:
        return f"{format_count(n_waiting, 'file')} measured, waiting to be identified"
    return "The workers are starting; the first time after an installation takes a minute."


def _measure_segments(file: InFlight, phases: Sequence[Phase]) -> list[tuple[int, str]]:
    """How much of each phase a file has behind it, in percent, with the phase's colour."""
    current = phases.index(file.phase)
    segments = []
    for index, phase in enumerate(phases):
        # Steps of 5 %: a text that does not change is not sent.
        # Identifying comes when the workers have done with a file.
        is_left = index < current and phase is not Phase.IDENTIFYING
        share_percent = 100 if is_left else 5 * round(20 * file.fraction) * (index == current)
        segments.append((share_percent, PHASE_COLORS[phase]))
    return segments
