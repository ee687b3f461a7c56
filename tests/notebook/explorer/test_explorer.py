"""The explorer without a browser: the cut follows the sliders, clips are short and small."""

import io
import re
import time
from dataclasses import replace

import av
import numpy as np
import pytest
from support.audio_factory import music_like, noise, write_audio
from support.displays import Handle

import wkmp_lab as wl
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.files.clips import encode_clip, mix_signals
from wkmp_lab.notebook import standing
from wkmp_lab.notebook.explorer.controls import (
    OWN,
    format_settings_code,
    make_settings,
)
from wkmp_lab.notebook.explorer.explorer import explore
from wkmp_lab.notebook.explorer.overview import find_calm_spot, read_overview
from wkmp_lab.settings import IdentifySettings, SegmentSettings, Settings
from wkmp_lab.signals import Signal

SR = 22_050
CLICK = {"content": {"data": {"method": "custom", "content": {"event": "click"}}}, "buffers": []}


@pytest.fixture(scope="module")
def side(tmp_path_factory):
    """Two pieces with a faint hiss of -60 dBFS between them."""
    hush = noise(3.0, SR, amplitude=1e-3)
    pieces = [music_like(seed=seed, seconds=60, sr=SR) for seed in (1, 2)]
    path = tmp_path_factory.mktemp("side") / "side.wav"
    write_audio(path, np.concatenate([pieces[0], hush, pieces[1]], axis=1), SR)
    return path


@pytest.fixture
def explorer(side):
    made = explore(side)
    yield made
    made.close()


@pytest.fixture(scope="module")
def session(side, tmp_path_factory):
    settings = Settings(identifying=IdentifySettings(is_offline=True))
    store = tmp_path_factory.mktemp("store") / "side.wkmp.db"
    return wl.import_folder(side.parent, settings=settings, store=store, ui="none")


def wait_until(is_so, seconds=10.0):
    until = time.monotonic() + seconds
    while not is_so() and time.monotonic() < until:
        time.sleep(0.02)
    assert is_so()


def press(button):
    button._handle_msg(CLICK)


def test_dragging_the_threshold_cuts_again_without_decoding(explorer, monkeypatch):
    before = explorer.picture.value
    assert len(explorer.cutting.result.passages) == 2
    explorer.cutting.path = "/gone"
    explorer.sliders.threshold.value = -100.0
    wait_until(lambda: len(explorer.cutting.result.passages) == 1)
    assert explorer.sliders.medium.value == OWN
    wait_until(lambda: explorer.picture.value != before)
    wait_until(lambda: "<b>1 passage</b>" in explorer.verdict.value)


def test_only_the_newest_request_is_drawn(explorer):
    for threshold in np.arange(-100.0, -40.0, 0.5):
        explorer.sliders.threshold.value = float(threshold)
    wait_until(lambda: "below -40.5 dBFS" in explorer.verdict.value)


def test_settings_are_told_as_code_that_runs(explorer):
    explorer.sliders.min_silence.value = 1.5
    wait_until(lambda: "min_silence_s=1.5" in explorer.code.value)
    code = format_settings_code(explorer.cutting.settings)
    scope = {"wl": wl}
    exec(code, scope)
    assert scope["settings"].segmenting == explorer.cutting.settings


def test_a_browser_that_writes_a_number_otherwise_asks_for_nothing(explorer):
    before = explorer.sliders.threshold.value
    explorer.sliders.threshold.value = before + 1e-13
    assert explorer.sliders.medium.value == "auto"
    explorer.editor.place.value += 1e-13
    assert not explorer.cutting.is_by_hand


def test_a_medium_leaves_the_threshold_out():
    settings = make_settings(
        medium="vinyl", threshold_dbfs=-33.0, min_silence_s=0.5, min_passage_s=10.0
    )
    assert settings == SegmentSettings(medium="vinyl")


def test_cuts_are_moved_added_and_taken_away(explorer):
    editor, cutting = explorer.editor, explorer.cutting
    (found_s,) = cutting.cuts_s
    editor.place.value = found_s + 1.0
    assert cutting.cuts_s == pytest.approx([found_s + 1.0])
    editor.new.value = "8"
    press(editor.split)
    assert cutting.cuts_s == pytest.approx([8.0, found_s + 1.0])
    wait_until(lambda: "<b>3 passages</b>" in explorer.verdict.value)
    wait_until(lambda: len(editor.pick.options) == 2)
    editor.pick.value = 0
    press(editor.join)
    assert cutting.cuts_s == pytest.approx([found_s + 1.0])
    press(editor.release)
    assert cutting.cuts_s == (found_s,)
    wait_until(lambda: "set by hand" not in explorer.verdict.value)


def test_the_slider_follows_the_cut_that_is_chosen(explorer):
    editor = explorer.editor
    editor.new.value = "8"
    press(editor.split)
    wait_until(lambda: len(editor.pick.options) == 2)
    wait_until(lambda: editor.place.value == pytest.approx(8.0))
    assert (editor.place.min, editor.place.max) == pytest.approx((3.0, 13.0))
    editor.pick.value = 1
    wait_until(lambda: abs(editor.place.value - explorer.cutting.cuts_s[1]) <= 0.01)


def test_a_cut_that_leaves_nothing_is_refused_in_words(explorer):
    explorer.editor.new.value = "0.05"
    press(explorer.editor.split)
    assert "boundaries must rise" in explorer.message.value
    assert len(explorer.cutting.cuts_s) == 1


