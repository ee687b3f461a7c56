"""Whom to ask: the services that the settings and the keys of this machine allow."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import platformdirs

from wkmp_lab._version import __version__
from wkmp_lab.dsp.chromaprint import Items
from wkmp_lab.errors import InvalidInputError, StoreError
from wkmp_lab.io.catalogue.flavor_dump import (
    FlavorFile,
    compute_flavor_generation,
)
from wkmp_lab.io.catalogue.jsonl import compute_generation, open_catalogue
from wkmp_lab.io.files.write_guard import require_outside
from wkmp_lab.io.keys import Secret, read_key
from wkmp_lab.io.web import acousticbrainz, acoustid, musicbrainz
from wkmp_lab.io.web.acousticbrainz import AcousticbrainzClient, FlavorAnswer
from wkmp_lab.io.web.acoustid import AcoustidClient
from wkmp_lab.io.web.answers import (
    AcoustidMatch,
    CatalogueMatch,
    Outcome,
    Recording,
    Release,
)
from wkmp_lab.io.web.http_cache import HttpCache
from wkmp_lab.io.web.musicbrainz import MusicbrainzClient
from wkmp_lab.io.web.rate_limit import find_slots
from wkmp_lab.io.web.transport import Patience, Tally, Transport
from wkmp_lab.model import Fingerprint
from wkmp_lab.model.reasons import FailedLookup, OutcomeKind, Reason, Silence, WhyUnidentified
from wkmp_lab.settings import IdentifySettings, Settings

_LOG = logging.getLogger(__name__)


FOLDER_CATALOGUE = "wkmp_catalogue.jsonl"
"""A catalogue of this name in a music folder knows what is in it."""
NO_KEY = Silence(WhyUnidentified.NOT_ASKED, "acoustid: no key")
NO_CONTACT = Silence(WhyUnidentified.NOT_ASKED, "musicbrainz: no address of contact")
OFFLINE = Silence(WhyUnidentified.OFFLINE)


@dataclass(frozen=True, slots=True)
class Services:
    """Whom to ask; what is None is not asked, and ``silent`` says why.

    Attributes
    ----------
    query_catalogue
        Fingerprint items -> matches, best first.
    lookup_acoustid
        Fingerprints of whole files -> an outcome each, in the same order.
    fetch_recording, fetch_release
        MusicBrainz id -> the record; merged ids are followed.
    recall_release
        MusicBrainz id of a recording -> a release that was fetched before and holds it.
    fetch_isrc
        ISRC -> recordings.
    search_recordings
        (title, artist, duration in s) -> recordings that might be meant.
    fetch_flavors
        MusicBrainz ids of recordings -> their flavors.
    tell
        What has gone wrong with cache and slots by now, a sentence each.
    count
        What came of the requests by now.
    """

    query_catalogue: Callable[[Items], Sequence[CatalogueMatch]] | None = None
    lookup_acoustid: (
        Callable[[Sequence[Fingerprint]], Sequence[Outcome[tuple[AcoustidMatch, ...]]]] | None
    ) = None
    fetch_recording: Callable[[str], Outcome[Recording]] | None = None
    fetch_release: Callable[[str], Outcome[Release]] | None = None
    recall_release: Callable[[str], Release | None] | None = None
    fetch_isrc: Callable[[str], Outcome[tuple[Recording, ...]]] | None = None
    search_recordings: (
        Callable[[str, str | None, float | None], Outcome[tuple[Recording, ...]]] | None
    ) = None
    fetch_flavors: Callable[[Sequence[str]], FlavorAnswer] | None = None
    silent: tuple[Reason, ...] = (OFFLINE,)
    tell: Callable[[], tuple[str, ...]] = tuple
    count: Callable[[], Tally] = Tally


def find_catalogue(settings: IdentifySettings, folder: str | Path | None = None) -> Path:
    """Path of the local catalogue, whether it exists or not.

    The one of the settings; else the one that a music folder brings (:data:`FOLDER_CATALOGUE`);
    else the user's own.
    """
    if settings.catalogue is not None:
        return Path(settings.catalogue).expanduser()
    if folder is not None and Path(folder, FOLDER_CATALOGUE).is_file():
        return Path(folder, FOLDER_CATALOGUE)
    return Path(platformdirs.user_data_dir("wkmp_lab")) / "catalogue.sqlite"


def find_library(file: str | Path) -> Path:
    """The folder of a file, or one of the two above it, that brings a catalogue; else its own."""
    folders = Path(file).absolute().parents[:3]
    return next((f for f in folders if Path(f, FOLDER_CATALOGUE).is_file()), folders[0])


def find_flavors(settings: IdentifySettings) -> Path:
    """Path of the flavors that were taken from dumps, whether there are any or not."""
    if settings.flavors is not None:
        return Path(settings.flavors).expanduser()
    return Path(platformdirs.user_data_dir("wkmp_lab")) / "flavors.sqlite"


class Sources(NamedTuple):
    """Who can be asked, as words that change when there is more to be learnt; empty for nobody.

    Attributes
    ----------
    identity
        Where this changes, what no one could name before is worth another question.
    flavor
        Where this changes, flavors that are missing are.
    """

    identity: str
    flavor: str


def name_sources(settings: IdentifySettings, folder: str | Path | None = None) -> Sources:
    """Who can be asked: the key is there, the catalogue has grown, a dump was taken in.

    >>> nobody = IdentifySettings(is_offline=True, catalogue="/nowhere/c", flavors="/nowhere/f")
    >>> name_sources(nobody)
    Sources(identity='', flavor='')
    """
    has_key = not settings.is_offline and read_key() is not None
    generation = compute_generation(find_catalogue(settings, folder), music_folder=folder)
    url = None if settings.is_offline else settings.acousticbrainz_url
    return Sources(
        identity=_name_known({"acoustid": "key" if has_key else None, "catalogue": generation}),
        flavor=_name_known(
            {"file": compute_flavor_generation(find_flavors(settings)), "acousticbrainz": url}
        ),
    )


def name_limit(settings: IdentifySettings) -> str:
    """Whose limit of requests the lookups wait for; empty where nobody outside is asked.

    >>> name_limit(IdentifySettings(contact="you@example.org"))
    'MusicBrainz limit'
    >>> name_limit(IdentifySettings(contact="you@example.org", is_offline=True))
    ''
    """
    if settings.is_offline:
        return ""
    if settings.contact is not None:
        return "MusicBrainz limit"
    return "AcoustID limit" if read_key() is not None else ""


def _name_known(states: Mapping[str, str | None]) -> str:
    return ",".join(f"{name}:{state}" for name, state in states.items() if state is not None)


@contextlib.contextmanager
def open_services(
    settings: Settings,
    *,
    is_cancelled: Callable[[], bool],
    folder: str | Path | None = None,
    key: Secret | None = None,
    patience: Patience | None = None,
) -> Iterator[Services]:
    """The services that can be asked, for one thread, until the ``with`` block ends.

    Offline, only the local catalogue, where there is one. AcoustID needs a key, MusicBrainz an
    address of contact in the settings; without these nothing is sent to them.

    Parameters
    ----------
    settings
        Of the identifying phase.
    is_cancelled
        Asked during waits and requests, at least every 0.1 s.
    folder
        Of the music: it may bring a catalogue.
    key
        AcoustID's; read from the environment or the key file where None.
    patience
        How troubles are met; None: as a fresh :class:`~wkmp_lab.io.web.transport.Patience` does.
    """
    chosen = settings.identifying
    with contextlib.ExitStack() as stack:
        query, broken = _open_catalogue(stack, find_catalogue(chosen, folder), folder)
        shelf = _open_flavors(stack, find_flavors(chosen))
        local = Services(query, fetch_flavors=_read_flavors(shelf, None))
        if chosen.is_offline:
            yield replace(local, silent=(*broken, OFFLINE))
            return
        key = key or read_key()
        if key is None and chosen.contact is None and chosen.acousticbrainz_url is None:
            yield replace(local, silent=(*broken, NO_KEY, NO_CONTACT))
            return
        own = Path(platformdirs.user_cache_dir("wkmp_lab"))
        cached = Path(chosen.cache or own).expanduser() / "answers.sqlite"
        cache, why_off = _open_cache(cached, music_folder=folder)
        stack.enter_context(cache)
        slots, why_own = find_slots(own / "slots")
        agent = f"wkmp_lab/{__version__} ( {chosen.contact or 'no contact given'} )"
        transport = Transport(slots, user_agent=agent, is_cancelled=is_cancelled)
        stack.callback(transport.close)
        patience = patience or Patience()
        lookup = _open_acoustid(chosen, transport, cache, key, patience) if key else None
        client = _open_musicbrainz(chosen, transport, cache, patience) if chosen.contact else None
        server = _open_acousticbrainz(chosen, transport, cache)
        yield Services(
            query_catalogue=query,
            lookup_acoustid=lookup.lookup if lookup else None,
            fetch_recording=client.fetch_recording if client else None,
            fetch_release=client.fetch_release if client else None,
            recall_release=client.recall_release if client else None,
            fetch_isrc=client.fetch_isrc if client else None,
            search_recordings=client.search_recordings if client else None,
            fetch_flavors=_read_flavors(shelf, server),
            silent=(*broken, *(() if lookup else (NO_KEY,)), *(() if client else (NO_CONTACT,))),
            tell=lambda: _tell_troubles(why_off or cache.why_off, why_own),
            count=lambda: transport.tally,
        )


def _open_catalogue(
    stack: contextlib.ExitStack, path: Path, music_folder: str | Path | None
) -> tuple[Callable[[Items], Sequence[CatalogueMatch]] | None, tuple[FailedLookup, ...]]:
    """How to query the catalogue, if there is one, and why it cannot be where it is broken."""
    if not path.exists():
        return None, ()
    try:
        return stack.enter_context(open_catalogue(path, music_folder=music_folder)).query, ()
    except StoreError as error:
        _LOG.warning("%s", error)
        return None, (FailedLookup("catalogue", OutcomeKind.UNAVAILABLE, str(error)),)


def _open_flavors(stack: contextlib.ExitStack, path: Path) -> FlavorFile | None:
    """The flavors that were taken from dumps, if there are any that can be read."""
    if not path.exists():
        return None
    try:
        return stack.enter_context(FlavorFile(path))
    except StoreError as error:
        _LOG.warning("%s", error)
        return None


def _read_flavors(
    shelf: FlavorFile | None, server: AcousticbrainzClient | None
) -> Callable[[Sequence[str]], FlavorAnswer] | None:
    """How to get flavors: from the file, and what it does not have from the server."""
    if shelf is None and server is None:
        return None

    def fetch(mbids: Sequence[str]) -> FlavorAnswer:
        try:
            known = shelf.read(mbids) if shelf else {}
        except StoreError as error:
            return FlavorAnswer({}, tuple(mbids), str(error))
        if server is None:
            return FlavorAnswer(known)
        told = server.fetch_flavors([mbid for mbid in mbids if mbid not in known])
        return replace(told, flavors={**known, **told.flavors})

    return fetch


def _open_cache(path: Path, *, music_folder: str | Path | None) -> tuple[HttpCache, str]:
    """The answers of earlier runs; else those of this run alone, and why."""
    try:
        require_outside(path, music_folder=music_folder)
        return HttpCache(path), ""
    except (StoreError, InvalidInputError, OSError) as error:
        return HttpCache(":memory:"), str(error)


def _tell_troubles(why_off: str, why_own: str) -> tuple[str, ...]:
    """Remarks on a cache that is off and on slots that are the user's own, where they are."""
    off = f"answers are not kept, and the next import asks again: {why_off}"
    alone = f"the limits of requests are kept by each user alone: {why_own}"
    return (*((off,) if why_off else ()), *((alone,) if why_own else ()))


def _open_acoustid(
    settings: IdentifySettings,
    transport: Transport,
    cache: HttpCache,
    key: Secret,
    patience: Patience,
) -> AcoustidClient:
    url = settings.acoustid_url
    host = acoustid.PUBLIC.make_host(url, settings.acoustid_interval_s, patience)
    return AcoustidClient(transport, cache, host=host, base_url=url, key=key)


def _open_musicbrainz(
    settings: IdentifySettings, transport: Transport, cache: HttpCache, patience: Patience
) -> MusicbrainzClient:
    url = settings.musicbrainz_url
    host = musicbrainz.PUBLIC.make_host(url, settings.musicbrainz_interval_s, patience)
    return MusicbrainzClient(transport, cache, host=host, base_url=url)


def _open_acousticbrainz(
    settings: IdentifySettings, transport: Transport, cache: HttpCache
) -> AcousticbrainzClient | None:
    url = settings.acousticbrainz_url
    if url is None:
        return None
    interval_s = settings.acousticbrainz_interval_s
    host = acousticbrainz.PUBLIC.make_host(url, interval_s, acousticbrainz.PATIENCE)
    return AcousticbrainzClient(transport, cache, host=host, base_url=url)
