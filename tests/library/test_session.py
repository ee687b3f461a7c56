"""Whole imports of generated folders, with real workers."""

import asyncio
import inspect
import pickle
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import audio_factory

from wkmp_lab.display.terminal import format_summary
from wkmp_lab.errors import InvalidInputError, StoreError
from wkmp_lab.library.examine import examine
from wkmp_lab.library.plan import plan
from wkmp_lab.library.run.import_thread import ImportThread
from wkmp_lab.library.session import (
    import_folder,
    last_session,
    open_session,
    start_import,
)
from wkmp_lab.library.store import Store, StoredRun
from wkmp_lab.notebook.session import NotebookSession
from wkmp_lab.settings import (
    AnalyzeSettings,
    IdentifySettings,
    RunSettings,
    Settings,
)

OFFLINE = IdentifySettings(is_offline=True)


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    (folder / "sub").mkdir()
    for k in range(5):
        samples = audio_factory.music_like(seed=k, seconds=5.0 + k, sr=22050)
        audio_factory.write_audio(folder / f"song{k}.flac", samples, 22050)
    shutil.copy(folder / "song1.flac", folder / "sub" / "copy.flac")
    audio_factory.write_audio(folder / "silent.wav", np.zeros((1, 22050 * 4), np.float32), 22050)
    (folder / "broken.mp3").write_bytes(b"this is no music" * 100)
    return folder


@pytest.fixture
def music(songs, tmp_path):
    folder = tmp_path / "music"
    shutil.copytree(songs, folder)
    return folder


@pytest.fixture
def store(tmp_path):
    return tmp_path / "kept.wkmp.db"


def settings_of(**running):
    return Settings(
        identifying=IdentifySettings(is_offline=True, catalogue=None),
        running=RunSettings(**{"n_jobs": 1, **running}),
    )


def by_name(session):
    return {Path(result.path).name: result for result in session.results}


def count_measured(session):
    return sum(
        1
        for result in session.results
        for s in result.spans
        if s.phase == "DECODING" and s.start_s >= session._run.started_s
    )


def test_every_file_ends_in_exactly_one_row(music, store):
    session = import_folder(music, settings=settings_of(n_jobs=2), store=store)
    assert session.state == "completed"
    statuses = {name: result.status for name, result in by_name(session).items()}
    assert statuses == {
        **{f"song{k}.flac": "done" for k in range(5)},
        "copy.flac": "duplicate",
        "silent.wav": "no_audio",
        "broken.mp3": "failed",
    }
    assert by_name(session)["copy.flac"].duplicate_of == str(music / "song1.flac")
    now = session.snapshot()
    assert (now.n_files, now.n_finished, now.n_failed, now.fraction) == (8, 8, 1, 1.0)
    assert sum(now.n_passages_by_level) == now.n_passages == 5


def test_tables_tell_of_every_file_and_passage(music, store):
    session = import_folder(music, settings=settings_of(), store=store)
    assert len(session.files) == 8
    assert len(session.passages) == 5
    assert set(session.timeline["phase"]) >= {"DECODING", "SEGMENTING", "ANALYZING", "FLAVORING"}
    assert list(session.failures["path"]) == [str(music / "broken.mp3")]
    assert session.files.set_index("path").loc[str(music / "song0.flac"), "n_passages"] == 1


def test_how_an_import_ran_is_kept_and_can_be_saved_as_a_page(music, store, tmp_path):
    session = import_folder(music, settings=settings_of(n_jobs=2), store=store)
    record = session.record
    assert (record.run_id, record.n_jobs) == (session.session_id, 2)
    spans = [span for result in session.results for span in result.spans]
    assert record.started_s <= min(span.start_s for span in spans)
    assert max(span.end_s for span in spans) <= record.ended_s
    assert open_session(music, store=store).record == record
    page = open_session(music, store=store).save_report(tmp_path / "run.html")
    assert "this is no music" not in page.read_text(encoding="utf-8")
    assert "broken.mp3" in page.read_text(encoding="utf-8")


def test_a_second_import_measures_nothing(music, store):
    first = import_folder(music, settings=settings_of(), store=store)
    second = import_folder(music, settings=settings_of(), store=store)
    assert count_measured(first) == 7
    assert count_measured(second) == 0
    assert second.results == first.results


