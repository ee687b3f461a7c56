"""What stands around the sound is found, and what is sound stays."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen import apev2, id3
from support import audio_factory as factory

from wkmp_lab.errors import DecodeError
from wkmp_lab.io.files.audio import AudioReader
from wkmp_lab.io.formats.audio_part import measure_trailing_tags, view_audio
from wkmp_lab.io.formats.part import FilePart

SR = 44_100


def test_a_part_reads_as_a_file_of_its_own():
    part = FilePart(io.BytesIO(b"0123456789"), start=2, end=8)
    assert (part.read(2), part.tell(), part.read(), part.read(1)) == (b"23", 2, b"4567", b"")
    assert (part.seek(-1, 2), part.read()) == (5, b"7")
    assert (part.seek(99), part.read(4)) == (99, b"")
    with pytest.raises(OSError, match="no byte stands at -1"):
        part.seek(-1)
    with pytest.raises(ValueError, match="whence"):
        part.seek(0, 65_536)


def test_the_first_bytes_of_a_part_can_be_others():
    part = FilePart(io.BytesIO(b"0123456789"), front=b"ab")
    assert (part.read(1), part.read(4), part.seek(1), part.read(1)) == (b"a", b"b234", 1, b"b")


def test_tags_behind_the_sound_are_measured_whatever_their_order(tmp_path):
    path = factory.write_audio(tmp_path / "a.mp3", factory.tone(440, 0.5, SR), SR)
    n_bytes = path.stat().st_size
    tag = apev2.APEv2()
    tag["Title"] = "Song"
    tag.save(path)
    lyrics = b"LYRICSBEGIN" + b"IND0000200"
    lyrics += f"{len(lyrics):06d}".encode() + b"LYRICS200"
    path.write_bytes(path.read_bytes() + lyrics + b"TAG" + bytes(125))
    with path.open("rb") as file:
        assert measure_trailing_tags(file) == path.stat().st_size - n_bytes


@pytest.mark.parametrize("is_moved_along", [True, False])
def test_an_mp4_file_behind_a_tag_is_read_whichever_byte_its_index_counts_from(
    tmp_path, is_moved_along
):
    wave = factory.music_like(seed=1, seconds=1.0, sr=SR)
    path = factory.write_audio(tmp_path / "a.m4a", wave, SR)
    with AudioReader(path) as reader:
        plain = sum(float(abs(block.samples).sum()) for block in reader.blocks())
    tag = id3.ID3()
    tag.add(id3.TIT2(encoding=3, text=["Song"]))
    tag.save(tmp_path / "tag")
    front = (tmp_path / "tag").read_bytes()
    content = bytearray(path.read_bytes())
    place = content.index(b"stco")
    for k in range(int.from_bytes(content[place + 8 : place + 12], "big")):
        at = slice(place + 12 + 4 * k, place + 16 + 4 * k)
        offset = int.from_bytes(content[at], "big") + len(front) * is_moved_along
        content[at] = offset.to_bytes(4, "big")
    path.write_bytes(front + content)
    with AudioReader(path) as reader:
        assert sum(float(abs(block.samples).sum()) for block in reader.blocks()) == plain
        assert reader.describe().n_decode_errors == 0


@pytest.mark.parametrize(
    ("kind", "owner"), [(b"drms", "FairPlay"), (b"enca", "encryption"), (b"aavd", "Audible")]
)
def test_a_locked_mp4_file_says_whose_lock_it_is(tmp_path, kind, owner):
    path = factory.write_audio(tmp_path / "a.m4a", factory.tone(440, 0.5, SR), SR)
    path.write_bytes(path.read_bytes().replace(b"mp4a", kind, 1))
    with pytest.raises(DecodeError, match=rf"protected: .*{owner}"):
        AudioReader(path)


def test_a_locked_wma_file_says_so(tmp_path):
    path = factory.write_audio(tmp_path / "a.wma", factory.tone(440, 0.5, SR), SR)
    content = bytearray(path.read_bytes())
    size, count = (int.from_bytes(content[a:b], "little") for a, b in ((16, 24), (24, 28)))
    lock = bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e") + (40).to_bytes(8, "little")
    lock += bytes(16)
    content[16:24] = (size + len(lock)).to_bytes(8, "little")
    content[24:28] = (count + 1).to_bytes(4, "little")
    path.write_bytes(content[:size] + lock + content[size:])
    with pytest.raises(DecodeError, match=r"protected: .*Windows Media DRM"):
        AudioReader(path)


@given(st.binary(max_size=300), st.sampled_from([b"", b"TAG", b"APETAGEX", b"LYRICS200"]))
def test_any_bytes_have_a_part_that_lies_within_them(content, mark):
    for raw in (content + mark, content + mark + bytes(125), content + mark + bytes(24)):
        part = view_audio(io.BytesIO(raw))
        assert part.read() in raw
