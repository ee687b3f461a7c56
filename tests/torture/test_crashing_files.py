"""A file that crashes its decoder, through every door: this process lives, and says what happened.

The fault point stands where audio is opened. Any door that opened it in this process would end
the tests.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import audio_factory as factory

import wkmp_lab as wl
from wkmp_lab.errors import DecodeError
from wkmp_lab.io.fault_injection import VARIABLE
from wkmp_lab.library.session import import_folder
from wkmp_lab.notebook.explorer.explorer import explore
from wkmp_lab.notebook.session import NotebookSession
from wkmp_lab.runner.decoder_child import keep_child
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs signals")
OFFLINE = IdentifySettings(is_offline=True)
SEGFAULT = r"worker died \(signal 11\)"
SR = 22_050


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    for seed, name in enumerate(("good.flac", "crash.flac")):
        song = factory.music_like(seed=seed, seconds=12, sr=SR)
        factory.write_audio(folder / name, song, SR, tags={"title": name, "artist": "A"})
    return folder


@pytest.fixture(scope="module")
def imported(music, tmp_path_factory):
    """The store of an import in which nothing crashed yet."""
    store = tmp_path_factory.mktemp("store") / "kept.wkmp.db"
    import_folder(music, settings=Settings(identifying=OFFLINE), store=store)
    return store


@pytest.fixture
def session(music, imported, tmp_path, crashing):
    shutil.copy(imported, tmp_path / "kept.wkmp.db")
    return NotebookSession.open(music, store=tmp_path / "kept.wkmp.db")


@pytest.fixture
def crashing(monkeypatch, imported):
    """From here on the file crashes whoever opens it."""
    monkeypatch.setenv(VARIABLE, "DECODING:segfault:crash")
    keep_child().close()  # it knows nothing of the fault
    yield
    keep_child().close()


def run_command(*arguments):
    command = [sys.executable, "-m", "wkmp_lab", *map(str, arguments)]
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert "Traceback" not in done.stderr
    assert "Fatal Python error" not in done.stderr
    return done


@pytest.mark.parametrize(
    "running",
    [
        RunSettings(n_jobs=1, worker_memory_mb=4001),
        RunSettings(n_jobs=2, memory_mb=300, worker_memory_mb=4002),
        RunSettings(n_jobs=2, worker_memory_mb=4003),
    ],
    ids=["one job", "memory for one worker", "two jobs"],
)
def test_an_import_names_the_file_and_finishes_the_other(
    music, tmp_path, crashing, capfd, running
):
    settings = Settings(identifying=OFFLINE, running=running)
    session = import_folder(music, settings=settings, store=tmp_path / "a.wkmp.db")
    found = {Path(result.path).name: result for result in session.results}
    assert found["good.flac"].status == "done"
    assert found["crash.flac"].failure.phase == "DECODING"
    assert found["crash.flac"].failure.reason == "worker died (signal 11)"
    told = capfd.readouterr()
    assert "Fatal Python error" not in told.err
    assert told.out == ""


def test_examine_gives_a_result_that_says_so(music, crashing, capfd):
    result = wl.examine(music / "crash.flac", settings=Settings(identifying=OFFLINE))
    assert result.status == "failed"
    assert (result.failure.phase, result.failure.reason) == (
        "DECODING",
        "worker died (signal 11)",
    )
    assert wl.examine(music / "good.flac", settings=Settings(identifying=OFFLINE)).passages
    assert capfd.readouterr() == ("", "")


def test_the_explorer_raises_a_reason(music, crashing):
    with pytest.raises(DecodeError, match=SEGFAULT):
        explore(music / "crash.flac")


def test_clips_and_beats_of_an_explorer_that_is_open_tell_the_reason(music, crashing, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    keep_child().close()
    explorer = explore(music / "crash.flac")
    monkeypatch.setenv(VARIABLE, "DECODING:segfault:crash")
    keep_child().close()
    told = []
    listening = explorer._listening
    monkeypatch.setattr(listening, "_say", told.append)
    asked = {"at_s": 0.0, "length_s": 5.0, "view": "a", "number": 1}
    listening._try(listening._play, asked)
    explorer.close()
    assert "worker died (signal 11)" in "".join(told)


def test_levels_and_pictures_raise_a_reason(session, music):
    with pytest.raises(DecodeError, match=SEGFAULT):
        wl.read_profile(music / "crash.flac")
    with pytest.raises(DecodeError, match=SEGFAULT):
        session.plot.passages("crash.flac")


def test_a_file_that_is_cut_anew_becomes_a_result_that_says_so(session):
    assert session.recut("crash.flac", [6.0]).failure.reason == "worker died (signal 11)"
    assert len(session.recut("good.flac", [6.0]).passages) == 2


def test_a_review_tells_that_a_clip_cannot_be_played(session):
    review = session.review()
    key = next(key for key in review.keys if "crash" in key[0])
    review.open(key)
    review._play_start.click()
    assert "worker died (signal 11)" in review._message.value


def test_a_plan_goes_on_without_it(music, tmp_path, crashing):
    shutil.copytree(music, tmp_path / "music")
    # Nothing but the decoder tells the length of this one.
    (tmp_path / "music" / "crash.spx").write_bytes(bytes(4000))
    made = wl.plan(tmp_path / "music", store=tmp_path / "none.wkmp.db")
    assert made.n_files == 3
    assert [Path(path).name for path, _ in made.unreadable] == ["crash.spx"]
    assert "worker died (signal 11)" in made.unreadable[0][1]
    assert made.phase_s


def test_the_longest_file_is_found_without_it(music, crashing):
    assert Path(wl.find_longest(music)).name in ("good.flac", "crash.flac")


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (("examine", "{music}/crash.flac", "--offline"), 1),
        (("catalogue", "query", "{music}/crash.flac", "--catalogue", "{tmp}/c.sqlite"), 2),
        (("import", "{music}", "--offline", "--jobs", "1", "--store", "{tmp}/1.db"), 1),
        (("plan", "{music}", "--store", "{tmp}/4.db"), 0),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else "",
)
def test_a_command_ends_with_its_status_and_one_sentence(
    music, tmp_path, crashing, command, status
):
    done = run_command(*(part.format(music=music, tmp=tmp_path) for part in command))
    assert done.returncode == status
    if status:
        assert "worker died (signal 11)" in done.stdout + done.stderr


def test_what_is_called_by_hand_decodes_here(music, crashing):
    code = "import sys; from wkmp_lab.io.files.audio import read_signal; read_signal(sys.argv[1])"
    command = [sys.executable, "-c", code, str(music / "crash.flac")]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == -11