def test_only_what_changed_is_measured_again(music, store):
    import_folder(music, settings=settings_of(), store=store)
    samples = audio_factory.music_like(seed=77, seconds=4.0, sr=22050)
    audio_factory.write_audio(music / "song0.flac", samples, 22050)
    (music / "song2.flac").rename(music / "sub" / "moved.flac")
    (music / "song3.flac").unlink()
    again = import_folder(music, settings=settings_of(), store=store)
    assert count_measured(again) == 1
    names = set(by_name(again))
    assert "moved.flac" in names
    assert not names & {"song2.flac", "song3.flac"}
    assert by_name(again)["moved.flac"].status == "done"
    # Of all the music, the speed is that of what was decoded now.
    decoded_s = again.snapshot().measured_s
    assert 0.0 < decoded_s < sum(result.duration_s or 0.0 for result in again.results) / 2
    last = import_folder(music, settings=settings_of(), store=store)
    assert last.snapshot().measured_s == 0.0
    assert "real time" not in format_summary(last.snapshot(), last.results)


def test_other_settings_measure_again_without_a_decode(music, store):
    import_folder(music, settings=settings_of(), store=store)
    other = Settings(
        analyzing=AnalyzeSettings(preset="classical"),
        identifying=OFFLINE,
        running=RunSettings(n_jobs=1),
    )
    again = import_folder(music, settings=other, store=store)
    began_s = again._run.started_s
    ran = Counter(s.phase for r in again.results for s in r.spans if s.start_s >= began_s)
    # The broken and the silent file owe nothing to ANALYZING.
    assert ran == {"EXTRACTING": 5, "ANALYZING": 5}
    fresh = import_folder(music, settings=other, store=store.with_name("fresh.wkmp.db"))
    assert [r.passages for r in again.results] == [r.passages for r in fresh.results]


def test_what_other_settings_left_undone_is_seen_as_stale(music, store):
    import_folder(music, settings=settings_of(), store=store)
    other = replace(settings_of(), analyzing=AnalyzeSettings(preset="classical"))
    with Store(store, folder=music) as kept:
        kept.put_run(StoredRun("broken off", time.time(), None, "running", 1, other), version="0")
    notes = open_session(music, store=store).files.set_index("path")["notes"]
    assert notes[str(music / "song0.flac")].startswith("stale: ANALYZING by other settings")
    assert pd.isna(notes[str(music / "silent.wav")])


def test_failed_files_are_tried_again_only_when_asked(music, store):
    import_folder(music, settings=settings_of(), store=store)
    samples = audio_factory.music_like(seed=5, seconds=4.0, sr=22050)
    session = import_folder(music, settings=settings_of(), store=store)
    assert by_name(session)["broken.mp3"].status == "failed"
    audio_factory.write_audio(music / "broken.mp3", samples, 22050)
    mended = session.retry().wait()
    assert by_name(mended)["broken.mp3"].status == "done"


def test_an_opened_session_is_what_the_import_left(music, store):
    session = import_folder(music, settings=settings_of(), store=store)
    opened = open_session(music, store=store)
    assert opened.results == session.results
    assert opened.state == "completed"
    assert opened.snapshot().n_finished == 8


def test_two_imports_are_compared_by_what_caused_the_difference(music, store, tmp_path):
    before = import_folder(music, settings=settings_of(), store=store)
    other = replace(settings_of(), analyzing=AnalyzeSettings(preset="classical"))
    after = import_folder(music, settings=other, store=tmp_path / "other.wkmp.db")
    table = before.compare(after)
    setting = table[table["path"].isna()].iloc[0]
    assert (setting["column"], setting["before"], setting["after"]) == (
        "analyzing.preset",
        "default",
        "classical",
    )
    caused = table[table["path"].notna()]
    assert "loudness_lufs" not in set(caused["column"])
    assert caused["cause"].str.startswith("ANALYZING").all()
    assert before.compare(before).empty


def test_neighbours_and_pictures_of_a_session_name_files_as_its_tables_do(music, store):
    session = NotebookSession.start(music, settings=settings_of(), store=store).wait()
    table = session.neighbours("song0.flac", n=3)
    assert len(table) == 3
    assert table["distance"].is_monotonic_increasing
    assert set(table["path"]) < set(session.passages["path"])
    path = by_name(session)["song0.flac"].path
    for ax in (
        session.plot.timeline(),
        session.plot.passages("song0.flac"),
        session.plot.flavor_map(path, n=3),
        session.plot.flavor_radar(),
        session.plot.leads(),
        session.plot.gaps(),
        session.plot.dynamics(),
    ):
        assert ax.get_title(loc="left")
    with pytest.raises(InvalidInputError, match=r"expected a file of .*, got 'nowhere.flac'"):
        session.plot.passages("nowhere.flac")


@pytest.mark.parametrize("ask", [start_import, open_session, plan])
@pytest.mark.parametrize("nothing", ["", "  "])
def test_an_empty_name_is_no_folder(ask, nothing):
    with pytest.raises(InvalidInputError, match="expected a folder of music, got"):
        ask(nothing)


