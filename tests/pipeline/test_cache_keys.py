"""What holds of an earlier result: keys, staleness, and redoing no more than is needed."""

import pickle
from collections import Counter
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from support import audio_factory

from wkmp_lab.fingerprinting import fingerprint
from wkmp_lab.flavoring import descriptors
from wkmp_lab.model import Failure, FileResult, Identity, Phase, SourceFile, Span
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.pipeline.measure import measure_file
from wkmp_lab.settings import (
    AnalyzeSettings,
    FingerprintSettings,
    FlavorSettings,
    IdentifySettings,
    RunSettings,
    ScanSettings,
    SegmentHints,
    SegmentSettings,
    Settings,
)

SR = 22_050
ALWAYS = {Phase.EXTRACTING, Phase.DECODING}
"""Tags are read and samples decoded whenever anything has to be measured."""


@pytest.fixture(scope="module")
def side(tmp_path_factory):
    """Three pieces of 12, 14 and 16 s with two seconds of silence between them."""
    pieces = [audio_factory.music_like(seed=k, seconds=12.0 + 2 * k, sr=SR) for k in range(3)]
    silence = np.zeros((pieces[0].shape[0], 2 * SR), np.float32)
    path = tmp_path_factory.mktemp("sides") / "side.flac"
    parts = [pieces[0], silence, pieces[1], silence, pieces[2]]
    audio_factory.write_audio(path, np.concatenate(parts, axis=1), SR)
    stat = path.stat()
    return SourceFile(str(path), stat.st_size, stat.st_mtime_ns)


CUT = Settings(segmenting=SegmentSettings(n_passages=3))


@pytest.fixture(scope="module")
def first(side):
    """The side as a first import measured and identified it."""
    result = measure_file(side, settings=CUT)
    assert len(result.passages) == 3
    nobody = Identity("unidentified", "no_match")
    return replace(
        result,
        passages=tuple(replace(passage, identity=nobody) for passage in result.passages),
        notes=("album: nothing fits",),
        spans=(*result.spans, Span(Phase.IDENTIFYING, 1.0, 2.0, "lookups")),
        provenance=tuple(sorted((*result.provenance, ("identified", "1-abc")))),
    )


def phases_run(result, earlier):
    return {span.phase for span in result.spans if span not in earlier.spans}


def without_times(result):
    return replace(result, spans=(), notes=())


def without_identities(result):
    passages = tuple(replace(passage, identity=None) for passage in result.passages)
    made_by = tuple(entry for entry in result.provenance if entry[0] != "identified")
    return replace(without_times(result), passages=passages, provenance=made_by)


@pytest.mark.parametrize(
    ("changed", "run_again"),
    [
        ({"analyzing": AnalyzeSettings(preset="classical")}, {Phase.ANALYZING}),
        ({"flavoring": FlavorSettings(has_beats=True)}, {Phase.FLAVORING}),
        ({"segmenting": SegmentSettings(n_passages=3, min_passage_s=5.0)}, {Phase.SEGMENTING}),
    ],
    ids=["lead points", "descriptors", "a cut that stays as it was"],
)
def test_only_what_a_setting_touches_is_measured_again(side, first, changed, run_again):
    settings = replace(CUT, **changed)
    again = measure_file(side, settings=settings, earlier=first)
    assert phases_run(again, first) == ALWAYS | run_again
    assert without_identities(again) == without_times(measure_file(side, settings=settings))
    assert [passage.identity for passage in again.passages] == [
        passage.identity for passage in first.passages
    ]
    assert dict(again.provenance)["identified"] == "1-abc"
    assert again.notes == first.notes
    assert Counter(span.phase for span in again.spans) == Counter(s.phase for s in first.spans)


def test_other_fingerprints_are_to_be_identified_again(side, first):
    settings = replace(CUT, fingerprinting=FingerprintSettings(max_duration_s=10.0))
    again = measure_file(side, settings=settings, earlier=first)
    assert phases_run(again, first) == ALWAYS | {Phase.FINGERPRINTING}
    assert without_identities(again) == without_times(measure_file(side, settings=settings))
    assert "identified" not in dict(again.provenance)
    assert Phase.IDENTIFYING not in {span.phase for span in again.spans}


