"""The report of one import: how it ran, in one HTML file that opens anywhere and asks no network.

The report of a library (:mod:`wkmp_lab.export.html_report`) shows what was found; this one shows
how fast, by whom, and why not otherwise. It is made to be sent: no key, no contact, no home folder
stands in it.
"""

import dataclasses
import os
import platform
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from wkmp_lab._version import __version__
from wkmp_lab.collection.flight import PHASES, Flight, read_flight
from wkmp_lab.display.numbers import format_count, format_counts, list_failures
from wkmp_lab.display.pages import hash_script
from wkmp_lab.display.safe_text import format_duration
from wkmp_lab.display.templating import render
from wkmp_lab.io.files.atomic_write import write_atomically
from wkmp_lab.io.keys import read_key
from wkmp_lab.model import LOOKUP_WORKER, STATUSES, FileResult, FlightRecord
from wkmp_lab.pipeline.cache_keys import HINTS
from wkmp_lab.progress.snapshot import Snapshot
from wkmp_lab.settings import Settings

if TYPE_CHECKING:
    from wkmp_lab.plots.figures import Picture

MAX_ROWS = 2000
"""Rows of a table that the report shows."""
MAX_CELL = 120
"""Characters of a cell."""
MIN_SECRET = 3
"""Shorter ones would blot out common words."""
HIDDEN = "***"
PACKAGES = ("numpy", "numba", "av", "soxr", "joblib", "mutagen", "pandas", "matplotlib")

Hide = Callable[[str], str]
Cells = tuple[str, ...]


class Recorded(Protocol):
    """An import, as its report sees it."""

    @property
    def results(self) -> tuple[FileResult, ...]: ...
    @property
    def record(self) -> FlightRecord: ...

    settings: Settings

    def snapshot(self) -> Snapshot: ...


def write_run_report(session: Recorded, path: str | Path) -> Path:
    """Write how an import ran into one HTML file; the file's path.

    In it stand the timeline and other pictures, failures by cause, every change of how many files
    could go on at once, time by phase and worker, settings, versions. The AcoustID key and the
    contact are not in it, and the home folder is called ``~``. Nothing is fetched to look at it.

    Parameters
    ----------
    session
        The import, running or ended.
    path
        The file; what is there is replaced.

    Raises
    ------
    InvalidInputError
        The file would lie in the music folder.
    WkmpLabError
        It could not be written.
    """
    now = session.snapshot()
    hide = make_hider(session.settings)
    content = format_run_report(
        now, session.results, session.record, session.settings, hide=hide
    ).encode()
    target = Path(path).expanduser().absolute()
    return write_atomically(
        target, lambda place: place.write_bytes(content), music_folder=now.folder
    )


def make_hider(settings: Settings, *, home: Path | None = None) -> Hide:
    """What takes home folder, contact and key out of a text.

    >>> make_hider(Settings(), home=Path("/home/ann"))("/home/ann/Music and http://a:b@host/")
    '~/Music and http://***@host/'
    """
    key = read_key()
    secrets = [settings.identifying.contact, key.value if key else None]
    known = home or Path.home()
    homes = {str(each) for each in (known, known.resolve()) if each != Path(each.anchor)}

    def hide(text: str) -> str:
        for secret in secrets:
            if secret and len(secret) >= MIN_SECRET:
                text = text.replace(secret, HIDDEN)
        for folder in sorted(homes, key=len, reverse=True):
            text = re.sub(rf"{re.escape(folder)}(?![\w.-])", "~", text)
        return re.sub(r"(?<=://)[^/@\s]+@", f"{HIDDEN}@", text)

    return hide


def format_run_report(
    now: Snapshot,
    results: Sequence[FileResult],
    record: FlightRecord,
    settings: Settings,
    *,
    hide: Hide,
) -> str:
    """The report as HTML; files are named from the folder of the import."""
    shown = replace(
        record, changes=tuple(replace(each, reason=hide(each.reason)) for each in record.changes)
    )
    flight = read_flight(results, shown)
    values = {
        "script_hash": hash_script(),
        "state": now.state,
        "folder": hide(now.folder),
        "facts": _list_facts(now, results, flight),
        "pictures": _draw_pictures(results, shown),
        "remarks": [hide(line) for line in now.remarks],
        "failures": _list_failures(results, hide),
        "changes": _list_changes(flight),
        "phases": _list_phases(flight),
        "workers": _list_workers(flight),
        "settings": _list_settings(settings, hide),
        "made": _list_keys(results, hide),
        "versions": _list_versions(),
        "max_rows": MAX_ROWS,
        "max_cell": MAX_CELL,
    }
    return render("export/templates/run_report.html.jinja", "report", values)


