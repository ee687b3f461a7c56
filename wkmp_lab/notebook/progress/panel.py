"""The live panel of an import: one card of HTML parts and native buttons.

Each part is sent only when its text has changed, by the one thread that paints; the buttons only
leave a wish. Colours follow the theme of the page through its CSS variables.
"""

from typing import Protocol

import ipywidgets as widgets

from wkmp_lab.display.numbers import format_clock, format_count, format_name
from wkmp_lab.display.palette import MATCH_COLORS, PHASE_COLORS
from wkmp_lab.display.safe_text import escape_html
from wkmp_lab.display.summary import format_remarks
from wkmp_lab.model import MATCH_LEVELS, Phase
from wkmp_lab.progress.snapshot import InFlight, Snapshot

MAX_IN_FLIGHT = 8
MAX_FAILURES = 5
_PHASES = tuple(Phase)
CSS = """
.wkmp{--wk-fg:var(--jp-content-font-color1,var(--vscode-foreground,CanvasText));
--wk-soft:var(--jp-content-font-color2,var(--vscode-descriptionForeground,GrayText));
--wk-line:var(--jp-border-color2,var(--vscode-panel-border,#8886));
--wk-track:color-mix(in srgb,var(--wk-fg) 11%,transparent);
border:1px solid var(--wk-line);border-radius:10px;padding:12px 16px 14px;max-width:920px;
overflow:hidden;container-type:inline-size}
.wkmp,.wkmp .widget-html-content{color:var(--wk-fg);
font:13px/1.5 var(--jp-ui-font-family,system-ui,sans-serif)}
.wkmp .widget-html,.wkmp .jupyter-widgets{margin:0}.wkmp .widget-html-content{width:100%}
.wkmp .wk-top{display:flex;gap:10px;align-items:center}.wkmp .wk-top b{font-size:15px}
.wkmp .wk-chip{border:1px solid var(--wk-line);border-radius:10px;padding:0 9px;font-size:11px}
.wkmp .wk-soft{color:var(--wk-soft)}.wkmp .wk-wrap{white-space:normal;overflow-wrap:anywhere}
.wkmp table{border-collapse:collapse;width:100%;margin:0;table-layout:fixed;
font-variant-numeric:tabular-nums;color:var(--wk-fg);font-size:12.5px}
.wkmp td,.wkmp th{padding:1.5px 8px 1.5px 0;border:0;text-align:left;white-space:nowrap;
overflow:hidden;text-overflow:ellipsis;vertical-align:middle;background:none!important}
.wkmp th{font-weight:400}
.wkmp small{color:var(--wk-soft);font-size:11px}
.wkmp td.n,.wkmp th.n{text-align:right;padding-right:0}
.wkmp td.wk-soft{padding-left:8px}
.wkmp thead th{color:var(--wk-soft);font-size:11px;border-bottom:1px solid var(--wk-line)}
.wkmp .wk-bar{display:flex;gap:1px;height:9px;border-radius:5px;background:var(--wk-track);
overflow:hidden}.wkmp .wk-bar i{display:block;height:100%}
.wkmp .wk-whole{height:6px;margin:8px 0 4px}
.wkmp .wk-seg{display:flex;gap:2px}.wkmp .wk-seg u{flex:1;height:9px;border-radius:2px;
background:var(--wk-track);overflow:hidden}.wkmp .wk-seg i{display:block;height:100%}
.wkmp .wk-dot{display:inline-block;width:9px;height:9px;border-radius:5px;margin-right:5px}
.wkmp .wk-leg{display:flex;flex-wrap:wrap;gap:0 16px}
.wkmp button.jupyter-button{margin:0 0 0 8px;width:auto;padding:0 14px;height:26px;
line-height:26px;border-radius:6px;font-size:12px}
@container (max-width:480px){.wkmp .wk-wide,.wkmp .wk-hide{display:none}}
@media (prefers-reduced-motion:no-preference){.wkmp .wk-bar i{transition:width .2s linear}}
"""
"""Of every card; colours follow the theme of the page."""


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
        style = widgets.HTML(f"<style>{CSS}</style>", layout=widgets.Layout(display="none"))
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
            "notes": format_remarks(now.remarks),
            "files": format_files(now) if is_live else "",
            "bad": format_failures(now),
        }
        for name, text in texts.items():
            self._parts[name].value = text
        self._pause.description = "Resume" if self._is_paused else "Pause"
        self._pause.icon = "play" if self._is_paused else "pause"
        self._cancel.description = "Cancelling…" if self._is_cancelled else "Cancel"
        self._pause.disabled = self._cancel.disabled = self._is_cancelled or not is_live

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
    return (
        '<div class="wk-top"><b>Import</b>'
        f'<span class="wk-chip" role="status">{escape_html(now.state)}</span>'
        f'<span class="wk-soft wk-wide">{format_name(now.folder, 40)}</span></div>'
    )


