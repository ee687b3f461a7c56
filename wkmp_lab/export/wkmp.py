"""Results as a WKMP database: files, passages, songs, artists, works, albums and their links.

Every guid is made from what it names, and every date is the file's own, so that the same results
give the same bytes. Fades stay NULL: they are for a human to set.
"""

import datetime
import json
import os
import sqlite3
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path, PurePath

from wkmp_lab.display.safe_text import clean_path, clean_text
from wkmp_lab.errors import WkmpLabError
from wkmp_lab.export.playlists import find_names
from wkmp_lab.export.wkmp_schema import WKMP_SCHEMA
from wkmp_lab.io.files.atomic_write import write_atomically
from wkmp_lab.model import Candidate, FileResult, Passage
from wkmp_lab.units import ticks_from_samples

_NAMESPACE = uuid.UUID("d7c2b7ce-2d0d-5d2f-9f55-6a2d8b8f2a11")
_STATUS = {
    "done": "INGEST COMPLETE",
    "no_audio": "NO AUDIO",
    "duplicate": "DUPLICATE HASH",
    "failed": "PENDING",
}


def export_wkmp(
    results: Sequence[FileResult], folder: Path, *, music_folder: Path | None = None
) -> list[Path]:
    """``wkmp.db`` in the folder."""
    path = folder / "wkmp.db"
    return [
        write_atomically(path, lambda place: write_wkmp(results, place), music_folder=music_folder)
    ]


def write_wkmp(results: Sequence[FileResult], path: Path) -> None:
    """Write a new database; paths are relative to the common folder of all files.

    Raises
    ------
    WkmpLabError
        The database could not be written.
    """
    root = find_root(results)
    twins = _find_twins(results, root)
    try:
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA journal_mode=OFF")
            db.execute("PRAGMA foreign_keys=ON")
            db.executescript(WKMP_SCHEMA)
            db.execute("INSERT INTO settings VALUES ('root_folder', ?)", (_encodable(root),))
            for result in results:
                _insert_file(db, result, root, twins)
                for passage in result.passages:
                    _insert_passage(db, result, passage, root)
            db.commit()
    except sqlite3.Error as error:
        raise WkmpLabError(f"cannot write the WKMP database {path.name!r}: {error}") from error


def find_root(results: Sequence[FileResult]) -> str:
    """The folder that all files lie in; empty where there is none.

    >>> find_root([])
    ''
    """
    folders = [str(PurePath(result.path).parent) for result in results]
    try:
        return os.path.commonpath(folders) if folders else ""
    except ValueError:  # files on several drives
        return ""


def make_guid(kind: str, *parts: str) -> str:
    """The guid of what is named, the same on every machine.

    >>> make_guid("song", "a") == make_guid("song", "a") != make_guid("work", "a")
    True
    """
    name = "\x00".join((kind, *parts)).encode("utf-8", "surrogatepass")
    return str(uuid.uuid5(_NAMESPACE, name.hex()))


def _insert_file(
    db: sqlite3.Connection, result: FileResult, root: str, twins: dict[str, list[str]]
) -> None:
    audio = result.audio
    guid = _file_guid(result, root)
    changed = _moment(result.source.mtime_ns)
    row = {
        "guid": guid,
        "path": _relative(result.path, root),
        "hash": result.sha256,
        "duration_ticks": ticks_from_samples(audio.n_samples, sr=audio.sr) if audio else None,
        "modification_time": changed,
        "format": audio.container if audio else None,
        "sample_rate": audio.sr if audio else None,
        "channels": audio.n_channels if audio else None,
        "file_size_bytes": result.source.size_bytes,
        "status": _STATUS[result.status],
        "matching_hashes": _json([g for g in twins.get(result.sha256 or "", ()) if g != guid]),
        "created_at": changed,
        "updated_at": changed,
    }
    _insert(db, "files", row)