def test_a_new_cut_is_typed_as_seconds_or_as_a_clock_shows_them(explorer):
    for typed in ("20.5", "1:23.5"):
        explorer.editor.new.value = typed
        press(explorer.editor.split)
        assert explorer.editor.new.value == ""
    cuts_s = explorer.cutting.cuts_s
    assert (cuts_s[0], cuts_s[-1]) == pytest.approx((20.5, 83.5))
    assert len(cuts_s) == 3


def test_what_is_no_time_within_the_file_is_told_and_cuts_nothing(explorer):
    words = {
        "<b>": "expected a time such as 83.5, 1:23.5 or 1:02:03, got",
        "0": "within the file, which is 2:03 long, got 0",
        "1:00:00": "within the file, which is 2:03 long, got 1:00:00",
    }
    for typed, told in words.items():
        explorer.editor.new.value = typed
        press(explorer.editor.split)
        assert told in explorer.message.value
        assert "<b>" not in explorer.message.value
        assert explorer.editor.new.value == typed
    assert not explorer.cutting.is_by_hand


def test_a_cut_goes_to_the_calmest_spot_nearby(explorer):
    explorer.cutting.move(0, 59.0)
    press(explorer.editor.snap)
    assert 60.0 <= explorer.cutting.cuts_s[0] <= 61.0


def test_in_equal_silence_a_cut_stays(side):
    profile = read_overview(side).profile
    quiet = np.concatenate([profile.power[:1000], np.zeros(1000, np.float32)])
    silent = replace(profile, power=quiet)
    assert find_calm_spot(silent, 15.0) == pytest.approx(15.0, abs=0.03)


def test_cuts_are_kept_in_the_session_and_can_be_given_back(session, side):
    made = session.explore(side)
    (found_s,) = made.cutting.cuts_s
    made.cutting.move(0, 22.0)
    made.cutting.save()
    assert session.passages.end_s[0] == pytest.approx(22.0)
    again = session.explore(side.name)
    assert again.cutting.is_by_hand
    again.cutting.release()
    again.cutting.save()
    assert session.passages.end_s[0] == pytest.approx(found_s)
    made.close()
    again.close()


def test_without_a_session_there_is_nothing_to_keep_in(explorer):
    with pytest.raises(InvalidInputError, match=r"session\.explore"):
        explorer.cutting.save()


def test_a_cut_is_played_as_a_short_clip(explorer):
    explorer.player.pick.value = 1
    press(explorer.player.cut)
    assert measure_clip_s(explorer.player.audio.value) == pytest.approx(10.0, abs=0.1)
    assert len(explorer.player.audio.value) < 150_000


def test_a_cross_fade_is_played_by_the_lead_points(explorer):
    press(explorer.player.crossfade)
    assert "before the first" in explorer.message.value
    explorer.player.pick.value = 1
    press(explorer.player.crossfade)
    before, after = explorer.cutting.result.passages
    assert after.amplitude.lead_in_ticks >= 0
    assert 15.0 < measure_clip_s(explorer.player.audio.value) <= 16.1 + 5.0
    assert before.end_ticks == after.start_ticks


def test_what_overlaps_is_added_and_never_clips():
    low, high = np.full((2, 4), 0.25, np.float32), np.full((2, 3), 0.5, np.float32)
    assert mix_signals(low, high, n_overlap=2)[0].tolist() == [0.25, 0.25, 0.75, 0.75, 0.5]
    assert mix_signals(high, high, n_overlap=9).tolist() == [[1.0] * 3] * 2


def measure_clip_s(clip):
    with av.open(io.BytesIO(clip)) as found:
        return sum(frame.samples for frame in found.decode(audio=0)) / 48_000


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
    press(made.player.start)
    assert "No such file" in made.message.value
    made.close()


def test_what_a_saved_notebook_keeps_is_renewed_with_every_change(side, monkeypatch):
    handle = Handle()
    shown = handle.bundles
    monkeypatch.setattr(standing, "DisplayHandle", lambda: handle)
    made = explore(side)
    made._ipython_display_()
    live, folded = shown
    assert "application/vnd.jupyter.widget-view+json" in live
    assert "keeps: " in folded["text/html"]
    assert "2 passages</summary>" in folded["text/html"]
    made.sliders.threshold.value = -100.0
    wait_until(lambda: "1 passage</summary>" in shown[-1]["text/html"], 60.0)
    made.close()
    assert "1 passage" in shown[-2]["text/plain"]
    assert shown[-1]["text/html"] == ""


def test_the_saved_explorer_has_a_picture_tables_and_words(explorer):
    bundle = explorer._repr_mimebundle_()
    assert bundle["text/plain"].endswith("side.wav: 2 passages")
    assert re.search(
        r'<img alt="Level and spectrogram of [^"]*2 passages" [^>]*src="data:', bundle["text/html"]
    )
    assert "<th" in bundle["text/html"]
    assert len(bundle["text/html"]) < 400_000


def test_a_tone_lies_in_its_band_and_its_level_is_told(tmp_path):
    sr = 44_100
    tone = 0.5 * np.sin(2 * np.pi * 1000.0 * np.arange(5 * sr) / sr, dtype=np.float32)
    write_audio(tmp_path / "tone.wav", tone[None], sr)
    spectrogram = read_overview(tmp_path / "tone.wav").spectrogram
    assert spectrogram.level_db.shape == (96, 50)
    means = spectrogram.level_db[:, 5:45].mean(axis=1)
    # Slaney's mel scale: linear up to 15 at 1 kHz, then 27 to the factor 6.4.
    low, top = 15 * 30.0 / 1000.0, 15 + 27 * np.log(0.5 * sr / 1000.0) / np.log(6.4)
    assert np.argmax(means) == pytest.approx(96 * (15 - low) / (top - low), abs=1.5)
    assert means.max() == pytest.approx(-6.0, abs=2.5)
