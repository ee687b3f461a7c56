"""A file that is cut anew, from the level profile that is kept of it: nothing is decoded.

Profiles are kept as they are packed, and what a decode makes is packed and unpacked before it is
looked at: so a file that is cut anew is cut as a fresh import would cut it, to the last bit.
"""

from collections.abc import Set
from dataclasses import replace

from wkmp_lab.dsp.profile_packing import PACKING_VERSION, pack_profile, unpack_profile
from wkmp_lab.model import FileResult, Fingerprint, Phase, Segmentation
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.pipeline.declared import complete_hints, mark_declared
from wkmp_lab.pipeline.known import ProfileKeeper
from wkmp_lab.pipeline.own.measures_kept import PREFIX
from wkmp_lab.pipeline.passage_phases import analyze_passage, fingerprint_whole, lay_out
from wkmp_lab.pipeline.recognize import has_same_hints
from wkmp_lab.segmenting import passages as segmenting
from wkmp_lab.settings import SegmentHints, Settings
from wkmp_lab.signals import LevelProfile

_RETUNED = (Phase.SEGMENTING.value, Phase.ANALYZING.value)
HEARD = (Phase.FINGERPRINTING, Phase.FLAVORING)
"""The phases that listen to the samples of passages: who is to go through one is decoded."""


def round_profile(
    profile: LevelProfile,
    audio_hash: str | None = None,
    keys: cache_keys.CacheKeys | None = None,
    profiles: ProfileKeeper | None = None,
) -> LevelProfile:
    """A profile as precise as it is kept, so that whoever cuts by it now or later cuts alike.

    Parameters
    ----------
    profile
        As a decode has made it.
    audio_hash, keys
        Of what it was made, and what made it.
    profiles
        Keeps it; None: nobody does.
    """
    packed = pack_profile(profile)
    if profiles is not None and keys is not None and audio_hash is not None:
        profiles.write(audio_hash, packed, made_by=name_maker(keys))
    return unpack_profile(packed)


def read_kept(
    audio_hash: str | None, keys: cache_keys.CacheKeys, profiles: ProfileKeeper | None
) -> LevelProfile | None:
    """The profile that is kept of some audio; None where there is none, or an older one."""
    if profiles is None or audio_hash is None:
        return None
    packed = profiles.read(audio_hash, made_by=name_maker(keys))
    return None if packed is None else unpack_profile(packed)


def name_maker(keys: cache_keys.CacheKeys) -> str:
    """What makes a profile: how samples are read, and how it is packed."""
    return f"{PACKING_VERSION}/{keys[Phase.EXTRACTING.value]}"


def find_kept_cut(result: FileResult, kept: FileResult | None) -> Segmentation | None:
    """How a file was cut, where that holds and it says the same of itself as then; else None."""
    is_cut_alike = kept is not None and has_same_hints(result.tags, kept.tags)
    return kept.segmentation if kept is not None and is_cut_alike else None


def lay_out_cut(
    result: FileResult, cut: Segmentation, kept: FileResult | None, hints: SegmentHints
) -> FileResult:
    """The file with the passages of a cut: those that begin and end where one did are that one,
    with what holds of it, the others are bare.
    """
    if not cut.spans_ticks:
        return replace(result, status="no_audio", segmentation=cut)
    passages = lay_out(cut.spans_ticks, kept.passages if kept else ())
    passages = mark_declared(passages, hints.declared, end_ticks=cut.spans_ticks[-1][1])
    return replace(result, segmentation=cut, passages=tuple(passages))


def is_heard(result: FileResult) -> bool:
    """True where no passage lacks what only its samples tell."""
    return not any(cache_keys.is_missing(p, phase) for p in result.passages for phase in HEARD)


def retune(
    result: FileResult, profile: LevelProfile, *, settings: Settings, hints: SegmentHints
) -> FileResult:
    """A measured file, cut and levelled by other settings: as a fresh import would do it.

    What only samples tell stays with the passages that stay, whatever has made it. New passages
    lack it, so that their file is stale, and the next import decodes it. A file whose grounds for
    an identity have changed counts as not identified.

    Parameters
    ----------
    result
        As it is kept, of status ``done`` or ``no_audio``.
    profile
        That is kept of its audio.
    settings
        Of cutting and analyzing; the others are left alone.
    hints
        What is known of its structure, but for what it says of itself.
    """
    keys = cache_keys.add_hints(cache_keys.compute_keys(settings), hints, path=result.path)
    made_by = dict(result.provenance)
    changed = {n for n in (*_RETUNED, cache_keys.HINTS) if made_by.get(n) != keys.get(n)}
    kept = result
    if Phase.ANALYZING.value in changed:
        bare = tuple(replace(each, amplitude=None) for each in result.passages)
        kept = replace(kept, passages=bare)
    if changed - {Phase.ANALYZING.value}:
        kept = replace(kept, segmentation=None)
    hints = complete_hints(hints, result.path, result.tags, profile.duration_s)
    cut = kept.segmentation or segmenting.find_passages(
        profile, settings=settings.segmenting, hints=hints
    )
    fresh = lay_out_cut(_bare(result), cut, kept, hints)
    passages = tuple(
        analyze_passage(each, profile, settings)
        if cache_keys.is_missing(each, Phase.ANALYZING)
        else each
        for each in fresh.passages
    )
    fresh = replace(fresh, passages=passages)
    if _list_heard(fresh) != _list_heard(result):
        whole = fingerprint_whole(passages) if passages else None
        fresh = replace(fresh, file_fingerprint=whole)
    outdated = _list_outdated(result, fresh, changed)
    made = {name: key for name, key in made_by.items() if name not in outdated}
    names = {*changed, cache_keys.HINTS}
    made |= {name: keys[name] for name in names if name in keys}
    fresh = replace(fresh, provenance=tuple(sorted(made.items())))
    return cache_keys.inherit(fresh, result)


def _bare(result: FileResult) -> FileResult:
    """A file without its passages, and what services have said of them."""
    notes = tuple(each for each in result.notes if each.startswith(cache_keys.HEALTH_NOTES))
    return replace(
        result,
        status="done",
        passages=(),
        spans=(),
        notes=notes,
        failed_lookups=(),
        cut_hints=(),
        stale=(),
    )


def _list_heard(result: FileResult) -> list[Fingerprint | None]:
    return [passage.fingerprint for passage in result.passages]


def _list_outdated(old: FileResult, new: FileResult, changed: Set[str]) -> Set[str]:
    """The keys that nothing may rest on any more: of identities, which come back where they hold,
    and of measures of one's own that were told of what has changed.
    """
    names = {cache_keys.HINTS, cache_keys.IDENTIFIED, cache_keys.ASKED, cache_keys.FLAVORED}
    cuts = [[(p.start_ticks, p.end_ticks) for p in each.passages] for each in (old, new)]
    told = [
        each
        for each in old.measures
        if Phase.ANALYZING.value in changed or (each.on == "file" and cuts[0] != cuts[1])
    ]
    return names | {f"{PREFIX}{each.name}" for each in told}
