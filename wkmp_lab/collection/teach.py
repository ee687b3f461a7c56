"""Pieces to remember: what an import has identified goes into a catalogue, known from then on."""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from wkmp_lab.collection.same_songs import read_items
from wkmp_lab.dsp.chromaprint import Items
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.catalogue.catalogue import Catalogue
from wkmp_lab.io.catalogue.jsonl import SUFFIX
from wkmp_lab.io.web.answers import Recording
from wkmp_lab.lookup.services import find_catalogue
from wkmp_lab.model import SURE_LEVELS, FileResult, Passage
from wkmp_lab.names import read_mbid
from wkmp_lab.settings import IdentifySettings


def add_results(
    catalogue: Catalogue, results: Sequence[FileResult], *, is_named_by_file: bool = True
) -> int:
    """Teach the catalogue the passages of an import, each under the best name there is.

    Parameters
    ----------
    catalogue
        Where they are added.
    results
        Of an import; passages without a fingerprint are left out.
    is_named_by_file
        Add what is neither identified nor tagged under the name of its file; False leaves it out.

    Returns
    -------
    int
        The number of new fingerprints.
    """
    return catalogue.add_many(_entries_of(results, is_named_by_file))


def teach_results(results: Sequence[FileResult], catalogue: str | Path | None = None) -> int:
    """Add what an import has identified, or its tags name, to a catalogue.

    Other copies, clips and album sides of it are known from then on, offline.

    Parameters
    ----------
    results
        Of an import; guesses, and what has no name, are left out.
    catalogue
        An SQLite file; None: the user's own.

    Returns
    -------
    int
        The number of new fingerprints.

    Raises
    ------
    InvalidInputError
        The file is a catalogue as text, which does not grow.
    """
    path = find_catalogue(
        IdentifySettings(catalogue=None if catalogue is None else str(catalogue))
    )
    if path.suffix == SUFFIX:
        raise InvalidInputError(f"what grows is an SQLite file, got {str(path)!r}")
    with Catalogue(path) as known:
        return add_results(known, results, is_named_by_file=False)


def _entries_of(
    results: Sequence[FileResult], is_named_by_file: bool
) -> Iterator[tuple[Recording, Items, str | None]]:
    for result in results:
        for passage in result.passages:
            recording = _name_by_facts(result, passage)
            if recording is None and is_named_by_file:
                recording = _name_by_file(result, passage)
            items = read_items(passage)
            if recording is not None and items is not None:
                yield recording, items, _readable(result.path)


def _name_by_facts(result: FileResult, passage: Passage) -> Recording | None:
    """What a passage is known as: its identity where it is sure, else what its file says of it."""
    identity = passage.identity
    if identity is not None and identity.chosen is not None and identity.level in SURE_LEVELS:
        chosen = identity.chosen
        return Recording(chosen.recording_mbid, chosen.title, chosen.artist, passage.duration_s)
    declared, tags = passage.declared, result.tags
    if declared is not None and declared.title and len(result.passages) > 1:
        return Recording(None, declared.title, declared.performer, passage.duration_s)
    mbid = read_mbid(tags.recording_mbid)
    if len(result.passages) > 1 or not (tags.title or mbid):
        return None
    return Recording(mbid, tags.title, tags.artist, passage.duration_s)


def _name_by_file(result: FileResult, passage: Passage) -> Recording:
    stem = _readable(PurePath(result.path).stem)
    title = stem if len(result.passages) == 1 else f"{stem}, passage {passage.index}"
    return Recording(None, title, None, passage.duration_s)


def _readable(path: str) -> str:
    """A path that SQLite can store: bytes that are no text become question marks."""
    return path.encode(errors="replace").decode()
