"""Tags of every kind of file come to one form, and no tag harms anybody."""

import mutagen
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen import asf, id3, mp4
from support import audio_factory as factory

from wkmp_lab.io.files.tags import (
    MAX_TEXT,
    read_length_s,
    read_tags,
    tags_from_texts,
)
from wkmp_lab.model import Tags

RECORDING = "0383dadf-2a4e-4d10-a46a-e9e041da8eb3"
RELEASE = "1b022e01-4da6-387b-8658-8678046e4cef"
ARTIST = "b10bbbfc-cf9e-42e0-be17-e2c3e1d2600d"
FULL = Tags(
    title="Song",
    artist="Singer",
    album="Album",
    album_artist="Band",
    track=3,
    n_tracks=12,
    disc=2,
    year=1999,
    genre="Rock",
    isrc="USRC17607839",
    recording_mbid=RECORDING,
    release_mbid=RELEASE,
    artist_mbid=ARTIST,
    cue_sheet='FILE "a.wav" WAVE\n  TRACK 01 AUDIO',
)


def id3_frames():
    texts = {
        "TIT2": FULL.title, "TPE1": FULL.artist, "TALB": FULL.album, "TPE2": FULL.album_artist,
        "TRCK": "3/12", "TPOS": "2/2", "TDRC": "1999-05-01", "TCON": "(17)", "TSRC": FULL.isrc,
    }  # fmt: skip
    yield from (getattr(id3, name)(encoding=3, text=[text]) for name, text in texts.items())
    yield id3.UFID(owner="http://musicbrainz.org", data=RECORDING.encode())
    yield id3.UFID(owner="http://elsewhere.example", data=b"other")
    for name, text in (
        ("MusicBrainz Album Id", RELEASE),
        ("MusicBrainz Artist Id", ARTIST),
        ("CUESHEET", FULL.cue_sheet),
    ):
        yield id3.TXXX(encoding=3, desc=name, text=[text])


def tag_with_id3(file):
    if file.tags is None:
        file.add_tags()
    for frame in id3_frames():
        file.tags.add(frame)


def tag_with_names(file):
    if file.tags is None:
        file.add_tags()
    file.tags.update(
        {
            "TITLE": FULL.title, "ARTIST": FULL.artist, "ALBUM": FULL.album,
            "ALBUMARTIST": FULL.album_artist, "TRACKNUMBER": "3", "TRACKTOTAL": "12",
            "DISCNUMBER": "2", "DATE": "1999", "GENRE": "Rock", "ISRC": FULL.isrc,
            "MUSICBRAINZ_TRACKID": RECORDING, "MUSICBRAINZ_ALBUMID": RELEASE,
            "MUSICBRAINZ_ARTISTID": ARTIST, "CUESHEET": FULL.cue_sheet,
        }
    )  # fmt: skip


def tag_with_ape(file):
    tag_with_names(file)
    del file.tags["TRACKNUMBER"], file.tags["TRACKTOTAL"]
    file.tags["Track"] = "3/12"


def tag_with_mp4(file):
    own = "----:com.apple.iTunes:"
    file.update(
        {
            "\xa9nam": [FULL.title], "\xa9ART": [FULL.artist], "\xa9alb": [FULL.album],
            "aART": [FULL.album_artist], "trkn": [(3, 12)], "disk": [(2, 0)], "\xa9day": ["1999"],
            "\xa9gen": ["Rock"],
        }
    )  # fmt: skip
    for name, text in (
        ("ISRC", FULL.isrc),
        ("MusicBrainz Track Id", RECORDING),
        ("MusicBrainz Album Id", RELEASE),
        ("MusicBrainz Artist Id", ARTIST),
        ("CUESHEET", FULL.cue_sheet),
    ):
        file[own + name] = [mp4.MP4FreeForm(text.encode())]


