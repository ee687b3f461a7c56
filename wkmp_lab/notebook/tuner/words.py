"""What a tuner tells of a library, as HTML and text: strings alone."""

from collections.abc import Sequence
from dataclasses import fields
from typing import NamedTuple

from wkmp_lab.collection.recuts import Recut, count_recuts, describe_cuts
from wkmp_lab.display.numbers import MAX_ROWS, format_count
from wkmp_lab.display.safe_text import clean_name
from wkmp_lab.display.templating import render
from wkmp_lab.settings import AnalyzeSettings, SegmentSettings

_TEMPLATE = "notebook/templates/tuner.html.jinja"


class _Row(NamedTuple):
    """What is shown of a file."""

    path: str
    n_before: int
    n_after: int | None
    n_new: int
    n_levels: int
    cuts: str | None
    why: str | None


def format_recuts(recuts: Sequence[Recut]) -> str:
    """What would change in a library, in a sentence.

    >>> format_recuts([Recut("a", "changed", 3, 2, n_new=1), Recut("b", "unchanged", 1, 1)])
    '1 of 2 files would change: 3 passages instead of 4, 1 to be heard anew'
    """
    found = count_recuts(recuts)
    words = f"{found.n_changed} of {format_count(found.n_files, 'file')} would change"
    told = []
    if found.n_after != found.n_before:
        told.append(f"{format_count(found.n_after, 'passage')} instead of {found.n_before}")
    if found.n_new:
        told.append(f"{found.n_new} to be heard anew")
    if found.n_levels:
        told.append(f"{found.n_levels} with other leads or levels")
    if found.n_without:
        told.append(f"{format_count(found.n_without, 'file')} without a profile")
    return f"{words}: {', '.join(told)}" if told else words


def format_state_html(words: str, *, is_busy: bool) -> str:
    """What the tuner is at."""
    return render(_TEMPLATE, "state", {"words": words, "is_busy": is_busy})


def format_files_html(recuts: Sequence[Recut], *, folder: str) -> str:
    """The files that change, those first that change most."""
    changed = _order(recuts)
    rows = [
        _Row(r.path, r.n_before, r.n_after, r.n_new, r.n_levels, describe_cuts(r), r.why)
        for r in changed[:MAX_ROWS]
    ]
    n_more = len(changed) - len(rows)
    return render(_TEMPLATE, "files", {"rows": rows, "folder": folder, "n_more": n_more})


def format_tuning_html(recuts: Sequence[Recut], *, folder: str, code: str) -> str:
    """All of it, as a saved notebook keeps it."""
    state = format_state_html(format_recuts(recuts), is_busy=False)
    shown = format_files_html(recuts, folder=folder)
    return state + shown + render(_TEMPLATE, "code", {"text": code})


def format_tuning_text(recuts: Sequence[Recut], *, code: str) -> str:
    """The same for a terminal."""
    lines = [format_recuts(recuts)]
    for each in _order(recuts)[:MAX_ROWS]:
        after = "" if each.n_after is None else f" -> {each.n_after}"
        told = (f"{each.n_before}{after}", describe_cuts(each), each.why)
        lines.append(f"  {clean_name(each.path)}: {'; '.join(part for part in told if part)}")
    return "\n".join([*lines, code])


def format_code(segmenting: SegmentSettings, analyzing: AnalyzeSettings) -> str:
    """What does it, as Python.

    >>> format_code(SegmentSettings(medium="cd"), AnalyzeSettings())
    "session.retune(segmenting=wl.SegmentSettings(medium='cd'), analyzing=wl.AnalyzeSettings())"
    """
    cut, level = _format_record(segmenting), _format_record(analyzing)
    return f"session.retune(segmenting={cut}, analyzing={level})"


def _format_record(record: SegmentSettings | AnalyzeSettings) -> str:
    plain = type(record)()
    named = {each.name: getattr(record, each.name) for each in fields(record)}
    told = (f"{k}={v!r}" for k, v in named.items() if v != getattr(plain, k))
    return f"wl.{type(record).__name__}({', '.join(told)})"


def _order(recuts: Sequence[Recut]) -> list[Recut]:
    changed = [each for each in recuts if each.kind != "unchanged"]
    return sorted(changed, key=lambda each: (-each.n_new, -each.n_levels, each.path))