def test_a_passage_that_is_cut_as_before_keeps_what_is_known_of_it(side, first, monkeypatch):
    described = []
    measure = descriptors.measure_descriptors

    def note(view, **changes):
        described.append(len(view))
        return measure(view, **changes)

    monkeypatch.setattr(descriptors, "measure_descriptors", note)
    boundary = first.passages[0].end_ticks
    again = measure_file(
        side, settings=CUT, hints=SegmentHints(boundaries_ticks=(boundary,)), earlier=first
    )
    assert [p.end_ticks for p in again.passages] == [boundary, first.passages[-1].end_ticks]
    assert len(described) == 1
    kept, new = again.passages
    assert kept == first.passages[0]
    assert new.identity is None
    assert new.descriptors is not None
    assert "identified" not in dict(again.provenance)


def test_a_moved_boundary_leaves_passages_elsewhere_alone(side, first):
    later = first.passages[0].end_ticks + 28_224
    bounds = (later, first.passages[1].end_ticks)
    again = measure_file(
        side, settings=CUT, hints=SegmentHints(boundaries_ticks=bounds), earlier=first
    )
    assert again.passages[2] == first.passages[2]
    assert [p.identity is None for p in again.passages] == [True, True, False]


@pytest.mark.parametrize("phase", [Phase.FINGERPRINTING, Phase.ANALYZING, Phase.FLAVORING])
def test_a_new_version_of_a_phase_makes_that_phase_stale(side, first, monkeypatch, phase):
    versions = MappingProxyType({**cache_keys.VERSIONS, phase: "next"})
    monkeypatch.setattr(cache_keys, "VERSIONS", versions)
    again = measure_file(side, settings=CUT, earlier=first)
    assert phases_run(again, first) == ALWAYS | {phase}
    assert dict(again.provenance)[phase.value].startswith("next-")


def test_another_way_of_decoding_leaves_nothing(side, first):
    settings = replace(CUT, scanning=ScanSettings(max_duration_s=60.0))
    keys = cache_keys.compute_keys(settings)
    assert cache_keys.find_reusable(first, keys) is None
    again = measure_file(side, settings=settings, earlier=first)
    assert phases_run(again, first) == set(cache_keys.MEASURING)


def test_tags_that_are_read_otherwise_leave_what_was_measured_of_the_passages(side, first):
    old = replace(
        first,
        notes=("truncated: 5.0 s decoded of 9.0 s declared", *first.notes),
        provenance=tuple(entry for entry in first.provenance if entry[0] != cache_keys.TAGS),
    )
    keys = cache_keys.compute_keys(CUT)
    assert cache_keys.find_stale(old, keys) == {Phase.EXTRACTING}
    again = measure_file(side, settings=CUT, earlier=cache_keys.find_reusable(old, keys))
    assert phases_run(again, first) == ALWAYS
    assert again.passages == first.passages
    assert again.notes == first.notes
    assert not cache_keys.find_stale(again, keys)


def test_passages_of_a_file_that_is_read_in_another_length_are_measured_anew(side, first):
    made_by = tuple(sorted({**dict(first.provenance), cache_keys.TAGS: "older"}.items()))
    audio = replace(first.audio, n_samples=first.audio.n_samples - 1)
    shorter = replace(first, audio=audio, provenance=made_by)
    again = measure_file(side, settings=CUT, earlier=shorter)
    assert phases_run(again, first) >= {Phase.FINGERPRINTING, Phase.ANALYZING, Phase.FLAVORING}


def test_a_file_that_owes_nothing_is_not_decoded(side, first):
    again = measure_file(side, settings=CUT, earlier=first)
    assert phases_run(again, first) == {Phase.EXTRACTING}
    assert replace(again, spans=first.spans) == first


def test_a_result_of_other_content_is_not_taken_over(side, first):
    again = measure_file(side, settings=CUT, earlier=replace(first, sha256="0", audio_hash="a1"))
    assert phases_run(again, first) == set(cache_keys.MEASURING)


def test_a_task_carries_only_what_still_holds(first):
    settings = replace(CUT, flavoring=FlavorSettings(has_beats=True))
    kept = cache_keys.find_reusable(first, cache_keys.compute_keys(settings))
    assert kept is not None
    assert all(p.descriptors is None and p.amplitude and p.fingerprint for p in kept.passages)
    assert len(pickle.dumps(kept)) < len(pickle.dumps(first)) < 40_000


@pytest.mark.parametrize(
    "settings",
    [
        replace(CUT, identifying=IdentifySettings(is_offline=True)),
        replace(CUT, running=RunSettings(n_jobs=3, order="path")),
        replace(CUT, scanning=ScanSettings(follow_symlinks=False)),
    ],
    ids=["identifying", "running", "symlinks"],
)
def test_settings_that_no_measurement_uses_make_nothing_stale(first, settings):
    assert not cache_keys.find_stale(first, cache_keys.compute_keys(settings))


