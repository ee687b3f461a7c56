"""Descriptors against librosa's definitions and against signals with known answers."""

import librosa
import numpy as np
import pytest
from support import audio_factory

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.flavoring import spectrum, tempo, tonality
from wkmp_lab.flavoring.descriptors import (
    DESCRIPTORS,
    ONSET_BANDS,
    measure_descriptors,
    measure_frames,
)
from wkmp_lab.settings import FlavorSettings

SR = 22050


@pytest.fixture(scope="module")
def music():
    return audio_factory.music_like(seed=3, seconds=30.0, sr=SR)[0]


@pytest.fixture(scope="module")
def described(music):
    return measure_descriptors(music, sr=SR).as_dict()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("centroid_hz", lambda y: librosa.feature.spectral_centroid(y=y, sr=SR)),
        ("bandwidth_hz", lambda y: librosa.feature.spectral_bandwidth(y=y, sr=SR)),
        ("rolloff_hz", lambda y: librosa.feature.spectral_rolloff(y=y, sr=SR)),
        ("flatness", lambda y: librosa.feature.spectral_flatness(y=y)),
    ],
)
def test_spectral_shape_is_librosas(music, described, name, reference):
    expected = reference(music)
    assert described[f"{name}_mean"] == pytest.approx(float(expected.mean()), rel=1e-3)
    assert described[f"{name}_std"] == pytest.approx(float(expected.std()), rel=1e-3)


@pytest.mark.filterwarnings("ignore")
def test_cepstral_coefficients_are_librosas(music, described):
    mel = librosa.feature.melspectrogram(y=music, sr=SR)
    expected = librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=None), n_mfcc=13)
    for k in range(13):
        assert described[f"mfcc_{k:02d}_mean"] == pytest.approx(
            float(expected[k].mean()), abs=0.05
        )
        assert described[f"mfcc_{k:02d}_std"] == pytest.approx(float(expected[k].std()), abs=0.05)


@pytest.mark.filterwarnings("ignore")
def test_the_onset_strength_behind_rate_and_tempo_is_librosas(music):
    mel = librosa.feature.melspectrogram(y=music, sr=SR)
    expected = librosa.onset.onset_strength(S=librosa.power_to_db(mel, top_db=None), center=False)
    heard = measure_frames(music).envelopes[0]

    np.testing.assert_allclose(heard, expected, atol=1e-3 * expected.max())


def test_the_onsets_of_all_bands_are_the_mean_of_those_of_each(music):
    whole, *bands = measure_frames(music).envelopes
    n_rows = np.diff(ONSET_BANDS)
    np.testing.assert_allclose(
        whole, n_rows @ np.array(bands) / n_rows.sum(), rtol=1e-4, atol=1e-4
    )


def test_every_number_that_librosa_defines_is_compared_with_it():
    compared = ("centroid", "bandwidth", "rolloff", "flatness", "contrast", "mfcc", "onset_rate")
    for descriptor in DESCRIPTORS:
        assert ("librosa" in descriptor.source) == descriptor.name.startswith(compared)


@pytest.mark.filterwarnings("ignore")
def test_power_spectra_are_librosas_in_any_batch(music):
    found = np.abs(np.concatenate(list(spectrum.iterate_spectra(music)), axis=1)) ** 2
    expected = np.abs(librosa.stft(music, n_fft=2048, hop_length=512)) ** 2
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.max())


@pytest.fixture(scope="module")
def recording(music):
    """The music with the noise of a recording: without it the valleys are rounding errors."""
    return music + 0.001 * audio_factory.noise(30, SR)[0][: len(music)]


@pytest.mark.filterwarnings("ignore")
def test_contrast_is_librosas(recording):
    expected = librosa.feature.spectral_contrast(y=recording, sr=SR).mean(axis=1)
    found = measure_descriptors(recording, sr=SR).as_dict()
    # Of every fourth frame, hence not exact; real music differs by 0.4 dB at most.
    np.testing.assert_allclose([found[f"contrast_{k}_db"] for k in range(7)], expected, atol=0.3)


@pytest.mark.filterwarnings("ignore")
def test_contrast_of_each_frame_is_librosas(recording):
    magnitudes = np.abs(librosa.stft(recording, n_fft=2048, hop_length=512))
    expected = librosa.feature.spectral_contrast(S=magnitudes, sr=SR)[:, ::4]
    measured = list(spectrum.iterate_measures(recording))
    found = np.concatenate([stretch.contrast for stretch in measured], axis=1)
    np.testing.assert_allclose(found, expected, atol=0.01)


@pytest.mark.parametrize("sr", [0, 44_100])
def test_another_rate_is_refused(music, sr):
    with pytest.raises(InvalidInputError, match=f"defined at 22050 Hz, got sr = {sr}"):
        measure_descriptors(music, sr=sr)


