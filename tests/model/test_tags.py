"""The record of tags: values one by one, and documents that were stored before it grew."""

import msgspec

from wkmp_lab.model import FileResult, Tags

OLD = """{
    "source": {"path": "", "size_bytes": 10, "mtime_ns": 1, "inode": null}, "status": "done",
    "tags": {"title": "Song", "artist": "Singer", "album": null, "album_artist": null,
        "track": 3, "n_tracks": 12, "disc": 1, "year": 1999, "genre": "Rock", "isrc": null,
        "recording_mbid": null, "release_mbid": null, "artist_mbid": null, "cue_sheet": null,
        "is_cleaned": false},
    "audio": {"container": "flac", "codec": "flac", "sr": 44100, "n_channels": 2,
        "n_samples": 100, "declared_duration_s": 1.0, "n_decode_errors": 0, "n_nonfinite": 0,
        "bits_per_sample": 16, "is_truncated": false, "is_capped": false, "n_format_changes": 0}
}"""
"""As version 0.1.0 stored a file."""


def test_documents_of_before_are_read_and_lack_what_was_not_asked_then():
    result = msgspec.json.decode(OLD, type=FileResult)
    assert (result.tags.title, result.tags.all_of("artist")) == ("Song", ("Singer",))
    assert (result.tags.original_year, result.tags.cover, result.tags.values) == (None, None, ())
    assert (result.audio.channels, result.audio.missing_share) == (None, 0.0)


def test_tags_come_back_from_a_document_as_they_were():
    tags = Tags(artist="A; B", values=(("artist", ("A", "B")),), bpm=120.5, is_compilation=True)
    assert msgspec.json.decode(msgspec.json.encode(tags), type=Tags) == tags