def test_a_file_without_audio_owes_nothing_to_the_later_phases(first):
    silent = replace(first, status="no_audio", passages=())
    stamped = cache_keys.stamp(silent, cache_keys.compute_keys(CUT))
    other = replace(CUT, analyzing=AnalyzeSettings(preset="classical"))
    assert "ANALYZING" not in dict(stamped.provenance)
    assert not cache_keys.find_stale(stamped, cache_keys.compute_keys(other))
    cut = replace(CUT, segmenting=SegmentSettings(min_silence_s=1.0))
    assert cache_keys.find_stale(stamped, cache_keys.compute_keys(cut)) == {Phase.SEGMENTING}


@pytest.mark.parametrize("phase", [Phase.DECODING, Phase.SEGMENTING])
def test_a_failure_is_stale_when_its_phase_or_the_package_changes(phase, monkeypatch):
    failure = Failure(phase, "no audio stream")
    failed = FileResult(SourceFile("/m/a.mp3", 1, 1), "failed", failure=failure)
    stamped = cache_keys.stamp(failed, cache_keys.compute_keys(CUT))
    flavored = replace(CUT, flavoring=FlavorSettings(has_beats=True))
    assert not cache_keys.find_stale(stamped, cache_keys.compute_keys(flavored))
    cut = cache_keys.compute_keys(replace(CUT, segmenting=SegmentSettings(min_silence_s=1.0)))
    is_cut = phase is Phase.SEGMENTING
    assert cache_keys.find_stale(stamped, cut) == ({Phase.SEGMENTING} if is_cut else set())
    monkeypatch.setattr(cache_keys, "__version__", "99")
    assert cache_keys.find_stale(stamped, cache_keys.compute_keys(CUT)) == {phase}
    assert cache_keys.find_reusable(stamped, cache_keys.compute_keys(CUT)) is None


def test_a_decode_has_no_key_so_results_of_before_it_was_a_phase_hold(side, first):
    assert Phase.DECODING not in dict(first.provenance)
    timed = tuple(span for span in first.spans if span.phase is not Phase.DECODING)
    old = replace(first, spans=timed)
    assert not cache_keys.find_stale(old, cache_keys.compute_keys(CUT))
    assert phases_run(measure_file(side, settings=CUT, earlier=old), old) == {Phase.EXTRACTING}


def test_a_worker_that_dies_before_its_first_phase_leaves_a_row_that_can_be_judged():
    failure = Failure(Phase.SCANNING, "worker died")
    failed = FileResult(SourceFile("/m/a.mp3", 1, 1), "failed", failure=failure)
    stamped = cache_keys.stamp(failed, cache_keys.compute_keys(CUT))
    assert not cache_keys.find_stale(stamped, cache_keys.compute_keys(CUT))


def test_results_of_versions_before_keys_per_phase_are_stale(first):
    old = replace(first, provenance=(("measured", "1-abc"),))
    assert cache_keys.find_stale(old, cache_keys.compute_keys(CUT)) == set(cache_keys.VERSIONS)


def test_a_cue_sheet_that_comes_changes_or_goes_makes_the_cut_stale(tmp_path):
    path = str(tmp_path / "side.flac")
    seen = []
    for text in (None, "TRACK 01", "TRACK 02"):
        if text:
            (tmp_path / "side.cue").write_text(text)
        seen.append(cache_keys.add_hints({}, SegmentHints(), path=path).get("hints"))
    assert seen[0] is None
    assert len(set(seen)) == 3
    (tmp_path / "side.flac.cue").write_text("TRACK 03")
    assert cache_keys.add_hints({}, SegmentHints(), path=path).get("hints") not in seen


def test_one_file_more_in_a_folder_makes_no_neighbour_stale():
    few, many = (
        cache_keys.add_hints({}, SegmentHints(n_siblings=n), path="/m/a.mp3") for n in (3, 4)
    )
    assert few == many


def test_a_tool_that_has_come_makes_the_fingerprints_that_were_missing(side, first, monkeypatch):
    monkeypatch.setenv(fingerprint.CHOICE_VARIABLE, "none")
    bare = measure_file(side, settings=CUT)
    without = cache_keys.compute_keys(CUT)
    assert all(passage.fingerprint_reason for passage in bare.passages)
    assert not cache_keys.find_stale(bare, without)
    assert not cache_keys.find_stale(first, without), "fingerprints are not thrown away"
    with_tool = {**without, cache_keys.TOOL: "libchromaprint 9"}
    assert cache_keys.find_stale(bare, with_tool) == {Phase.FINGERPRINTING}
