"""Fingerprints are those of fpcalc, and no text can harm the reader of them."""

import contextlib
import json
import shutil
import subprocess

import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support import audio_factory as factory

from wkmp_lab.dsp.chromaprint import MAX_ITEMS, MAX_TEXT
from wkmp_lab.errors import FingerprintError
from wkmp_lab.fingerprinting.fingerprint import (
    CHOICE_VARIABLE,
    compute_fingerprint,
    decode_fingerprint,
    encode_fingerprint,
    find_fingerprint_tool,
    measure_bit_error,
    truncate_fingerprint,
)
from wkmp_lab.io.files.audio import read_signal
from wkmp_lab.settings import FingerprintSettings

SR = 22_050
MUSIC = factory.music_like(seed=4, seconds=135, sr=SR)[0]
SILENT_ITEM = 627_964_279
"""What Chromaprint gives for digital silence, over and over."""

needs_tool = pytest.mark.skipif(
    find_fingerprint_tool() is None, reason="no libchromaprint and no imageio-ffmpeg here"
)
any_items = hnp.arrays(np.uint32, st.integers(0, 300), elements=st.integers(0, 2**32 - 1))


def force(monkeypatch, tool):
    """Have fingerprints computed by one tool, or skip the test."""
    monkeypatch.setenv(CHOICE_VARIABLE, tool)
    if find_fingerprint_tool() is None:
        pytest.skip(f"the fingerprint tool {tool!r} is not here")


def run_fpcalc(path, length_s):
    """Items that fpcalc gives for the first seconds of a file, 0: for all of it."""
    command = ["fpcalc", "-raw", "-json", "-length", str(length_s), str(path)]
    # Some versions exit with 3 at the end of the file, with a complete answer.
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return np.array(json.loads(said)["fingerprint"], np.uint32)


class Stretch:
    """Samples that can only be sliced, as those of a long recording."""

    def __init__(self, samples):
        self.samples = samples
        self.longest = 0

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, span):
        part = self.samples[span]
        self.longest = max(self.longest, len(part))
        return part


@pytest.mark.skipif(shutil.which("fpcalc") is None, reason="fpcalc is not here")
@pytest.mark.parametrize("ending", [".wav", ".flac", ".mp3", ".m4a"])
@needs_tool
def test_fingerprints_are_those_of_fpcalc(tmp_path, ending):
    music = soxr.resample(MUSIC, SR, 44_100, quality="HQ")
    path = factory.write_audio(tmp_path / f"a{ending}", np.stack([music, 0.5 * music]), 44_100)
    mono = read_signal(path).samples.mean(axis=0)
    ours = compute_fingerprint(soxr.resample(mono, 44_100, SR, quality="HQ"), sr=SR)
    whole, first = run_fpcalc(path, 0), run_fpcalc(path, 120)
    assert abs(len(decode_fingerprint(ours.text)) - len(whole)) <= 1
    assert measure_bit_error(decode_fingerprint(ours.text), whole) <= 1e-3
    items = decode_fingerprint(truncate_fingerprint(ours.text, 120))
    assert len(items) == len(first)
    assert measure_bit_error(items, first) <= 1e-3


def test_both_tools_give_the_same(monkeypatch):
    force(monkeypatch, "library")
    by_library = compute_fingerprint(MUSIC, sr=SR)
    force(monkeypatch, "ffmpeg")
    by_ffmpeg = compute_fingerprint(MUSIC, sr=SR)
    assert by_library.text == by_ffmpeg.text
    assert by_library.tool.startswith("libchromaprint")
    assert by_ffmpeg.tool.startswith("ffmpeg")
    assert by_library.duration_s == by_ffmpeg.duration_s == 135.0


@pytest.mark.parametrize("n_samples", [66_150, 66_151, 30 * SR + 7, len(MUSIC)])
def test_the_rate_is_halved_bit_for_bit_as_the_library_halves_it(monkeypatch, n_samples):
    force(monkeypatch, "library")
    mono = MUSIC[:n_samples]
    pcm = np.clip(np.rint(mono * np.float32(32768.0)), -32768, 32767).astype(np.int16)
    printer = pytest.importorskip("chromaprint").Fingerprinter()
    printer.start(SR, 1)
    printer.feed(pcm.tobytes())
    assert compute_fingerprint(mono, sr=SR).text == printer.finish().decode("ascii")


@needs_tool
@pytest.mark.parametrize("duration_s", [3.0, 3.37, 10.0, 59.99, 114.772, 120.0, 134.9])
def test_a_truncated_fingerprint_is_that_of_the_first_part(duration_s):
    whole = compute_fingerprint(MUSIC, sr=SR)
    part = compute_fingerprint(MUSIC[: round(duration_s * SR)], sr=SR)
    assert truncate_fingerprint(whole.text, duration_s) == part.text


@needs_tool
def test_truncating_to_more_than_there_is_changes_nothing():
    text = compute_fingerprint(MUSIC[: 10 * SR], sr=SR).text
    assert truncate_fingerprint(text, 120.0) == text
    assert truncate_fingerprint(text, 1.0) == encode_fingerprint(np.zeros(0, np.uint32))


