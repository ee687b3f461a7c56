"""What made a result: a key per phase, of its code's version and its settings.

A result holds as long as its keys do. Where one has changed, that phase is stale, and only what
hangs on it is made anew.
"""

import enum
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from wkmp_lab._version import __version__
from wkmp_lab.fingerprinting import fingerprint
from wkmp_lab.flavoring import descriptors
from wkmp_lab.io.sheets.beside import hash_cues_beside
from wkmp_lab.model import FileResult, Passage, Phase
from wkmp_lab.pipeline.own import measures_kept
from wkmp_lab.settings import SegmentHints, Settings, compute_settings_key

VERSIONS: Mapping[Phase, str] = MappingProxyType(
    {
        Phase.EXTRACTING: "2",
        Phase.SEGMENTING: "4",
        Phase.FINGERPRINTING: "1",
        Phase.ANALYZING: "5",
        Phase.FLAVORING: str(descriptors.VERSION),
    }
)
"""Raised whenever a phase gives other results for the same file and settings; EXTRACTING stands
for the reading of samples, which all others build on."""

TAGS, TAGS_VERSION = "tags", "3"
"""Raised whenever tags, or whether a file is whole, are read otherwise: such a file is read again,
and what was measured of its passages stays where its samples are as many as before."""

MEASURING = (
    Phase.EXTRACTING,
    Phase.DECODING,
    Phase.SEGMENTING,
    Phase.FINGERPRINTING,
    Phase.ANALYZING,
    Phase.FLAVORING,
)
"""The phases that every file goes through in a worker, in their order. DECODING has no key:
nothing of a decode is kept, and what is made of it is made anew by the keys of the others."""

OF_PASSAGES = (Phase.FINGERPRINTING, Phase.ANALYZING, Phase.FLAVORING)
"""Those that passages go through one by one."""

PACKAGE, TOOL, HINTS, IDENTIFIED = "wkmp_lab", "tool", "hints", "identified"
"""Beside the measuring phases: the package's version, what computes fingerprints, what was known
of a file's structure from outside, and what the identities were decided with."""
ASKED = "asked"
"""Who could be asked about passages that are not sure; without an entry all are."""
FLAVORED = "flavored"
"""Who was asked about the flavors that are missing; without an entry nobody was."""


HEALTH_NOTES = ("truncated: ", "damaged: ", "odd: ", "capped: ", "declared: ")
"""How the notes begin that are told each time anew: how it decoded, what its sheets are worth."""


class Hint(enum.StrEnum):
    """What was known of a file's structure from outside when it was cut."""

    SIBLINGS = "siblings"
    LENGTHS = "lengths"
    CUT = "cut"
    CUE = "cue"


CacheKeys = Mapping[str, str]
"""Key by name of a phase, or of what stands beside them."""


def compute_keys(settings: Settings) -> CacheKeys:
    """What a result would be made by now, but for the hints of its file.

    >>> compute_keys(Settings())["EXTRACTING"]
    '2-43200s'
    """
    keys = {PACKAGE: __version__, TAGS: TAGS_VERSION}
    if (tool := fingerprint.find_fingerprint_tool()) is not None:
        keys[TOOL] = tool
    for phase, version in VERSIONS.items():
        if phase is Phase.EXTRACTING:
            part = f"{settings.scanning.max_duration_s:g}s"
        else:
            part = compute_settings_key(settings, phase)[:8]
        keys[phase.value] = f"{version}-{part}"
    return keys | measures_kept.compute_measure_keys(settings.measures)


def add_hints(keys: CacheKeys, hints: SegmentHints, *, path: str) -> CacheKeys:
    """The keys with what is known of a file's structure, cue sheets beside it among it.

    >>> add_hints({}, SegmentHints(n_siblings=3), path="song.flac")
    {'hints': 'siblings'}
    """
    known = {
        Hint.LENGTHS: _hash(hints.durations_s),
        Hint.CUT: _hash(hints.boundaries_ticks),
        Hint.CUE: hash_cues_beside(path),
    }
    # Only whether there are others counts: a file more must not make its whole folder stale.
    parts = [Hint.SIBLINGS.value] if hints.n_siblings else []
    parts += [f"{hint}:{digest}" for hint, digest in known.items() if digest is not None]
    return {**keys, HINTS: "+".join(parts)} if parts else dict(keys)


