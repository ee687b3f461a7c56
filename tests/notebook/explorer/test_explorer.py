"""The explorer without a browser: the cut follows the sliders, clips are short and small."""

import io
import os
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
from wkmp_lab.io.files.audio import read_signal
from wkmp_lab.io.files.clips import compute_overlap_s, encode_clip, mix_signals
from wkmp_lab.notebook import standing
from wkmp_lab.notebook.explorer.controls import OWN, Sliders, format_settings_code
from wkmp_lab.notebook.explorer.cutting import Cutting
from wkmp_lab.notebook.explorer.explorer import explore
from wkmp_lab.notebook.explorer.overview import (
    find_calm_spot,
    read_overview,
    sketch_spectrogram,
)
from wkmp_lab.settings import IdentifySettings, SegmentSettings, Settings
from wkmp_lab.signals import Signal

SR = 22_050


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


def ask(explorer, kind, **values):
    """A message as the picture sends it."""
    message = {"kind": kind, "view": "v", **values}
    explorer.wave._handle_msg(
        {"content": {"data": {"method": "custom", "content": message}}, "buffers": []}
    )


@pytest.fixture
def said(explorer, monkeypatch):
    """What the picture is told, with its buffers."""
    told = []
    monkeypatch.setattr(
        explorer.wave, "send", lambda content, buffers=(): told.append((content, buffers))
    )
    return told


def wait_for(said, kind):
    wait_until(lambda: any(content["kind"] == kind for content, _ in said), 60.0)
    return next(each for each in reversed(said) if each[0]["kind"] == kind)


def test_dragging_the_threshold_cuts_again_without_decoding(explorer):
    assert len(explorer.cutting.result.passages) == 2
    explorer.cutting.path = "/gone"
    explorer.sliders.threshold.value = -100.0
    wait_until(lambda: len(explorer.wave.state["passages"]) == 1)
    assert explorer.sliders.medium.value == OWN
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
    explorer.sliders.threshold.value += 1e-13
    assert explorer.sliders.medium.value == "auto"
    assert not explorer.cutting.can_undo


def test_sliders_stand_on_steps_where_a_browser_leaves_them_and_settings_stay_exact():
    asked = []
    start = SegmentSettings(min_silence_s=0.25, min_passage_s=7.5)
    sliders = Sliders(start, -43.4273, asked.append)
    for slider in (sliders.threshold, sliders.min_silence, sliders.min_passage):
        n_steps = (slider.value - slider.min) / slider.step
        assert n_steps == pytest.approx(round(n_steps), abs=1e-6)
    assert sliders.threshold.value == pytest.approx(-43.4)
    sliders.min_passage.value = 20.0
    assert asked == [replace(start, min_passage_s=20.0)]


def test_one_threshold_is_one_figure(explorer):
    explorer.sliders.medium.value = "vinyl"
    wait_until(lambda: explorer.cutting.result.segmentation is not None)
    wait_until(lambda: explorer.wave.state["threshold_dbfs"] == told_threshold(explorer))
    explorer.sliders.medium.value = OWN
    wait_until(lambda: "threshold_dbfs=" in explorer.code.value)
    shown = explorer.sliders.threshold.value
    assert explorer.cutting.settings.threshold_dbfs == pytest.approx(shown)
    wait_until(lambda: f"below {shown:.1f} dBFS" in explorer.verdict.value)
    assert f"threshold_dbfs={shown:.1f})" in explorer.code.value


def told_threshold(explorer):
    threshold_dbfs = explorer.cutting.segmentation.threshold_dbfs
    assert f"below {threshold_dbfs:.1f} dBFS" in explorer.verdict.value
    assert explorer.sliders.threshold.value == pytest.approx(threshold_dbfs, abs=0.051)
    return threshold_dbfs


def test_a_threshold_dragged_on_the_picture_moves_the_slider(explorer):
    ask(explorer, "threshold", dbfs=-52.3, is_last=True)
    assert explorer.sliders.threshold.value == pytest.approx(-52.3)
    assert explorer.cutting.settings == SegmentSettings(threshold_dbfs=-52.3)


