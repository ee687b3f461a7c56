"""Chapters and FLAC's table of tracks, as the file's own word on its pieces."""

import mutagen.flac
import pytest
from mutagen import id3
from support.audio_factory import tone, write_audio

from wkmp_lab.io.files.audio import AudioReader
from wkmp_lab.io.tags.fields import fill_tags
from wkmp_lab.io.tags.reading import read_tags
from wkmp_lab.units import ticks_from_samples, ticks_from_seconds

SR = 44_100
WAVE = tone(440, 3.0, SR)
CHAPTERS = [(0.0, {"title": "One"}), (1.25, {"title": "Two"})]


def read_chapters(path):
    with AudioReader(path) as reader:
        return fill_tags(read_tags(path), reader.tags).chapters


@pytest.mark.parametrize("name", ["a.m4b", "a.m4a", "a.mp4", "a.mka", "a.webm", "a.mp3", "a.wma"])
def test_chapters_are_read_where_the_container_has_them(tmp_path, name):
    codecs = {"a.m4b": "aac", "a.mp4": "aac", "a.mka": "flac", "a.webm": "libopus"}
    path = write_audio(tmp_path / name, WAVE, SR, codec=codecs.get(name), chapters=CHAPTERS)
    found = read_chapters(path)
    assert [piece.title for piece in found] == ["One", "Two"]
    assert [piece.start_ticks for piece in found] == [0, ticks_from_seconds(1.25)]


@pytest.mark.parametrize("name", ["a.flac", "a.oga", "a.ogg", "a.opus"])
def test_chapters_are_read_from_comments(tmp_path, name):
    texts = {"CHAPTER001": "00:00:00.000", "CHAPTER001NAME": "One", "CHAPTER002": "00:00:01.250"}
    codec = "flac" if name == "a.oga" else None
    found = read_chapters(write_audio(tmp_path / name, WAVE, SR, codec=codec, tags=texts))
    assert [(piece.title, piece.start_ticks) for piece in found] == [
        ("One", 0),
        (None, ticks_from_seconds(1.25)),
    ]


def test_a_chapter_tells_its_performer_and_code(tmp_path):
    path = write_audio(tmp_path / "a.mp3", WAVE, SR)
    tag = id3.ID3(path)
    frames = [id3.TIT2(text=["One"]), id3.TPE1(text=["Guest"]), id3.TSRC(text=["USRC17607839"])]
    times = {"start_time": 0, "end_time": 1500, "start_offset": 2**32 - 1, "end_offset": 2**32 - 1}
    tag.add(id3.CHAP(element_id="a", sub_frames=frames, **times))
    tag.save(path)
    (piece,) = read_chapters(path)
    assert (piece.title, piece.performer, piece.isrc) == ("One", "Guest", "USRC17607839")


def write_table(path, tracks):
    file = mutagen.flac.FLAC(write_audio(path, WAVE, SR))
    table = mutagen.flac.CueSheet(None)
    table.tracks = []
    for number, start, isrc, kind, indexes in tracks:
        track = mutagen.flac.CueSheetTrack(number, start, isrc=isrc, type_=kind)
        track.indexes = [mutagen.flac.CueSheetTrackIndex(*index) for index in indexes]
        table.tracks.append(track)
    file.cuesheet = table
    file.metadata_blocks.append(table)
    file.save()
    return path


def test_a_track_of_flacs_table_begins_at_its_index_1(tmp_path):
    tracks = [
        (1, 0, b"", 0, [(1, 0)]),
        (2, 60_000, b"USRC17607839", 0, [(0, 0), (1, 588)]),
        (3, 90_000, b"", 1, [(1, 0)]),
        (170, 132_300, b"", 0, []),
    ]
    found = read_chapters(write_table(tmp_path / "a.flac", tracks))
    assert [piece.start_ticks for piece in found] == [0, ticks_from_samples(60_588, sr=SR)]
    assert [piece.isrc for piece in found] == [None, "USRC17607839"]
    assert [piece.title for piece in found] == [None, None]


def test_a_table_without_music_is_none(tmp_path):
    path = write_table(tmp_path / "a.flac", [(170, 132_300, b"", 0, [])])
    assert read_tags(path).chapters is None