def click_track(bpm, seconds=40.0, *, accent=4):
    samples = np.zeros(int(seconds * SR), np.float32)
    rng = np.random.default_rng(0)
    for k, at in enumerate(np.arange(0, seconds - 0.1, 60 / bpm)):
        n = int(0.05 * SR)
        burst = rng.standard_normal(n) * np.exp(-np.arange(n) / (0.01 * SR))
        samples[int(at * SR) :][:n] += (0.8 if k % accent == 0 else 0.5) * burst.astype(np.float32)
    return samples


@pytest.mark.parametrize("bpm", [60, 75, 90, 100, 120, 128, 140, 155])
def test_tempo_of_clicks_is_found_or_its_octave_is_named(bpm):
    tempo = measure_descriptors(click_track(bpm), sr=SR).tempo
    assert tempo is not None
    readings = [tempo.bpm, *(value for value, _ in tempo.alternatives)]
    assert min(abs(value / bpm - 1) for value in readings) < 0.02
    octaves = [tempo.bpm * factor for factor in (0.5, 1, 2)]
    assert min(abs(value / bpm - 1) for value in octaves) < 0.02


def test_beats_lie_on_the_clicks():
    tempo = measure_descriptors(
        click_track(120), sr=SR, settings=FlavorSettings(has_beats=True)
    ).tempo
    beats = np.array(tempo.beats_s)
    assert len(beats) > 60
    distance = np.abs((beats + 0.25) % 0.5 - 0.25)
    assert np.median(distance) < 0.05


def chords(tonic, mode, seconds=24.0):
    """I-IV-V-I in a key, with three harmonics."""
    third = 4 if mode == "major" else 3
    steps = [0, 5, 7, 0]
    t = np.arange(int(seconds / 8 * SR)) / SR
    parts = []
    for k in range(8):
        root = tonic + steps[k % 4]
        triad = (root, root + (third if k % 4 != 2 else 4), root + 7)
        wave = sum(
            np.sin(2 * np.pi * 261.6256 * 2 ** (note / 12) / 2 * h * t) / h
            for note in triad
            for h in (1, 2, 3)
        )
        parts.append(wave * np.exp(-t))
    return (0.1 * np.concatenate(parts)).astype(np.float32)


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize("mode", ["major", "minor"])
def test_the_key_of_a_cadence_is_found(tonic, mode):
    reading = tonality.measure_key(chords(tonic, mode), sr=SR)
    assert reading.name == f"{tonality.NAMES[mode][tonic]} {mode}"
    assert reading.probability > reading.runner_up_probability
    assert abs(reading.tuning_cents) < 8


@pytest.mark.parametrize(("first", "second"), [(0, 6), (6, 0)])
def test_of_two_keys_that_sound_as_long_the_first_is_the_key(first, second):
    y = np.concatenate([chords(tonic, "major", seconds=12.0) for tonic in (first, second)])
    reading = tonality.measure_key(y, sr=SR)
    assert reading.tonic == first


def test_a_detuned_recording_keeps_its_key_and_tells_its_tuning():
    y = chords(2, "major")
    stretched = np.interp(np.arange(0, len(y), 2 ** (30 / 1200)), np.arange(len(y)), y)
    reading = tonality.measure_key(stretched.astype(np.float32), sr=SR)
    assert reading.name == "D major"
    assert reading.tuning_cents == pytest.approx(30, abs=6)


def test_silence_has_no_tempo_and_no_key():
    found = measure_descriptors(np.zeros(SR * 20, np.float32), sr=SR)
    assert found.tempo is None
    assert found.key is None
    assert all(np.isfinite(value) for _, value in found.values)


@pytest.mark.parametrize("n_samples", [0, 1, 500, 2048, 12_000])
def test_very_short_sounds_are_described_as_far_as_they_go(n_samples):
    found = measure_descriptors(np.full(n_samples, 0.1, np.float32), sr=SR)
    assert all(np.isfinite(value) for _, value in found.values)


def test_every_number_is_documented_and_in_its_range(music):
    documented = {descriptor.name: descriptor for descriptor in DESCRIPTORS}
    assert len(documented) == len(DESCRIPTORS)
    found = measure_descriptors(music, sr=SR).as_dict()
    assert set(found) == set(documented)
    for name, value in found.items():
        least, most = documented[name].least, documented[name].most
        assert least is None or value >= least, name
        assert most is None or value <= most, name


def test_loudness_does_not_change_shape_tempo_or_key(music):
    loud, soft = (measure_descriptors(gain * music, sr=SR) for gain in (1.0, 0.25))
    assert loud.tempo.bpm == pytest.approx(soft.tempo.bpm, rel=1e-3)
    assert loud.key.name == soft.key.name
    assert loud.as_dict()["centroid_hz_mean"] == pytest.approx(
        soft.as_dict()["centroid_hz_mean"], rel=1e-3
    )


