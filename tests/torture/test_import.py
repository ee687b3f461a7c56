"""One import of a folder in which nearly everything is wrong: a row or a reason for each file.

The numbers are those of the torture list in ``test_list.py``.
"""

import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mutagen.id3 import COMM, ID3, TIT2, TPE1
from support import audio_factory as factory

from wkmp_lab.fingerprinting.fingerprint import find_fingerprint_tool
from wkmp_lab.library.session import import_folder
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

SR = 22_050
XSS = "<img src=x onerror=alert(1)></script>"
FORMULA = "=cmd|' /C calc'!A0"
SETTINGS = Settings(identifying=IdentifySettings(is_offline=True), running=RunSettings(n_jobs=2))
ODD_NAMES = {
    "newline": "a\nb.wav",
    "quotes": "'\"`.wav",
    "command": "$(id).wav",
    "format": "%s%n.wav",
    "option": "-i.wav",
    "protocol": "concat:x|y.wav",
    "emoji": "🎵.wav",
    "rtl": "a\u202efdp.wav",
    "longest": "n" * 251 + ".wav",
    "html": "<b>&.wav",
    "nfc": "caf\u00e9.wav",
    "nfd": "cafe\u0301.wav",
}
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs special files and names")


def wav(*, sr=SR, n_channels=1, content=bytes(4000), claimed=None):
    size = len(content) if claimed is None else claimed
    head = struct.pack("<HHIIHH", 1, n_channels, sr, (sr * 2) & 0xFFFFFFFF, 2, 16)
    return (
        b"RIFF" + struct.pack("<I", (36 + size) & 0xFFFFFFFF) + b"WAVEfmt "
        + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", size) + content
    )  # fmt: skip


def flip(content, n, *, seed=0):
    """The bytes with some of them changed, the first kilobyte left alone."""
    rng = np.random.default_rng(seed)
    damaged = bytearray(content)
    for place in rng.integers(1024, len(content), n):
        damaged[place] ^= int(rng.integers(1, 256))
    return bytes(damaged)


