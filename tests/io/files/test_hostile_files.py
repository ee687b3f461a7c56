"""Damaged, lying and hostile files: a reason or what can be had, never a hang."""

import contextlib
import functools
import os
import socket
import struct
import sys
import tempfile
import threading
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import audio_factory as factory

from wkmp_lab.errors import DecodeError, InvalidInputError
from wkmp_lab.io.files.audio import AudioReader
from wkmp_lab.io.tags.reading import read_tags

SR = 44_100
MUSIC = factory.music_like(seed=2, seconds=6, sr=SR, n_channels=2)
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs special files")


def examine(path, **limits):
    with AudioReader(path, **limits) as reader:
        for _ in reader.blocks():
            pass
        return reader.describe()


def wav(*, sr=SR, n_channels=1, bits=16, content=bytes(4000), claimed=None):
    size = len(content) if claimed is None else claimed
    frame = max(n_channels * bits // 8, 1) & 0xFFFF
    head = struct.pack("<HHIIHH", 1, n_channels, sr, (sr * frame) & 0xFFFFFFFF, frame, bits)
    return (
        b"RIFF" + struct.pack("<I", (36 + size) & 0xFFFFFFFF) + b"WAVEfmt "
        + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", size) + content
    )  # fmt: skip


@pytest.fixture(scope="module")
def mp3(tmp_path_factory):
    return factory.write_audio(tmp_path_factory.mktemp("mp3") / "a.mp3", MUSIC, SR).read_bytes()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"just some words\n" * 40, "no audio"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "no audio"),
        (bytes(1 << 20), "no audio"),
        (wav(sr=100_000_000), "implausible header: 100000000 Hz"),
        (wav(sr=1), "implausible header: 1 Hz"),
        (wav(sr=0), "no audio"),
        (wav(n_channels=65_535), "implausible header"),
        (wav(n_channels=0), "implausible header"),
        (wav(bits=0), "no decoder"),
        (wav(content=b""), "no sample"),
    ],
)
def test_what_is_no_audio_is_refused_with_a_reason_and_a_name(tmp_path, content, reason):
    path = tmp_path / "x.mp3"
    path.write_bytes(content)
    start_s = time.process_time()
    with pytest.raises(DecodeError, match=reason) as caught:
        examine(path)
    assert "x.mp3" in str(caught.value)
    assert time.process_time() - start_s < 2.0


def test_an_mp3_of_400_bytes_is_refused(tmp_path, mp3):
    path = tmp_path / "a.mp3"
    path.write_bytes(mp3[:400])
    with pytest.raises(DecodeError):
        examine(path)