def tag_with_asf(file):
    file.update(
        {
            "Title": FULL.title, "Author": FULL.artist, "WM/AlbumTitle": FULL.album,
            "WM/AlbumArtist": FULL.album_artist, "WM/TrackNumber": asf.ASFDWordAttribute(3),
            "TotalTracks": "12", "WM/PartOfSet": "2/2", "WM/Year": "1999", "WM/Genre": "Rock",
            "WM/ISRC": FULL.isrc, "MusicBrainz/Track Id": RECORDING,
            "MusicBrainz/Album Id": RELEASE, "MusicBrainz/Artist Id": ARTIST,
            "CUESHEET": FULL.cue_sheet,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ending", "tag"),
    [
        (".mp3", tag_with_id3),
        (".wav", tag_with_id3),
        (".aiff", tag_with_id3),
        (".flac", tag_with_names),
        (".ogg", tag_with_names),
        (".opus", tag_with_names),
        (".wv", tag_with_ape),
        (".m4a", tag_with_mp4),
        (".wma", tag_with_asf),
    ],
)
def test_every_kind_of_tag_gives_the_same_fields(tmp_path, ending, tag):
    path = factory.write_audio(tmp_path / f"a{ending}", factory.tone(440, 0.5, 44_100), 44_100)
    file = mutagen.File(path)
    tag(file)
    file.save()
    assert read_tags(path) == FULL


def test_files_without_tags_or_without_audio_give_none(tmp_path):
    path = factory.write_audio(tmp_path / "a.wav", factory.tone(440, 0.1, 44_100), 44_100)
    assert read_tags(path) == Tags()
    for content in (b"", b"hello", bytes(5000), b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", b"OggS" * 99):
        path.write_bytes(content)
        assert read_tags(path) == Tags()


def test_a_damaged_opus_header_gives_no_tags(tmp_path):
    # mutagen lets a struct.error out for a header packet that ends early.
    path = factory.write_audio(tmp_path / "a.opus", factory.tone(440, 0.5, 48_000), 48_000)
    head = bytearray(path.read_bytes())
    head[head.index(b"OpusHead") - 1] = 12
    path.write_bytes(head)
    assert read_tags(path) == Tags()


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_tags(tmp_path / "none.mp3")


def test_huge_values_are_cut_and_pictures_left(tmp_path):
    path = factory.write_audio(tmp_path / "a.mp3", factory.tone(440, 0.5, 44_100), 44_100)
    file = mutagen.File(path)
    file.tags.add(id3.TIT2(encoding=3, text=["x" * 2_000_000]))
    file.tags.add(id3.COMM(encoding=3, lang="eng", desc="", text=["y" * 10_000_000]))
    file.tags.add(id3.APIC(encoding=3, mime="image/png", type=3, desc="", data=bytes(10_000_000)))
    file.save()
    assert read_tags(path) == Tags(title="x" * MAX_TEXT, is_cleaned=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  plain  ", "plain"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("two\r\nlines", "two lines"),
        ("half\udc80", "half"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("=1+1", "=1+1"),
        ("שלום", "שלום"),
        ("\x00\x01", None),
    ],
)
def test_texts_lose_what_is_no_text_and_nothing_else(text, expected):
    tags = tags_from_texts({"title": text})
    assert tags.title == expected
    assert tags.is_cleaned is (expected != text.strip())


@pytest.mark.parametrize(
    ("raw", "track", "n_tracks"),
    [("3", 3, None), ("03/12", 3, 12), ("0/12", None, 12), ("A1", None, None), ("", None, None)],
)
def test_track_numbers_are_read_in_every_form(raw, track, n_tracks):
    tags = tags_from_texts({"track": raw})
    assert (tags.track, tags.n_tracks) == (track, n_tracks)


@pytest.mark.parametrize("text", ["", "none", RECORDING[:-1], "{" + RECORDING + "}", "g" * 36])
def test_malformed_ids_count_as_missing(text):
    tags = tags_from_texts({"recording_mbid": text, "isrc": text})
    assert (tags.recording_mbid, tags.isrc) == (None, None)


FIELDS = ("title", "artist", "track", "disc", "year", "isrc", "recording_mbid", "cue_sheet")


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(st.characters(), max_size=200)))
def test_any_text_gives_tags_that_can_be_stored(texts):
    tags = tags_from_texts(texts)
    for name in ("title", "artist", "cue_sheet"):
        text = getattr(tags, name) or ""
        text.encode("utf-8")
        assert "\x00" not in text
        assert tags_from_texts({name: text}).is_cleaned is False
    assert tags.track is None or 0 < tags.track < 10_000


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg", "a.m4a", "a.aiff"])
def test_headers_tell_a_length_without_decoding(tmp_path, name):
    factory.write_audio(tmp_path / name, factory.tone(440, 3.0, 44_100), 44_100)
    assert read_length_s(tmp_path / name) == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("content", [b"", b"ID3" + b"\x00" * 2000, b"RIFF" * 50, b"fLaC" * 50])
def test_what_tells_no_length_has_none(tmp_path, content):
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    assert read_length_s(path) is None