def test_opening_what_was_never_imported_says_so(music, store):
    with pytest.raises(StoreError, match="there is no store"):
        open_session(music, store=store)


def test_cancel_keeps_what_is_done_and_the_next_import_goes_on(music, store):
    session = start_import(music, settings=settings_of(order="path"), store=store)
    while session.snapshot().n_finished < 3 and not session.is_ended:
        time.sleep(0.005)
    session.cancel()
    session.wait()
    n_done = len(session.results)
    if session.state == "cancelled":
        assert n_done < 8
    rest = import_folder(music, settings=settings_of(), store=store)
    assert len(rest.results) == 8
    assert count_measured(rest) <= 7 - sum(r.status != "duplicate" for r in session.results)


def test_pause_stops_the_work_and_resume_goes_on(music, store):
    session = start_import(music, settings=settings_of(), store=store)
    session.pause()
    time.sleep(0.5)
    before = session.snapshot().n_finished
    time.sleep(0.5)
    if not session.is_ended:
        assert session.snapshot().n_finished == before
        assert session.state in ("paused", "scanning")
    session.resume()
    assert session.wait(60).state == "completed"


def test_awaiting_a_session_leaves_the_loop_free(music, store):
    async def work():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick())
        session = await start_import(music, settings=settings_of(), store=store)
        ticking.cancel()
        return session, ticks

    session, ticks = asyncio.run(work())
    assert session.state == "completed"
    assert ticks > 5


def test_progress_never_goes_backwards(music, store):
    session = start_import(music, settings=settings_of(n_jobs=2), store=store)
    seen = []
    while not session.is_ended:
        seen.append(session.snapshot())
        time.sleep(0.005)
    for field in ("fraction", "n_finished", "n_passages"):
        values = [getattr(now, field) for now in seen]
        assert values == sorted(values), field
    for k in range(7):
        for counts in (
            [now.n_files_by_phase for now in seen],
            [now.n_passages_by_phase for now in seen],
        ):
            values = [count[k] for count in counts]
            assert values == sorted(values), k
    assert session.snapshot().n_passages_by_phase == (
        0,
        0,
        0,
        *[session.snapshot().n_passages] * 6,
    )


def test_an_import_can_be_found_again(music, store):
    session = import_folder(music, settings=settings_of(), store=store)
    assert last_session() is session


def test_the_store_holds_a_file_before_it_is_counted(music, store, monkeypatch):
    counted = []
    finish = ImportThread._log_file

    def look(self, result):
        with Store(store, folder=music, is_writer=False) as reader:
            counted.append(reader.find_by_path(result.path) is not None)
        finish(self, result)

    monkeypatch.setattr(ImportThread, "_log_file", look)
    import_folder(music, settings=settings_of(), store=store)
    assert counted
    assert all(counted)


def test_results_are_small_and_survive_pickling(music, store):
    session = import_folder(music, settings=settings_of(), store=store)
    for result in session.results:
        text = pickle.dumps(result)
        assert len(text) < 40_000
        assert pickle.loads(text) == result


def test_nothing_is_written_into_the_music_folder(music, store):
    before = sorted((p.name, p.stat().st_mtime_ns) for p in music.rglob("*"))
    import_folder(music, settings=settings_of(n_jobs=2), store=store)
    assert sorted((p.name, p.stat().st_mtime_ns) for p in music.rglob("*")) == before


def test_an_empty_folder_is_an_import_of_nothing(tmp_path, store):
    folder = tmp_path / "empty"
    folder.mkdir()
    session = import_folder(folder, settings=settings_of(), store=store)
    assert session.state == "completed"
    assert session.files.empty
    assert "path" in session.passages.columns


def test_a_folder_that_is_missing_or_a_file_is_refused(tmp_path, store):
    with pytest.raises(InvalidInputError, match="does not exist"):
        start_import(tmp_path / "nowhere", store=store)
    file = tmp_path / "song.flac"
    file.write_bytes(b"")
    with pytest.raises(InvalidInputError, match="got a file"):
        start_import(file, store=store)


def test_a_store_in_use_fails_the_second_import_with_a_clear_error(music, store):
    first = start_import(music, settings=settings_of(), store=store)
    first.pause()
    while not store.exists():
        time.sleep(0.01)
    second = start_import(music, settings=settings_of(), store=store)
    with pytest.raises(StoreError, match="in use by another import"):
        second.wait()
    assert second.state == "failed"
    first.resume()
    assert first.wait(60).state == "completed"


