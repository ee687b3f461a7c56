"""Tag bombs: the music is read all the same, soon and in little memory, and a note says why."""

import resource
import time

import pytest
from support import audio_factory as factory
from support.tag_bombs import make_bombs, make_comment, make_flac_block, make_id3, syncsafe

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.tags.limits import MAX_ENTRIES
from wkmp_lab.io.tags.reading import read_length_s, read_tags
from wkmp_lab.model import SourceFile
from wkmp_lab.pipeline.measure import measure_file

SR = 44_100
MAX_S, MAX_MB = 30.0, 500
NAMES = (
    *("text.mp3", "text3.mp3", "pictures.mp3", "lying.mp3", "million.mp3", "million2.mp3"),
    *("ape.mp3", "comments.flac", "distinct.flac", "lying.flac", "blocks.flac", "chunk.aiff"),
    *("deep.m4a", "atoms.m4a"),
)


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("songs")
    music = factory.music_like(seed=1, seconds=4.0, sr=SR, n_channels=2)
    endings = (".mp3", ".flac", ".m4a", ".aiff")
    paths = [factory.write_audio(folder / f"a{ending}", music, SR) for ending in endings]
    return {path.suffix: path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def bombs(songs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bombs")
    for name, content in make_bombs(songs):
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_bomb_costs_little_time_and_memory_and_not_the_music(bombs, name):
    path = bombs / name
    status = path.stat()
    start_s, before_kb = time.process_time(), _peak_kb()
    result = measure_file(SourceFile(str(path), status.st_size, status.st_mtime_ns))
    assert time.process_time() - start_s < MAX_S
    assert (_peak_kb() - before_kb) / 1024 < MAX_MB
    assert result.status == "done", result.failure
    assert result.duration_s == pytest.approx(4.0, abs=0.2)
    notes = [note for note in result.notes if note.startswith("tags not read: tags ")]
    assert len(notes) == (name != "deep.m4a")  # which no parser follows to its ground


def _peak_kb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize("name", NAMES)
def test_the_length_of_a_bomb_is_told_by_the_decoder_where_its_tags_are_not_read(bombs, name):
    start_s = time.process_time()
    length_s = read_length_s(bombs / name)
    assert length_s is None or length_s == pytest.approx(4.0, abs=0.2)
    assert time.process_time() - start_s < MAX_S


def test_large_but_honest_tags_are_read(songs, tmp_path):
    title = b"TIT2" + syncsafe(5) + b"\0\0\x03Song"
    cover = b"\x00image/jpeg\x00\x03\x00" + bytes(20_000_000)
    picture = b"APIC" + syncsafe(len(cover)) + b"\0\0" + cover
    (tmp_path / "a.mp3").write_bytes(make_id3(title + picture) + songs[".mp3"])
    assert read_tags(tmp_path / "a.mp3").title == "Song"
    many = make_comment(MAX_ENTRIES, entry=b"title=Song")
    flac = songs[".flac"]
    (tmp_path / "a.flac").write_bytes(flac[:42] + make_flac_block(4, many) + flac[42:])
    assert read_tags(tmp_path / "a.flac").title == "Song"


def test_a_refusal_says_what_the_tags_claim(songs, tmp_path):
    flac = songs[".flac"]
    many = make_comment(MAX_ENTRIES + 1)
    (tmp_path / "a.flac").write_bytes(flac[:42] + make_flac_block(4, many) + flac[42:])
    with pytest.raises(InvalidInputError, match="at most 10000 entries, a Vorbis comment has"):
        read_tags(tmp_path / "a.flac")
