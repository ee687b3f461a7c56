"""Faults of a recording, against signals that were given them."""

import numpy as np
import pytest
from support import audio_factory

from wkmp_lab.analyzing.amplitude import describe_quality, measure_amplitude
from wkmp_lab.analyzing.quality import measure_quality
from wkmp_lab.dsp.levels import measure_levels
from wkmp_lab.io.files.audio import read_signal
from wkmp_lab.signals import Signal

SR = 16_000


def seconds(n):
    return np.arange(round(n * SR)) / SR


def make_beat(length_s, *, bpm=120, seed=1):
    """A drum on every beat over a chord: it has attacks, and a steady level."""
    t = seconds(length_s)
    since_beat = t % (60.0 / bpm)
    noise = np.random.default_rng(seed).standard_normal(t.size)
    chord = sum(np.sin(2 * np.pi * hz * t) for hz in (220.0, 277.2, 329.6))
    return 0.12 * noise * np.exp(-since_beat / 0.08) + 0.04 * chord


def make_pad(length_s):
    return 0.06 * sum(np.sin(2 * np.pi * hz * seconds(length_s)) for hz in (220.0, 277.2, 329.6))


def make_noise(length_s, *, dbfs, seed=2):
    return 10 ** (dbfs / 20) * np.random.default_rng(seed).standard_normal(seconds(length_s).size)


def mono_quality(wave):
    samples = wave.astype(np.float32)[None]
    return dict(measure_quality(measure_levels(Signal(samples=samples, sr=SR))))


def stereo_quality(left, right, *, sr=SR):
    samples = np.stack([left, right]).astype(np.float32)
    amplitude = measure_amplitude(measure_levels(Signal(samples=samples, sr=sr)))
    return dict(amplitude.quality), describe_quality(amplitude)


def test_independent_channels_have_no_fault():
    left, right = (make_noise(10.0, dbfs=-20.0, seed=seed) for seed in (1, 2))
    quality, sentences = stereo_quality(left, right)

    assert sentences == ()
    assert quality["correlation"] == pytest.approx(0.0, abs=0.02)
    assert quality["side_db"] == pytest.approx(0.0, abs=0.1)
    assert quality["n_clipped"] == quality["n_dropouts"] == quality["clicks_per_min"] == 0.0
    assert "lowpass_hz" not in quality


def test_channel_faults_are_named_with_their_numbers():
    wave = make_beat(5.0)

    assert stereo_quality(wave, wave)[1] == ("mono stored as stereo (side -120 dB re mid)",)
    assert stereo_quality(wave, -wave)[1] == ("channels of opposite polarity (correlation -1.00)",)
    assert stereo_quality(wave, 0.5 * make_beat(5.0, seed=9))[1] == (
        "left channel 6.0 dB louder than the right",
    )
    assert "left channel silent" in stereo_quality(0.0 * wave, wave)[1][0]


def test_clipping_offset_and_true_peak_are_counted():
    clipped = np.clip(6.0 * make_noise(10.0, dbfs=-20.0), -1.0, 1.0)
    quality, sentences = stereo_quality(clipped, make_noise(10.0, dbfs=-10.0, seed=5) + 0.02)

    assert quality["n_clipped_runs"] > 10
    assert quality["n_clipped"] >= 3 * quality["n_clipped_runs"]
    assert quality["dc_offset"] == pytest.approx(0.02, abs=2e-3)
    assert sentences[0] == (
        f"over full scale: {quality['n_clipped']:.0f} samples in {quality['n_clipped_runs']:.0f} "
        "runs"
    )
    assert any(sentence.startswith("true peak +") for sentence in sentences)
    assert any(sentence.startswith("DC offset of +") for sentence in sentences)


@pytest.mark.parametrize("gain_db", [1.0, 3.0, 6.0])
def test_every_clipped_sample_and_run_of_16_bits_is_counted(gain_db):
    wave = 10 ** (gain_db / 20) * sum(np.sin(hz * seconds(10.0)) for hz in (700, 1000, 1900)) / 3
    stereo = np.clip(np.stack([wave, wave[::-1]]), -1.0, 32767 / 32768)
    is_full = np.pad(np.abs(np.round(stereo * 32768)) >= 32767, ((0, 0), (1, 1)))
    steps = np.diff(is_full.astype(int))
    lengths = np.concatenate([np.flatnonzero(row < 0) - np.flatnonzero(row > 0) for row in steps])

    quality, sentences = stereo_quality(*(np.round(stereo * 32768) / 32768))

    assert quality["n_clipped"] == lengths[lengths >= 3].sum() > 20
    assert quality["n_clipped_runs"] == np.count_nonzero(lengths >= 3)
    assert sentences[0].startswith("clipped: ")


def test_an_offset_is_told_from_lopsided_waves():
    t = seconds(20.0)
    pulses = 0.3 * (t % 1.0 < 0.3) * (np.maximum(np.sin(2 * np.pi * 80 * t), 0.0))

    assert np.mean(pulses) > 0.02
    assert mono_quality(pulses)["dc_offset"] == pytest.approx(0.0, abs=1e-3)
    assert mono_quality(pulses - 0.01)["dc_offset"] == pytest.approx(-0.01, abs=1e-3)


@pytest.mark.parametrize("correlation", [0.9, 0.5])
def test_one_inverted_channel_is_seen_in_wide_stereo_too(correlation):
    first, second = make_noise(10.0, dbfs=-20.0, seed=1), make_noise(10.0, dbfs=-20.0, seed=2)
    other = correlation * first + np.sqrt(1 - correlation**2) * second

    assert stereo_quality(first, other)[1] == ()
    assert "of opposite polarity" in stereo_quality(first, -other)[1][0]