def test_examine_takes_one_file_through_all_phases(music):
    result = examine(music / "song0.flac", settings=settings_of())
    assert [span.phase for span in result.spans] == [
        "EXTRACTING",
        "DECODING",
        "SEGMENTING",
        "FINGERPRINTING",
        "ANALYZING",
        "FLAVORING",
        "IDENTIFYING",
    ]
    assert result.passages[0].identity is not None
    with pytest.raises(InvalidInputError, match="there is no audio file"):
        examine(music / "none.flac")


def test_killing_the_parent_leaves_no_workers_and_loses_nothing(music, store):
    code = textwrap.dedent(f"""
        from wkmp_lab.library.session import start_import
        from wkmp_lab.settings import *
        settings = Settings(identifying=IdentifySettings(is_offline=True),
                            running=RunSettings(n_jobs=2))
        session = start_import({str(music)!r}, settings=settings, store={str(store)!r})
        import time
        while session.snapshot().n_finished < 2: time.sleep(0.005)
        print("go", flush=True)
        time.sleep(60)
    """)
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout.readline().strip() == "go"
    import psutil

    workers = psutil.Process(parent.pid).children(recursive=True)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    left = {r.path for r in open_session(music, store=store).results}
    assert len(left) >= 2
    rest = import_folder(music, settings=settings_of(), store=store)
    assert len(rest.results) == 8


def test_an_interrupted_wait_cancels_and_raises(music, store):
    session = start_import(music, settings=settings_of(), store=store)
    session.pause()
    main = threading.main_thread().ident
    timer = threading.Timer(0.3, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        session.wait()
    timer.join()
    assert session.is_ended
    assert session.state == "cancelled"


def test_whatever_returns_a_session_returns_the_kind_that_the_caller_holds(music, store):
    session = NotebookSession.start(music, settings=settings_of(), store=store).wait()
    plain = open_session(music, store=store)
    assert not isinstance(plain, NotebookSession)
    for start in (session.retry, session.identify, NotebookSession.last):
        assert type(start().wait()) is NotebookSession
    assert type(NotebookSession.open(music, store=store)) is NotebookSession
    assert type(plain.retry().wait()) is type(plain)


def test_the_running_session_of_one_store_is_not_opened_for_another(music, store, tmp_path):
    other = tmp_path / "other.wkmp.db"
    before = import_folder(music, settings=settings_of(), store=other)
    session = start_import(music, settings=settings_of(), store=store)
    session.pause()
    opened = open_session(music, store=other)
    assert opened.session_id != session.session_id
    assert opened.store_path == other
    assert opened.results == before.results
    with pytest.raises(StoreError, match="there is no store"):
        open_session(music, store=tmp_path / "none.wkmp.db")
    session.resume()
    session.wait(60)


def test_a_running_session_is_found_by_whatever_link_leads_to_its_folder(music, store, tmp_path):
    (tmp_path / "link").symlink_to(music)
    session = start_import(music, settings=settings_of(), store=store)
    session.pause()
    while session.state == "scanning":
        time.sleep(0.01)
    assert open_session(tmp_path / "link", store=store) is session
    session.resume()
    session.wait(60)


PARAMETERS = {
    "browse": "",
    "cancel": "",
    "compare": "other",
    "compare_copies": "path other_path",
    "completed": "since",
    "decide": "path passage verdict candidate",
    "decide_all": "keys verdict",
    "explore": "path",
    "export": "folder formats has_bom",
    "find_leads": "path",
    "get_result": "path",
    "identify": "settings",
    "last": "",
    "make_hints": "path",
    "merge": "path passage",
    "neighbours": "path passage n by",
    "open": "folder store",
    "pause": "",
    "preview_retune": "segmenting analyzing",
    "prioritize": "paths",
    "read_decisions": "",
    "relocate": "new",
    "read_kept_profile": "path",
    "recut": "path boundaries_s leads_s",
    "resume": "",
    "retry": "",
    "retune": "segmenting analyzing redo",
    "review": "",
    "save_report": "path",
    "snapshot": "",
    "start": "folder settings store retry_failed rescan",
    "teach": "catalogue",
    "tune": "",
    "undo": "",
    "wait": "timeout",
}
PROPERTIES = (
    "candidates copies decisions error evidence failures files flavors gaps is_ended measures "
    "merges musical_flavors n_jobs passages plot record results same_songs skipped state timeline"
)
ATTRIBUTES = "folder session_id settings store_path ui"


def test_the_public_names_of_a_session_are_a_promise(music, store):
    session = NotebookSession.start(music, settings=settings_of(), store=store)
    session.cancel()
    session.wait()
    names = {name for name in dir(session) if not name.startswith("_")}
    assert names == {*PARAMETERS, *PROPERTIES.split(), *ATTRIBUTES.split()}
    for name, parameters in PARAMETERS.items():
        assert list(inspect.signature(getattr(session, name)).parameters) == parameters.split()