def test_half_an_mp3_is_decoded_as_far_as_it_goes_and_flagged(tmp_path, mp3):
    path = tmp_path / "a.mp3"
    path.write_bytes(mp3[: len(mp3) // 2])
    audio = examine(path)
    assert audio.is_truncated
    assert audio.declared_duration_s == pytest.approx(6.0, abs=0.1)
    assert audio.duration_s == pytest.approx(3.0, abs=0.2)


def test_an_mp3_with_random_bytes_keeps_its_good_parts_and_counts_the_bad(tmp_path, mp3):
    rng = np.random.default_rng(0)
    damaged = bytearray(mp3)
    for place in rng.integers(2000, len(damaged), 300):
        damaged[place] = rng.integers(256)
    path = tmp_path / "a.mp3"
    path.write_bytes(damaged)
    audio = examine(path)
    assert audio.n_decode_errors > 0 or audio.duration_s == pytest.approx(6.0, abs=0.1)
    assert audio.duration_s > 1.0


def test_a_hole_in_the_middle_costs_only_the_hole(tmp_path, mp3):
    damaged = bytearray(mp3)
    middle = len(damaged) // 2
    damaged[middle : middle + 2000] = np.random.default_rng(1).bytes(2000)
    path = tmp_path / "a.mp3"
    path.write_bytes(damaged)
    audio = examine(path)
    # 2,000 bytes are 0.13 s at 128 kb/s; sync is found again within a few frames.
    assert audio.duration_s > 5.6
    assert not audio.is_truncated


def test_junk_behind_the_music_costs_nothing(tmp_path, mp3):
    path = tmp_path / "a.mp3"
    path.write_bytes(mp3 + np.random.default_rng(2).bytes(5000))
    assert examine(path).duration_s == pytest.approx(6.0, abs=0.15)


def test_junk_before_the_music_gives_the_music_or_a_reason(tmp_path, mp3):
    path = tmp_path / "a.mp3"
    path.write_bytes(np.random.default_rng(3).bytes(200_000) + mp3)
    try:
        audio = examine(path)
    except DecodeError:
        return
    assert audio.duration_s < 20.0


@pytest.mark.parametrize("ending", [".flac", ".wv", ".aiff", ".wma"])
def test_other_formats_cut_in_half_are_decoded_as_far_as_they_go(tmp_path, ending):
    path = factory.write_audio(tmp_path / f"a{ending}", MUSIC, SR)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert 1.0 < examine(path).duration_s < 5.0


def test_an_m4a_that_lost_its_index_is_refused(tmp_path):
    path = factory.write_audio(tmp_path / "a.m4a", MUSIC, SR)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DecodeError):
        examine(path)


def test_a_wav_that_claims_4_gb_has_the_length_of_its_samples(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav(content=bytes(400_000), claimed=0xFFFFFFF0))
    tracemalloc.start()
    audio = examine(path)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert audio.n_samples == 200_000
    assert peak_bytes < 20e6


@pytest.mark.parametrize("seconds", [0.01, 0.5, 2.0])
def test_short_files_decode(tmp_path, seconds):
    short = factory.tone(440, seconds, SR)
    audio = examine(factory.write_audio(tmp_path / "a.flac", short, SR))
    assert audio.n_samples == round(seconds * SR)


def test_memory_does_not_grow_with_the_length_of_a_file(tmp_path):
    def peak_bytes(minutes):
        quiet = np.zeros((1, 8000 * 60 * minutes), np.float32)
        path = factory.write_audio(tmp_path / f"{minutes}.flac", quiet, 8000)
        tracemalloc.start()
        examine(path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    # All of 40 minutes would be 77 MB.
    assert peak_bytes(40) < peak_bytes(5) + 2e6


@needs_posix
@pytest.mark.timeout(20)
def test_special_files_are_refused_without_being_opened(tmp_path):
    os.mkfifo(tmp_path / "fifo.mp3")
    (tmp_path / "zero.mp3").symlink_to("/dev/zero")
    (tmp_path / "folder.mp3").mkdir()
    for name in ("fifo.mp3", "zero.mp3", "folder.mp3"):
        with pytest.raises(DecodeError, match="not a regular file"):
            AudioReader(tmp_path / name)


@needs_posix
@pytest.mark.parametrize(
    "name",
    [
        b"caf\xe9.wav",
        b"concat:a.wav|b.wav",
        b"http:.wav",
        b"-i.wav",
        b"%03d.wav",
        b"\n\"'$(id).wav",
    ],
)
def test_names_are_never_more_than_names(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    path = Path(os.fsdecode(name))
    try:
        path.write_bytes(wav())
    except OSError:
        pytest.skip("this file system does not take the name")
    assert examine(path).n_samples == 2000
    assert read_tags(path).title is None


def playlists(target):
    yield b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n%b\n#EXT-X-ENDLIST\n" % target
    yield b"ffconcat version 1.0\nfile '%b'\n" % target
    yield (
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"
    )
    yield (
        b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        b'mediaPresentationDuration="PT9S"><Period><AdaptationSet mimeType="audio/mp4">'
        b'<Representation id="1" bandwidth="1"><BaseURL>%b</BaseURL><SegmentBase/>'
        b"</Representation></AdaptationSet></Period></MPD>" % target
    )


def test_a_playlist_under_a_music_name_reads_no_other_file(tmp_path):
    other = tmp_path / "secret.wav"
    other.write_bytes(wav())
    for target in (bytes(other), b"file://" + bytes(other), b"secret.wav"):
        for content in playlists(target):
            path = tmp_path / "a.mp3"
            path.write_bytes(content)
            with pytest.raises(DecodeError):
                examine(path)


def test_a_playlist_under_a_music_name_asks_no_server_and_waits_for_none(tmp_path):
    asked = []

    def listen(server):
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            asked.append(connection)
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        listener = threading.Thread(target=listen, args=(server,), daemon=True)
        listener.start()
        address = b"http://127.0.0.1:%d/a.wav" % server.getsockname()[1]
        for content in playlists(address):
            path = tmp_path / "a.mp3"
            path.write_bytes(content)
            start_s = time.monotonic()
            with pytest.raises(DecodeError):
                examine(path)
            # A session description that was followed would listen for 10 s and more.
            assert time.monotonic() - start_s < 9.0
        server.shutdown(socket.SHUT_RDWR)
        listener.join(timeout=5)
    assert asked == []


@functools.cache
def small_file(ending):
    """A third of a second in the format of the ending, tagged."""
    with tempfile.TemporaryDirectory() as folder:
        music = factory.music_like(seed=3, seconds=0.3, sr=22_050, n_channels=2)
        tags = {"title": "Song", "artist": "Singer"}
        path = factory.write_audio(Path(folder) / f"a{ending}", music, 22_050, tags=tags)
        return path.read_bytes()


@pytest.mark.parametrize("place", [46, 51, 52])
def test_sizes_beyond_any_file_lead_to_no_seek_error_and_no_print(tmp_path, capfd, place):
    damaged = bytearray(small_file(".wma"))
    damaged[place] = 0xFF  # of the eight bytes of the first header object's size
    path = tmp_path / "a.wma"
    path.write_bytes(damaged)
    with contextlib.suppress(DecodeError):
        examine(path)
    assert capfd.readouterr() == ("", "")


@given(
    ending=st.sampled_from(sorted(factory.CODECS)),
    changes=st.lists(
        st.tuples(st.integers(0, 2000) | st.integers(0, 1 << 20), st.integers(0, 255)),
        max_size=12,
    ),
    share=st.just(1.0) | st.floats(0.01, 1.0),
)
def test_no_mutation_of_a_file_leads_to_a_foreign_error(ending, changes, share):
    mutated = bytearray(small_file(ending))
    for place, value in changes:
        mutated[place % len(mutated)] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{ending}"
        path.write_bytes(mutated[: max(int(share * len(mutated)), 1)])
        with contextlib.suppress(InvalidInputError):
            read_tags(path)
        try:
            audio = examine(path, max_duration_s=60.0)
        except DecodeError:
            return
        assert audio.duration_s <= 60.0
