"""Ours is the union of what mutagen, FFmpeg and TagLib read, over formats, writers and fields."""

import re

import av
import mutagen
import pytest
import taglib
from mutagen import apev2, id3
from support import audio_factory as factory

from wkmp_lab.io.files.audio import AudioReader
from wkmp_lab.io.tags.fields import choose_texts, fill_tags, tags_from_texts
from wkmp_lab.io.tags.reading import read_tags
from wkmp_lab.io.tags.values import texts_by_key

FIELDS = ("title", "artist", "album", "track", "year")
TEXTS = {"title": "Song", "artist": "Singer", "album": "Album", "track": "3", "date": "1999"}
FORMATS = {
    "wav": "pcm_s16le",
    "w64": "pcm_s16le",
    "aiff": "pcm_s16be",
    "au": "pcm_s16be",
    "caf": "pcm_s16be",
    "flac": "flac",
    "mp3": "libmp3lame",
    "mp2": "mp2",
    "ogg": "vorbis",
    "oga": "flac",
    "opus": "libopus",
    "m4a": "aac",
    "mp4": "alac",
    "mka": "flac",
    "webm": "libopus",
    "wma": "wmav2",
    "wv": "wavpack",
    "tta": "tta",
    "aac": "aac",
    "ac3": "ac3",
    "eac3": "eac3",
}
NO_PLACE = "these formats have no place for ID3 in front: the others look for none, or refuse them"
READ_BY_US_ALONE = {
    ("id3", "flac"): "mutagen and FFmpeg pass over ID3 in front of FLAC that has comments",
    ("id3", "m4a"): "the others refuse an MP4 file behind a tag whose index counts without it",
    **{("id3", ending): NO_PLACE for ending in ("wv", "ac3", "caf", "ogg")},
    ("apev2", "mp3"): "the others stop at the ID3 that FFmpeg's encoder leaves in front",
    ("apev2", "flac"): "APEv2 has no place behind FLAC, and careless taggers put it there",
    ("apev2", "ac3"): "AC-3 has no tags of its own; the others look for none",
}
"""(writer, ending) of files whose tags no other reader shows, and why."""


def write_by_ffmpeg(path):
    factory.write_audio(path, WAVE, SR, codec=FORMATS[path.suffix[1:]], tags=TEXTS)


def write_by_taglib(path):
    write_plain(path)
    with taglib.File(path, save_on_exit=True) as file:
        for key, name in (("TRACKNUMBER", "track"), ("DATE", "date")):
            file.tags[key] = [TEXTS[name]]
        for name in ("title", "artist", "album"):
            file.tags[name.upper()] = [TEXTS[name]]


def write_id3(path):
    write_plain(path)
    tag = id3.ID3()
    for kind, name in zip((id3.TIT2, id3.TPE1, id3.TALB, id3.TRCK, id3.TDRC), TEXTS, strict=True):
        tag.add(kind(encoding=3, text=[TEXTS[name]]))
    tag.save(path.with_suffix(".tag"))
    path.write_bytes(path.with_suffix(".tag").read_bytes() + path.read_bytes())


def write_apev2(path):
    write_plain(path)
    tag = apev2.APEv2()
    for key, name in zip(("Title", "Artist", "Album", "Track", "Year"), TEXTS, strict=True):
        tag[key] = TEXTS[name]
    tag.save(path)


def write_plain(path):
    factory.write_audio(path, WAVE, SR, codec=FORMATS[path.suffix[1:]])


SR = 44_100
WAVE = factory.tone(440, 0.5, SR, n_channels=2)
WRITERS = {
    "ffmpeg": (write_by_ffmpeg, FORMATS),
    "taglib": (
        write_by_taglib,
        ("wav", "aiff", "flac", "mp3", "ogg", "oga", "opus", "m4a", "wma", "wv", "tta"),
    ),
    "id3": (write_id3, ("mp3", "flac", "aac", "tta", "wv", "m4a", "ac3", "caf", "ogg")),
    "apev2": (write_apev2, ("mp3", "wv", "tta", "aac", "flac", "ac3")),
}
CASES = [(writer, ending) for writer, (_, endings) in WRITERS.items() for ending in endings]


def as_fields(title=None, artist=None, album=None, track=None, year=None):
    """Values as they are compared: numbers as numbers, what is missing as None."""
    n_track, n_year = (re.match(r"\d+", text or "") for text in (track, year))
    return {
        "title": title or None,
        "artist": artist or None,
        "album": album or None,
        "track": int(n_track[0]) if n_track else None,
        "year": int(n_year[0]) if n_year else None,
    }


def read_by_ours(path):
    with AudioReader(path) as reader:
        tags = fill_tags(read_tags(path), reader.tags)
    return {field: getattr(tags, field) for field in FIELDS}


def read_by_mutagen(path):
    try:
        found = mutagen.File(path)
    except mutagen.MutagenError:
        return as_fields()
    if found is None or found.tags is None:
        return as_fields()
    tags = tags_from_texts(choose_texts(texts_by_key(found.tags)))
    return {field: getattr(tags, field) for field in FIELDS}


def read_by_ffmpeg(path):
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            shown = {**container.streams.audio[0].metadata, **container.metadata}
    except av.error.FFmpegError:
        return as_fields()
    by_key = {key.lower(): text for key, text in shown.items()}
    year = by_key.get("date") or by_key.get("year")
    named = {name: by_key.get(name) for name in ("title", "artist", "album", "track")}
    return as_fields(**named, year=year)


def read_by_taglib(path):
    try:
        with taglib.File(path) as file:
            found = {key: "; ".join(values) for key, values in file.tags.items()}
    except OSError:
        return as_fields()
    named = {name: found.get(name.upper()) for name in ("title", "artist", "album")}
    return as_fields(**named, track=found.get("TRACKNUMBER"), year=found.get("DATE"))


WRITTEN = {"title": "Song", "artist": "Singer", "album": "Album", "track": 3, "year": 1999}


@pytest.mark.parametrize(("writer", "ending"), CASES)
def test_ours_is_what_any_of_the_others_reads(tmp_path, writer, ending):
    path = tmp_path / f"a.{ending}"
    WRITERS[writer][0](path)
    ours = read_by_ours(path)
    theirs = [read(path) for read in (read_by_mutagen, read_by_ffmpeg, read_by_taglib)]
    union = {
        field: {values[field] for values in theirs if values[field] is not None}
        for field in FIELDS
    }
    if (writer, ending) in READ_BY_US_ALONE:
        assert not any(union.values())
        assert ours == WRITTEN
    else:
        # Never two answers, and never one that we do not give.
        assert {field: {value} - {None} for field, value in ours.items()} == union
    assert all(ours[field] in (None, WRITTEN[field]) for field in FIELDS)
    assert writer == "ffmpeg" or ours == WRITTEN