def _insert_passage(
    db: sqlite3.Connection, result: FileResult, passage: Passage, root: str
) -> None:
    guid = make_guid("passage", _relative(result.path, root), str(passage.index))
    chosen = passage.identity.chosen if passage.identity else None
    title, artist, source = find_names(result, passage)
    lead_in, lead_out = _find_leads(passage)
    flavor, blend = _flavor(passage)
    row = {
        "guid": guid,
        "file_id": _file_guid(result, root),
        "start_time_ticks": passage.start_ticks,
        "end_time_ticks": passage.end_ticks,
        "lead_in_start_ticks": lead_in,
        "lead_out_start_ticks": lead_out,
        "title": title,
        "artist": artist,
        "album": _find_album(result, passage),
        "musical_flavor_vector": flavor,
        "import_metadata": _json(_describe_import(result, passage)),
        "status": "INGEST COMPLETE",
        "title_source": source if title else None,
        "title_confidence": chosen.score if chosen and chosen.title else None,
        "artist_source": source if artist else None,
        "artist_confidence": chosen.score if chosen and chosen.artist else None,
        "recording_mbid": chosen.recording_mbid if chosen else None,
        "identity_confidence": chosen.score if chosen else None,
        "flavor_source_blend": blend,
    }
    _insert(db, "passages", row)
    _insert_provenance(db, result, passage, guid)
    if chosen is not None:
        _link(db, passage, guid, chosen)


def _find_album(result: FileResult, passage: Passage) -> str | None:
    chosen, declared = passage.identity and passage.identity.chosen, passage.declared
    known = (chosen and chosen.release_title, result.tags.album, declared and declared.album)
    return _clean(next((album for album in known if album), None))


def _link(db: sqlite3.Connection, passage: Passage, guid: str, chosen: Candidate) -> None:
    """The song of a passage, with its artist, work and album, each made where it is missing."""
    if chosen.release_mbid:
        album = make_guid("album", chosen.release_mbid)
        row = {"guid": album, "album_mbid": chosen.release_mbid}
        _insert(db, "albums", {**row, "title": _clean(chosen.release_title)})
        _insert(db, "passage_albums", {"passage_id": guid, "album_id": album})
    if not chosen.recording_mbid:
        return
    work = make_guid("work", chosen.work_mbid) if chosen.work_mbid else None
    if work:
        _insert(db, "works", {"guid": work, "work_mbid": chosen.work_mbid})
    song = make_guid("song", chosen.recording_mbid)
    flavor, blend = _flavor(passage)
    _insert(
        db,
        "songs",
        {
            "guid": song,
            "recording_mbid": chosen.recording_mbid,
            "title": _clean(chosen.title),
            "work_id": work,
            "flavor_vector": flavor,
            "flavor_source_blend": blend,
            "status": "FLAVOR READY" if flavor else "PENDING",
        },
    )
    length = passage.end_ticks - passage.start_ticks
    span = {"start_time_ticks": 0, "end_time_ticks": length}
    _insert(db, "passage_songs", {"passage_id": guid, "song_id": song, **span})
    if work:
        _insert(db, "song_works", {"song_id": song, "work_id": work})
    if chosen.artist:
        name = clean_text(chosen.artist)
        artist = make_guid("artist", name)
        _insert(db, "artists", {"guid": artist, "name": name})
        _insert(db, "song_artists", {"song_id": song, "artist_id": artist, "weight": 1.0})


def _insert_provenance(
    db: sqlite3.Connection, result: FileResult, passage: Passage, guid: str
) -> None:
    """A row per source and candidate, with all that the source said."""
    candidates = passage.identity.candidates if passage.identity else ()
    for candidate in candidates:
        for piece in candidate.evidence:
            row = {
                "passage_id": guid,
                "source_type": piece.source,
                "data_extracted": _json(
                    {
                        "recording_mbid": candidate.recording_mbid,
                        "title": candidate.title,
                        "artist": candidate.artist,
                        "value": piece.value,
                        "weight": piece.weight,
                        "detail": piece.detail,
                    }
                ),
                "confidence": min(max(piece.weight, 0.0), 1.0),
                "timestamp": _moment(result.source.mtime_ns),
            }
            _insert(db, "import_provenance", row)


