"""Sides made of known pieces and gaps, cut again."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support import audio_factory
from support.talk import talk

from wkmp_lab.dsp.levels import measure_levels
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.segmenting.passages import find_passages, find_passages_in
from wkmp_lab.segmenting.profile_measures import measure_profile
from wkmp_lab.settings import SegmentHints, SegmentSettings
from wkmp_lab.signals import BAND_EDGES_HZ, LevelProfile, Signal
from wkmp_lab.units import seconds_from_ticks, ticks_from_seconds

SR = 22050


def side(*parts, noise=None, lead_s=1.0):
    """A signal of pieces (arrays) and gaps (seconds), and the gaps as (start, end) in seconds."""
    pieces, gaps, position = [np.zeros(int(lead_s * SR), np.float32)], [], lead_s
    for part in parts:
        if isinstance(part, float):
            gaps.append((position, position + part))
            part = np.zeros(int(part * SR), np.float32)
        pieces.append(part)
        position += len(part) / SR
    whole = np.concatenate(pieces)
    if noise is not None:
        whole = whole + noise(len(whole))
    return Signal(whole[None].astype(np.float32), SR), gaps


def piece(seed, seconds=30.0):
    """Music with a short fade at its end; an odd seed makes it brighter, as by other players."""
    samples = audio_factory.music_like(seed=seed, seconds=seconds, sr=SR)[0].copy()
    if seed % 2:
        samples = 2 * np.diff(samples, prepend=0)
    n = int(1.5 * SR)
    samples[-n:] *= np.linspace(1, 0, n) ** 2
    return samples


def hiss(level_dbfs, *, clicks=0, seed=0):
    def make(n):
        rng = np.random.default_rng(seed)
        noise = 10 ** (level_dbfs / 20) * rng.standard_normal(n)
        for at in rng.integers(0, n - 50, clicks):
            noise[at : at + 30] += 0.3 * rng.standard_normal(30)
        return noise

    return make


def cuts_of(found):
    return [seconds_from_ticks(gap.cut_ticks) for gap in found.gaps if gap.is_boundary]


def assert_cut_in(found, gaps):
    cuts = cuts_of(found)
    assert len(cuts) == len(gaps), [gap.reason for gap in found.gaps]
    for cut, (start, end) in zip(cuts, gaps, strict=True):
        assert start - 0.5 <= cut <= end + 0.5


@pytest.mark.parametrize(
    "noise",
    [None, hiss(-93), hiss(-58, clicks=200), hiss(-50)],
    ids=["digital", "dithered", "vinyl", "cassette"],
)
def test_a_side_is_cut_in_its_gaps_whatever_the_floor(noise):
    signal, gaps = side(piece(1), 2.0, piece(2), 2.6, piece(3), 1.8, piece(4), noise=noise)
    found = find_passages(measure_levels(signal))
    assert_cut_in(found, gaps)
    assert found.verdict == "4 pieces"


def test_a_song_is_not_cut_at_a_rest_whose_sound_decays():
    music = piece(5, 60.0)
    start, n = 25 * SR, int(0.8 * SR)
    music[start : start + n] *= np.exp(-np.arange(n) / (0.15 * SR))
    found = find_passages(measure_levels(side(music)[0]))
    assert found.verdict == "single song"


def beat(seconds, *, bpm, hz):
    """A drum on each beat over a tone: it has a tempo and a sound of its own."""
    t = np.arange(int(seconds * SR)) / SR
    drum = np.random.default_rng(round(bpm)).standard_normal(t.size)
    return 0.2 * drum * np.exp(-(t % (60 / bpm)) / 0.05) + 0.1 * np.sin(2 * np.pi * hz * t)


def test_a_song_is_not_cut_at_a_silence_behind_which_it_goes_on():
    song, other = beat(90.0, bpm=120, hz=440), beat(90.0, bpm=93, hz=1500)
    found = find_passages(measure_levels(side(song, 1.0, song)[0]))
    assert found.verdict == "single song"
    assert "the rhythm goes on behind it" in found.gaps[0].reason
    signal, gaps = side(song, 1.0, other)
    assert_cut_in(find_passages(measure_levels(signal)), gaps)


def test_two_songs_of_one_tempo_and_sound_are_parted_by_a_long_gap_on_a_side():
    song = beat(150.0, bpm=120, hz=440)
    signal, gaps = side(song, 3.0, song, 3.0, song, 3.0, song)
    assert_cut_in(find_passages(measure_levels(signal)), gaps)


def test_a_song_numbered_among_siblings_is_not_cut_where_a_side_would_be():
    signal, _ = side(piece(6), 0.8, piece(7))
    profile = measure_levels(signal)
    hints = SegmentHints(track=3, n_tracks=9, n_siblings=8)
    assert len(find_passages(profile, hints=hints).spans_ticks) == 1


@pytest.mark.parametrize("amplitude", [0.0, 1e-5])
def test_a_silent_file_has_no_passage(amplitude):
    signal = Signal(audio_factory.noise(20, SR, amplitude=amplitude), SR)
    found = find_passages(measure_levels(signal))
    assert found.spans_ticks == ()
    assert found.verdict == "no audio"


def test_a_fixed_threshold_cuts_at_every_silence_of_its_length():
    signal, gaps = side(piece(1), 2.0, piece(2), 0.3, piece(3))
    profile = measure_levels(signal)
    found = find_passages(profile, settings=SegmentSettings(threshold_dbfs=-60.0))
    assert_cut_in(found, gaps[:1])
    assert "silence" in next(gap.reason for gap in found.gaps if gap.is_boundary)


def test_a_threshold_below_the_noise_finds_nothing_where_the_floor_model_does():
    signal, gaps = side(piece(1), 2.0, piece(2), noise=hiss(-50))
    profile = measure_levels(signal)
    fixed = SegmentSettings(threshold_dbfs=-80.0)
    assert len(find_passages(profile, settings=fixed).spans_ticks) == 1
    assert_cut_in(find_passages(profile), gaps)


@pytest.mark.parametrize("medium", ["cd", "vinyl", "cassette_dolby", "cassette", "other"])
@pytest.mark.parametrize("level_db", [-46, -58, None])
def test_a_medium_that_is_named_hides_no_gap_that_the_floor_tells(medium, level_db):
    noise = None if level_db is None else hiss(level_db, clicks=100)
    signal, gaps = side(piece(1), 2.0, piece(2), 2.4, piece(3), noise=noise)
    found = find_passages(measure_levels(signal), settings=SegmentSettings(medium=medium))
    assert_cut_in(found, gaps)


def test_a_medium_adds_the_gaps_that_lie_above_the_floor_of_the_quietest():
    groove = hiss(-66)
    signal, gaps = side(piece(1), 2.5, piece(2), 2.5, piece(3), 2.5, piece(4))
    samples = signal.samples.copy()
    samples[:, : int(gaps[2][0] * SR)] += groove(samples.shape[1])[: int(gaps[2][0] * SR)]
    profile = measure_levels(Signal(samples, SR))
    found = find_passages(profile, settings=SegmentSettings(medium="vinyl"))
    assert_cut_in(found, gaps)


@pytest.mark.parametrize("hz", [50, 120, 1000])
def test_a_step_of_level_is_no_gap(hz):
    t = np.arange(60 * SR) / SR
    hum = sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 5)).astype(np.float32)
    loud, soft = 0.1 * hum, 0.05 * hum
    for parts in ((loud, soft, loud), (piece(1), loud, soft, loud), (loud, soft, loud, piece(2))):
        signal = Signal(np.concatenate(parts)[None].astype(np.float32), SR)
        gaps = find_passages(measure_levels(signal)).gaps
        steps = [gap for gap in gaps if gap.is_boundary and gap.depth_db < 8]
        assert not steps, steps


@pytest.mark.parametrize(("track", "n_tracks"), [(1, 2), (2, 2), (3, 4)])
def test_a_side_that_is_numbered_among_sides_is_cut(track, n_tracks):
    signal, gaps = side(piece(1, 60.0), 2.0, piece(2, 60.0))
    hints = SegmentHints(track=track, n_tracks=n_tracks, n_siblings=n_tracks - 1)
    assert_cut_in(find_passages(measure_levels(signal), hints=hints), gaps)


def test_many_equal_gaps_say_more_than_a_track_number():
    parts = [part for k in range(6) for part in (piece(k, 62.0), 2.0)][:-1]
    signal, gaps = side(*parts)
    hints = SegmentHints(track=3, n_tracks=9, n_siblings=8)
    assert_cut_in(find_passages(measure_levels(signal), hints=hints), gaps)


def test_known_lengths_find_joins_without_a_gap():
    signal, _ = side(piece(1, 20.0), piece(2, 33.0), piece(3, 24.0), lead_s=0.0)
    settings = SegmentSettings(durations_s=(20.0, 33.0, 24.0))
    found = find_passages(measure_levels(signal), settings=settings)
    assert np.allclose(cuts_of(found), [20.0, 53.0], atol=0.5)


def test_known_lengths_tell_how_well_they_fit_and_what_comes_next():
    signal, gaps = side(piece(1, 20.0), 2.0, piece(2, 33.0), 2.0, piece(3, 24.0))
    hints = SegmentHints(durations_s=(22.0, 36.5, 25.0))
    found = find_passages(measure_levels(signal), hints=hints)
    assert_cut_in(found, gaps)
    assert "off the known lengths (cost " in found.verdict
    assert "-1.5 s off its length" in found.gaps[-1].reason


def test_exact_lengths_weigh_more_than_a_pause_near_a_join():
    count_in = piece(4, 1.5)[: int(0.6 * SR)]
    start = [count_in, np.zeros(int(0.9 * SR), np.float32), piece(2, 30.0)]
    signal, _ = side(piece(1, 20.0), np.concatenate(start), piece(3, 24.25), lead_s=0.0)
    settings = SegmentSettings(durations_s=(20.0, 31.5, 24.25))
    found = find_passages(measure_levels(signal), settings=settings)
    assert np.allclose(cuts_of(found), [20.0, 51.5], atol=0.3)


def test_a_hard_join_is_found_by_the_change_of_sound():
    pieces = [
        beat(length_s, bpm=120, hz=hz) for length_s, hz in ((40.4, 440), (50.3, 900), (45, 300))
    ]
    settings = SegmentSettings(durations_s=(40.0, 50.0, 45.0))
    found = find_passages(measure_levels(side(*pieces, lead_s=0.0)[0]), settings=settings)
    assert np.allclose(cuts_of(found), [40.4, 90.7], atol=0.2)


def test_lengths_that_do_not_fit_leave_the_gaps_to_their_evidence():
    signal, gaps = side(piece(1), 2.0, piece(2))
    hints = SegmentHints(durations_s=(400.0, 300.0))
    found = find_passages(measure_levels(signal), hints=hints)
    assert_cut_in(found, gaps)
    assert "do not fit" in found.verdict


def test_an_ending_that_sinks_into_the_hiss_does_not_draw_the_cut_into_the_song():
    music = piece(1)
    n = 8 * SR
    music[-n:] *= 10 ** (np.linspace(0, -60, n) / 20)
    signal, gaps = side(music, 2.0, piece(2), noise=hiss(-46))
    assert_cut_in(find_passages(measure_levels(signal)), gaps)


def test_digital_padding_does_not_hide_the_noise_floor():
    signal, gaps = side(piece(1), 2.0, piece(2), noise=hiss(-50))
    padding = np.zeros((1, SR), np.float32)
    padded = Signal(np.concatenate([signal.samples, padding], axis=1), SR)
    assert_cut_in(find_passages(measure_levels(padded)), gaps)


def test_a_known_count_takes_the_best_gaps():
    signal, gaps = side(piece(1), 2.0, piece(2), 1.2, piece(3))
    settings = SegmentSettings(n_passages=3)
    assert_cut_in(find_passages(measure_levels(signal), settings=settings), gaps)


def test_a_known_count_leaves_no_scrap_between_two_gaps():
    last_chord = piece(4, 4.0)
    signal, gaps = side(piece(1), 1.4, last_chord, 2.0, piece(2), 1.0, piece(3))
    found = find_passages(measure_levels(signal), settings=SegmentSettings(n_passages=3))
    assert len(found.spans_ticks) == 3
    assert min(seconds_from_ticks(b - a) for a, b in found.spans_ticks) > 10.0
    assert gaps[2][0] < cuts_of(found)[1] < gaps[2][1]


def test_every_gap_keeps_its_evidence_and_reason():
    signal, _ = side(piece(1), 2.0, piece(2))
    (gap,) = [g for g in find_passages(measure_levels(signal)).gaps if g.is_boundary]
    assert gap.reason.startswith("taken: ")
    names = {name for name, _ in gap.evidence}
    assert {"length", "depth", "above_floor", "piece", "rhythm", "timbre"} <= names
    assert gap.score > 0.5
    assert gap.start_ticks < gap.cut_ticks < gap.end_ticks


def random_profile(levels_db):
    """A profile of 50 ms steps with given levels."""
    power = np.repeat(10 ** (np.array(levels_db) / 10), 5).astype(np.float32)
    signal = Signal(np.zeros((1, 441), np.float32), 44100)
    empty = measure_levels(signal)
    n_coarse = len(levels_db)
    values = {name: getattr(empty, name) for name in LevelProfile.__dataclass_fields__}
    values.update(
        duration_s=n_coarse * 0.05,
        hop_s=0.01,
        power=power,
        peak=np.sqrt(power),
        a_power=power[::5],
        band_power=np.repeat(power[::5, None] / len(BAND_EDGES_HZ), len(BAND_EDGES_HZ), axis=1),
    )
    return LevelProfile(**values)


levels = st.lists(st.floats(-100, 0), min_size=1, max_size=60)


@given(levels, st.sampled_from(["auto", "cd", "vinyl", "cassette"]))
@hypothesis_settings(max_examples=60)
def test_passages_always_cover_the_file_without_overlap(runs, medium):
    profile = random_profile(np.repeat(runs, 40))
    settings = SegmentSettings(medium=medium, min_passage_s=2.0)
    spans = find_passages(profile, settings=settings).spans_ticks
    if spans:
        assert spans[0][0] == 0
        assert spans[-1][1] == ticks_from_seconds(profile.duration_s)
        assert all(a[1] == b[0] for a, b in itertools.pairwise(spans))
        assert all(seconds_from_ticks(b - a) >= 2.0 - 1e-6 for a, b in spans) or len(spans) == 1


def test_an_hour_is_cut_anew_within_a_tenth_of_a_second():
    rng = np.random.default_rng(1)
    levels_db = np.where(rng.random(72_000) < 0.02, -80.0, rng.uniform(-30, -10, 72_000))
    profile = random_profile(levels_db)
    measures = measure_profile(profile)
    start = time.process_time()
    find_passages_in(measures, settings=SegmentSettings(threshold_dbfs=-45.0))
    assert time.process_time() - start < 2.0  # generous: it takes 30 ms, this guards the order


def test_cutting_what_was_measured_before_gives_what_cutting_the_profile_gives():
    profile = random_profile(np.random.default_rng(2).uniform(-60, -10, 2_000))
    measures = measure_profile(profile)
    for settings in (SegmentSettings(), SegmentSettings(threshold_dbfs=-45.0)):
        again = find_passages_in(measures, settings=settings)
        assert again == find_passages(profile, settings=settings)


def test_hints_and_settings_are_checked():
    with pytest.raises(InvalidInputError, match="durations_s"):
        SegmentSettings(durations_s=(-1.0,))


def test_speech_is_not_cut_at_its_pauses_and_music_is_between_the_same():
    parts = [part for k in range(5) for part in (talk(40.0, seed=k), (2.0, 3.5, 1.5, 5.0, 0.0)[k])]
    signal, _ = side(*parts[:-1])
    found = find_passages(measure_levels(signal))
    assert len(found.spans_ticks) == 1
    assert found.verdict == "speech"
    assert any("speech on both sides" in gap.reason for gap in found.gaps)
    pieces = [part for k in range(3) for part in (piece(k, 40.0), 2.0)][:-1]
    assert_cut_in(find_passages(measure_levels(side(*pieces)[0])), side(*pieces)[1])


def test_an_announcement_is_parted_from_the_music_behind_it():
    signal, gaps = side(talk(60.0, seed=1), 2.5, piece(1, 60.0), 2.5, piece(2, 60.0))
    assert_cut_in(find_passages(measure_levels(signal)), gaps)
