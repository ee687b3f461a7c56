"""Which source of a file's structure holds, and what is said of the others."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkmp_lab.io.sheets.declared import read_declaration
from wkmp_lab.model import DeclaredPiece, Tags
from wkmp_lab.units import TICKS_PER_SECOND, ticks_from_seconds

END = ticks_from_seconds(100)


def sheet_of(*times, file="side.flac", title="T"):
    lines = ['PERFORMER "Band"', 'TITLE "Album"', f'FILE "{file}" WAVE']
    for number, time in enumerate(times, 1):
        lines += [f"TRACK {number:02d} AUDIO", f'TITLE "{title}{number}"', f"INDEX 01 {time}"]
    return "\n".join(lines) + "\n"


def chapters_at(*starts_s):
    return tuple(DeclaredPiece(ticks_from_seconds(s), f"C{k}") for k, s in enumerate(starts_s))


def read(folder, *, sheet=None, end_ticks=END, name="side.flac", **tags):
    if sheet is not None:
        (folder / "side.cue").write_text(sheet)
    return read_declaration(str(folder / name), Tags(**tags), end_ticks=end_ticks)


def starts_s(declared):
    return [piece.start_ticks / TICKS_PER_SECOND for piece in declared.pieces]


def test_a_piece_has_its_texts_and_what_the_whole_sheet_says_of_it(tmp_path):
    sheet = sheet_of("00:00:00", "00:40:37") + "PERFORMER Guest\nISRC us-rc1-76-07839\n"
    declared = read(tmp_path, sheet=sheet)
    assert declared.source == "the cue sheet 'side.cue'"
    assert declared.pieces == (
        DeclaredPiece(0, "T1", "Band", None, "Album"),
        DeclaredPiece(3037 * 376_320, "T2", "Guest", "USRC17607839", "Album"),
    )


def test_the_sheet_inside_speaks_before_the_one_beside_and_both_before_chapters(tmp_path):
    beside, inside = sheet_of("00:00:00", "00:20:00"), sheet_of("00:00:00", "00:30:00")
    chapters = chapters_at(0, 40)
    assert starts_s(read(tmp_path, chapters=chapters)) == [0, 40]
    assert starts_s(read(tmp_path, sheet=beside, chapters=chapters)) == [0, 20]
    assert starts_s(read(tmp_path, cue_sheet=inside, chapters=chapters)) == [0, 30]


def test_where_nothing_is_declared_nothing_is_said(tmp_path):
    declared = read(tmp_path)
    assert (declared.pieces, declared.notes) == ((), ())


def test_one_chapter_alone_is_no_structure(tmp_path):
    assert read(tmp_path, chapters=chapters_at(0)).pieces == ()


def test_chapters_are_put_in_order_and_headings_without_a_length_are_left(tmp_path):
    assert starts_s(read(tmp_path, chapters=chapters_at(60, 0, 30, 30))) == [0, 30, 60]


def test_of_a_sheet_of_several_files_the_pieces_of_this_one_are_taken(tmp_path):
    both = sheet_of("00:00:00", "00:30:00", file="a.wav") + sheet_of("00:00:00", file="b.wav")
    (tmp_path / "album.cue").write_text(both)
    assert starts_s(read(tmp_path, name="a.flac")) == [0, 30]
    assert starts_s(read(tmp_path, name="b.flac")) == [0]


def test_a_sheet_that_is_partly_wrong_is_used_as_far_as_it_goes(tmp_path):
    declared = read(tmp_path, sheet=sheet_of("00:00:00", "00:99:00", "00:50:00", "07:00:00"))
    # Half of the pieces are no good: then it may be the sheet of something else.
    assert declared.pieces == ()
    declared = read(tmp_path, sheet=sheet_of("00:00:00", "00:99:00", "00:50:00"))
    assert starts_s(declared) == [0, 50]
    assert declared.notes == (
        "the cue sheet 'side.cue' is used in part: track 2 has the impossible time 00:99:00",
    )


@pytest.mark.parametrize(
    ("sheet", "why"),
    [
        (sheet_of("00:00:00", "02:00:00", "03:00:00"), "2 of its 3 pieces begin behind the end"),
        ("nothing", "found none"),
        (sheet_of("00:00:00", file="a.wav") + sheet_of("00:00:00", file="b.wav"), "other files"),
    ],
)
def test_a_sheet_that_does_not_fit_is_not_used_and_that_is_said(tmp_path, sheet, why):
    declared = read(tmp_path, sheet=sheet, chapters=chapters_at(0, 40))
    assert declared.source == "the chapters in the file"
    (note,) = declared.notes
    assert note.startswith("the cue sheet 'side.cue' is not used: ")
    assert why in note


def test_a_broken_sheet_inside_is_told_and_the_next_source_asked(tmp_path):
    declared = read(tmp_path, cue_sheet="no", sheet=sheet_of("00:00:00", "00:20:00"))
    assert starts_s(declared) == [0, 20]
    assert declared.notes[0].startswith("the cue sheet in the file is not used: ")


def test_control_characters_of_a_sheet_reach_no_table(tmp_path):
    declared = read(tmp_path, sheet=sheet_of("00:00:00", title="\x1b[2J"))
    assert declared.pieces[0].title == "[2J1"


@given(st.lists(st.integers(0, 120), max_size=8), st.integers(1, 100))
def test_pieces_grow_lie_inside_and_have_a_length(tmp_path_factory, seconds, end_s):
    folder, end = tmp_path_factory.getbasetemp(), ticks_from_seconds(end_s)
    declared = read(folder, chapters=chapters_at(*seconds), end_ticks=end, name="lone.flac")
    edges = [*(piece.start_ticks for piece in declared.pieces), end]
    assert all(b - a >= ticks_from_seconds(0.1) for a, b in itertools.pairwise(edges))