def _find_leads(passage: Passage) -> tuple[int | None, int | None]:
    """Lead points in ticks of the file, in order; where the leads overlap, both their middle.

    A player must not sit through silence: the piece before may sound until the music begins, and
    the next one begins where it ends, however long a silence lies between it and a hidden track.
    """
    amplitude = passage.amplitude
    if amplitude is None:
        return None, None
    lead_in = passage.start_ticks + amplitude.lead_in_ticks
    lead_out = passage.end_ticks - amplitude.lead_out_ticks
    if amplitude.first_sound_ticks < amplitude.last_sound_ticks:
        lead_in = max(lead_in, amplitude.first_sound_ticks)
        lead_out = min(lead_out, amplitude.last_sound_ticks)
    lead_in = min(lead_in, passage.end_ticks)
    lead_out = max(lead_out, passage.start_ticks)
    if lead_in > lead_out:
        lead_in = lead_out = (lead_in + lead_out) // 2
    return lead_in, lead_out


def _describe_import(result: FileResult, passage: Passage) -> dict[str, object]:
    amplitude, identity = passage.amplitude, passage.identity
    found: dict[str, object] = {"provenance": dict(result.provenance)}
    if identity is not None:
        found["identity"] = {
            "match": identity.level,
            "reason": identity.reason,
            "sentence": identity.sentence,
        }
    if amplitude is not None:
        found["amplitude_analysis"] = {
            "peak_dbfs": amplitude.peak_dbfs,
            "true_peak_dbtp": amplitude.true_peak_dbtp,
            "loudness_lufs": amplitude.loudness_lufs,
            "end_type": amplitude.end_type,
            "parameters_used": dict(amplitude.parameters),
        }
    if passage.fingerprint is not None:
        found["fingerprint"] = passage.fingerprint.text
    return found


def _flavor(passage: Passage) -> tuple[str | None, str | None]:
    """Flavor vector and its source; absent where the categories of the recording are not known.

    WKMP compares vectors whose categories sum to 1: what was measured here has other units.
    """
    told = passage.musical_flavor
    if told is None or not told.categories:
        return None, None
    vector = {name: _share_out(shares) for name, shares in told.categories.items()}
    return _json(vector), _json({told.source: 1.0})


def _share_out(shares: Mapping[str, float]) -> dict[str, float]:
    """Shares that sum to 1 as well as floats can: answers are rounded to a few digits."""
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items()}


def _find_twins(results: Sequence[FileResult], root: str) -> dict[str, list[str]]:
    """Guids of the files of each content."""
    twins = defaultdict(list)
    for result in results:
        if result.sha256:
            twins[result.sha256].append(_file_guid(result, root))
    return twins


def _file_guid(result: FileResult, root: str) -> str:
    return make_guid("file", _relative(result.path, root))


def _relative(path: str, root: str) -> str:
    """The path in the library, with forward slashes."""
    inside = PurePath(path).relative_to(root) if root else PurePath(path)
    return _encodable(inside.as_posix())


def _encodable(path: str) -> str:
    """The exact path where SQLite's UTF-8 can hold it, else the one that tables show."""
    return clean_path(path) if any("\ud800" <= sign <= "\udfff" for sign in path) else path


def _clean(text: str | None) -> str | None:
    return clean_text(text) if text else None


def _moment(mtime_ns: int) -> str:
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    moment = epoch + datetime.timedelta(microseconds=mtime_ns // 1000)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _json(content: object) -> str:
    # ASCII, so that a lone surrogate is text too.
    return json.dumps(content, sort_keys=True, allow_nan=False)


def _insert(db: sqlite3.Connection, table: str, row: Mapping[str, object]) -> None:
    """Add a row; one with the same key stays as it is. Names come from this module alone."""
    names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    guard = "OR IGNORE" if table in _SHARED else ""
    db.execute(f"INSERT {guard} INTO {table}({names}) VALUES ({marks})", dict(row))  # noqa: S608


_SHARED = frozenset(
    {"albums", "artists", "passage_albums", "song_artists", "song_works", "songs", "works"}
)
"""Tables whose rows several passages share."""