def format_whole(now: Snapshot) -> str:
    """The overall bar, and the numbers in words; a scan has no bar, for its end is unknown."""
    if now.state == "scanning":
        return f'<div class="wk-soft">{now.n_files} audio files found</div>'
    share = 100.0 * now.fraction
    bar = _bar([(now.fraction, "var(--jp-brand-color1,#0072b2)")], "Whole import", "wk-whole")
    failed = f"{now.n_failed} failed" if now.n_failed else "no failures"
    parts = [f"{now.n_finished} of {now.n_files} files", f"{format_clock(now.elapsed_s)} elapsed"]
    if now.remaining_s is not None and now.state == "running":
        parts.append(f"about {format_clock(now.remaining_s)} left")
    if now.remaining_reason and now.state == "running":
        parts.append(now.remaining_reason)
    parts += [failed, f"{now.n_jobs} at a time"]
    return (
        f"{bar}<b>{share:.0f} %</b> <span class='wk-soft wk-wrap'>· "
        f"{escape_html(' · '.join(parts))}</span>"
    )


def format_phases(now: Snapshot) -> str:
    """A bar for each phase: the files that have left it, and their passages in words."""
    counts = zip(_PHASES, now.n_files_by_phase, now.n_passages_by_phase, strict=True)
    rows = "".join(
        f'<tr><th scope="row">{phase.title()}</th><td>'
        + _bar([(n_files / (now.n_files or 1), PHASE_COLORS[phase])], f"{phase.title()}, files")
        + f'</td><td class="n">{n_files} / {now.n_files}</td><td class="n wk-soft">'
        + (format_count(n_passages, "passage") if n_passages else "")
        + "</td></tr>"
        for phase, n_files, n_passages in counts
    )
    return '<div style="height:6px"></div>' + _table(
        rows, "Files and passages that have left each phase", ("8em", "", "8.5em", "9.5em")
    )


def format_match(now: Snapshot) -> str:
    """The passages found so far by how sure their identity is."""
    levels = list(zip(MATCH_LEVELS, now.n_passages_by_level, strict=True))
    whole = max(now.n_passages, sum(now.n_passages_by_level), 1)
    named = ", ".join(f"{count} {level}" for level, count in levels)
    shares = [(count / whole, MATCH_COLORS[level]) for level, count in levels]
    bar = _bar(shares, f"Passages by match: {named}", is_image=True)
    legend = "".join(
        f'<span><span class="wk-dot" style="background:{MATCH_COLORS[level]}"></span>'
        f"{level} <b>{count}</b></span>"
        for level, count in levels
    )
    rows = (
        f'<tr><th scope="row">Passages</th><td>{bar}</td><td class="n">{now.n_passages}</td></tr>'
        f'<tr><td></td><td colspan="2"><div class="wk-leg">{legend}</div></td></tr>'
    )
    return f'<div style="height:8px"></div>{_table(rows, "", ("8em", "", "8.5em"))}'


