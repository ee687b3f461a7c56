"""Texts of every kind come to one form of tags, and no text harms anybody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkmp_lab.io.tags.container_tags import tags_from_metadata
from wkmp_lab.io.tags.fields import fill_tags, tags_from_texts
from wkmp_lab.model import Tags

RECORDING = "0383dadf-2a4e-4d10-a46a-e9e041da8eb3"
OTHER_RECORDING = "1b022e01-4da6-387b-8658-8678046e4cef"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  plain  ", "plain"),
        ("a\x1b[31mb", "a[31mb"),
        ("two\r\nlines", "two lines"),
        ("half\udc80", "half"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("=1+1", "=1+1"),
        ("שלום", "שלום"),
        ("\x01", None),
    ],
)
def test_texts_lose_what_is_no_text_and_nothing_else(text, expected):
    tags = tags_from_texts({"title": [text]})
    assert tags.title == expected
    assert tags.is_cleaned is (expected != text.strip())


@pytest.mark.parametrize(
    ("raw", "track", "n_tracks"),
    [("3", 3, None), ("03/12", 3, 12), ("0/12", None, 12), ("A1", None, None), ("", None, None)],
)
def test_track_numbers_are_read_in_every_form(raw, track, n_tracks):
    tags = tags_from_texts({"track": [raw]})
    assert (tags.track, tags.n_tracks) == (track, n_tracks)


@pytest.mark.parametrize("text", ["", "none", RECORDING[:-1], "{" + RECORDING + "}", "g" * 36])
def test_malformed_ids_count_as_missing(text):
    tags = tags_from_texts({"recording_mbid": [text], "isrc": [text]})
    assert (tags.recording_mbid, tags.isrc) == (None, None)


FIELDS = ("title", "artist", "track", "disc", "year", "isrc", "recording_mbid", "cue_sheet")


@given(st.dictionaries(st.sampled_from(FIELDS), st.lists(st.text(st.characters(), max_size=200))))
def test_any_text_gives_tags_that_can_be_stored(texts):
    tags = tags_from_texts(texts)
    for name in ("title", "artist", "cue_sheet"):
        text = getattr(tags, name) or ""
        text.encode("utf-8")
        assert "\x00" not in text
        assert tags_from_texts({name: [text]}).is_cleaned is False
    assert tags.track is None or 0 < tags.track < 10_000
    assert all(len(values) > 1 and "" not in values for _, values in tags.values)


def test_values_are_parted_before_they_are_cleaned_and_all_are_kept():
    tags = tags_from_texts({"artist": ["One\x00Two", "Three", "One"], "genre": ["Red\x00"]})
    assert tags.artist == "One; Two; Three"
    assert tags.all_of("artist") == ("One", "Two", "Three")
    assert (tags.genre, tags.all_of("genre"), tags.all_of("album")) == ("Red", ("Red",), ())
    assert not tags.is_cleaned


@pytest.mark.parametrize("sign", ["/", "; ", ", ", " ", "\x00"])
def test_several_codes_in_one_text_are_found_whatever_parts_them(sign):
    codes = ("QZZZ90000001", "USRC17607839")
    tags = tags_from_texts({"isrc": [sign.join(codes)]})
    assert (tags.isrc, tags.all_of("isrc")) == (codes[0], codes)


def test_of_several_ids_the_first_stands_in_the_field():
    tags = tags_from_texts({"recording_mbid": [f"{RECORDING}/{OTHER_RECORDING}"]})
    assert tags.recording_mbid == RECORDING
    assert tags.all_of("recording_mbid") == (RECORDING, OTHER_RECORDING)


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("bpm", "127,5", 127.5),
        ("bpm", "0", None),
        ("bpm", "fast", None),
        ("bpm", "9" * 400, None),
        ("is_compilation", "1", True),
        ("is_compilation", "no", False),
        ("is_compilation", "perhaps", None),
        ("disc", "2/3", 2),
        ("replaygain_track_db", "-7.35 dB", -7.35),
        ("replaygain_track_db", "+2.1", 2.1),
        ("replaygain_track_db", "1e9", 1.0),
        ("replaygain_track_db", "loud", None),
    ],
)
def test_numbers_and_flags_are_read_or_missing(field, text, expected):
    assert getattr(tags_from_texts({field: [text]}), field) == expected


def test_gains_of_opus_are_told_for_the_same_loudness_as_replaygain():
    # Q7.8 for -23 LUFS (RFC 7845, 5.2.1): -512 / 256 + 5 dB for -18 LUFS.
    assert tags_from_texts({"r128_track": ["-512"]}).replaygain_track_db == 3.0
    both = {"r128_track": ["-512"], "replaygain_track_db": ["1.0 dB"]}
    assert tags_from_texts(both).replaygain_track_db == 1.0


def test_the_year_is_that_of_the_release_and_the_first_one_stands_beside_it():
    tags = tags_from_texts({"year": ["2011-03-04"], "original_year": ["1974"]})
    assert (tags.year, tags.original_year) == (2011, 1974)
    assert tags_from_texts({"original_year": ["1974"]}).year is None


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("1999", 1999),
        ("2011-03-04T12:00", 2011),
        ("Oct 3, 1995", 1995),
        ("1234", 1234),
        ("0000", None),
        ("19991231", 1999),
        ("99", None),
        ("3004", None),
    ],
)
def test_a_year_is_found_wherever_it_stands_in_the_text(text, year):
    assert tags_from_texts({"year": [text]}).year == year


def test_what_one_tag_lacks_another_gives_with_all_its_values():
    first = Tags(title="Song", genre="Red; Blue", values=(("genre", ("Red", "Blue")),))
    other = Tags(title="Else", artist="A; B", values=(("artist", ("A", "B")), ("title", ("x",))))
    filled = fill_tags(first, other)
    assert (filled.title, filled.artist, filled.genre) == ("Song", "A; B", "Red; Blue")
    assert filled.all_of("artist") == ("A", "B")
    assert filled.all_of("title") == ("Song",)
    assert fill_tags(first, Tags(is_cleaned=True)) == first


def test_names_of_the_decoder_are_understood():
    tags = tags_from_metadata(
        {
            "TITLE-eng": "Song", "author": "Singer", "ALBUM/TITLE": "Album", "track": "3/9",
            "com.apple.quicktime.album": "Other", "DATE_RELEASED": "1999",
        }
    )  # fmt: skip
    assert (tags.title, tags.artist, tags.track, tags.n_tracks) == ("Song", "Singer", 3, 9)
    assert (tags.album, tags.year) == ("Other", 1999)


def test_bytes_that_are_no_utf_8_are_read_as_western_european():
    assert tags_from_metadata({"title": "Caf\udce9"}).title == "Café"
