"""Scanning finds the audio of a folder, says what it could not look at, and opens nothing odd."""

import hashlib
import os
import socket
import sys
from pathlib import Path

import pytest

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.files.scanning import (
    compute_sha256,
    scan_folder,
)
from wkmp_lab.io.formats.signatures import has_audio_signature, name_other
from wkmp_lab.settings import ScanSettings

FLAC = b"fLaC" + bytes(40)
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs links and special files")


def put(folder, *names, content=FLAC):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def names_in(scan):
    return [os.path.relpath(file.path, scan.folder) for file in scan.files]


def test_files_are_found_in_order_whatever_the_order_of_the_disk(tmp_path):
    put(tmp_path, "b/2.flac", "b/10.MP3", "a.ogg", "c.wav")
    scan = scan_folder(tmp_path)
    assert names_in(scan) == ["a.ogg", "b/10.MP3", "b/2.flac", "c.wav"]
    assert scan.skipped == ()
    assert all(file.size_bytes == len(FLAC) and file.mtime_ns > 0 for file in scan.files)


def test_hidden_system_and_other_files_are_left(tmp_path):
    put(tmp_path, ".git/a.mp3", ".svn/a.mp3", "node_modules/a.mp3", ".hidden.mp3", "Thumbs.db")
    put(tmp_path, ".DS_Store", "cover.jpg", "sheet.cue", "list.m3u")
    put(tmp_path, "notes.txt", content=b"just some words")
    scan = scan_folder(tmp_path)
    assert (names_in(scan), scan.skipped) == ([], ())


def test_what_is_akin_to_music_is_named_by_its_kind(tmp_path):
    put(tmp_path, "a.mid", "b.xm", "c.mkv", "d.sid")
    scan = scan_folder(tmp_path)
    assert names_in(scan) == []
    reasons = [reason.split(":")[0] for _, reason in scan.skipped]
    assert reasons == ["MIDI", "tracker module", "video", "music of a sound chip"]


@pytest.mark.parametrize(
    "ending", "3ga aax amr asf awb dts eac3 ec3 m4p mlp oma ra shn snd thd voc".split()
)
def test_rare_names_of_audio_are_taken(tmp_path, ending):
    put(tmp_path, f"a.{ending}", content=b"anything")
    assert names_in(scan_folder(tmp_path)) == [f"a.{ending}"]


def test_music_under_a_name_of_text_is_told_and_text_is_not(tmp_path):
    frame = b"\xff\xfb\x90\x00" + bytes(413)  # 128 kbit/s at 44.1 kHz: 417 bytes
    put(tmp_path, "a.txt", content=3 * frame)
    put(tmp_path, "b.nfo")
    put(tmp_path, "c.txt", content="\ufeffTrack list".encode("utf-16-le"))
    put(tmp_path, "d.txt", content=frame[:4] + b" is how a frame begins")
    scan = scan_folder(tmp_path)
    assert [(Path(path).name, reason) for path, reason in scan.skipped] == [
        ("a.txt", "MP3 audio under a name of text"),
        ("b.nfo", "FLAC audio under a name of text"),
    ]


def test_files_without_a_known_name_are_judged_by_their_first_bytes(tmp_path):
    put(tmp_path, "noname", "song.bak")
    put(tmp_path, "text", content=b"just some words")
    put(tmp_path, "empty", content=b"")
    put(tmp_path, "liar.mp3", content=b"<html>")
    assert names_in(scan_folder(tmp_path)) == ["liar.mp3", "noname", "song.bak"]


@pytest.mark.parametrize(
    ("head", "is_audio"),
    [
        (b"ID3\x04" + bytes(30), True),
        (b"OggS" + bytes(30), True),
        (b"RIFF\0\0\0\0WAVE" + bytes(24), True),
        (b"RIFF\0\0\0\0AVI " + bytes(24), False),
        (b"FORM\0\0\0\0AIFC" + bytes(24), True),
        (b"\0\0\0\x20ftypM4A " + bytes(24), True),
        (b"\0\0\0\x20ftypisom" + bytes(24), False),
        (b"\xff\xfb\x90\x00" + bytes(30), True),
        (b"\xff\xff\xff\xff" + bytes(30), False),
        (b"\xff", False),
        (b"", False),
    ],
)
def test_signatures(head, is_audio):
    assert has_audio_signature(head) is is_audio


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"MThd" + bytes(30), "MIDI"),
        (b"Extended Module: song" + bytes(30), "tracker"),
        (bytes(44) + b"SCRM", "tracker"),
        (bytes(1080) + b"M.K.", "tracker"),
        (b"RIFF\0\0\0\0AVI ", "video"),
        (b"%PDF-1.7", "PDF"),
        (bytes(100), "zeros"),
    ],
)
def test_what_holds_no_sound_is_named(head, name):
    assert name in (name_other(head) or "")
    assert name_other(b"fLaC" + bytes(100)) is None
    assert name_other(b"") is None


def test_progress_is_told_and_may_end_the_scan(tmp_path):
    put(tmp_path, *(f"{n}.mp3" for n in range(12)))
    told = []
    scan_folder(tmp_path, on_found=told.append)
    assert told[-1] == 12
    assert told == sorted(told)

    def stop(n):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan_folder(tmp_path, on_found=stop)


def test_wrong_folders_are_named(tmp_path):
    put(tmp_path, "a.mp3")
    with pytest.raises(InvalidInputError, match=r"does not exist: .*none"):
        scan_folder(tmp_path / "none")
    with pytest.raises(InvalidInputError, match=r"got a file: .*a\.mp3"):
        scan_folder(tmp_path / "a.mp3")


