"""The explorer without a browser: the cut follows the sliders, clips are short and small."""

import io
import time

import av
import numpy as np
import pytest
from audio_factory import music_like, noise, write_audio

from wkmp_lab.notebook import explore as explore_module
from wkmp_lab.notebook.clips import encode_clip
from wkmp_lab.notebook.explore import OWN, explore, format_settings_code, make_settings
from wkmp_lab.settings import SegmentSettings
from wkmp_lab.signals import Signal

SR = 22_050
CLICK = {"content": {"data": {"method": "custom", "content": {"event": "click"}}}, "buffers": []}


@pytest.fixture(scope="module")
def side(tmp_path_factory):
    """Two pieces with a faint hiss of -60 dBFS between them."""
    hush = noise(3.0, SR, amplitude=1e-3)
    pieces = [music_like(seed=seed, seconds=20, sr=SR) for seed in (1, 2)]
    path = tmp_path_factory.mktemp("side") / "side.wav"
    write_audio(path, np.concatenate([pieces[0], hush, pieces[1]], axis=1), SR)
    return path


@pytest.fixture
def explorer(side):
    made = explore(side)
    yield made
    made.close()


def wait_until(is_so, seconds=5.0):
    until = time.monotonic() + seconds
    while not is_so() and time.monotonic() < until:
        time.sleep(0.02)
    assert is_so()


def test_dragging_the_threshold_cuts_again_without_decoding(explorer, monkeypatch):
    monkeypatch.setattr(explore_module, "read_profile", None)
    before = explorer._image.value
    assert len(explorer.cut.spans_ticks) == 2
    explorer._threshold.value = -100.0
    wait_until(lambda: len(explorer.cut.spans_ticks) == 1)
    assert explorer._medium.value == OWN
    wait_until(lambda: explorer._image.value != before)
    wait_until(lambda: "<b>1 passage</b>" in explorer._verdict.value)


def test_only_the_newest_wish_is_drawn(explorer):
    for threshold in np.arange(-100.0, -40.0, 0.5):
        explorer._threshold.value = float(threshold)
    wait_until(lambda: explorer.cut.threshold_dbfs == -40.5)


def test_settings_are_told_as_code_that_runs(explorer):
    import wkmp_lab as wl

    explorer._min_silence.value = 1.5
    wait_until(lambda: "min_silence_s=1.5" in explorer._code.value)
    code = format_settings_code(explorer.settings)
    scope = {"wl": wl}
    exec(code, scope)
    assert scope["settings"].segmenting == explorer.settings


def test_a_medium_leaves_the_threshold_out():
    settings = make_settings(
        medium="vinyl", threshold_dbfs=-33.0, min_silence_s=0.5, min_passage_s=10.0
    )
    assert settings == SegmentSettings(medium="vinyl")


def test_a_cut_is_played_as_a_short_clip(explorer):
    explorer._pick.value = 1
    explorer._play_cut._handle_msg(CLICK)
    with av.open(io.BytesIO(explorer._audio.value)) as clip:
        samples = sum(frame.samples for frame in clip.decode(audio=0))
    assert samples / 48_000 == pytest.approx(10.0, abs=0.1)
    assert len(explorer._audio.value) < 150_000


def test_a_clip_keeps_its_channels_and_length():
    signal = Signal(noise(2.0, 44_100, n_channels=2), 44_100)
    with av.open(io.BytesIO(encode_clip(signal))) as clip:
        frames = list(clip.decode(audio=0))
    assert frames[0].layout.nb_channels == 2
    assert sum(frame.samples for frame in frames) / 48_000 == pytest.approx(2.0, abs=0.05)


def test_a_file_that_is_gone_is_told_and_not_raised(side, tmp_path):
    path = tmp_path / "gone.wav"
    path.write_bytes(side.read_bytes())
    made = explore(path)
    path.unlink()
    made._play._handle_msg(CLICK)
    assert "cannot play this" in made._trouble.value
    made.close()


def test_the_saved_explorer_has_words(explorer):
    assert explorer._repr_mimebundle_()["text/plain"].endswith("side.wav: 2 passages")
