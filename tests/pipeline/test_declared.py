"""What a file declares is where it is cut and what its passages are called."""

import dataclasses
import shutil

import numpy as np
import pytest
from support.audio_factory import music_like, write_audio

from wkmp_lab.io.files.scanning import scan_folder
from wkmp_lab.model import Declaration, DeclaredPiece, Passage
from wkmp_lab.pipeline.declared import mark_declared
from wkmp_lab.pipeline.known import Known
from wkmp_lab.pipeline.measure import measure_file
from wkmp_lab.settings import SegmentHints, Settings
from wkmp_lab.tables.tables import passages_table
from wkmp_lab.units import TICKS_PER_SECOND, ticks_from_seconds

SR = 22_050
MUSIC = music_like(seed=1, seconds=30, sr=SR)
FRAMES = (0, 11 * 75 + 37, 21 * 75 + 70)
SHEET = """PERFORMER "Band"
FILE "side.flac" WAVE
  TRACK 01 AUDIO
    TITLE "One"
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE "Two"
    PERFORMER "Guest"
    ISRC USRC17607839
    INDEX 01 00:11:37
  TRACK 03 AUDIO
    TITLE "Three"
    INDEX 01 00:21:70
"""


def measure(folder, **known):
    return measure_file(scan_folder(str(folder)).files[0], **known)


def starts_of(result):
    return [passage.start_ticks for passage in result.passages]


@pytest.mark.parametrize("place", ["inside", "beside", "of another name"])
def test_a_side_is_cut_and_named_as_its_sheet_says(tmp_path, place):
    tags = {"CUESHEET": SHEET} if place == "inside" else None
    write_audio(tmp_path / "side.flac", MUSIC, SR, tags=tags)
    if place != "inside":
        name = "side.CUE" if place == "beside" else "Band - Album.cue"
        (tmp_path / name).write_text(SHEET)
    result = measure(tmp_path)
    assert starts_of(result) == [frames * TICKS_PER_SECOND // 75 for frames in FRAMES]
    table = passages_table([result])
    assert table["declared_title"].tolist() == ["One", "Two", "Three"]
    assert table["declared_performer"].tolist() == ["Band", "Guest", "Band"]
    assert table["declared_isrc"].fillna("").tolist() == ["", "USRC17607839", ""]
    assert table["title"].isna().all()
    assert result.notes == ()


@pytest.mark.parametrize("ending", ["m4b", "mka", "mp3"])
def test_a_file_is_cut_and_named_by_its_chapters(tmp_path, ending):
    chapters = [(0.0, {"title": "Part One"}), (13.4, {"title": "Part Two"})]
    codec = {"m4b": "aac", "mka": "flac"}.get(ending)
    write_audio(tmp_path / f"book.{ending}", MUSIC, SR, codec=codec, chapters=chapters)
    result = measure(tmp_path)
    assert starts_of(result) == [0, ticks_from_seconds(13.4)]
    assert [passage.declared.title for passage in result.passages] == ["Part One", "Part Two"]
    assert result.segmentation.verdict == "2 pieces; cut by the chapters in the file"


def test_a_hidden_track_is_a_passage_without_a_name(tmp_path):
    write_audio(tmp_path / "side.flac", MUSIC, SR)
    hidden = SHEET.replace("INDEX 01 00:00:00", "INDEX 00 00:00:00\n    INDEX 01 00:06:10")
    (tmp_path / "side.cue").write_text(hidden)
    result = measure(tmp_path)
    assert starts_of(result)[:2] == [0, 460 * TICKS_PER_SECOND // 75]
    names = [passage.declared and passage.declared.title for passage in result.passages]
    assert names == [None, "One", "Two", "Three"]


def test_a_sheet_that_is_partly_wrong_is_told_each_time_until_it_is_mended(tmp_path):
    write_audio(tmp_path / "side.flac", MUSIC, SR)
    sheet = tmp_path / "side.cue"
    sheet.write_text(SHEET.replace("00:11:37", "00:11:99"))
    first = measure(tmp_path)
    said = (
        "declared: the cue sheet 'side.cue' is used in part: track 2 has the impossible time "
        "00:11:99"
    )
    assert first.notes == (said,)
    assert len(first.passages) == 2
    assert measure(tmp_path, earlier=first).notes == (said,)
    sheet.write_text(SHEET)
    mended = measure(tmp_path, earlier=first)
    assert mended.notes == ()
    assert len(mended.passages) == 3


def test_a_sheet_whose_titles_change_gives_the_passages_their_new_names_and_measures_nothing_anew(
    tmp_path,
):
    write_audio(tmp_path / "side.flac", MUSIC, SR)
    (tmp_path / "side.cue").write_text(SHEET)
    first = measure(tmp_path)
    (tmp_path / "side.cue").write_text(SHEET.replace("Two", "Zwei"))
    again = measure(tmp_path, earlier=first)
    assert [passage.declared.title for passage in again.passages] == ["One", "Zwei", "Three"]
    plain = [dataclasses.replace(passage, declared=None) for passage in again.passages]
    assert plain == [dataclasses.replace(passage, declared=None) for passage in first.passages]


def test_audio_that_is_known_is_cut_by_the_chapters_of_its_own_file(tmp_path):
    # given the same audio in two files, of which the second has chapters
    with_chapters, plain = tmp_path / "with", tmp_path / "plain"
    for folder in (with_chapters, plain):
        folder.mkdir()
    write_audio(plain / "a.mka", MUSIC, SR, codec="flac")
    chapters = [(0.0, {"title": "A"}), (10.0, {"title": "B"})]
    write_audio(with_chapters / "a.mka", MUSIC, SR, codec="flac", chapters=chapters)
    known = measure(plain)
    result = measure(with_chapters, recall=lambda head: [Known(known)])
    assert result.audio_hash == known.audio_hash
    assert len(result.passages) == 2
    # and when a copy of it comes, it is taken over whole, with its names
    shutil.copytree(with_chapters, tmp_path / "copy")
    same = measure(tmp_path / "copy", recall=lambda head: [Known(result)])
    assert [passage.declared.title for passage in same.passages] == ["A", "B"]


def test_lengths_of_a_release_do_not_move_what_is_declared(tmp_path):
    write_audio(tmp_path / "side.flac", MUSIC, SR)
    (tmp_path / "side.cue").write_text(SHEET)
    hints = SegmentHints(durations_s=(8.0, 8.0, 14.0))
    assert len(starts_of(measure(tmp_path, hints=hints))) == 3
    assert starts_of(measure(tmp_path, hints=hints))[1] == FRAMES[1] * TICKS_PER_SECOND // 75


def test_silence_is_silent_whatever_a_sheet_says(tmp_path):
    write_audio(tmp_path / "side.flac", np.zeros((1, 30 * SR), np.float32), SR)
    (tmp_path / "side.cue").write_text(SHEET)
    result = measure(tmp_path, settings=Settings())
    assert (result.status, result.passages) == ("no_audio", ())


def test_a_passage_is_the_piece_that_it_shares_most_with():
    pieces = tuple(DeclaredPiece(start, str(start)) for start in (0, 100, 200))
    spans = [(0, 90), (90, 140), (140, 300)]
    passages = [Passage(index, *span) for index, span in enumerate(spans)]
    marked = mark_declared(passages, Declaration(pieces), end_ticks=300)
    names = [each.declared and each.declared.title for each in marked]
    assert names == ["0", None, "200"]
    assert mark_declared(marked, None, end_ticks=300) == passages
