"""What a person decides on an import: kept in its store, shown at once, and undone again.

All of it happens in the thread of whoever calls.
"""

from pathlib import Path

from wkmp_lab.identifying import decisions
from wkmp_lab.identifying.decisions import (
    CutDecision,
    Decision,
    LeadPoints,
    decisions_on,
    find_boundaries,
)
from wkmp_lab.library import changes
from wkmp_lab.library.recall import make_profiles
from wkmp_lab.library.run.import_run import ImportRun
from wkmp_lab.lookup.lookup_thread import identify_now
from wkmp_lab.model import FileResult
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.pipeline.own import measures_kept
from wkmp_lab.runner.one_file import measure_apart
from wkmp_lab.runner.worker import Task
from wkmp_lab.settings import SegmentHints


def keep_decisions(run: ImportRun, *decisions: Decision) -> None:
    """Keep decisions that are made, and undone, at once; show the results accordingly."""
    with run.store.borrow() as store:
        store.put_decisions(decisions)
        run.take_decisions(store)


def undo_decisions(run: ImportRun) -> tuple[Decision, ...]:
    """Take back what was decided last, and return it. A file is cut as before."""
    with run.store.borrow() as store:
        undone = store.undo_decisions()
        run.take_decisions(store)
    recut = {each.content for each in undone if isinstance(each, CutDecision)}
    for result in run.results.read() if recut else ():
        if any(result.is_of(content) for content in recut):
            measure_again(run, result)
    return undone


def cut(run: ImportRun, result: FileResult, decision: CutDecision) -> FileResult:
    """Keep a decision on where a file is cut, and measure it accordingly.

    Lead points lie over what was measured: where they alone are set, nothing is measured.
    """
    keep_decisions(run, decision)
    kept = run.results.find(result.path)
    if decision.leads and kept and cache_keys.is_cut_by(kept, decision.boundaries_ticks):
        return kept
    return measure_again(run, result)


def measure_again(run: ImportRun, result: FileResult) -> FileResult:
    """Measure and identify one file now, with the boundaries that hold for it."""
    profiles = make_profiles(run.store.path, Path(run.folder), run.settings)
    hints = make_hints(run, result)
    task = Task(0, result.source, hints, result.sha256, profiles=profiles)
    fresh = measures_kept.carry_over(measure_apart(task, run.settings), result)
    fresh = identify_now(fresh, run.settings, folder=run.folder)
    with run.store.borrow() as store:
        run.revise(fresh, store)
    return fresh


def make_hints(run: ImportRun, result: FileResult) -> SegmentHints:
    """What the library knows of a file when it is cut: its folder, lengths, decisions."""
    boundaries = find_boundaries(decisions_on(result, run.results.decisions))
    n_in_folder = changes.count_siblings(known.source for known in run.results.read())
    lengths_s = result.track_lengths_s
    return changes.make_hints(result.source, n_in_folder, boundaries, lengths_s)


def find_leads(run: ImportRun, result: FileResult) -> tuple[LeadPoints, ...]:
    """The lead points of a file that a person has set."""
    return decisions.find_leads(decisions_on(result, run.results.decisions))