def find_hints(result: FileResult) -> frozenset[Hint]:
    """What was known of a file's structure from outside when it was cut.

    >>> from wkmp_lab.model import SourceFile
    >>> side = FileResult(SourceFile("a", 1, 1), "done", provenance=((HINTS, "siblings+cut:12"),))
    >>> sorted(find_hints(side))
    [<Hint.CUT: 'cut'>, <Hint.SIBLINGS: 'siblings'>]
    """
    parts = dict(result.provenance).get(HINTS, "").split("+")
    names = {part.partition(":")[0] for part in parts}
    return frozenset(hint for hint in Hint if hint.value in names)


def stamp(result: FileResult, keys: CacheKeys) -> FileResult:
    """The result with the keys of the phases that it went through, and nothing else."""
    names = {PACKAGE, HINTS, *(phase.value for phase in _phases_of(result))}
    names |= {TOOL} if result.passages else set()
    names |= {TAGS} if Phase.EXTRACTING in _phases_of(result) else set()
    made_by = {name: key for name, key in keys.items() if name in names}
    made_by |= measures_kept.list_keys(result)
    marked = measures_kept.note_not_renewed(result, keys)
    return replace(marked, provenance=tuple(sorted(made_by.items())))


def note_track_lengths(result: FileResult, lengths_s: tuple[float, ...]) -> FileResult:
    """The result with what a release tells of its pieces, so that it is cut once more.

    Files that were cut by lengths, by what they declare or by hand stay as they are.
    """
    is_declared = any(passage.declared for passage in result.passages)
    if is_declared or find_hints(result) & {Hint.LENGTHS, Hint.CUE, Hint.CUT}:
        return result
    return replace(result, track_lengths_s=lengths_s)


def is_cut_by(result: FileResult, boundaries_ticks: tuple[int, ...] | None) -> bool:
    """True where a file is cut as a person has decided, or as listening tells where none has."""
    digest = _hash(boundaries_ticks)
    parts = dict(result.provenance).get(HINTS, "").split("+")
    cuts = [part for part in parts if part.startswith(f"{Hint.CUT}:")]
    return cuts == ([] if digest is None else [f"{Hint.CUT}:{digest}"])


def is_to_be_cut_again(result: FileResult) -> bool:
    """True where a release has told lengths that the file was not cut by yet."""
    return result.track_lengths_s is not None and Hint.LENGTHS not in find_hints(result)


def find_stale(result: FileResult, keys: CacheKeys) -> frozenset[Phase]:
    """The phases of a result that were made by other code, settings or hints than the keys tell.

    A failure is stale in its phase as soon as the package has another version. Tools make the
    same fingerprints in every version: only where there was none, and now is one, that counts. A
    phase that a passage has not gone through is stale: its file was cut anew without a decode.
    """
    made_by = dict(result.provenance)
    stale = {
        phase for phase in _phases_of(result) if made_by.get(phase.value) != keys[phase.value]
    }
    if made_by.get(TAGS) != keys.get(TAGS) and Phase.EXTRACTING in _phases_of(result):
        stale.add(Phase.EXTRACTING)
    if made_by.get(HINTS) != keys.get(HINTS) and Phase.SEGMENTING in _phases_of(result):
        stale.add(Phase.SEGMENTING)
    if result.passages and TOOL in keys and TOOL not in made_by:
        stale.add(Phase.FINGERPRINTING)
    stale |= {
        phase for phase in OF_PASSAGES if any(is_missing(each, phase) for each in result.passages)
    }
    if measures_kept.find_stale_names(result, keys):
        stale.add(Phase.MEASURING)
    if result.failure is not None and made_by.get(PACKAGE) != keys[PACKAGE]:
        stale.add(result.failure.phase)
    return frozenset(stale)