@pytest.mark.parametrize("length_ms", [5, 8, 10, 20, 50, 200])
@pytest.mark.parametrize("sr", [SR, 44_100, 48_000])
def test_dropouts_are_gaps_of_digital_silence_inside_sound(length_ms, sr):
    wave = make_noise(10.0 * sr / SR, dbfs=-20.0)
    for start in (2.0, 5.0037, 8.0):
        wave[round(start * sr) : round((start + length_ms / 1000) * sr)] = 0.0
    wave[: sr // 10] = 0.0  # the start of a file is no drop-out
    wave = np.append(wave, np.zeros(sr // 10))

    assert stereo_quality(wave, np.roll(wave, 1), sr=sr)[0]["n_dropouts"] == 3
    # One channel that goes on is music.
    music = 0.01 * np.random.default_rng(8).standard_normal(wave.size)
    assert stereo_quality(wave, music, sr=sr)[0]["n_dropouts"] == 0


def test_the_edges_of_a_dropout_are_no_clicks():
    wave = make_pad(30.0)
    for start in np.arange(1.0, 29.0, 1.003):
        wave[round(start * SR) : round((start + 0.02) * SR)] = 0.0

    quality = mono_quality(wave)

    assert (quality["n_dropouts"], quality["clicks_per_min"]) == (28, 0.0)


def test_zero_crossings_and_rests_are_no_dropouts():
    t = seconds(10.0)
    square = np.round(20 * np.sign(np.sin(2 * np.pi * 100 * t)) * (t % 0.5 < 0.05)) / 100

    assert mono_quality(0.3 * np.sin(2 * np.pi * 50 * t))["n_dropouts"] == 0
    assert mono_quality(square)["n_dropouts"] == 0  # rests of 450 ms


def test_clicks_are_counted_in_quiet_places_and_drums_are_none():
    noise = make_noise(30.0, dbfs=-50.0)
    places = np.random.default_rng(4).permutation(np.arange(1, 29))[:20]
    for place in places:
        noise[round((place + 0.3) * SR)] += 0.3

    assert mono_quality(noise)["clicks_per_min"] == pytest.approx(40.0)
    assert mono_quality(make_beat(30.0))["clicks_per_min"] == 0.0


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("height", [0.3, 0.6])
def test_clicks_over_music_are_counted(length, height):
    wave = make_beat(60.0)
    places = np.random.default_rng(5).permutation(np.arange(4, 116))[:60] / 2 + 0.35
    for place in places:
        wave[round(place * SR) :][:length] += height

    # Taken for 44.1 kHz the music is shorter: at 16 kHz two samples are no longer an impulse.
    quality, _ = stereo_quality(wave, wave, sr=44_100)

    assert quality["clicks_per_min"] * wave.size / 44_100 / 60 == pytest.approx(60.0, abs=6.0)


@pytest.mark.parametrize("hz", [30.0, 55.0, 110.0, 440.0])
@pytest.mark.parametrize("shape", ["square", "saw"])
def test_the_edges_of_synthetic_waves_are_no_clicks(hz, shape):
    phase = (hz * seconds(20.0)) % 1.0
    wave = 0.3 * (np.sign(phase - 0.5) if shape == "square" else 2 * phase - 1)

    assert mono_quality(wave)["clicks_per_min"] < 5.0


@pytest.mark.parametrize("cutoff_hz", [11_000.0, 16_000.0, 19_000.0])
def test_a_steep_low_pass_is_found_at_its_frequency(cutoff_hz):
    sr = 44_100
    taps = np.arange(-400, 401)
    ratio = 2 * cutoff_hz / sr
    low_pass = ratio * np.sinc(ratio * taps) * np.kaiser(taps.size, 9.0)
    noise = 0.1 * np.random.default_rng(0).standard_normal(5 * sr)
    wave = np.convolve(noise, low_pass, "same")

    quality, sentences = stereo_quality(wave, np.roll(wave, 7), sr=sr)

    assert quality["lowpass_hz"] == pytest.approx(cutoff_hz, abs=300.0)
    assert any("low-pass at" in sentence for sentence in sentences) == (cutoff_hz < 17_500)


@pytest.mark.parametrize(
    ("bit_rate", "lowest_hz", "highest_hz"),
    [(64_000, 10_500, 11_500), (128_000, 15_500, 17_400), (320_000, 19_000, 21_000)],
)
def test_the_low_pass_of_an_mp3_encoder_is_found(tmp_path, bit_rate, lowest_hz, highest_hz):
    music = audio_factory.music_like(seed=1, seconds=20.0, sr=44_100, n_channels=2)
    hiss = audio_factory.noise(20.0, 44_100, amplitude=0.02, n_channels=2)
    path = tmp_path / "a.mp3"
    audio_factory.write_audio(path, 0.5 * music + hiss, 44_100, bit_rate=bit_rate)

    quality, sentences = stereo_quality(*read_signal(path).samples, sr=44_100)

    assert lowest_hz < quality["lowpass_hz"] < highest_hz
    assert any("low-pass at" in sentence for sentence in sentences) == (bit_rate < 200_000)


def test_a_spectrum_that_falls_gently_has_no_low_pass():
    spectrum = np.fft.rfft(make_noise(10.0, dbfs=-10.0))
    spectrum *= np.maximum(np.arange(spectrum.size) / 10.0, 50.0) ** -1.5  # 9 dB per octave
    brown = np.fft.irfft(spectrum)

    assert "lowpass_hz" not in mono_quality(brown / np.abs(brown).max())
