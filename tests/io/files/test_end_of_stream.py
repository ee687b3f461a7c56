"""Files that were cut off are told from whole ones, in formats where FFmpeg does not tell."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen import apev2
from support import audio_factory as factory

from wkmp_lab.errors import DecodeError
from wkmp_lab.io.files.audio import AudioReader
from wkmp_lab.io.files.end_of_stream import Ending, read_ending
from wkmp_lab.io.files.scanning import scan_folder
from wkmp_lab.io.formats import mp4
from wkmp_lab.pipeline.measure import measure_file

SR = 44_100
MUSIC = factory.music_like(seed=2, seconds=6.0, sr=SR, n_channels=2)


def describe(path):
    with AudioReader(path) as reader:
        for _ in reader.blocks():
            pass
        return reader.describe()


def shorten(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: round(share * len(content))])
    return path


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        *((f"a.{ending}", None) for ending in ("wav", "flac", "mp3", "ogg", "opus", "aiff", "wv")),
        ("a.caf", "pcm_s16be"),
        ("a.caf", "pcm_mulaw"),
        ("a.w64", "pcm_s16le"),
        ("a.au", "pcm_s16be"),
        ("a.tta", "tta"),
        ("a.mka", "flac"),
        ("a.wma", None),
    ],
)
def test_a_whole_file_is_not_truncated_and_half_of_it_is(tmp_path, name, codec):
    path = factory.write_audio(tmp_path / name, MUSIC, SR, codec=codec)
    assert not describe(path).is_truncated
    audio = describe(shorten(path, 0.5))
    assert audio.is_truncated
    # Pages of Opus are a second long: the one that is cut is lost.
    assert 1.9 < audio.duration_s < 4.0


def test_a_wav_tells_how_much_of_it_is_missing(tmp_path):
    path = shorten(factory.write_audio(tmp_path / "a.wav", MUSIC, SR), 0.5)
    assert describe(path).declared_duration_s == pytest.approx(6.0)


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0xFFFFFFFF])
def test_a_wav_whose_sizes_were_never_set_is_not_truncated(tmp_path, size):
    path = factory.write_audio(tmp_path / "a.wav", MUSIC, SR)
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = size.to_bytes(4, "little")
    path.write_bytes(content)
    assert read_ending(path, "wav", "pcm_s16le") == Ending()


def test_an_ogg_file_that_ends_on_a_page_but_not_the_last_one_is_truncated(tmp_path):
    path = factory.write_audio(tmp_path / "a.ogg", MUSIC, SR)
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"OggS")])
    assert describe(path).is_truncated


def test_what_lies_behind_the_pages_does_not_make_an_ogg_file_truncated(tmp_path):
    path = factory.write_audio(tmp_path / "a.ogg", MUSIC, SR)
    path.write_bytes(path.read_bytes() + b"TAG" + bytes(125))
    assert not describe(path).is_truncated


def test_frames_without_a_count_declare_no_length_and_are_not_truncated(tmp_path):
    quiet = factory.write_audio(tmp_path / "q.mp3", MUSIC, SR, bit_rate=32_000).read_bytes()
    loud = factory.write_audio(tmp_path / "l.mp3", MUSIC, SR, bit_rate=320_000).read_bytes()
    path = tmp_path / "joined.mp3"
    path.write_bytes((quiet + loud).replace(b"Info", bytes(4)).replace(b"Xing", bytes(4)))
    audio = describe(path)
    assert audio.duration_s == pytest.approx(12.0, abs=0.3)
    assert (audio.declared_duration_s, audio.is_truncated) == (None, False)
    with AudioReader(path) as reader:
        # So wrong is the guess from the bit rate that was taken for the length.
        assert reader.expected_duration_s > 20.0


def test_bare_aac_frames_are_not_truncated(tmp_path):
    path = factory.write_audio(tmp_path / "a.aac", MUSIC, SR, codec="aac")
    audio = describe(path)
    assert (audio.container, audio.declared_duration_s, audio.is_truncated) == ("aac", None, False)


def test_a_count_of_frames_is_found_behind_a_tag(tmp_path):
    path = factory.write_audio(tmp_path / "a.mp3", MUSIC, SR, tags={"title": "x" * 20_000})
    assert path.read_bytes()[:3] == b"ID3"
    assert read_ending(path, "mp3", "mp3") == Ending(is_guessed=False)


def test_an_mp4_file_that_was_cut_before_its_index_says_so(tmp_path):
    path = shorten(factory.write_audio(tmp_path / "a.m4a", MUSIC, SR), 0.9)
    with pytest.raises(DecodeError, match=r"no index .* cut off"):
        AudioReader(path)


@pytest.mark.parametrize("size", [0, 7, 2**32 - 1, 2**63, 2**64 - 1])
def test_absurd_sizes_in_an_mp4_file_are_refused_as_any_damage(tmp_path, size):
    path = tmp_path / "a.m4a"
    is_long = size >= 2**32
    head = (1 if is_long else size).to_bytes(4, "big") + b"ftyp"
    path.write_bytes(head + size.to_bytes(8, "big") * is_long + bytes(100))
    with pytest.raises(DecodeError, match="no index"):
        AudioReader(path)


@given(
    st.lists(
        st.sampled_from([b"RIFF", b"WAVE", b"fmt ", b"data", b"OggS", b"ID3", b"Xing", b"moov"])
        | st.binary(max_size=40),
        max_size=12,
    ).map(b"".join)
)
def test_any_bytes_have_an_ending_or_none(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    for container in ("wav", "ogg", "mp3", "aac", "flac"):
        declared_s = read_ending(path, container, "pcm_s16le").declared_s
        assert declared_s is None or declared_s > 0
    with path.open("rb") as file:
        assert not mp4.has_index(file) or b"moov" in content


def test_the_note_says_what_is_known(tmp_path):
    wave = shorten(factory.write_audio(tmp_path / "a.wav", MUSIC, SR), 0.5)
    ogg = shorten(factory.write_audio(tmp_path / "a.opus", MUSIC, SR), 0.5)
    notes = {source.path: measure_file(source).notes for source in scan_folder(tmp_path).files}
    assert notes[str(wave)] == ("truncated: 3.0 s decoded of 6.0 s declared",)
    assert notes[str(ogg)][0].startswith("truncated: cut off after ")


def test_an_mp3_whose_tail_is_zeros_is_an_unfinished_download(tmp_path):
    path = factory.write_audio(tmp_path / "a.mp3", MUSIC, SR)
    content = path.read_bytes().replace(b"Info", bytes(4)).replace(b"Xing", bytes(4))
    path.write_bytes(content)
    assert not describe(path).is_truncated
    n_kept = round(0.55 * len(content))
    path.write_bytes(content[:n_kept] + bytes(len(content) - n_kept))
    audio = describe(path)
    assert (audio.is_truncated, audio.is_zeroed) == (True, True)
    assert audio.missing_share == pytest.approx(0.45, abs=0.01)
    (source,) = scan_folder(tmp_path).files
    assert "45% of it are zeros, as in an unfinished download" in measure_file(source).notes[0]


def test_a_few_zeros_at_the_end_are_padding(tmp_path):
    path = factory.write_audio(tmp_path / "a.mp3", MUSIC, SR, bit_rate=128_000)
    content = path.read_bytes().replace(b"Info", bytes(4)).replace(b"Xing", bytes(4))
    path.write_bytes(content + bytes(4_000))  # a quarter of a second
    assert not describe(path).is_truncated


def test_samples_that_opus_drops_at_its_start_are_not_missing_at_its_end(tmp_path):
    # RFC 7845, 5.1: any number of 16 bits, 1.2 s here; FFmpeg counts it into the length.
    path = factory.write_audio(tmp_path / "a.opus", MUSIC, SR)
    first, *rest = factory.split_ogg(path.read_bytes())
    body = first.body[:10] + (57_600).to_bytes(2, "little") + first.body[12:]
    first = dataclasses.replace(first, body=body)
    path.write_bytes(b"".join(page.encode() for page in (first, *rest)))
    audio = describe(path)
    assert not audio.is_truncated
    assert audio.declared_duration_s == pytest.approx(audio.duration_s, abs=0.001)
    assert audio.duration_s == pytest.approx(4.8, abs=0.02)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.wv", None), ("a.ac3", "ac3"), ("a.au", "pcm_s16be"), ("a.mp3", None), ("a.tta", "tta")],
)
def test_tags_behind_the_sound_are_neither_damage_nor_sound(tmp_path, name, codec):
    path = factory.write_audio(tmp_path / name, MUSIC, SR, codec=codec)
    plain = describe(path)
    tag = apev2.APEv2()
    tag["Title"] = "Song"
    tag.save(path)
    path.write_bytes(path.read_bytes() + b"TAG" + bytes(125))
    assert describe(path) == plain
