"""Which sheets beside a file speak of it, and in what encoding they are."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkmp_lab.io.sheets.beside import decode_sheet, find_sheets, hash_cues_beside
from wkmp_lab.io.sheets.cue import MAX_LENGTH

WESTERN = "Élégie à Noël – “où”"
CYRILLIC = "Первая песня, ещё одна"


def sheet_of(name, title="First"):
    return f'FILE "{name}" WAVE\nTRACK 01 AUDIO\nTITLE "{title}"\nINDEX 01 00:00:00\n'


def names_of(path):
    return [found.name for found in find_sheets(path)]


@pytest.mark.parametrize(
    "name", ["side.cue", "side.flac.cue", "side.CUE", "SIDE.Cue", "side.flac.CUE"]
)
def test_a_sheet_of_the_files_own_name_is_found_whatever_it_names(tmp_path, name):
    (tmp_path / name).write_text(sheet_of("other.wav"))
    (found,) = find_sheets(tmp_path / "side.flac")
    assert (found.name, found.is_own, found.sheet.tracks[0].title) == (name, True, "First")


@pytest.mark.parametrize("named", ["side.flac", "SIDE.FLAC", "side.wav", "C:\\rips\\side.wav"])
def test_a_sheet_of_another_name_counts_where_it_names_the_file(tmp_path, named):
    (tmp_path / "Artist - Album.cue").write_text(sheet_of(named))
    assert names_of(tmp_path / "side.flac") == ["Artist - Album.cue"]
    assert names_of(tmp_path / "side two.flac") == []
    assert hash_cues_beside(tmp_path / "side two.flac") is None


def test_accents_may_be_written_in_either_way(tmp_path):
    (tmp_path / "x.cue").write_text(sheet_of("caf\u00e9.flac"), encoding="utf-8")
    assert names_of(tmp_path / "cafe\u0301.flac") == ["x.cue"]


def test_the_files_own_sheet_is_asked_first(tmp_path):
    for name in ("a.cue", "side.cue", "z.cue"):
        (tmp_path / name).write_text(sheet_of("side.flac"))
    assert names_of(tmp_path / "side.flac") == ["side.cue", "a.cue", "z.cue"]


def test_the_hash_follows_what_the_sheets_say_and_which_they_are(tmp_path):
    path, own = tmp_path / "side.flac", tmp_path / "side.cue"
    own.write_text(sheet_of("side.flac"))
    first = hash_cues_beside(path)
    own.write_text(sheet_of("side.flac", title="Another"))
    assert hash_cues_beside(path) not in (first, None)
    own.write_text(sheet_of("side.flac"))
    assert hash_cues_beside(path) == first
    (tmp_path / "other.cue").write_text(sheet_of("no.flac"))
    assert hash_cues_beside(path) == first


def test_a_sheet_that_cannot_be_read_is_told_where_it_is_the_files_own(tmp_path):
    (tmp_path / "side.cue").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "side.flac.cue").write_bytes(b"\n" * (MAX_LENGTH + 1))
    (tmp_path / "other.cue").mkdir()
    found = list(find_sheets(tmp_path / "side.flac"))
    assert [each.name for each in found] == ["side.cue", "side.flac.cue"]
    assert [each.sheet for each in found] == [None, None]
    assert "found none" in found[0].why
    assert "at most" in found[1].why


def test_where_there_is_no_folder_there_is_no_sheet(tmp_path):
    assert names_of(tmp_path / "gone" / "side.flac") == []


@pytest.mark.parametrize("title", [WESTERN, CYRILLIC, "Plain"])
@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
    ],
    ids=["utf-8", "utf-8 bom", "utf-16 le bom", "utf-16 be bom", "utf-16 le", "utf-16 be"],
)
def test_unicode_is_read_with_a_byte_order_mark_and_without(title, encode):
    text = sheet_of("side.flac", title)
    assert decode_sheet(encode(text)).removeprefix("\ufeff") == text


@pytest.mark.parametrize(("encoding", "title"), [("cp1252", WESTERN), ("cp1251", CYRILLIC)])
def test_code_pages_are_told_apart_by_what_words_are_made_of(encoding, title):
    text = sheet_of("side.flac", title)
    assert decode_sheet(text.encode(encoding)) == text


@given(st.binary(max_size=100))
def test_any_bytes_beside_a_file_do_no_harm(tmp_path_factory, raw):
    folder = tmp_path_factory.mktemp("cue")
    (folder / "a.cue").write_bytes(raw)
    assert names_of(folder / "a.mp3") == ["a.cue"]