def find_reusable(result: FileResult, keys: CacheKeys) -> FileResult | None:
    """What of a result still holds: the same without what is stale; None where nothing does.

    Passages stay, without their stale parts, even where the file is to be cut again: what is cut
    at the same places is the same passage.
    """
    stale = find_stale(result, keys)
    if not is_read_alike(result, keys):
        return None
    if result.status == "no_audio" and not stale:
        return result
    result = measures_kept.strip_stale(result, keys, stale)
    passages = tuple(_strip(passage, stale) for passage in result.passages)
    if not any(p.fingerprint or p.amplitude or p.descriptors for p in passages):
        return None
    segmentation = None if Phase.SEGMENTING in stale else result.segmentation
    return replace(result, segmentation=segmentation, passages=passages)


def is_read_alike(result: FileResult, keys: CacheKeys) -> bool:
    """True where the samples of a result were read as they would be now."""
    name = Phase.EXTRACTING.value
    return dict(result.provenance).get(name) == keys[name]


def find_missing(kept: FileResult | None) -> tuple[Phase, ...]:
    """The phases that a file has to go through, given what holds of an earlier result.

    >>> find_missing(None) == MEASURING
    True
    """
    if kept is None:
        return MEASURING
    is_cut = kept.segmentation is not None
    always = (Phase.EXTRACTING, Phase.DECODING, *(() if is_cut else (Phase.SEGMENTING,)))
    missing = {
        phase
        for phase in OF_PASSAGES
        if any(is_missing(passage, phase) for passage in kept.passages)
    }
    return tuple(phase for phase in MEASURING if phase in always or phase in missing)


def is_missing(passage: Passage, phase: Phase) -> bool:
    """True where a passage has not gone through one of the phases that all passages go through."""
    if phase is Phase.FINGERPRINTING:
        return passage.fingerprint is None and passage.fingerprint_reason is None
    return (passage.amplitude if phase is Phase.ANALYZING else passage.descriptors) is None


def inherit(result: FileResult, kept: FileResult) -> FileResult:
    """A result with what comes along with the parts that it took over.

    Parameters
    ----------
    result
        With passages that are those of ``kept`` where nothing has changed.
    kept
        What it was made from; see :func:`find_reusable`.

    Returns
    -------
    FileResult
        With the times of the phases that did not run again. It counts as identified if the
        passages and the tags and fingerprints that speak for them are the same.
    """
    if not result.passages and result.status != "no_audio":
        return result
    ran = {span.phase for span in result.spans}
    old = [span for span in kept.spans if span.phase not in ran]
    if _grounds_of(result) != _grounds_of(kept):
        old = [span for span in old if span.phase is not Phase.IDENTIFYING]
        return replace(result, spans=(*old, *result.spans))
    notes = [note for note in kept.notes if not note.startswith(HEALTH_NOTES)]
    identified = [entry for entry in kept.provenance if entry[0] in (IDENTIFIED, ASKED, FLAVORED)]
    return replace(
        result,
        spans=(*old, *result.spans),
        notes=tuple(dict.fromkeys((*result.notes, *notes))),
        failed_lookups=kept.failed_lookups,
        cut_hints=kept.cut_hints,
        provenance=tuple(sorted((*result.provenance, *identified))),
    )


def _grounds_of(result: FileResult) -> tuple[object, ...]:
    """All of a file that its identities rest on."""
    heard = [
        (each.start_ticks, each.end_ticks, each.fingerprint, each.declared)
        for each in result.passages
    ]
    return result.tags, heard


def _phases_of(result: FileResult) -> tuple[Phase, ...]:
    """The measuring phases with a key that a result owes itself to."""
    if result.status == "duplicate":
        return ()
    if result.failure is None:
        keyed = tuple(VERSIONS)
        return keyed if result.passages else keyed[:2]
    order = tuple(Phase)
    failed_at = order.index(result.failure.phase)
    return tuple(phase for phase in VERSIONS if order.index(phase) <= failed_at)


def _strip(passage: Passage, stale: frozenset[Phase]) -> Passage:
    if Phase.FINGERPRINTING in stale:
        passage = replace(passage, fingerprint=None, fingerprint_reason=None)
    if Phase.ANALYZING in stale:
        passage = replace(passage, amplitude=None)
    return replace(passage, descriptors=None) if Phase.FLAVORING in stale else passage


def _hash(values: tuple[float, ...] | None) -> str | None:
    return None if values is None else hashlib.sha256(repr(values).encode()).hexdigest()[:8]