def test_a_busier_piece_has_more_onsets():
    slow, fast = (measure_descriptors(click_track(bpm), sr=SR).as_dict() for bpm in (60, 120))
    assert fast["onset_rate_hz"] > 1.5 * slow["onset_rate_hz"]
    assert slow["onset_rate_hz"] == pytest.approx(1.0, abs=0.2)


def test_keys_are_spelled_with_their_own_accidentals():
    names = [tonality.name_key(k) for k in range(24)]
    assert {"Bb major", "Eb major", "F# minor", "C# minor", "Bb minor"} <= set(names)
    assert not {"A# major", "D# major", "Db minor", "A# minor"} & set(names)


def hum(seconds=20.0):
    t = np.arange(int(seconds * SR)) / SR
    wave = sum(0.2 / h * np.sin(2 * np.pi * 50 * h * t) for h in range(1, 12))
    # With the noise of a recording: without it, the bands above hold rounding errors alone.
    return (wave + 0.001 * np.random.default_rng(2).standard_normal(len(t))).astype(np.float32)


def drone(seconds=20.0):
    t = np.arange(int(seconds * SR)) / SR
    return sum(
        0.1 / h * np.sin(2 * np.pi * 130.8 * 2 ** (step / 12) * h * t)
        for step in (0, 7)
        for h in range(1, 8)
    ).astype(np.float32)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_noise_of_any_colour_has_no_tempo_and_no_key(exponent):
    noise = np.random.default_rng(5).standard_normal(20 * SR)
    spectrum_of_noise = np.fft.rfft(noise)
    coloured = spectrum_of_noise * np.maximum(np.arange(len(spectrum_of_noise)), 1.0) ** -exponent
    y = np.fft.irfft(coloured)
    found = measure_descriptors((0.3 * y / np.abs(y).max()).astype(np.float32), sr=SR)
    assert (found.tempo, found.key) == (None, None)


@pytest.mark.parametrize("sound", [hum, drone])
def test_hums_and_drones_have_no_tempo_and_no_key(sound):
    found = measure_descriptors(sound(), sr=SR)
    assert (found.tempo, found.key) == (None, None)


def test_drums_alone_have_a_tempo_but_no_key():
    found = measure_descriptors(click_track(100), sr=SR)
    assert found.tempo.bpm == pytest.approx(100, rel=0.02)
    assert found.key is None


def test_readings_of_a_tempo_share_one_probability(music):
    heard = measure_descriptors(music, sr=SR).tempo
    shares = [heard.strength, *(share for _, share in heard.alternatives)]
    assert all(0.0 <= share <= 1.0 for share in shares)
    assert sum(shares) <= 1.0 + 1e-6
    assert shares == sorted(shares, reverse=True)


def test_half_and_double_of_a_tempo_share_the_probability_of_an_octave():
    heard = measure_descriptors(click_track(75), sr=SR).tempo
    octaves = [share for bpm, share in heard.alternatives if tempo.is_octave(bpm / heard.bpm)]
    assert octaves
    # Alternatives are cut off after four, the probability is not.
    assert sum(octaves) <= heard.octave_probability + 1e-9 <= 1.0 - heard.strength + 1e-6


def test_an_octave_is_uncertain_only_where_one_is_nearly_as_likely():
    share = np.zeros(tempo.N_TEMPOS)
    grid = tempo.list_tempos()
    share[np.argmin(np.abs(grid - 120))], share[np.argmin(np.abs(grid - 60))] = 0.7, 0.3
    (best, p), (other, q), *_ = tempo.find_readings(share)
    assert (round(best), round(other)) == (120, 60)
    assert (p, q) == (pytest.approx(0.7), pytest.approx(0.3))
    assert tempo.is_octave(other / best)


def test_beats_follow_a_tempo_that_rises():
    # 100 to 120 bpm within a minute.
    beats, at, bpm = [], 0.5, 100.0
    while at < 59.0:
        beats.append(at)
        at += 60.0 / bpm
        bpm = 100.0 + at / 3.0
    y = np.zeros(60 * SR, np.float32)
    burst = np.random.default_rng(1).standard_normal(1000) * np.exp(-np.arange(1000) / 200)
    for beat in beats:
        y[int(beat * SR) :][:1000] += 0.5 * burst.astype(np.float32)

    found = measure_descriptors(y, sr=SR, settings=FlavorSettings(has_beats=True)).tempo

    away = [min(abs(beat - other) for other in found.beats_s) for beat in beats[4:-4]]
    # MIREX counts a beat within 70 ms.
    assert np.mean(np.array(away) < 0.07) > 0.9