def format_files(now: Snapshot) -> str:
    """The files in flight, with the phases they are through."""
    if not now.in_flight:
        return f'<div class="wk-soft" role="status">{_describe_pause(now)}</div>'
    head = (
        '<thead><tr><th scope="col">In flight</th><th scope="col">Phase</th>'
        '<th scope="col" class="wk-wide"></th><th scope="col" class="n">Time</th></tr></thead>'
    )
    rows = "".join(_format_file(file, now.folder) for file in now.in_flight[:MAX_IN_FLIGHT])
    widths = '<colgroup><col><col style="width:8.5em"><col class="wk-wide" style="width:8em">'
    return (
        f'<table style="margin-top:6px" aria-label="Files in flight">{widths}'
        f'<col style="width:4em"></colgroup>{head}<tbody>{rows}</tbody></table>'
    )


def format_failures(now: Snapshot) -> str:
    """The latest failed files, with their reasons."""
    if not now.failures:
        return ""
    lines = "".join(
        f'<li class="wk-wrap">{format_name(path, 60, folder=now.folder)}: '
        f'<span class="wk-soft">{escape_html(reason, 160)}</span></li>'
        for path, reason in now.failures[-MAX_FAILURES:]
    )
    hidden = now.n_failed - min(len(now.failures), MAX_FAILURES)
    more = f"<li class='wk-soft'>and {hidden} more</li>" if hidden > 0 else ""
    return (
        f'<div role="log" aria-label="Failed files" style="margin-top:6px">Failed'
        f'<ul style="margin:0 0 0 1.4em;padding:0">{lines}{more}</ul></div>'
    )


def _describe_pause(now: Snapshot) -> str:
    """Why no file is in flight."""
    if now.state == "scanning" or now.n_finished >= now.n_files:
        return ""
    n_waiting = now.n_files_by_phase[_PHASES.index(Phase.FLAVORING)] - now.n_finished
    if n_waiting > 0:
        return f"{format_count(n_waiting, 'file')} measured, waiting to be identified"
    return "The workers are starting; the first time after an installation takes a minute."


def _format_file(file: InFlight, folder: str) -> str:
    current = _PHASES.index(file.phase)
    segments = ""
    for index, phase in enumerate(_PHASES):
        # Steps of 5 %: a text that does not change is not sent.
        # Identifying comes when the workers have done with a file.
        is_left = index < current and phase is not Phase.IDENTIFYING
        share = 100 if is_left else 5 * round(20 * file.fraction) * (index == current)
        segments += f'<u><i style="width:{share}%;background:{PHASE_COLORS[phase]}"></i></u>'
    return (
        f"<tr><td>{format_name(file.path, 72, folder=folder)}</td><td>{file.phase.title()}</td>"
        f'<td class="wk-wide"><div class="wk-seg" aria-hidden="true">{segments}</div></td>'
        f'<td class="n">{file.elapsed_s:.0f} s</td></tr>'
    )


def _bar(
    shares: list[tuple[float, str]], label: str, extra: str = "", *, is_image: bool = False
) -> str:
    whole = 100.0 * sum(share for share, _ in shares)
    parts = "".join(
        f'<i style="width:{100 * share:.1f}%;background:{color}"></i>'
        for share, color in shares
        if share > 0.0
    )
    role = (
        'role="img"'
        if is_image
        else 'role="progressbar" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{whole:.0f}"'
    )
    return f'<div class="wk-bar {extra}" {role} aria-label="{escape_html(label)}">{parts}</div>'


def _table(rows: str, label: str, widths: tuple[str, ...]) -> str:
    columns = "".join(f'<col style="width:{width}">' if width else "<col>" for width in widths)
    named = f' aria-label="{escape_html(label)}"' if label else ""
    return f"<table{named}><colgroup>{columns}</colgroup><tbody>{rows}</tbody></table>"
