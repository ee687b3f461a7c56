import wave
from dataclasses import replace

import numpy as np
import pytest
from support import example_results as example

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.library import plan as planning
from wkmp_lab.library.plan import ALBUM_S, COUNT_S, START_S, format_plan
from wkmp_lab.library.session import import_folder
from wkmp_lab.model import Phase, Span
from wkmp_lab.settings import (
    FlavorSettings,
    IdentifySettings,
    RunSettings,
    Settings,
)


def write_tone(path, *, duration_s, frequency_hz=440.0, sr=8000):
    tone = 8000 * np.sin(2 * np.pi * frequency_hz * np.arange(int(duration_s * sr)) / sr)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sr)
        file.writeframes(tone.astype("<i2").tobytes())


@pytest.fixture
def music(tmp_path):
    """Two songs, a copy, an album side and a broken file."""
    folder = tmp_path / "music"
    folder.mkdir()
    write_tone(folder / "a.wav", duration_s=20.0)
    write_tone(folder / "b.wav", duration_s=30.0, frequency_hz=500.0)
    write_tone(folder / "copy.wav", duration_s=20.0)
    write_tone(folder / "side.wav", duration_s=ALBUM_S + 60.0, sr=1000)
    (folder / "broken.mp3").write_bytes(b"ID3" + b"\x00" * 2000)
    return folder


def measure(source):
    """One processor second of DECODING for 180.5 s of audio."""
    spans = (Span(Phase.DECODING, 0.0, 1.0, "1", 1.0),)
    return replace(example.make_result(source.path), spans=spans)


def plan(music, tmp_path, **changes):
    return planning.plan(music, store=tmp_path / "none.sqlite", measure=measure, **changes)


def test_a_plan_counts_what_an_import_would_meet(music, tmp_path):
    found = plan(music, tmp_path)
    assert found.n_files == 5
    assert found.formats == (("wav", 4), ("mp3", 1))
    assert found.audio_s == pytest.approx(20 + 30 + 20 + ALBUM_S + 60)
    assert found.left_s == pytest.approx(20 + 30 + ALBUM_S + 60)
    assert [path for path, _ in found.albums] == [str(music / "side.wav")]
    assert found.duplicates == ((str(music / "copy.wav"), str(music / "a.wav")),)
    assert [path for path, _ in found.unreadable] == [str(music / "broken.mp3")]
    assert not list(tmp_path.glob("none*"))


def test_the_expected_time_follows_from_the_sample(music, tmp_path):
    found = plan(music, tmp_path)
    assert found.phase_s == (("DECODING", pytest.approx(found.left_s / 180.5)),)
    # The side takes longest, and no file is spread over two workers.
    longest_s = max(found.phase_s[0][1] / found.n_jobs, (ALBUM_S + 60.0) / 180.5)
    assert found.measuring_s == pytest.approx(longest_s + START_S + 3 * COUNT_S)
    assert found.basis == "a sample of 2 files"


def test_where_others_work_too_all_takes_longer(music, tmp_path):
    def measure_slowly(source):
        spans = (Span(Phase.DECODING, 0.0, 3.0, "1", 1.0),)
        return replace(example.make_result(source.path), spans=spans)

    slow = planning.plan(music, store=tmp_path / "none.sqlite", measure=measure_slowly)
    fast = plan(music, tmp_path)
    assert slow.phase_s == fast.phase_s
    assert slow.measuring_s == pytest.approx(3.0 * fast.measuring_s)


def test_a_library_of_short_files_is_told_from_the_longest_of_them(tmp_path):
    folder = tmp_path / "short"
    folder.mkdir()
    for k in range(5):
        write_tone(folder / f"{k}.wav", duration_s=1.0 + k)
    seen = []
    planning.plan(
        folder,
        store=tmp_path / "none.sqlite",
        measure=lambda source: seen.append(source.path) or measure(source),
    )
    assert seen == [str(folder / f"{k}.wav") for k in (2, 3, 4)]


def test_look_ups_take_time_only_where_somebody_outside_is_asked(music, tmp_path):
    named = Settings(identifying=IdentifySettings(contact="you@example.org"))
    assert plan(music, tmp_path, settings=named).network_s == 3.0
    assert plan(music, tmp_path).network_s == 0.0
    offline = replace(named, identifying=replace(named.identifying, is_offline=True))
    assert plan(music, tmp_path, settings=offline).network_s == 0.0


def test_a_plan_can_be_read(music, tmp_path):
    text = format_plan(plan(music, tmp_path))
    assert text.startswith("5 audio files, 22 min 10 s")
    assert "1 probably several pieces in one file:" in text
    assert "DECODING: 7 s of processor" in text


def test_a_plan_shows_as_its_text(music, tmp_path):
    found = plan(music, tmp_path)
    assert repr(found) == format_plan(found)


@pytest.fixture
def imported(music, tmp_path):
    """A store of the same music, without the album side; and the settings of its import."""
    (music / "side.wav").unlink()
    settings = Settings(
        identifying=IdentifySettings(is_offline=True), running=RunSettings(n_jobs=1)
    )
    import_folder(music, settings=settings, store=tmp_path / "kept.sqlite")
    return tmp_path / "kept.sqlite", settings


def test_what_an_import_has_done_is_not_planned_again(music, imported):
    store, settings = imported
    found = planning.plan(music, settings=settings, store=store)
    assert (found.n_done, found.n_partly, found.left_s) == (3, 0, 0.0)
    assert (found.phase_s, found.basis) == ((), "past runs")
    assert [path for path, _ in found.unreadable] == [str(music / "broken.mp3")]
    assert len(found.duplicates) == 1


def test_a_changed_setting_plans_only_the_phases_that_it_touches(music, imported):
    store, settings = imported
    changed = replace(settings, flavoring=FlavorSettings(has_beats=True))
    write_tone(music / "new.wav", duration_s=15.0, frequency_hz=300.0)
    found = planning.plan(music, settings=changed, store=store)
    assert (found.n_done, found.n_partly) == (1, 2)
    assert found.left_s == pytest.approx(20 + 30 + 15)
    expected = dict(found.phase_s)
    whole = dict(planning.plan(music, settings=settings, store=store).phase_s)
    assert expected["FLAVORING"] == pytest.approx(whole["FLAVORING"] * 65 / 15)
    assert expected["ANALYZING"] == pytest.approx(whole["ANALYZING"])


def test_identities_that_are_still_to_be_asked_for_take_network_time(music, imported):
    store, settings = imported
    online = replace(settings, identifying=IdentifySettings(contact="you@example.org"))
    assert planning.plan(music, settings=online, store=store).network_s == 2.0


def test_an_empty_folder_has_an_empty_plan(tmp_path):
    found = plan(tmp_path, tmp_path)
    assert (found.n_files, found.measuring_s, found.phase_s) == (0, None, ())
    assert "0 audio files" in format_plan(found)


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(InvalidInputError, match="nowhere"):
        plan(tmp_path / "nowhere", tmp_path)
