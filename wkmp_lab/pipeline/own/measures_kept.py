"""Measures of one's own in the course of a file: run where they are missing, kept where they hold.

Each has a key in what made a result. One whose key has changed is run again, and nothing else is;
one whose function is not given keeps what it had found, and is named.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

from wkmp_lab.measuring.measure import Measure, fold_name
from wkmp_lab.model import FileResult, Measured, MeasureInfo, Passage, Phase
from wkmp_lab.model.reasons import Cause

PREFIX = "measure:"
"""How the names of their keys begin."""
LeftOut = Sequence[tuple[str, str, Cause]]
"""(name, reason, cause) of measures that are not run on a file: a worker has died of them."""


def compute_measure_keys(measures: Sequence[Measure]) -> dict[str, str]:
    """Key by name of each measure that is given."""
    return {f"{PREFIX}{each.name}": each.info.key for each in measures}


def find_stale_names(result: FileResult, keys: Mapping[str, str]) -> frozenset[str]:
    """The measures that a result lacks, or has by other code."""
    if not result.passages or result.failure is not None:
        return frozenset()
    made_by = dict(result.provenance)
    stale = (name for name, key in keys.items() if made_by.get(name) != key)
    return frozenset(name.removeprefix(PREFIX) for name in stale if name.startswith(PREFIX))


def strip_stale(
    result: FileResult, keys: Mapping[str, str], stale_phases: frozenset[Phase]
) -> FileResult:
    """The result without what is to be measured anew; what no function is given for stays."""
    stale = set(find_stale_names(result, keys))
    given = {each.name: each for each in result.measures if f"{PREFIX}{each.name}" in keys}
    if Phase.ANALYZING in stale_phases:  # they are told of the amplitude
        stale |= given.keys()
    if Phase.SEGMENTING in stale_phases:  # those of files are told of the passages
        stale |= {name for name, each in given.items() if each.on == "file"}
    return strip(result, stale)


def forget_errors(result: FileResult) -> FileResult:
    """The result, with the measures that failed in it to be tried again."""
    failed = {f"{PREFIX}{each.measure}" for each in list_measured(result) if each.error}
    made_by = tuple(entry for entry in result.provenance if entry[0] not in failed)
    return replace(result, provenance=made_by) if failed else result


def list_keys(result: FileResult) -> dict[str, str]:
    """The keys of the measures that a result has gone through.

    One that the machine kept from measuring has none: it is tried again.
    """
    measured = list_measured(result)
    broken = {each.measure for each in measured if each.error and each.cause == "machine"}
    return {f"{PREFIX}{i.name}": i.key for i in result.measures if i.name not in broken}


def note_not_renewed(result: FileResult, keys: Mapping[str, str]) -> FileResult:
    """The result with the names of the measures in it whose functions are not given."""
    names = tuple(e.name for e in result.measures if f"{PREFIX}{e.name}" not in keys)
    return result if names == result.not_renewed else replace(result, not_renewed=names)


def list_measured(result: FileResult) -> list[Measured]:
    """All that measures have found in a file and its passages."""
    return [*result.measured, *(each for p in result.passages for each in p.measured)]


def take_over(
    result: FileResult, kept: FileResult | None, given: Sequence[MeasureInfo]
) -> FileResult:
    """A file that was decoded anew, with what holds of the measures of an earlier result.

    Those whose columns another measure fills now are left behind, and those of files where the
    file is cut otherwise.

    Parameters
    ----------
    result
        With its passages, known ones as they were.
    kept
        What they were taken from; None: nothing.
    given
        The measures whose functions are there.
    """
    if kept is None or not kept.measures:
        return result
    names = {each.name for each in given}
    filled = {(each.on, fold_name(name)) for each in given for name in each.names}
    left = {
        each.name
        for each in kept.measures
        if each.name not in names and any((each.on, fold_name(n)) in filled for n in each.names)
    }
    if kept.segmentation != result.segmentation:
        left |= {each.name for each in given if each.on == "file"}
    return strip(replace(result, measured=kept.measured, measures=kept.measures), left)


def carry_over(result: FileResult, old: FileResult) -> FileResult:
    """A file that was measured again, with what measures had found whose functions are not given,
    in passages that are as they were.
    """
    there = {each.name for each in result.measures}
    others = tuple(each for each in old.measures if each.name not in there)
    if not others:
        return result
    of_files = {each.name for each in others if each.on == "file"}
    by_span = {(each.start_ticks, each.end_ticks): each.measured for each in old.passages}
    passages = (
        replace(p, measured=(*_without(by_span.get(_span(p), ()), there), *p.measured))
        for p in result.passages
    )
    is_cut_alike = [_span(p) for p in old.passages] == [_span(p) for p in result.passages]
    measured = [each for each in old.measured if each.measure in of_files and is_cut_alike]
    return replace(
        result,
        passages=tuple(passages),
        measured=(*measured, *result.measured),
        measures=(*others, *result.measures),
        not_renewed=tuple(each.name for each in others),
        provenance=tuple(
            sorted((*result.provenance, *((f"{PREFIX}{e.name}", e.key) for e in others)))
        ),
    )


def _span(passage: Passage) -> tuple[int, int]:
    return passage.start_ticks, passage.end_ticks


def strip(result: FileResult, names: Set[str]) -> FileResult:
    """The result without anything of these measures."""
    if not names:
        return result
    return replace(
        result,
        measures=tuple(each for each in result.measures if each.name not in names),
        measured=_without(result.measured, names),
        passages=tuple(
            replace(each, measured=_without(each.measured, names)) for each in result.passages
        ),
    )


def _without(measured: tuple[Measured, ...], names: Set[str]) -> tuple[Measured, ...]:
    return tuple(each for each in measured if each.measure not in names)