@needs_tool
@pytest.mark.parametrize("seconds", [0.0, 0.5, 2.9])
def test_short_passages_give_the_reason(seconds):
    with pytest.raises(FingerprintError, match=f"too short: {seconds:.1f} s, .* needs 3 s"):
        compute_fingerprint(MUSIC[: round(seconds * SR)], sr=SR)


@needs_tool
def test_three_seconds_are_enough():
    assert len(decode_fingerprint(compute_fingerprint(MUSIC[: 3 * SR], sr=SR).text)) == 3


def test_a_missing_tool_gives_the_advice(monkeypatch):
    monkeypatch.setenv(CHOICE_VARIABLE, "none")
    assert find_fingerprint_tool() is None
    with pytest.raises(FingerprintError, match=r"no fingerprint tool: .*pip install"):
        compute_fingerprint(MUSIC[: 5 * SR], sr=SR)


@pytest.mark.parametrize("tool", ["library", "ffmpeg"])
def test_a_long_recording_is_read_in_short_slices_up_to_the_limit(monkeypatch, tool):
    force(monkeypatch, tool)
    stretch = Stretch(MUSIC)
    found = compute_fingerprint(stretch, sr=SR, settings=FingerprintSettings(max_duration_s=60.0))
    assert found.duration_s == 60.0
    assert found.text == compute_fingerprint(MUSIC[: 60 * SR], sr=SR).text
    assert stretch.longest < 20 * SR


@needs_tool
def test_silence_gives_one_item_over_and_over():
    items = decode_fingerprint(compute_fingerprint(np.zeros(20 * SR, np.float32), sr=SR).text)
    assert set(items.tolist()) == {SILENT_ITEM}


@needs_tool
def test_peaks_above_full_scale_are_clipped_and_do_not_wrap():
    loud = compute_fingerprint(MUSIC[: 20 * SR] * np.float32(3.0), sr=SR)
    plain = compute_fingerprint(MUSIC[: 20 * SR], sr=SR)
    error = measure_bit_error(decode_fingerprint(loud.text), decode_fingerprint(plain.text))
    assert error < 0.1


@needs_tool
def test_the_same_music_is_near_and_other_music_far():
    other = factory.music_like(seed=5, seconds=60, sr=SR)[0]
    items, others = (
        decode_fingerprint(compute_fingerprint(mono, sr=SR).text)
        for mono in (MUSIC[: 60 * SR], other)
    )
    softer = decode_fingerprint(compute_fingerprint(0.5 * MUSIC[: 60 * SR], sr=SR).text)
    assert measure_bit_error(items, softer) < 0.01
    assert measure_bit_error(items, others) > 0.2


@given(any_items)
def test_items_survive_the_text(items):
    assert np.array_equal(decode_fingerprint(encode_fingerprint(items)), items)


def test_the_text_is_that_of_the_library():
    library = pytest.importorskip(
        "chromaprint", reason="libchromaprint is not here", exc_type=ImportError
    )
    rng = np.random.default_rng(6)
    for n_items in (0, 1, 2, 7, 8, 100, 1000):
        items = rng.integers(0, 2**32, n_items, dtype=np.uint32)
        items[::3] &= rng.integers(0, 2**32, dtype=np.uint32)  # some nearly empty ones
        theirs = library.encode_fingerprint(items.astype(np.int64).tolist(), 1)
        assert encode_fingerprint(items) == theirs.decode("ascii")


@given(any_items, st.data())
def test_damaged_texts_are_read_or_refused(items, draw):
    text = list(encode_fingerprint(items))
    letters = st.sampled_from("ABCXYZaz019-_=!é\x00 ")
    for _ in range(draw.draw(st.integers(0, 4))):
        text[draw.draw(st.integers(0, len(text) - 1))] = draw.draw(letters)
    damaged = "".join(text)[: draw.draw(st.integers(0, len(text)))]
    try:
        found = decode_fingerprint(damaged)
    except FingerprintError:
        return
    assert found.dtype == np.uint32
    assert len(found) <= MAX_ITEMS


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(FingerprintError):
        decode_fingerprint(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "header"),
        ("AQAA", "header"),
        ("AgAAAA", "algorithm 1, got 2"),
        ("AQ____", "at most"),
        ("AQAABQ", "cut off"),
        ("not base64!", "base64url"),
        ("A" * (MAX_TEXT + 1), "at most"),
    ],
)
def test_texts_that_are_no_fingerprints_are_refused_with_a_reason(text, reason):
    with pytest.raises(FingerprintError, match=reason):
        decode_fingerprint(text)


@given(any_items, any_items)
def test_bit_error_is_a_symmetric_share(items, others):
    error = measure_bit_error(items, others)
    assert 0.0 <= error <= 1.0
    assert error == measure_bit_error(others, items)
    assert measure_bit_error(items, items) == (0.0 if len(items) else 0.5)


def test_bit_error_counts_bits():
    items = np.zeros(4, np.uint32)
    others = np.array([1, 3, 0, 0, 99], np.uint32)
    assert measure_bit_error(items, others) == 3 / 128
