"""Whole imports that ask: every fault ends in a row, keys stay secret, nothing is asked twice."""

import dataclasses
import io
import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from support import audio_factory
from support.lookup_runs import make_settings
from support.standin import KEY, run_standin
from support.standin_world import World, WorldRecording, WorldRelease, make_id, make_known_world

from wkmp_lab.display import terminal
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.fingerprinting.fingerprint import find_fingerprint_tool
from wkmp_lab.io.catalogue.jsonl import read_catalogue_file
from wkmp_lab.io.keys import KEY_VARIABLE
from wkmp_lab.io.web.connection import Timeouts
from wkmp_lab.io.web.transport import Patience
from wkmp_lab.library.session import import_folder, open_session
from wkmp_lab.lookup import services
from wkmp_lab.notebook.progress.panel import format_whole
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
SEQUENTIAL = RunSettings(backend="sequential")
HASTE = Patience(pause_s=0.002, linger_s=0.002, timeouts=Timeouts(1.0, 0.2, 0.4))
FAULTS = (
    *("status:503", "status:429", "status:500", "later:0", "later:²", "html200", "empty200"),
    *("list200", "truncate", "gzipbad", "huge", "reset", "hang:2", "drip", "circle"),
    "location://[",
)

pytestmark = pytest.mark.skipif(
    find_fingerprint_tool() is None,
    reason="needs Chromaprint: libchromaprint or an ffmpeg with its muxer",
)


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """Three songs, imported without a source: music, store and what the services would know."""
    folder = tmp_path_factory.mktemp("asked")
    (folder / "music").mkdir()
    for k in range(3):
        samples = audio_factory.music_like(seed=k, seconds=24.0 + 9 * k, sr=22050)
        tags = {"title": f"song{k}", "artist": "The Stand-Ins"}
        audio_factory.write_audio(folder / "music" / f"song{k}.flac", samples, 22050, tags=tags)
    identifying = IdentifySettings(is_offline=True, catalogue=str(folder / "none"))
    settings = Settings(identifying=identifying, running=SEQUENTIAL)
    session = import_folder(folder / "music", settings=settings, store=folder / "s.wkmp.db")
    return folder, make_known_world(session.results)


@pytest.fixture
def library(imported, tmp_path, monkeypatch):
    """The imported folder in a store of its own, and a stand-in that knows its songs."""
    folder, world = imported
    shutil.copy(folder / "s.wkmp.db", tmp_path / "s.wkmp.db")
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.setattr(services, "Patience", lambda: HASTE)
    with run_standin(world) as standin:
        session = open_session(folder / "music", store=tmp_path / "s.wkmp.db")
        yield session, standin, make_settings(standin, tmp_path).identifying