def test_a_medium_leaves_the_threshold_out(explorer):
    explorer.sliders.threshold.value = -33.0
    explorer.sliders.medium.value = "vinyl"
    assert explorer.cutting.settings == SegmentSettings(medium="vinyl")


def test_cuts_are_moved_added_and_taken_away(explorer):
    cutting = explorer.cutting
    (found_s,) = cutting.cuts_s
    ask(explorer, "move", number=0, to_s=found_s + 1.0, is_last=True)
    assert cutting.cuts_s == pytest.approx([found_s + 1.0])
    ask(explorer, "split", at_s=8.0)
    assert cutting.cuts_s == pytest.approx([8.0, found_s + 1.0])
    wait_until(lambda: "<b>3 passages</b>" in explorer.verdict.value)
    ask(explorer, "join", number=0)
    assert cutting.cuts_s == pytest.approx([found_s + 1.0])
    ask(explorer, "release")
    assert cutting.cuts_s == (found_s,)
    wait_until(lambda: "set by hand" not in explorer.verdict.value)


def test_as_found_stays_found_whatever_the_browser_writes_back(explorer):
    (found_s,) = explorer.cutting.cuts_s
    ask(explorer, "move", number=0, to_s=found_s + 1.0, is_last=True)
    ask(explorer, "release")
    wait_until(lambda: not explorer.wave.state["can_release"])
    for slider in (explorer.sliders.threshold, explorer.sliders.min_silence):
        slider.value += 1e-12
    assert not explorer.cutting.is_by_hand
    assert explorer.cutting.settings == SegmentSettings()


def test_every_change_is_taken_back_and_made_again(explorer):
    cutting = explorer.cutting
    (found_s,) = cutting.cuts_s
    explorer.sliders.threshold.value = -100.0
    ask(explorer, "split", at_s=8.0)
    ask(explorer, "undo")
    assert cutting.cuts_s == ()
    ask(explorer, "undo")
    assert cutting.cuts_s == (found_s,)
    assert explorer.sliders.medium.value == "auto"
    assert (cutting.can_undo, cutting.can_redo) == (False, True)
    ask(explorer, "undo")
    for _ in range(3):
        ask(explorer, "redo")
    assert cutting.cuts_s == pytest.approx([8.0])
    wait_until(lambda: explorer.wave.state["can_undo"] and not explorer.wave.state["can_redo"])


def test_what_is_dragged_is_one_step_of_undo(explorer):
    (found_s,) = explorer.cutting.cuts_s
    for by_s in (0.1, 0.2, 0.3):
        ask(explorer, "move", number=0, to_s=found_s + by_s, is_last=by_s == 0.3)
    ask(explorer, "move", number=0, to_s=found_s - 1.0, is_last=True)
    ask(explorer, "undo")
    assert explorer.cutting.cuts_s == pytest.approx([found_s + 0.3])
    ask(explorer, "undo")
    assert explorer.cutting.cuts_s == (found_s,)


def test_lead_points_are_moved_and_heard_in_the_cross_fade(explorer, said):
    first, second = explorer.cutting.result.passages
    to_s = {("lead_out_s", 0): first.end_s - 3.0, ("lead_in_s", 1): second.start_s + 2.0}
    for (name, passage), at_s in to_s.items():
        ask(explorer, "lead", passage=passage, name=name, to_s=at_s, is_last=True)
        wait_until(
            lambda passage=passage, name=name, at_s=at_s: (
                explorer.wave.state["passages"][passage][name] == pytest.approx(at_s)
            )
        )
    assert compute_overlap_s(*explorer.cutting.result.passages) == pytest.approx(2.0)
    assert explorer.cutting.leads_s.keys() == {0, 1}
    wait_until(lambda: ", None, leads_s={0: (" in explorer.code.value)
    assert explorer.wave.state["can_release"]
    ask(explorer, "undo")
    wait_until(lambda: explorer.cutting.leads_s.keys() == {0})
    ask(explorer, "release")
    wait_until(lambda: explorer.cutting.result.passages == (first, second))


