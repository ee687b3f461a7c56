"""A file keeps the hash of its audio whatever is written beside the music, and only then."""

import dataclasses
import shutil

import numpy as np
import pytest
from support.audio_factory import music_like, split_ogg, write_audio
from support.retagging import retag

from wkmp_lab.errors import DecodeError
from wkmp_lab.io.files.audio import AudioReader
from wkmp_lab.io.files.audio_hash import VERSION, compute_audio_hash, compute_audio_head

SR = 44_100
KINDS = (".mp3", ".flac", ".m4a", ".ogg", ".opus", ".wav", ".aiff", ".wv", ".wma", ".mka")


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    """A song in every format, coded once."""
    folder = tmp_path_factory.mktemp("songs")
    samples = music_like(seed=4, seconds=6.3, sr=SR, n_channels=2)
    for kind in KINDS:
        sr = 48_000 if kind == ".opus" else SR
        codec = "flac" if kind == ".mka" else None
        write_audio(folder / f"song{kind}", samples, sr, codec=codec, tags={"title": "Before"})
    return folder


def copy_of(songs, kind, tmp_path):
    return shutil.copy(songs / f"song{kind}", tmp_path / f"copy{kind}")


@pytest.mark.parametrize("kind", KINDS)
def test_a_tag_changes_the_bytes_and_not_the_hash(songs, kind, tmp_path):
    path = copy_of(songs, kind, tmp_path)
    before, old = compute_audio_hash(str(path)), path.read_bytes()
    for title in ("After", "Again, and longer"):
        retag(path, title=title)
        assert path.read_bytes() != old
        assert compute_audio_hash(str(path)) == before


@pytest.mark.parametrize("kind", KINDS)
def test_the_head_of_a_hash_is_known_from_the_first_packets(songs, kind):
    path = str(songs / f"song{kind}")
    assert compute_audio_hash(path).startswith(compute_audio_head(path))


@pytest.mark.parametrize("limit_s", [0.5, float("inf")])
@pytest.mark.parametrize("kind", KINDS)
def test_a_decode_finds_the_same_hash_however_soon_it_stops(songs, kind, limit_s):
    path = songs / f"song{kind}"
    with AudioReader(path, max_duration_s=limit_s, is_hashed=True) as reader:
        for _ in reader.blocks():
            pass
        assert reader.read_audio_hash() == compute_audio_hash(str(path))


def test_every_format_and_every_music_has_a_hash_of_its_own(songs, tmp_path):
    other = music_like(seed=5, seconds=6.3, sr=SR, n_channels=2)
    write_audio(tmp_path / "other.flac", other, SR)
    paths = [*(songs / f"song{kind}" for kind in KINDS), tmp_path / "other.flac"]
    hashes = [compute_audio_hash(str(path)) for path in paths if path.suffix != ".mka"]
    assert len(set(hashes)) == len(hashes)
    assert {len(each) for each in hashes} == {82}
    assert all(each.startswith(VERSION) for each in hashes)


def test_one_sample_that_differs_makes_another_hash(tmp_path):
    samples = music_like(seed=6, seconds=2.0, sr=SR)
    write_audio(tmp_path / "a.wav", samples, SR)
    samples[0, SR] += np.float32(0.01)
    write_audio(tmp_path / "b.wav", samples, SR)
    assert compute_audio_hash(str(tmp_path / "a.wav")) != compute_audio_hash(
        str(tmp_path / "b.wav")
    )


def test_what_the_decoder_trims_and_how_loud_it_plays_are_part_of_it(songs, tmp_path):
    mp3 = copy_of(songs, ".mp3", tmp_path)
    data = mp3.read_bytes()
    place = data.find(b"LAME") if b"LAME" in data else data.find(b"Lavc")
    delay = place + 21  # three bytes of encoder delay and padding, 21 behind the encoder's name
    mp3.write_bytes(data[:delay] + bytes([data[delay] ^ 1]) + data[delay + 1 :])
    assert compute_audio_hash(str(mp3)) != compute_audio_hash(str(songs / "song.mp3"))

    opus = copy_of(songs, ".opus", tmp_path)
    head, *rest = split_ogg(opus.read_bytes())
    louder = dataclasses.replace(head, body=head.body[:16] + b"\x00\x03" + head.body[18:])
    opus.write_bytes(b"".join(page.encode() for page in (louder, *rest)))
    assert compute_audio_hash(str(opus)) != compute_audio_hash(str(songs / "song.opus"))


def test_half_a_file_is_another_one(songs, tmp_path):
    half = copy_of(songs, ".ogg", tmp_path)
    half.write_bytes(half.read_bytes()[: half.stat().st_size // 2])
    assert compute_audio_hash(str(half)) != compute_audio_hash(str(songs / "song.ogg"))


@pytest.mark.parametrize("content", [b"", b"no music at all" * 100])
def test_what_holds_no_audio_has_no_hash(content, tmp_path):
    path = tmp_path / "odd.mp3"
    path.write_bytes(content)
    with pytest.raises(DecodeError):
        compute_audio_hash(str(path))
