"""CUE sheets of every hand: read as far as they go, refused with a reason, never worse."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.sheets.cue import find_growing, parse_cue

SHEET = """REM GENRE Rock
PERFORMER "The Band"
TITLE "The Album"
FILE "side.wav" WAVE
  TRACK 01 AUDIO
    TITLE "First"
    PERFORMER "The Band"
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE Second Song
    INDEX 00 03:10:00
    INDEX 01 03:12:15
  TRACK 03 AUDIO
    ISRC USRC17607839
    INDEX 01 07:00:74
"""


def starts_of(text):
    return [track.start_frames for track in parse_cue(text).tracks]


def faults_of(text):
    return [fault.why for fault in parse_cue(text).faults]


def test_a_sheet_tells_titles_performers_codes_and_starts_to_the_frame():
    sheet = parse_cue(SHEET)
    assert (sheet.title, sheet.performer) == ("The Album", "The Band")
    assert [track.title for track in sheet.tracks] == ["First", "Second Song", None]
    assert [track.performer for track in sheet.tracks] == ["The Band", None, None]
    assert sheet.tracks[2].isrc == "USRC17607839"
    assert starts_of(SHEET) == [0, 192 * 75 + 15, 420 * 75 + 74]
    assert {track.file for track in sheet.tracks} == {"side.wav"}
    assert sheet.faults == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.lower().replace("the album", "The Album"),
        lambda text: text.replace("    ", "\t").replace("TRACK ", "TRACK\t"),
        lambda text: text.replace('WAVE"', "WAVE") + "\nCATALOG\n\n;;;\nFLAGS DCP\nINDEX",
        lambda text: text.replace('"The Album"', '"The Album'),
    ],
    ids=["crlf", "byte order mark", "lower case", "tabs", "odd lines", "open quotation"],
)
def test_how_a_sheet_is_written_does_not_matter(change):
    assert parse_cue(change(SHEET)).title == "The Album"
    assert starts_of(change(SHEET)) == starts_of(SHEET)


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ('FILE "a b.wav" WAVE', "a b.wav"),
        ("FILE a b.wav WAVE", "a b.wav"),
        ('FILE "a "b" c.wav" WAVE', 'a "b" c.wav'),
        ('FILE "a b.wav', "a b.wav"),
        ("FILE a b.wav", "a b.wav"),
        ("INDEX 01 00:00:00", None),
    ],
)
def test_a_file_is_named_with_quotation_marks_or_without(line, file):
    sheet = parse_cue(f"{line}\nTRACK 01 AUDIO\nINDEX 01 00:00:00")
    assert sheet.tracks[0].file == file


def test_quotation_marks_inside_a_title_are_its_own():
    sheet = parse_cue('TRACK 01 AUDIO\nTITLE "The "12" Mix"\nINDEX 01 00:00:00')
    assert sheet.tracks[0].title == 'The "12" Mix'


def test_a_piece_lies_in_the_file_of_its_index_1():
    # given a rip whose gaps stand at the end of the file before
    text = (
        'FILE "a.wav" WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n'
        'TRACK 02 AUDIO\nINDEX 00 03:00:00\nFILE "b.wav" WAVE\nINDEX 01 00:00:00\n'
    )
    assert [track.file for track in parse_cue(text).tracks] == ["a.wav", "b.wav"]


def test_a_track_of_data_is_none_of_music():
    assert starts_of(SHEET + "  TRACK 04 MODE1/2352\n    INDEX 01 09:00:00\n") == starts_of(SHEET)
    assert faults_of(SHEET + "  TRACK 04 MODE1/2352\n    INDEX 01 09:00:00\n") == []


@pytest.mark.parametrize(
    ("time", "fault"),
    [
        ("00:99:00", "track 2 has the impossible time 00:99:00"),
        ("03:12:75", "track 2 has the impossible time 03:12:75"),
        ("soon", "track 2 has the impossible time soon"),
        ("09:12:15", "track 2 does not follow the others in time"),
        ("00:00:00", "track 2 does not follow the others in time"),
    ],
)
def test_a_track_that_is_wrong_is_told_and_the_others_hold(time, fault):
    text = SHEET.replace("INDEX 01 03:12:15", f"INDEX 01 {time}")
    assert [track.number for track in parse_cue(text).tracks] == [1, 3]
    assert faults_of(text) == [fault]


def test_a_track_without_a_start_is_told():
    assert faults_of(SHEET + "  TRACK 04 AUDIO\n") == ["track 4 has no INDEX 01"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "found none$"),
        ("TRACK 01 AUDIO", "found none; track 1 has no INDEX 01"),
        ("TRACK 01 AUDIO\nINDEX 01 1.5", "impossible time 1.5"),
        ("TRACK 1 AUDIO\n" * 1000, "at most 999"),
        ("x" * (1 << 21), "at most"),
    ],
)
def test_what_is_no_sheet_is_refused_with_the_reason(text, reason):
    with pytest.raises(InvalidInputError, match=reason):
        parse_cue(text)


lines = st.sampled_from(
    [*SHEET.splitlines(), "INDEX", "TRACK", "FILE", 'TITLE "', "INDEX 01 99:99:99", "TRACK ² X"]
)


@given(st.one_of(st.text(max_size=200), st.lists(lines, max_size=30).map("\n".join)))
def test_any_text_is_a_sheet_or_refused(text):
    try:
        sheet = parse_cue(text)
    except InvalidInputError:
        return
    for file in {track.file for track in sheet.tracks}:
        starts = [track.start_frames for track in sheet.tracks if track.file == file]
        assert all(0 <= a < b for a, b in itertools.pairwise([*starts, 1 << 40]))


@given(st.lists(st.integers(0, 30), max_size=12))
def test_as_many_values_as_possible_grow(values):
    chosen = [values[index] for index in find_growing(values)]
    assert all(a < b for a, b in itertools.pairwise(chosen))
    # No longer chain: by dynamic programming over the ends.
    best: list[int] = []
    for k, value in enumerate(values):
        best.append(
            1 + max((n for n, v in zip(best, values[:k], strict=True) if v < value), default=0)
        )
    assert len(chosen) == max(best, default=0)