def test_a_lead_point_stays_within_its_passage(explorer):
    ask(explorer, "lead", passage=1, name="lead_in_s", to_s=3.0, is_last=True)
    wait_until(lambda: 1 in explorer.cutting.leads_s)
    assert explorer.cutting.leads_s[1][0] == explorer.cutting.result.passages[1].start_s


def test_a_cut_that_leaves_nothing_is_refused_in_words(explorer):
    ask(explorer, "split", at_s=0.05)
    assert "boundaries must rise" in explorer.message.value
    assert len(explorer.cutting.cuts_s) == 1


def test_a_place_is_typed_as_seconds_or_as_a_clock_shows_them(explorer, said):
    for typed in ("20.5", "1:23.5"):
        ask(explorer, "go", typed=typed)
    assert [content["at_s"] for content, _ in said] == [20.5, 83.5]


def test_what_is_no_time_within_the_file_is_told_and_goes_nowhere(explorer, said):
    words = {
        "<b>": "expected a time such as 83.5, 1:23.5 or 1:02:03, got",
        "1:00:00": "within the file, which is 2:03 long, got 1:00:00",
    }
    for typed, told in words.items():
        ask(explorer, "go", typed=typed)
        assert told in explorer.message.value
        assert "<b>" not in explorer.message.value
    assert not said


def test_a_cut_goes_to_the_calmest_spot_nearby(explorer):
    explorer.cutting.move(0, 59.0)
    ask(explorer, "snap", number=0)
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
    made.cutting.cut()
    made.cutting.move_lead(1, to_s=24.0, is_lead_in=True)
    made.cutting.cut()
    made.cutting.save()
    assert session.passages.lead_in_s[1] == pytest.approx(2.0)
    again = session.explore(side.name)
    assert again.cutting.is_by_hand
    assert again.cutting.leads_s == made.cutting.leads_s
    again.cutting.release()
    again.cutting.save()
    assert session.passages.end_s[0] == pytest.approx(found_s)
    made.close()
    again.close()


def test_a_file_that_was_imported_opens_from_its_profile_and_is_painted_later(
    session, side, monkeypatch
):
    decoded = read_overview(side)
    monkeypatch.setattr("wkmp_lab.notebook.explorer.explorer.read_overview", None)
    made = session.explore(side)
    assert made.cutting.cuts_s == explore_cuts(decoded, made)
    sketch = made.wave.spectrum
    assert len(sketch) == 96 * made.cutting.overview.spectrogram.level_db.shape[1]
    wait_until(lambda: made.wave.spectrum != sketch, 60.0)
    assert made.cutting.overview.spectrogram.level_db == pytest.approx(
        decoded.spectrogram.level_db, abs=0.1
    )
    made.close()


def explore_cuts(overview, explorer):
    """The cuts that a decode gives, by the same settings and decisions."""
    other = Cutting(
        explorer.cutting.path,
        overview,
        settings=explorer.cutting.settings,
        hints=explorer.cutting.session.make_hints(explorer.cutting.path),
        session=explorer.cutting.session,
    )
    return other.cuts_s


def test_a_sketch_has_its_loud_bands_where_the_spectrogram_has_them(tmp_path):
    sr = 44_100
    times_s = np.arange(5 * sr) / sr
    tone = (0.5 * np.sin(2 * np.pi * 700.0 * times_s)).astype(np.float32)
    write_audio(tmp_path / "tone.wav", tone[None], sr)
    overview = read_overview(tmp_path / "tone.wav")
    sketch = sketch_spectrogram(overview.profile)
    assert sketch.level_db.shape == overview.spectrogram.level_db.shape
    measured = np.argmax(overview.spectrogram.level_db[:, 5:45].mean(axis=1))
    sketched = sketch.level_db[:, 5:45].mean(axis=1)
    assert sketched[measured] > sketched.max() - 3.0