def test_an_empty_folder_gives_an_empty_scan(tmp_path):
    scan = scan_folder(tmp_path)
    assert (scan.files, scan.skipped) == ((), ())


def test_hashes_are_those_of_the_bytes(tmp_path):
    content = bytes(range(256)) * 10_000
    put(tmp_path, "a.mp3", content=content)
    assert compute_sha256(tmp_path / "a.mp3") == hashlib.sha256(content).hexdigest()


@needs_posix
def test_links_are_followed_once_and_loops_end(tmp_path):
    put(tmp_path, "real/a.mp3")
    (tmp_path / "real/loop").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "real")
    (tmp_path / "self.mp3").symlink_to(tmp_path / "self.mp3")
    (tmp_path / "dangling.mp3").symlink_to(tmp_path / "gone.mp3")
    scan = scan_folder(tmp_path)
    assert len(scan.files) == 1
    reasons = {Path(path).name: reason for path, reason in scan.skipped}
    assert reasons["dangling.mp3"] == "dangling link"
    assert "self.mp3" in reasons


@needs_posix
def test_links_are_not_followed_where_that_is_set(tmp_path):
    put(tmp_path, "real/a.mp3")
    (tmp_path / "link.mp3").symlink_to(tmp_path / "real/a.mp3")
    (tmp_path / "folder").symlink_to(tmp_path / "real")
    scan = scan_folder(tmp_path, settings=ScanSettings(follow_symlinks=False))
    assert names_in(scan) == ["real/a.mp3"]


@needs_posix
def test_hard_links_and_file_links_are_rows_with_one_inode(tmp_path):
    put(tmp_path, "a.mp3")
    os.link(tmp_path / "a.mp3", tmp_path / "b.mp3")
    (tmp_path / "c.mp3").symlink_to(tmp_path / "a.mp3")
    scan = scan_folder(tmp_path)
    assert names_in(scan) == ["a.mp3", "b.mp3", "c.mp3"]
    assert len({file.inode for file in scan.files}) == 1


@needs_posix
@pytest.mark.timeout(20)
def test_special_files_are_never_opened(tmp_path):
    # Opening a FIFO that nobody writes to would block for ever.
    os.mkfifo(tmp_path / "fifo.mp3")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zero.mp3").symlink_to("/dev/zero")
    (tmp_path / "folder.mp3").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(tmp_path)  # the name of a socket is short
        try:
            listener.bind("socket.mp3")
        finally:
            os.chdir(here)
        scan = scan_folder(tmp_path)
    assert scan.files == ()
    skipped = {Path(path).name: reason for path, reason in scan.skipped}
    assert skipped == dict.fromkeys(("fifo.mp3", "zero.mp3", "socket.mp3"), "not a regular file")


@needs_posix
@pytest.mark.parametrize(
    "name",
    [
        b"caf\xe9.mp3",
        b"new\nline \"quote' $(id) %s.mp3",
        b"-rf.mp3",
        b"concat:a|b.mp3",
        b"http:.mp3",
        "\u202egnp.mp3".encode(),
        "\U0001f3b5.mp3".encode(),
        b"x" * 251 + b".mp3",
    ],
)
def test_odd_names_are_found_and_can_be_opened_again(tmp_path, name):
    path = tmp_path / os.fsdecode(name)
    try:
        path.write_bytes(FLAC)
    except OSError:
        pytest.skip("this file system does not take the name")
    (found,) = scan_folder(tmp_path).files
    assert os.fsencode(found.path) == os.fsencode(path)
    assert compute_sha256(found.path) == hashlib.sha256(FLAC).hexdigest()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems unify the two spellings")
def test_two_spellings_of_a_name_are_two_files(tmp_path):
    put(tmp_path, "caf\u00e9.mp3", "cafe\u0301.mp3")
    assert len(scan_folder(tmp_path).files) == 2


@needs_posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read all")
def test_folders_without_permission_are_reported(tmp_path):
    put(tmp_path, "closed/a.mp3", "open/b.mp3")
    (tmp_path / "closed").chmod(0)
    try:
        scan = scan_folder(tmp_path)
    finally:
        (tmp_path / "closed").chmod(0o755)
    assert names_in(scan) == ["open/b.mp3"]
    assert [reason for _, reason in scan.skipped] == ["permission denied"]


def test_a_folder_that_cannot_be_listed_is_reported_and_the_rest_found(tmp_path, monkeypatch):
    put(tmp_path, "closed/a.mp3", "open/b.mp3")
    real = os.scandir

    def guarded(folder):
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied", folder)
        return real(folder)

    monkeypatch.setattr(os, "scandir", guarded)
    scan = scan_folder(tmp_path)
    assert names_in(scan) == ["open/b.mp3"]
    assert scan.skipped == ((str(tmp_path / "closed"), "permission denied"),)


@needs_posix
def test_paths_that_are_too_long_are_reported(tmp_path):
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(tmp_path)
        for _ in range(20):  # beyond 4096 bytes, entered step by step
            Path("d" * 250).mkdir()
            os.chdir("d" * 250)
    finally:
        os.fchdir(here)
        os.close(here)
    put(tmp_path, "a.mp3")
    scan = scan_folder(tmp_path)
    assert names_in(scan) == ["a.mp3"]
    assert len(scan.skipped) == 1
    assert "too long" in scan.skipped[0][1]