def _list_facts(now: Snapshot, results: Sequence[FileResult], flight: Flight) -> list[Cells]:
    status: Counter[str] = Counter(result.status for result in results)
    counts = format_counts(status, STATUSES)
    facts: list[Cells] = [
        ("import", f"{now.session_id} {now.state}"),
        ("files", f"{len(results)} of {now.n_files} ({counts})"),
        ("passages", str(sum(len(result.passages) for result in results))),
    ]
    if not flight.paths:
        return [*facts, ("measured", "nothing: all was known")]
    began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(flight.origin_s))
    worked_on = set(flight.paths)
    audio_s = sum(result.duration_s or 0.0 for result in results if result.path in worked_on)
    facts += [
        ("began", began),
        ("took", f"{flight.passed_s:.1f} s"),
        ("worked on", f"{format_count(len(worked_on), 'file')}, {format_duration(audio_s)}"),
        ("files in flight, on average", f"{flight.n_in_flight:.2f}"),
        ("cores busy, on average", f"{flight.cores_busy:.2f}"),
    ]
    if flight.n_jobs:
        facts += [
            ("files at once at most", str(flight.n_jobs)),
            ("until the first worker was at work", f"{flight.start_up_s:.1f} s"),
        ]
    return facts


def _draw_pictures(results: Sequence[FileResult], record: FlightRecord) -> list["Picture"]:
    # Loaded here: an import that nobody wants a report of must not pay for matplotlib.
    from wkmp_lab.plots.figures import embed_picture
    from wkmp_lab.plots.passages import plot_phase_times, plot_slowest
    from wkmp_lab.plots.timeline import plot_timeline

    latest = [result for result in results if result.spans]
    axes = [plot_timeline(results, record=record)]
    if latest:
        axes += [plot_phase_times(latest), plot_slowest(latest)]
    return [embed_picture(ax) for ax in axes]


def _list_failures(results: Sequence[FileResult], hide: Hide) -> list[Cells]:
    return [
        (hide(result.path), failure.phase.value, failure.cause, hide(failure.reason))
        for result, failure in list_failures(results)
    ]


def _list_changes(flight: Flight) -> list[Cells]:
    return [
        (
            f"{max(change.at_s - flight.origin_s, 0.0):.1f}",
            change.phase.value if change.phase else "files at once",
            str(change.n),
            change.reason or "as asked for",
        )
        for change in flight.changes
    ]


def _list_phases(flight: Flight) -> list[Cells]:
    """Of each phase: how often, time, processor time, time waited for a place."""
    rows = []
    for number, phase in enumerate(PHASES):
        chosen = flight.phase == number
        if chosen.any():
            rows.append((phase.value, *_sum_up(flight, chosen)))
    return rows


def _list_workers(flight: Flight) -> list[Cells]:
    rows = []
    for number, worker in enumerate(flight.workers):
        name = "lookups" if worker == LOOKUP_WORKER else f"worker {number + 1}"
        chosen = flight.worker == number
        rows.append((name, *_sum_up(flight, chosen)))
    return rows


def _sum_up(flight: Flight, chosen: np.ndarray) -> Cells:
    taken_s = (flight.end_s - flight.start_s)[chosen].sum()
    return (
        str(np.unique(flight.file[chosen]).size),
        f"{taken_s:.1f}",
        f"{flight.cpu_s[chosen].sum():.1f}",
        f"{flight.waited_s[chosen].sum():.1f}",
        f"{100.0 * taken_s / flight.passed_s:.0f} %" if flight.passed_s > 0.0 else "",
    )


def _list_settings(settings: Settings, hide: Hide) -> list[Cells]:
    """Each setting with what it is unless asked for; of the contact only that there is one."""
    rows = []
    usual = Settings()
    for part in dataclasses.fields(settings):
        group, default = getattr(settings, part.name), getattr(usual, part.name)
        if not dataclasses.is_dataclass(group):
            rows.append((part.name, *_tell_value(group, default, hide)))
            continue
        for each in dataclasses.fields(group):
            name = f"{part.name}.{each.name}"
            value, other = getattr(group, each.name), getattr(default, each.name)
            if each.name == "contact":
                value = HIDDEN if value else None
            rows.append((name, *_tell_value(value, other, hide)))
    return rows


def _tell_value(value: object, default: object, hide: Hide) -> Cells:
    return hide(str(value)), "" if value == default else hide(str(default))


def _list_keys(results: Sequence[FileResult], hide: Hide) -> list[Cells]:
    """By what versions and settings the results were made."""
    versions: dict[str, set[str]] = {}
    for result in results:
        for what, how in result.provenance:
            if what != HINTS and how:
                versions.setdefault(what, set()).add(how)
    return [(what, hide(", ".join(sorted(hows)))) for what, hows in sorted(versions.items())]


def _list_versions() -> list[Cells]:
    found: Mapping[str, str] = {
        "wkmp_lab": __version__,
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": str(os.cpu_count()),
    }
    return [*found.items(), *((name, _read_version(name)) for name in PACKAGES)]


def _read_version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