def test_a_file_that_has_changed_is_decoded_anew(session, side, tmp_path):
    assert session.read_kept_profile(side) is not None
    times = side.stat()
    os.utime(side, ns=(times.st_atime_ns, times.st_mtime_ns + 1_000_000_000))
    assert session.read_kept_profile(side) is None
    os.utime(side, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_without_a_session_there_is_nothing_to_keep_in(explorer):
    with pytest.raises(InvalidInputError, match=r"session\.explore"):
        explorer.cutting.save()


def test_what_is_heard_is_a_short_clip_that_knows_its_places(explorer, said):
    ask(explorer, "play", at_s=55.0, length_s=10.0, number=7)
    content, (clip,) = wait_for(said, "clip")
    assert (content["view"], content["number"], content["places"]) == ("v", 7, [(0.0, 55.0)])
    assert measure_clip_s(clip) == pytest.approx(content["length_s"], abs=0.1)
    assert content["length_s"] == 10.0
    assert len(clip) < 150_000


def test_at_the_end_of_the_file_a_clip_is_shorter(explorer, said):
    ask(explorer, "play", at_s=122.0, length_s=30.0, number=1)
    content, (clip,) = wait_for(said, "clip")
    assert content["length_s"] == pytest.approx(1.0, abs=0.01)
    assert measure_clip_s(clip) == pytest.approx(1.0, abs=0.1)


def test_a_cross_fade_is_played_by_the_lead_points(explorer, said):
    ask(explorer, "crossfade", passage=0, number=1)
    wait_for(said, "silence")
    assert "before the first" in explorer.message.value
    ask(explorer, "crossfade", passage=1, number=2)
    content, (clip,) = wait_for(said, "clip")
    before, after = explorer.cutting.result.passages
    assert measure_clip_s(clip) == pytest.approx(content["length_s"], abs=0.1)
    (first_s, first_at_s), (turn_s, turn_at_s) = content["places"]
    overlap_s = compute_overlap_s(before, after)
    assert (first_s, turn_at_s) == (0.0, after.start_s)
    assert first_at_s + turn_s == pytest.approx(before.end_s - overlap_s)
    assert before.end_ticks == after.start_ticks


def test_from_near_by_samples_are_those_of_the_file(explorer, said, side):
    ask(explorer, "detail", start_s=61.0, end_s=61.2, n_columns=1000)
    content, (values, spectrum) = wait_for(said, "detail")
    assert content["are_samples"]
    shown = np.frombuffer(values, np.float32).reshape(content["n_rows"], -1)
    exact = read_signal(side, start_s=content["start_s"], end_s=content["end_s"]).samples
    assert shown == pytest.approx(exact, abs=1e-7)
    assert content["start_s"] == pytest.approx(61.0, abs=1 / SR)
    assert len(spectrum) == 96 * content["n_columns"]


def test_a_longer_stretch_comes_as_the_ends_of_each_column(explorer, said):
    ask(explorer, "detail", start_s=20.0, end_s=30.0, n_columns=1000)
    content, (values, _) = wait_for(said, "detail")
    assert not content["are_samples"]
    low, high = np.frombuffer(values, np.float32).reshape(2, 1000)
    assert (low <= high).all()
    samples = read_signal(explorer.cutting.path, start_s=20.0, end_s=30.0).samples
    assert (low.min(), high.max()) == (samples.min(), samples.max())


def test_beats_are_listened_for_where_one_looks(explorer):
    ask(explorer, "near", at_s=61.5)
    wait_until(lambda: explorer.wave.beats_s, 60.0)
    assert all(41.0 < beat_s < 82.0 for beat_s in explorer.wave.beats_s)
    ask(explorer, "near", at_s=61.6)


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
    ask(made, "play", at_s=0.0, length_s=5.0, number=1)
    wait_until(lambda: "No such file" in made.message.value)
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
