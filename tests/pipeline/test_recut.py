"""Files that are cut and levelled anew from their kept profiles: as a fresh import would do it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import audio_factory

import wkmp_lab as wl
from wkmp_lab.library.store import ProfileStore
from wkmp_lab.model import Phase, SourceFile
from wkmp_lab.pipeline import cache_keys, recut
from wkmp_lab.pipeline.measure import measure_file
from wkmp_lab.settings import AnalyzeSettings, SegmentHints, SegmentSettings, Settings

SR = 22_050
CUT = Settings(segmenting=SegmentSettings(n_passages=2))
CLASSICAL = replace(CUT, analyzing=AnalyzeSettings("classical"))


@pytest.fixture(scope="module")
def side(tmp_path_factory):
    """Two pieces of 12 s, the second one faded in and out, two seconds of hiss between them."""
    rng = np.random.default_rng(3)
    one, other = (
        audio_factory.music_like(seed=k, seconds=12.0, sr=SR, n_channels=2) for k in (1, 2)
    )
    other *= np.sin(np.linspace(0.0, np.pi, other.shape[1], dtype=np.float32))
    samples = np.concatenate([one, np.zeros((2, 2 * SR), np.float32), other], axis=1)
    samples += (3e-4 * rng.standard_normal(samples.shape)).astype(np.float32)
    path = tmp_path_factory.mktemp("sides") / "side.flac"
    audio_factory.write_audio(path, samples, SR)
    stat = path.stat()
    return SourceFile(str(path), stat.st_size, stat.st_mtime_ns)


@pytest.fixture(scope="module")
def profiles(tmp_path_factory):
    return ProfileStore(tmp_path_factory.mktemp("profiles") / "a.wkmp-profiles.db")


@pytest.fixture(scope="module")
def first(side, profiles):
    return measure_file(side, settings=CUT, profiles=profiles)


def measured_by(result):
    """All that was measured, without when."""
    return replace(result, spans=(), notes=())


def phases_run(result, earlier):
    return {span.phase for span in result.spans if span not in earlier.spans}


def test_other_leads_are_measured_without_a_decode_and_as_by_a_fresh_import(side, profiles, first):
    again = measure_file(side, settings=CLASSICAL, earlier=first, profiles=profiles)
    assert phases_run(again, first) == {Phase.EXTRACTING, Phase.ANALYZING}
    assert measured_by(again) == measured_by(measure_file(side, settings=CLASSICAL))
    assert again.passages[1].amplitude != first.passages[1].amplitude


def test_another_way_to_the_same_cuts_decodes_nothing(side, profiles, first):
    settings = replace(CUT, segmenting=SegmentSettings(n_passages=2, min_passage_s=5.0))
    again = measure_file(side, settings=settings, earlier=first, profiles=profiles)
    assert phases_run(again, first) == {Phase.EXTRACTING, Phase.SEGMENTING}
    assert measured_by(again) == measured_by(measure_file(side, settings=settings))
    assert again.passages == first.passages


def test_tags_that_tell_how_a_file_is_cut_decode_nothing(side, profiles, first):
    tagged = replace(first, sha256="other", tags=replace(first.tags, track=3, n_tracks=9))
    again = measure_file(side, settings=CUT, earlier=tagged, profiles=profiles)
    assert phases_run(again, first) == {Phase.EXTRACTING, Phase.SEGMENTING}
    assert measured_by(again) == measured_by(first)


def test_new_passages_are_decoded_and_known_ones_kept(side, profiles, first):
    settings = replace(CUT, segmenting=SegmentSettings(n_passages=1))
    again = measure_file(side, settings=settings, earlier=first, profiles=profiles)
    assert Phase.DECODING in phases_run(again, first)
    assert len(again.passages) == 1
    assert again.passages[0].fingerprint
    assert measured_by(again) == measured_by(measure_file(side, settings=settings))


def test_a_cut_by_hand_is_kept_whatever_the_settings_are(side, profiles):
    hints = SegmentHints(boundaries_ticks=(28_224_000 * 7,))
    first = measure_file(side, settings=CUT, hints=hints, profiles=profiles)
    settings = replace(CUT, segmenting=SegmentSettings(min_silence_s=2.0))
    again = measure_file(side, settings=settings, hints=hints, earlier=first, profiles=profiles)
    assert again.passages == first.passages
    assert Phase.DECODING not in phases_run(again, first)


@wl.measure(version=1, columns={"length_samples": "1"})
def length_of(y, *, sr, passage):
    return {"length_samples": len(y)}


def test_a_measure_of_ones_own_that_is_missing_is_given_samples(side, profiles, first):
    settings = replace(CLASSICAL, measures=[length_of])
    again = measure_file(side, settings=settings, earlier=first, profiles=profiles)
    assert phases_run(again, first) >= {Phase.DECODING, Phase.MEASURING}


def test_without_a_profile_the_file_is_decoded(side, first, tmp_path):
    nowhere = ProfileStore(tmp_path / "no such folder" / "a.db")
    for profiles in (None, nowhere):
        again = measure_file(side, settings=CLASSICAL, earlier=first, profiles=profiles)
        assert Phase.DECODING in phases_run(again, first)


def test_a_profile_of_samples_that_were_read_otherwise_is_not_used(side, profiles, first):
    short = replace(CUT, scanning=wl.ScanSettings(max_duration_s=10.0))
    again = measure_file(side, settings=short, earlier=first, profiles=profiles)
    assert again.audio.duration_s == pytest.approx(10.0)
    profiles.write(first.audio_hash, b"WKLP", made_by="another")
    assert measure_file(side, settings=CLASSICAL, earlier=first, profiles=profiles).passages


def test_a_side_of_the_sample_is_retuned_to_what_a_fresh_import_finds(profiles):
    path = Path(__file__).parents[2] / "data" / "sample" / "sides" / "Side A.ogg"
    stat = path.stat()
    source = SourceFile(str(path), stat.st_size, stat.st_mtime_ns)
    first = measure_file(source, profiles=profiles)
    settings = Settings(
        segmenting=SegmentSettings(threshold_dbfs=-45.0), analyzing=AnalyzeSettings("electronic")
    )
    keys = cache_keys.compute_keys(settings)
    profile = recut.read_kept(first.audio_hash, keys, profiles)
    again = recut.retune(first, profile, settings=settings, hints=SegmentHints())
    fresh = measure_file(source, settings=settings)
    assert again.segmentation == fresh.segmentation
    assert again.segmentation != first.segmentation
    levels = [[(p.start_ticks, p.amplitude) for p in each.passages] for each in (again, fresh)]
    assert levels[0] == levels[1]
