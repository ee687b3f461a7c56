import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import example_results as example
from support.example_results import NOW

from wkmp_lab.cli import main
from wkmp_lab.cli.options import make_parser, make_settings
from wkmp_lab.errors import StoreError
from wkmp_lab.export import export
from wkmp_lab.fingerprinting.fingerprint import encode_fingerprint


class FakeSession:
    """An import that is over; its results are given."""

    is_ended = True
    skipped = ()
    store_path = "/store.sqlite"

    def __init__(self, folder, results, state):
        self.folder, self.results, self.state = folder, tuple(results), state
        self.n_cancelled = 0

    def snapshot(self):
        failed = sum(result.failure is not None for result in self.results)
        return replace(NOW, state=self.state, n_files=len(self.results), n_failed=failed)

    def wait(self):
        return self

    def cancel(self):
        self.n_cancelled += 1
        self.state = "cancelled"

    def save_report(self, path):
        Path(path).write_text("how it ran")
        return Path(path)

    def export(self, folder, formats=("csv",), *, has_bom=False):
        return export.export_results(
            self.results, folder, formats=formats, music_folder=self.folder, has_bom=has_bom
        )


def run_command(*arguments):
    """The command in a process of its own; one that does not end is an error."""
    command = [sys.executable, "-m", "wkmp_lab", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture
def imported(monkeypatch):
    """Lets ``import`` find these results; returns what it was asked for."""
    asked = {}

    def prepare(results, *, state="completed", session_type=FakeSession):
        def start_import(folder, *, settings, store, retry_failed, rescan):
            asked.update(folder=folder, settings=settings, store=store)
            asked.update(retry_failed=retry_failed, rescan=rescan)
            return session_type(folder, results, state)

        monkeypatch.setattr("wkmp_lab.library.session.start_import", start_import)
        return asked

    return prepare


def test_an_import_without_failures_ends_with_0(imported, tmp_path, capsys):
    imported([example.make_result()])
    music, out = tmp_path / "music", tmp_path / "out"
    assert main(["import", str(music), "--out", str(out), "--format", "csv,parquet"]) == 0
    assert {"files.csv", "passages.parquet"} <= {path.name for path in out.iterdir()}
    assert "1 of 1 file" in capsys.readouterr().out


def test_csv_gets_a_byte_order_mark_where_that_is_asked_for(imported, tmp_path):
    imported([example.make_result()])
    main(["import", str(tmp_path / "music"), "--out", str(tmp_path / "out"), "--bom"])
    assert (tmp_path / "out" / "files.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_failed_files_are_listed_and_end_with_1(imported, tmp_path, capsys):
    imported([example.make_result(), example.make_failure()])
    assert main(["import", str(tmp_path)]) == 1
    assert "/music/broken.mp3: DECODING: no audio stream" in capsys.readouterr().out


def test_a_cluster_reaches_the_settings(imported, tmp_path):
    asked = imported([example.make_result()])
    assert main(["import", str(tmp_path), "--cluster", "tcp://127.0.0.1:8786"]) == 0
    running = asked["settings"].running
    assert (running.cluster, running.backend) == ("tcp://127.0.0.1:8786", "dask")


def test_a_cluster_and_another_backend_is_wrong_usage(imported, tmp_path, capsys):
    imported([])
    assert main(["import", str(tmp_path), "--cluster", "auto", "--backend", "loky"]) == 2
    assert "'auto' needs the backend 'dask', got backend 'loky'" in capsys.readouterr().err


def test_options_reach_the_settings(imported, tmp_path):
    asked = imported([example.make_result()])
    options = "--jobs 3 --backend threading --offline --medium vinyl --store s.sqlite"
    main(["import", str(tmp_path), *options.split(), "--rescan", "--retry"])
    settings = asked["settings"]
    assert (settings.running.n_jobs, settings.running.backend) == (3, "threading")
    assert settings.identifying.is_offline
    assert settings.segmenting.medium == "vinyl"
    assert asked["store"] == "s.sqlite"
    assert asked["rescan"]
    assert asked["retry_failed"]


def test_json_is_one_object_on_standard_output(imported, tmp_path, capsys):
    imported([example.make_result(), example.make_failure("/music/\udce9.mp3")])
    assert main(["import", str(tmp_path), "--json"]) == 1
    summary = json.loads(capsys.readouterr().out)
    assert summary["n_failed"] == 1
    assert summary["failures"][0]["path"] == "/music/\udce9.mp3"
    assert summary["failures"][0]["cause"] == "file"


def test_how_it_ran_is_told_in_a_report_of_its_own(imported, tmp_path, capsys):
    imported([example.make_result()])
    page = tmp_path / "run.html"
    assert main(["import", str(tmp_path), "--report", str(page)]) == 0
    assert page.is_file()
    assert f"how it ran is told in {page}" in capsys.readouterr().out
    assert main(["import", str(tmp_path), "--report", str(page), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] == [str(page)]


def test_a_cancelled_import_exports_what_is_there_and_ends_with_130(imported, tmp_path):
    imported([example.make_result()], state="cancelled")
    out = tmp_path / "out"
    assert main(["import", str(tmp_path / "music"), "--out", str(out)]) == 130
    assert (out / "files.csv").is_file()


def test_signals_cancel_softly_however_often_they_come(imported, tmp_path):
    class Interrupted(FakeSession):
        def wait(self):
            for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
                os.kill(os.getpid(), number)
            assert self.n_cancelled == 3
            return self

    before = signal.getsignal(signal.SIGINT)
    imported([example.make_result()], session_type=Interrupted)
    assert main(["import", str(tmp_path)]) == 130
    assert signal.getsignal(signal.SIGINT) is before


def test_a_folder_without_audio_is_said_so(imported, tmp_path, capsys):
    imported([])
    assert main(["import", str(tmp_path)]) == 2
    assert "no audio files found" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "import|examine|plan"),
        (["fly"], "invalid choice"),
        (["import"], "FOLDER"),
        (["import", "/nowhere/at/all"], "the music folder does not exist: '/nowhere/at/all'"),
        (["import", "/", "--jobs", "many"], "invalid int value: 'many'"),
        (["import", "/", "--jobs", "0"], "n_jobs must be >= 1, got 0"),
        (
            ["import", "/", "--limit", "FLAVORING"],
            "a limit is PHASE=N, as FLAVORING=2, got 'FLAVO",
        ),
        (["import", "/", "--limit", "FLAVORING=0"], "limit of FLAVORING must be a whole number"),
        (["import", "/", "--limit", "FLAVOURING=1"], "limits must be of phases, one of EXTRACT"),
        (["import", "/", "--order", "random"], "invalid choice: 'random'"),
        (["import", "/", "--design", "threads"], "invalid choice: 'threads'"),
        (["import", "/", "--medium", "wax"], "invalid choice: 'wax'"),
        (["import", "/m", "--out", "/tmp/x", "--format", "docx"], "got docx"),
        (["import", "/m", "--out", "/m/results"], "nothing is written into the music folder"),
        (["examine", "/nowhere.flac"], "there is no audio file at '/nowhere.flac'"),
        (["examine", "/"], "expected an audio file, got a folder to import: '/'"),
        (["examine", "x.flac", "--catalogue", "/nowhere"], "there is no file at '/nowhere'"),
        (["catalogue", "query", "/nowhere.flac"], "No such file or directory: '/nowhere.flac'"),
        (
            ["import", ".", "--out", __file__],
            f"expected a folder to export to, got a file: {__file__!r}",
        ),
    ],
)
def test_wrong_usage_gets_a_clear_message_and_2(arguments, message, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert not captured.out
    assert "Traceback" not in captured.err


def test_limits_design_and_order_are_those_of_the_options():
    given = ["--limit", "decoding=1", "--limit", "IDENTIFYING=4", "--design", "files"]
    options = make_parser(defaultdict(lambda: print)).parse_args(
        ["import", "/", *given, "--order", "path"]
    )
    running = make_settings(options).running
    assert running.limits == (("DECODING", 1), ("IDENTIFYING", 4))
    assert (running.design, running.order) == ("files", "path")


@pytest.mark.parametrize("error", [StoreError("locked\nby another"), PermissionError(13, "no")])
def test_what_cannot_go_on_is_one_line(monkeypatch, tmp_path, capsys, error):
    def start_import(folder, **settings):
        raise error

    monkeypatch.setattr("wkmp_lab.library.session.start_import", start_import)
    assert main(["import", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_store_that_cannot_be_used_is_one_line_and_ends_at_once(tmp_path):
    (tmp_path / "music").mkdir()
    store = tmp_path / "notes.txt"
    store.write_text("no database, but longer than its header would be" * 40)
    for name in (store, store / "under.db"):
        done = run_command("import", tmp_path / "music", "--jobs", "2", "--store", name)
        assert done.returncode == 2
        assert done.stderr.startswith(f"wkmp-lab: the store {str(name)!r} cannot be used: ")
        assert len(done.stderr.splitlines()) == 1


def test_an_import_that_ends_in_its_scan_leaves_no_worker_pool_behind(tmp_path):
    (tmp_path / "music").mkdir()
    code = (
        "import sys; from wkmp_lab import settings\n"
        "from wkmp_lab.library import session\n"
        "from wkmp_lab.library.run import import_thread\n"
        "def scan_folder(*_, **__): raise OSError('unplugged')\n"
        "import_thread.scan_folder = scan_folder\n"
        "two = settings.Settings(running=settings.RunSettings(n_jobs=2))\n"
        "session.import_folder(sys.argv[1], settings=two, store=sys.argv[2])\n"
    )
    arguments = [sys.executable, "-c", code, tmp_path / "music", tmp_path / "kept.db"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "unplugged" in done.stderr
    assert "gc'ed" not in done.stderr


def test_examine_tells_of_one_file_in_words_or_json(monkeypatch, capsys):
    monkeypatch.setattr("wkmp_lab.library.examine.examine", lambda path, *, settings: result)
    result = example.make_hostile()
    assert main(["examine", "x.mp3"]) == 0
    assert "\x00" not in capsys.readouterr().out
    assert main(["examine", "x.mp3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tags"]["title"] == example.HOSTILE
    result = example.make_failure()
    assert main(["examine", "x.mp3"]) == 1


def test_help_and_version_answer_without_loading_anything_heavy():
    code = (
        "import sys; from wkmp_lab import cli; status = cli.main(['--help']);"
        "assert not {'pandas', 'numpy', 'av'} & set(sys.modules); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "exit status: 0 all done" in done.stdout


def test_output_survives_a_terminal_without_unicode(tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    arguments = [sys.executable, "-m", "wkmp_lab", "import", str(tmp_path / "Łódź")]
    done = subprocess.run(arguments, capture_output=True, text=True, env=environment)
    assert done.returncode == 2
    assert "the music folder does not exist" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_catalogue_takes_what_an_import_found_and_lists_it(monkeypatch, tmp_path, capsys):
    passage = example.make_passage(text=encode_fingerprint(np.arange(200, dtype=np.uint32)))
    session = FakeSession("/music", [example.make_result(passages=(passage,))], "completed")
    monkeypatch.setattr("wkmp_lab.library.session.open_session", lambda folder, *, store: session)
    path = ["--catalogue", str(tmp_path / "known.sqlite")]
    assert main(["catalogue", "add", "/music", *path]) == 0
    assert "1 recordings" in capsys.readouterr().out
    assert main(["catalogue", "list", *path]) == 0
    assert capsys.readouterr().out.startswith(f"The Drops - Rain [{example.MBID}]")
    assert main(["catalogue", "list", "--json", *path]) == 0
    assert json.loads(capsys.readouterr().out)[0]["recording"]["title"] == "Rain"