def n_measured(session, since_s):
    return sum(
        span.phase != "IDENTIFYING" and span.start_s > since_s
        for result in session.results
        for span in result.spans
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_ends_in_rows_with_a_reason_and_a_finished_run(library, tmp_path, fault):
    session, standin, asking = library
    for service in ("acoustid", "musicbrainz"):
        standin.faults[service].extend([fault] * 60)
    broken = session.identify(asking).wait()
    assert broken.state == "completed"
    assert broken.passages["match"].tolist() == ["unidentified"] * 3
    assert broken.passages["match_reason"].str.startswith("lookup_failed(acoustid, ").all()
    assert broken.files["notes"].str.contains("AcoustID ").all()
    assert any(line.startswith("3 files without an answer") for line in broken.snapshot().remarks)
    assert broken.export(tmp_path / "out", formats=["csv"])

    standin.faults["acoustid"].clear()
    standin.faults["musicbrainz"].clear()
    mended = broken.identify(asking).wait()
    assert mended.passages["match"].tolist() == ["high"] * 3
    assert mended.passages["work_mbid"].notna().all()
    assert mended.snapshot().remarks == ()
    assert n_measured(mended, session._run.started_s) == 0


def test_while_files_wait_for_a_limit_panel_and_terminal_say_how_many_and_whose(
    library, monkeypatch
):
    monkeypatch.setattr(terminal, "LINE_S", 0.0)
    monkeypatch.setattr(terminal, "TICK_S", 0.01)
    session, _, asking = library
    running = session.identify(dataclasses.replace(asking, musicbrainz_interval_s=0.4))
    log = io.StringIO()
    reader = threading.Thread(
        target=terminal.show_progress, args=(running,), kwargs={"stream": log}
    )
    reader.start()
    waiting = []
    while not running.is_ended:
        now = running.snapshot()
        waiting += [now] if now.state == "running" and "limit" in now.remaining_reason else []
        time.sleep(0.01)
    reader.join()
    assert running.wait().passages["match"].tolist() == ["high"] * 3

    words = "MusicBrainz limit: 3 files wait for answers"
    assert waiting[0].remaining_reason == words
    assert waiting[0].n_files_by_phase == (3, 3, 3, 3, 3, 0, 3, 3, 3)
    assert waiting[0].fraction < 1.0
    assert words in format_whole(waiting[0])
    assert words in terminal.format_bar(waiting[0])
    assert f" | {words}\n" in log.getvalue()
    assert words not in log.getvalue().splitlines()[-1]


def test_a_catalogue_that_cannot_be_used_is_told_at_the_end(library, tmp_path):
    session, _, asking = library
    broken = tmp_path / "notes.txt"
    broken.write_text("no catalogue")
    offline = dataclasses.replace(asking, is_offline=True, catalogue=str(broken))
    (remark,) = session.identify(offline).wait().snapshot().remarks
    assert remark.startswith(f"the look-up in the catalogue broke off ({str(broken)!r} cannot be")


def test_a_service_that_nobody_can_reach_costs_one_try_and_no_more(library):
    session, _, asking = library
    nowhere = dataclasses.replace(asking, acoustid_url="http://127.0.0.1:9/v2", contact=None)
    broken = session.identify(nowhere).wait()
    assert broken.state == "completed"
    assert broken.passages["match_reason"].str.contains("unreachable|left alone").all()


def test_a_wrong_key_is_told_in_one_line_and_asked_with_once(library, monkeypatch, caplog):
    session, standin, asking = library
    monkeypatch.setenv(KEY_VARIABLE, "not-the-key")
    with caplog.at_level(logging.WARNING):
        broken = session.identify(asking).wait()
    assert standin.count("acoustid") == 1
    assert broken.snapshot().remarks == (
        "3 files without an answer: AcoustID refused to answer (error 4: invalid API key); "
        "wl.ask_key() keeps another key, session.identify() asks again",
    )
    assert [each.getMessage() for each in caplog.records if each.name.endswith("acoustid")] == [
        "AcoustID refuses the key; it is not asked again in this run"
    ]
    # What does not need the key goes on: here the search by name.
    assert broken.passages["match"].tolist() == ["low"] * 3


@pytest.mark.parametrize("key", [KEY, "a-wrong-key-4567"])
def test_the_key_is_in_nothing_that_an_import_leaves(library, tmp_path, monkeypatch, caplog, key):
    session, standin, asking = library
    monkeypatch.setenv(KEY_VARIABLE, key)
    standin.faults["acoustid"].extend(["reset", "status:503"])
    with caplog.at_level(logging.DEBUG):
        asked = session.identify(asking).wait()
    assert standin.count("acoustid") == 3
    asked.export(tmp_path / "out", formats=["csv", "json", "wkmp", "html", "xlsx"])
    with closing(sqlite3.connect(tmp_path / "cache" / "answers.sqlite")) as cache:
        rows = cache.execute("SELECT key, body FROM answer").fetchall()
    answers = [f"{row[0]}{zlib.decompress(row[1])!r}" for row in rows]
    told = [
        *(caplog.text, repr(asked), repr(asked.settings), str(asked.snapshot()), *answers),
        *(entry.path for entry in standin.ledger),
        *(table.to_csv() for table in (asked.files, asked.passages, asked.candidates)),
        *(asked.evidence.to_csv(), asked.failures.to_csv(), asked.timeline.to_csv()),
    ]
    assert not [text for text in told if key in text]
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(left) > 10
    assert not [path for path in left if key.encode() in path.read_bytes()]


def test_what_was_learnt_online_is_known_offline_once_it_was_taught(library, tmp_path):
    session, standin, asking = library
    learnt = session.identify(asking).wait()
    known = tmp_path / "taught.sqlite"
    assert (learnt.teach(known), learnt.teach(known)) == (3, 0)
    n_requests = len(standin.ledger)
    offline = learnt.identify(IdentifySettings(is_offline=True, catalogue=str(known))).wait()
    assert len(standin.ledger) == n_requests
    assert offline.passages["match"].tolist() == ["high"] * 3
    assert (offline.passages["recording_mbid"] == learnt.passages["recording_mbid"]).all()
    with pytest.raises(InvalidInputError, match="what grows is an SQLite file"):
        learnt.teach(tmp_path / "text.jsonl")


ASK = """
import json, sys
from support.lookup_runs import make_settings
from types import SimpleNamespace
from pathlib import Path
from wkmp_lab.library.session import open_session
import dataclasses
music, store, url, folder, search = sys.argv[1:]
asking = make_settings(SimpleNamespace(url=url, acoustid_url=url + "/v2"), Path(folder))
asking = dataclasses.replace(asking.identifying, has_text_search=search == "search")
opened = open_session(music, store=store)
before = len(opened.results)
session = opened.identify(asking).wait()
since_s = session._run.started_s
phases = [s.phase for r in session.results for s in r.spans if s.start_s >= since_s]
levels = session.passages["match"].tolist()
print(json.dumps({"levels": levels, "phases": sorted(set(map(str, phases))), "before": before}))
"""


def ask_in_a_new_process(music, store, standin, folder, *, search="search"):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", textwrap.dedent(ASK), music, store, standin.url, folder]
    done = subprocess.run(
        [str(part) for part in (*command, search)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_a_library_is_decided_anew_in_another_process_asking_only_what_is_missing(
    library, imported, tmp_path
):
    _, standin, _ = library
    music, store = tmp_path / "music", tmp_path / "moved.wkmp.db"
    shutil.copytree(imported[0] / "music", music)
    offline = Settings(
        identifying=IdentifySettings(is_offline=True, catalogue=str(tmp_path / "none")),
        running=SEQUENTIAL,
    )
    late = tmp_path / "song2.flac"
    shutil.move(music / "song2.flac", late)
    import_folder(music, settings=offline, store=store)

    first = ask_in_a_new_process(music, store, standin, tmp_path)
    assert first == {"levels": ["high"] * 2, "phases": ["IDENTIFYING"], "before": 2}
    n_first = len(standin.ledger)
    other = ask_in_a_new_process(music, store, standin, tmp_path, search="no search")
    assert other == first
    assert len(standin.ledger) == n_first

    shutil.move(late, music)
    last = ask_in_a_new_process(music, store, standin, tmp_path, search="no search")
    assert last["levels"] == ["high"] * 3
    assert standin.count("acoustid") == 2
    assert standin.n_duplicates("acoustid") == standin.n_duplicates("musicbrainz") == 0


@pytest.mark.slow
def test_the_sample_is_identified_offline_and_gets_releases_and_works_online(
    tmp_path, monkeypatch
):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    shutil.copytree(SAMPLE, tmp_path / "music")
    offline = Settings(identifying=IdentifySettings(is_offline=True), running=SEQUENTIAL)
    session = import_folder(tmp_path / "music", settings=offline, store=tmp_path / "s.wkmp.db")
    assert len(session.passages) == 15
    assert set(session.passages["match"]) <= {"high", "medium"}
    assert session.passages["recording_mbid"].notna().all()
    assert session.passages["match_sentence"].str.contains("% of bits differ").all()
    assert session.passages["work_mbid"].isna().all()

    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with run_standin(make_sample_world()) as standin:
        asking = dataclasses.replace(make_settings(standin, tmp_path).identifying, catalogue=None)
        online = session.identify(asking).wait()
        n_requests = len(standin.ledger)
        online.identify(asking).wait()
        assert len(standin.ledger) == n_requests
    for column in ("recording_mbid", "release", "release_mbid", "work_mbid"):
        assert online.passages[column].notna().all()
    assert online.passages["match"].tolist() == session.passages["match"].tolist()
    assert n_requests < 2 * len(online.passages)


def make_sample_world() -> World:
    """Services that know the pieces of the sample, five to an album."""
    stored = {
        each.recording.mbid: each
        for each in read_catalogue_file(SAMPLE / services.FOLDER_CATALOGUE)
    }
    recordings = {
        mbid: WorldRecording(
            mbid,
            each.recording.title,
            each.recording.artist,
            each.recording.duration_s,
            make_id("acoustid", mbid),
            each.items,
            work_mbid=make_id("work", mbid),
        )
        for mbid, each in stored.items()
    }
    mbids = list(recordings)
    releases = [
        WorldRelease(
            make_id("release", k), make_id("group", k), f"Album {k}", 2026, tuple(mbids[k : k + 5])
        )
        for k in range(0, len(mbids), 5)
    ]
    return World(recordings, {release.mbid: release for release in releases}, {})
