"""CUE sheets of every hand: read, refused with a reason, never worse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.audio_factory import music_like, write_audio

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.files.cue import (
    CueSheet,
    CueTrack,
    durations_of,
    parse_cue,
    read_cue_beside,
)
from wkmp_lab.io.files.scanning import scan_folder
from wkmp_lab.pipeline.measure import measure_file

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
    ISRC ABC
    INDEX 01 07:00:74
"""


def sheet_of(*starts_s, file=None):
    return CueSheet(tuple(CueTrack(n, s, file=file) for n, s in enumerate(starts_s, 1)))


def test_a_sheet_tells_titles_starts_and_pregaps():
    sheet = parse_cue(SHEET)
    assert (sheet.title, sheet.performer) == ("The Album", "The Band")
    assert [track.title for track in sheet.tracks] == ["First", "Second Song", None]
    assert sheet.tracks[1].start_s == pytest.approx(192.2)
    assert sheet.tracks[1].pregap_s == pytest.approx(190.0)
    assert {track.file for track in sheet.tracks} == {"side.wav"}


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.lower().replace("the album", "The Album"),
        lambda text: text.replace("    ", "\t"),
        lambda text: text.replace('WAVE"', "WAVE") + "\nCATALOG\n\n;;;\nFLAGS DCP\nINDEX",
        lambda text: text.replace('"The Album"', '"The Album'),
    ],
    ids=["crlf", "byte order mark", "lower case", "tabs", "odd lines", "open quotation"],
)
def test_how_a_sheet_is_written_does_not_matter(change):
    sheet = parse_cue(change(SHEET))
    assert sheet.title == "The Album"
    assert [track.start_s for track in sheet.tracks] == [
        track.start_s for track in parse_cue(SHEET).tracks
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "found none"),
        ("TRACK 01 AUDIO", "found none"),
        ("TRACK 01 AUDIO\nINDEX 01 1.5", "minutes:seconds:frames"),
        ("TRACK 01 AUDIO\nINDEX 01 00:00:75", "frames < 75"),
        (SHEET.replace("03:12:15", "09:12:15"), "follow each other"),
        ("TRACK 1 AUDIO\n" * 1000, "at most 999"),
        ("x" * (1 << 21), "at most"),
    ],
)
def test_what_is_no_sheet_is_refused_with_a_reason(text, reason):
    with pytest.raises(InvalidInputError, match=reason):
        parse_cue(text)


def test_lengths_cover_the_file_whole():
    assert durations_of(sheet_of(0.0, 100.0, 250.0), 400.0) == (100.0, 150.0, 150.0)


def test_what_lies_before_the_first_piece_belongs_to_it():
    assert durations_of(sheet_of(2.0, 100.0), 150.0) == (100.0, 50.0)


def test_the_sheet_of_a_longer_file_gives_no_lengths():
    assert durations_of(sheet_of(0.0, 100.0), 90.0) == ()


def test_of_a_sheet_of_several_files_only_the_asked_one_counts():
    sheet = CueSheet(
        (CueTrack(1, 0.0, file="A.wav"), CueTrack(2, 0.0, file="D:\\b.WAV"), CueTrack(3, 60.0))
    )
    assert durations_of(sheet, 100.0) == ()
    assert durations_of(sheet, 100.0, file="B.wav") == (100.0,)
    assert durations_of(sheet, 100.0, file="other.wav") == ()


@pytest.mark.parametrize("name", ["side.cue", "side.flac.cue"])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_a_sheet_beside_the_file_is_read_in_any_usual_encoding(tmp_path, name, encoding):
    text = SHEET.replace("First", "Première")
    (tmp_path / name).write_bytes(text.encode(encoding))
    sheet = read_cue_beside(tmp_path / "side.flac")
    assert sheet is not None
    assert sheet.tracks[0].title == "Première"


def test_without_a_readable_sheet_there_is_none(tmp_path):
    assert read_cue_beside(tmp_path / "side.flac") is None
    (tmp_path / "side.cue").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "side.flac.cue").mkdir()
    assert read_cue_beside(tmp_path / "side.flac") is None


lines = st.sampled_from(
    [*SHEET.splitlines(), "INDEX", "TRACK", "FILE", 'TITLE "', "INDEX 01 99:99:99", "TRACK ² X"]
)


@given(st.one_of(st.text(max_size=200), st.lists(lines, max_size=30).map("\n".join)))
def test_any_text_is_a_sheet_or_refused(text):
    try:
        sheet = parse_cue(text)
    except InvalidInputError:
        return
    assert all(track.start_s >= 0 for track in sheet.tracks)
    lengths = durations_of(sheet, 600.0)
    assert not lengths or sum(lengths) == pytest.approx(600.0)


@given(st.binary(max_size=100))
def test_any_bytes_beside_a_file_do_no_harm(tmp_path_factory, raw):
    folder = tmp_path_factory.mktemp("cue")
    (folder / "a.cue").write_bytes(raw)
    read_cue_beside(folder / "a.mp3")


@pytest.mark.parametrize("place", ["inside", "beside"])
def test_an_import_cuts_where_the_sheet_of_a_file_says(tmp_path, place):
    sr, path = 22_050, tmp_path / "side.flac"
    parts = [music_like(seed=seed, seconds=seconds, sr=sr) for seed, seconds in ((1, 14), (2, 12))]
    sheet = "TRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nINDEX 01 00:14:00\n"
    tags = {"CUESHEET": sheet} if place == "inside" else None
    write_audio(path, np.concatenate(parts, axis=1), sr, tags=tags)
    if place == "beside":
        path.with_suffix(".cue").write_text(sheet)
    result = measure_file(scan_folder(str(tmp_path)).files[0])
    starts_s = [passage.start_s for passage in result.passages]
    assert starts_s == pytest.approx([0, 14], abs=0.7)  # a quiet spot within a beat may win