def write_folder(folder):
    """Every odd file, under the number of its line in the list."""
    song = factory.music_like(seed=3, seconds=30, sr=SR)
    mp3 = factory.write_audio(folder / "whole.mp3", song, SR).read_bytes()
    files = {
        "01.mp3": b"",
        "02.mp3": b"<!DOCTYPE html><html><body>404</body></html>" * 9,
        "03.mp3": mp3[:200],
        "04.mp3": mp3[: len(mp3) // 2],
        "05.mp3": flip(mp3, 3000),
        "06.mp3": np.random.default_rng(6).bytes(200_000) + mp3,
        "07.mp3": bytes(1 << 20),
        "12 rate.wav": wav(sr=100_000_000),
        "12 slow.wav": wav(sr=1),
        "12 channels.wav": wav(n_channels=65_535),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    pcm = (song[0] * 32767).astype("<i2").tobytes()
    (folder / "13.wav").write_bytes(wav(content=pcm[: SR * 2 * 9], claimed=0xFFFFFF00))
    for name, seconds in (("08 half.wav", 0.5), ("08 two.wav", 2.0), ("09.wav", 3.0)):
        factory.write_audio(folder / name, song[:, : round(seconds * SR)], SR)
    factory.write_audio(folder / "10.wav", np.zeros((1, 30 * SR), np.float32), SR)
    factory.write_audio(folder / "11.wav", factory.noise(60, SR), SR)
    (folder / "16.mp3").mkdir()
    write_tagged(folder, mp3)


def write_tagged(folder, mp3):
    path = folder / "27.mp3"
    # Other bytes than the whole song, or it would be a copy of it.
    path.write_bytes(mp3[: len(mp3) * 3 // 4])
    tags = ID3()
    tags.add(TIT2(encoding=3, text=f"{XSS}\x01\u202e"))
    tags.add(TPE1(encoding=3, text=FORMULA))
    tags.add(COMM(encoding=3, lang="eng", desc="", text="long " * 200_000))
    tags.save(path)


def write_special(folder):
    """What only some systems have: links, pipes, names of any bytes."""
    os.mkfifo(folder / "17 pipe.mp3")
    (folder / "17 zero.mp3").symlink_to("/dev/zero")
    (folder / "18 loop").symlink_to(folder)
    (folder / "18 nowhere.mp3").symlink_to(folder / "missing")
    os.link(folder / "whole.mp3", folder / "19 hard.mp3")
    (folder / "19 soft.mp3").symlink_to(folder / "whole.mp3")
    beep = factory.write_audio(folder / "beep.wav", factory.tone(440, 4, SR), SR).read_bytes()
    for number, name in enumerate(ODD_NAMES.values()):
        # Each with a byte of its own, so that none is a copy.
        (folder / name).write_bytes(beep + bytes([number]))
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.wav")).write_bytes(beep + b"\xff")


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folder = tmp_path_factory.mktemp("torture")
    music = folder / "music"
    music.mkdir()
    write_folder(music)
    if sys.platform != "win32":
        write_special(music)
    return import_folder(music, settings=SETTINGS, store=folder / "kept.wkmp.db")


@pytest.fixture(scope="module")
def rows(session):
    return {Path(result.path).name: result for result in session.results}


def reason_of(result):
    return result.failure.reason if result.failure else ""


def test_the_run_ends_with_a_row_for_every_file(session, rows):
    assert session.state == "completed"
    assert len(session.files) == len(session.results)
    assert (
        sum(result.failure is not None for result in rows.values()) == session.snapshot().n_failed
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("01.mp3", "empty file"),
        ("02.mp3", "no audio"),
        ("03.mp3", "no "),
        ("07.mp3", "no audio"),
        ("12 rate.wav", "implausible header"),
        ("12 slow.wav", "implausible header"),
        ("12 channels.wav", "implausible header"),
    ],
)
def test_what_cannot_be_decoded_fails_with_its_reason(rows, name, reason):
    assert rows[name].status == "failed"
    assert reason in reason_of(rows[name])
    assert rows[name].passages == ()


def test_what_is_damaged_has_the_length_of_its_samples_and_says_so(rows):
    half = rows["04.mp3"]
    assert half.duration_s == pytest.approx(15.0, rel=0.1)
    assert "truncated" in " ".join(half.notes)
    damaged = rows["05.mp3"]
    assert damaged.notes or damaged.failure
    assert all(p.identity.level != "high" for p in damaged.passages if p.identity)
    assert rows["06.mp3"].status in ("done", "failed")
    assert rows["13.wav"].duration_s == pytest.approx(9.0, abs=0.1)


def test_what_is_too_short_or_silent_is_never_looked_up(rows):
    if find_fingerprint_tool() is None:
        pytest.skip("needs Chromaprint: libchromaprint or an ffmpeg with its muxer")
    for name in ("08 half.wav", "08 two.wav"):
        identities = [p.identity for p in rows[name].passages if p.identity]
        assert all(identity.reason == "too_short" for identity in identities), name
        assert all(p.fingerprint is None for p in rows[name].passages)
    assert rows["09.wav"].passages[0].descriptors is not None
    assert rows["10.wav"].status == "no_audio"
    assert rows["11.wav"].status == "done"
    assert {p.identity.level for p in rows["11.wav"].passages} == {"unidentified"}


@needs_posix
def test_what_is_no_regular_file_is_skipped_and_never_opened(session, rows):
    skipped = {Path(path).name for path, _ in session.skipped}
    assert {"17 pipe.mp3", "17 zero.mp3", "18 nowhere.mp3"} <= skipped
    assert not {"16.mp3", "17 pipe.mp3", "17 zero.mp3", "18 loop"} & rows.keys()


@needs_posix
def test_one_content_under_three_names_is_measured_once(rows):
    kinds = sorted(rows[name].status for name in ("whole.mp3", "19 hard.mp3", "19 soft.mp3"))
    assert kinds == ["done", "duplicate", "duplicate"]


@needs_posix
def test_odd_names_are_names_and_nothing_else(session, rows):
    for kind, name in ODD_NAMES.items():
        assert rows[name].status == "done", kind
    assert rows[os.fsdecode(b"caf\xe9.wav")].status == "done"
    shown = session.files["path"]
    assert shown.is_unique
    assert not shown.str.contains(r"[\x00-\x1f\u202e]", regex=True).any()
    shown.str.encode("utf-8")


def test_hostile_tags_are_text_in_every_export(session, tmp_path):
    formats = ("csv", "parquet", "xlsx", "json", "wkmp", "cue", "m3u", "labels", "html")
    written = session.export(tmp_path / "out", formats=formats)
    assert {path.parent.resolve() for path in written} <= set(
        (tmp_path / "out").resolve().rglob("*")
    ) | {(tmp_path / "out").resolve()}
    report = next(path for path in written if path.suffix == ".html").read_text("utf-8")
    assert report.count("<img") == report.count('<img src="data:image/png;base64,')  # our own
    assert FORMULA not in [line.partition(",")[0] for line in report.splitlines()]
    table = (tmp_path / "out" / "files.csv").read_text("utf-8")
    assert "\x01" not in table
    assert f",{FORMULA}" not in table


ENVIRONMENTS = {
    "an ASCII locale": {"LC_ALL": "C"},
    "another time zone": {"TZ": "Pacific/Kiritimati"},
}
SCRIPT = """
import json, sys
from wkmp_lab.library.session import import_folder
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings
if sys.argv[3] != "0":
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[3]), int(sys.argv[3])))
settings = Settings(
    identifying=IdentifySettings(is_offline=True), running=RunSettings(n_jobs=int(sys.argv[4]))
)
session = import_folder(sys.argv[1], settings=settings, store=sys.argv[2])
session.export(sys.argv[5], formats=["csv"])
print(json.dumps([session.state, len(session.results), session.snapshot().n_failed]))
"""


def run_elsewhere(folder, store, out, *, n_jobs=1, n_descriptors=0, **environment):
    """The import in a process of its own; its last line, parsed."""
    command = [sys.executable, "-c", SCRIPT, str(folder), str(store)]
    command += [str(n_descriptors), str(n_jobs), str(out)]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, timeout=240, check=True
    )
    return json.loads(done.stdout.decode("ascii").splitlines()[-1])


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Three songs, a silence and a failure, and their passages as one job tells them."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "music").mkdir()
    for seed in range(3):
        song = factory.music_like(seed=seed, seconds=6, sr=SR)
        factory.write_audio(folder / "music" / f"sóng {seed}.flac", song, SR)
    factory.write_audio(folder / "music" / "silence.wav", np.zeros((1, 4 * SR), np.float32), SR)
    (folder / "music" / "broken.mp3").write_bytes(b"no music" * 99)
    assert run_elsewhere(folder / "music", folder / "a.db", folder / "a") == ["completed", 5, 1]
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_the_surroundings_change_no_result(small, tmp_path, environment):
    ended = run_elsewhere(small / "music", tmp_path / "b.db", tmp_path / "b", **environment)
    assert ended == ["completed", 5, 1]
    for name in ("passages.csv", "gaps.csv", "flavors.csv"):
        assert (tmp_path / "b" / name).read_bytes() == (small / "a" / name).read_bytes()


@pytest.mark.slow
@needs_posix
@pytest.mark.parametrize(("n_jobs", "n_descriptors"), [(2, 256), (8, 0)])
def test_workers_and_descriptors_change_no_result(small, tmp_path, n_jobs, n_descriptors):
    limits = {"n_jobs": n_jobs, "n_descriptors": n_descriptors}
    ended = run_elsewhere(small / "music", tmp_path / "b.db", tmp_path / "b", **limits)
    assert ended == ["completed", 5, 1]
    for name in ("passages.csv", "gaps.csv", "flavors.csv"):
        assert (tmp_path / "b" / name).read_bytes() == (small / "a" / name).read_bytes()


@needs_posix
def test_the_music_folder_is_as_it_was(tmp_path):
    music = tmp_path / "music"
    music.mkdir()
    write_folder(music)
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in music.rglob("*")}
    import_folder(music, settings=SETTINGS, store=tmp_path / "kept.wkmp.db")
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in music.rglob("*")} == before
    shutil.rmtree(music)
