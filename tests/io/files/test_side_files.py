"""What may stand beside the music under a harmless name: refused by a name, never waited for."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from support import audio_factory as factory

import wkmp_lab as wl
from wkmp_lab.errors import InvalidInputError, StoreError
from wkmp_lab.io.catalogue.flavor_dump import FlavorFile, add_dump
from wkmp_lab.io.catalogue.jsonl import (
    compute_generation,
    open_catalogue,
    read_catalogue_file,
)
from wkmp_lab.io.files.side_files import (
    decode_json,
    open_regular,
    read_side_file,
    read_side_lines,
)
from wkmp_lab.io.keys import read_key
from wkmp_lab.io.sheets.beside import find_sheets
from wkmp_lab.io.web.http_cache import HttpCache
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="needs special files"),
    pytest.mark.timeout(120),
]
SHEET = 'FILE "a.flac" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n'
LIMIT = 1 << 20


def make_socket(path):
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


def make_sparse(path, n_bytes=4 << 30):
    with path.open("wb") as file:
        file.truncate(n_bytes)


def make_unreadable(path):
    path.write_text(SHEET)
    path.chmod(0)


def make_loop(path):
    path.symlink_to(path.name)


TRICKS = {
    "pipe": (os.mkfifo, "got a pipe"),
    "link to a pipe": (
        lambda path: (os.mkfifo(f"{path}.pipe"), path.symlink_to(f"{path}.pipe")),
        "got a pipe",
    ),
    "endless device": (lambda path: path.symlink_to("/dev/zero"), "got a device"),
    "random device": (lambda path: path.symlink_to("/dev/urandom"), "got a device"),
    "terminal": (lambda path: path.symlink_to("/dev/tty"), "got a device"),
    "socket": (make_socket, "got a socket"),
    "folder": (Path.mkdir, "got a folder"),
    "sparse file of 4 GB": (make_sparse, "at most"),
    "file that is too large": (lambda path: path.write_bytes(bytes(LIMIT + 1)), "at most"),
    "link in a loop": (make_loop, None),
    "link to nowhere": (lambda path: path.symlink_to("/nowhere"), None),
    "nothing": (lambda path: None, None),
    "name below a file": (lambda path: None, None),
}
KINDS = [trick for trick, (_, words) in TRICKS.items() if words != "at most"]


@pytest.fixture
def lay(tmp_path):
    """Lay a trick under a name, and return its path and what is said of it."""

    def lay_there(trick, name):
        make, words = TRICKS[trick]
        path = tmp_path / name
        make(path)
        if trick == "name below a file":
            (tmp_path / "file").write_text("x")
            return tmp_path / "file" / name, None
        return path, words

    return lay_there


@pytest.mark.parametrize("trick", TRICKS)
def test_the_door_refuses_with_what_was_expected_what_came_and_where(lay, trick):
    path, words = lay(trick, "album.cue")
    expected = OSError if words is None else InvalidInputError
    with pytest.raises(expected, match=words) as caught:
        read_side_file(path, what="a cue sheet", max_bytes=LIMIT)
    assert "album.cue" in str(caught.value)
    if words is not None:
        assert "a cue sheet" in str(caught.value)


@pytest.mark.parametrize("trick", TRICKS)
def test_no_cue_sheet_beside_the_music_is_waited_for(lay, trick):
    path, _ = lay(trick, "album.cue")
    assert not any(found.sheet for found in find_sheets(path.with_suffix(".flac")))


@pytest.mark.parametrize("ending", [".jsonl", ".sqlite"])
@pytest.mark.parametrize("trick", [kind for kind in KINDS if TRICKS[kind][1]])
def test_a_catalogue_that_is_no_file_is_an_error_by_name(lay, trick, ending):
    path, words = lay(trick, f"catalogue{ending}")
    with pytest.raises(StoreError, match=words):
        open_catalogue(path)
    assert compute_generation(path) in (None, "unreadable")


@pytest.mark.parametrize("trick", [kind for kind in KINDS if TRICKS[kind][1]])
def test_a_key_a_cache_and_flavors_that_are_no_file_are_left_or_named(lay, trick):
    path, words = lay(trick, "kept")
    assert read_key(environment={}, path=path) is None
    with pytest.raises(StoreError, match=words):
        HttpCache(path)
    with pytest.raises(StoreError):
        FlavorFile(path)
    with pytest.raises(StoreError):
        FlavorFile(path, is_writer=True)
    with pytest.raises(InvalidInputError, match=words):
        wl.read_flavor(path)


def test_a_text_of_one_line_without_end_is_refused(tmp_path):
    path = tmp_path / "wkmp_catalogue.jsonl"
    make_sparse(path)
    with pytest.raises(InvalidInputError, match="at most 1073741824 bytes"):
        list(read_catalogue_file(path))
    assert compute_generation(path) == f"unreadable-{4 << 30}"
    path.write_bytes(b" " * (5 << 20))
    with pytest.raises(InvalidInputError, match=r"line 1 of .*wkmp_catalogue\.jsonl"):
        list(read_catalogue_file(path))


@pytest.mark.parametrize("bracket", ["[", '{"a":'])
def test_a_text_that_is_nested_without_end_is_refused(tmp_path, bracket):
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"title": "A", "odd": {bracket * 200_000}')
    with pytest.raises(InvalidInputError, match="line 1"):
        list(read_catalogue_file(path))
    with pytest.raises(InvalidInputError, match=r"a\.json"):
        decode_json((bracket * 200_000).encode(), name="a.json")
    document = tmp_path / "b.json"
    document.write_text(bracket * 200_000)
    with pytest.raises(InvalidInputError, match=r"b\.json"):
        wl.read_flavor(document)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "album.cue"
    make_unreadable(path)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(PermissionError, match=r"album\.cue"):
        open_regular(path, what="a cue sheet")
    assert list(find_sheets(tmp_path / "album.flac")) == []


def test_lines_come_one_by_one_and_a_long_one_is_refused_by_number(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\ntwo\n" + b"x" * 100)
    read = partial(read_side_lines, path, what="a list", max_bytes=LIMIT)
    assert list(read(max_line_bytes=200)) == [b"one\n", b"two\n", b"x" * 100]
    lines = read(max_line_bytes=50)
    assert [next(lines), next(lines)] == [b"one\n", b"two\n"]
    with pytest.raises(InvalidInputError, match="line 3"):
        next(lines)


def test_an_answer_that_unpacks_without_end_is_asked_for_again(tmp_path):
    with HttpCache(tmp_path / "answers.sqlite") as cache:
        cache.write("small", b"known", life_s=60.0)
        cache.write("large", bytes(100 << 20), life_s=60.0)
        assert cache.read("small") == b"known"
        assert cache.read("large") is None


def test_a_dump_with_odd_things_in_it_is_read_as_far_as_it_is_one(tmp_path):
    dump = tmp_path / "dump"
    dump.mkdir()
    os.mkfifo(dump / "pipe.json")
    (dump / "zero.json").symlink_to("/dev/zero")
    (dump / "nested.json").write_text("[" * 200_000)
    (dump / "large.json").write_bytes(bytes(5 << 20))
    with FlavorFile(tmp_path / "flavors.sqlite", is_writer=True) as flavors:
        count = add_dump(flavors, dump)
    assert (count.n_read, count.n_new, count.n_passed_over) == (2, 0, 2)


@pytest.fixture
def music(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    song = factory.music_like(seed=1, seconds=6, sr=22_050)
    factory.write_audio(folder / "album.flac", song, 22_050)
    os.mkfifo(folder / "album.cue")
    (folder / "album.flac.cue").symlink_to("/dev/zero")
    make_sparse(folder / "wkmp_catalogue.jsonl")
    return folder


def test_an_import_a_plan_and_an_examination_pass_by_all_of_it(music, tmp_path):
    settings = Settings(
        identifying=IdentifySettings(is_offline=True), running=RunSettings(backend="sequential")
    )
    store = tmp_path / "a.wkmp.db"
    session = wl.import_folder(music, settings=settings, store=store, ui="none")
    assert [result.status for result in session.results] == ["done"]
    assert wl.examine(music / "album.flac", settings=settings).status == "done"
    assert wl.plan(music, store=store).n_files == 1


def test_a_command_with_a_pipe_for_a_catalogue_ends_by_itself(music, tmp_path):
    os.mkfifo(tmp_path / "c.jsonl")
    command = [sys.executable, "-m", "wkmp_lab", "catalogue", "list", "--catalogue"]
    done = subprocess.run(
        [*command, str(tmp_path / "c.jsonl")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 2
    assert "expected a catalogue, got a pipe" in done.stderr


def test_reading_a_large_file_ends_with_an_interrupt(tmp_path):
    make_sparse(tmp_path / "a.jsonl", 1 << 30)
    code = (
        "import signal, sys; from wkmp_lab.io.files.side_files import read_side_lines\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a job behind ignores it
        "print('begun', flush=True)\n"
        "while True: list(read_side_lines(sys.argv[1], what='a list', max_bytes=1 << 40, "
        "max_line_bytes=1 << 40))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.jsonl")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=-1, stderr=-1, env=env) as process:
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(60.0) != 0
        finally:
            process.kill()


def test_documents_are_documents():
    assert decode_json(json.dumps({"a": 1}).encode(), name="a.json") == {"a": 1}
    with pytest.raises(InvalidInputError, match=r"no JSON document in 'a\.json'"):
        decode_json(b"{", name="a.json")
