"""The columns of the files table: what each file is, what it says of itself, what became of it."""

from collections.abc import Sequence

from wkmp_lab.model import STATUSES, FileResult
from wkmp_lab.tables.columns import PHASES, Column, ColumnKind, elapsed_s


def _tag(key: str, kind: ColumnKind, meaning: str) -> Column[FileResult]:
    return Column(f"tag_{key}", kind, meaning, lambda row: getattr(row.tags, key))


def _ids(key: str, meaning: str) -> Column[FileResult]:
    """A tag of ids, with all of its values."""
    return Column(
        f"tag_{key}", "text", meaning, lambda row: "; ".join(row.tags.all_of(key)) or None
    )


def _cover(name: str, kind: ColumnKind, meaning: str, key: str) -> Column[FileResult]:
    return Column(name, kind, meaning, lambda row: getattr(row.tags.cover, key, None))


def _audio(name: str, kind: ColumnKind, meaning: str, key: str) -> Column[FileResult]:
    return Column(name, kind, meaning, lambda row: getattr(row.audio, key, None))


def _cut(name: str, kind: ColumnKind, meaning: str) -> Column[FileResult]:
    return Column(name, kind, meaning, lambda row: getattr(row.segmentation, name, None))


def _provenance(result: FileResult) -> str | None:
    return "; ".join(f"{what}={version}" for what, version in result.provenance) or None


FILES: Sequence[Column[FileResult]] = (
    Column("path", "path", "the file", lambda row: row.path),
    Column("status", STATUSES, "what became of it", lambda row: row.status),
    _audio("format", "text", "container, as in flac, mp3", "container"),
    _audio("sr", "int", "sample rate in Hz", "sr"),
    _audio("n_channels", "int", "number of channels", "n_channels"),
    _audio("duration_s", "float", "length as decoded, in seconds", "duration_s"),
    Column("size_bytes", "int", "size of the file", lambda row: row.source.size_bytes),
    Column("sha256", "text", "hash of the whole content", lambda row: row.sha256),
    Column("n_passages", "int", "passages found in it", lambda row: len(row.passages)),
    Column(
        "failure_phase",
        PHASES,
        "where it failed",
        lambda row: row.failure.phase.value if row.failure else None,
    ),
    Column(
        "failure_reason",
        "text",
        "why it failed",
        lambda row: row.failure.reason if row.failure else None,
    ),
    Column("elapsed_s", "float", "time spent on it, in seconds", elapsed_s),
    Column("duplicate_of", "path", "the file it is a copy of", lambda row: row.duplicate_of),
    Column("notes", "text", "what to know of it", lambda row: "; ".join(row.all_notes) or None),
    _tag("title", "text", "title in its tags; several values as A; B"),
    _tag("artist", "text", "artist in its tags"),
    _tag("album", "text", "album in its tags"),
    _tag("album_artist", "text", "artist of the album in its tags"),
    _tag("track", "int", "track number in its tags"),
    _tag("n_tracks", "int", "number of tracks in its tags"),
    _tag("disc", "int", "disc number in its tags"),
    _tag("n_discs", "int", "number of discs in its tags"),
    _tag("year", "int", "year of the release in its tags"),
    _tag("original_year", "int", "year of the first release in its tags"),
    _tag("genre", "text", "genre in its tags"),
    _tag("composer", "text", "composer in its tags"),
    _tag("label", "text", "label or publisher in its tags"),
    _tag("catalogue_number", "text", "catalogue number in its tags"),
    _tag("is_compilation", "bool", "its tags say that the album is by various artists"),
    _tag("bpm", "float", "tempo in its tags, in beats a minute; ours is in passages"),
    _tag("key", "text", "key in its tags, as it stands there"),
    _tag("replaygain_track_db", "float", "gain for the track in its tags, for -18 LUFS"),
    _tag("replaygain_album_db", "float", "gain for the album in its tags, for -18 LUFS"),
    _ids("isrc", "ISRC in its tags"),
    _ids("recording_mbid", "MusicBrainz recording id in its tags"),
    _ids("release_mbid", "MusicBrainz release id in its tags"),
    _ids("artist_mbid", "MusicBrainz artist id in its tags"),
    _cover("tag_cover", "text", "kind of the picture in its tags, as in image/jpeg", "mime"),
    _cover("tag_cover_bytes", "int", "size of that picture", "n_bytes"),
    _tag("is_cleaned", "bool", "characters had to be removed from its tags"),
    _audio("codec", "text", "codec of the audio", "codec"),
    _audio(
        "bits_per_sample", "int", "bits per sample, where the format has them", "bits_per_sample"
    ),
    Column(
        "channels",
        "text",
        "its channels, where it names them, as in FL FR LFE",
        lambda row: " ".join(row.audio.channels or ()) or None if row.audio else None,
    ),
    _audio("declared_duration_s", "float", "length that the header tells", "declared_duration_s"),
    _audio("n_decode_errors", "int", "packets that could not be decoded", "n_decode_errors"),
    _audio("is_truncated", "bool", "ends before its stream does", "is_truncated"),
    _audio("is_capped", "bool", "not read to its end, by the longest length set", "is_capped"),
    _cut("medium", "text", "source medium that the cut was made for"),
    _cut("noise_floor_dbfs", "float", "level of its noise floor"),
    _cut("threshold_dbfs", "float", "level below which it counts as silent"),
    _cut("verdict", "text", "what it holds, in words"),
    Column("audio_hash", "text", "hash of the audio, whatever its tags", lambda r: r.audio_hash),
    Column("provenance", "text", "versions and settings that made the result", _provenance),
)
"""A row per file."""
