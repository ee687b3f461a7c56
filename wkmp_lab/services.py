"""Whom to ask: the services that the settings and the keys of this machine allow."""

import contextlib
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt
import platformdirs

from wkmp_lab import __version__
from wkmp_lab.errors import StoreError
from wkmp_lab.io import acoustid, musicbrainz
from wkmp_lab.io.acoustid import AcoustidClient
from wkmp_lab.io.answers import AcoustidMatch, CatalogueMatch, Outcome, Recording, Release
from wkmp_lab.io.catalogue_file import compute_generation, open_catalogue
from wkmp_lab.io.http_cache import HttpCache
from wkmp_lab.io.keys import Secret, read_key
from wkmp_lab.io.musicbrainz import MusicbrainzClient
from wkmp_lab.io.transport import Host, Patience, Transport
from wkmp_lab.model import Fingerprint
from wkmp_lab.settings import IdentifySettings, Settings

_LOG = logging.getLogger(__name__)

Items = npt.NDArray[np.uint32]


FOLDER_CATALOGUE = "wkmp_catalogue.jsonl"
"""A catalogue of this name in a music folder knows what is in it."""
NO_KEY = "not_asked(acoustid: no key)"
NO_CONTACT = "not_asked(musicbrainz: no address of contact)"


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
    fetch_isrc
        ISRC -> recordings.
    search_recordings
        (title, artist, duration in s) -> recordings that might be meant.
    """

    query_catalogue: Callable[[Items], Sequence[CatalogueMatch]] | None = None
    lookup_acoustid: (
        Callable[[Sequence[Fingerprint]], Sequence[Outcome[tuple[AcoustidMatch, ...]]]] | None
    ) = None
    fetch_recording: Callable[[str], Outcome[Recording]] | None = None
    fetch_release: Callable[[str], Outcome[Release]] | None = None
    fetch_isrc: Callable[[str], Outcome[tuple[Recording, ...]]] | None = None
    search_recordings: (
        Callable[[str, str | None, float | None], Outcome[tuple[Recording, ...]]] | None
    ) = None
    silent: tuple[str, ...] = ("offline_not_asked",)


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


def name_sources(settings: IdentifySettings, folder: str | Path | None = None) -> str:
    """Who can be asked, beyond what the settings say: the key is there, the catalogue has grown.

    Where this changes, what no one could name before is worth another question.

    >>> name_sources(IdentifySettings(is_offline=True, catalogue="/nowhere/catalogue.sqlite"))
    ''
    """
    has_key = not settings.is_offline and read_key() is not None
    generation = compute_generation(find_catalogue(settings, folder))
    known = {"acoustid": "key" if has_key else None, "catalogue": generation}
    return ",".join(f"{name}:{state}" for name, state in known.items() if state is not None)


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
        How troubles are met; the default of :class:`~wkmp_lab.io.transport.Patience` where None.
    """
    chosen = settings.identifying
    with contextlib.ExitStack() as stack:
        query, broken = _open_catalogue(stack, find_catalogue(chosen, folder))
        if chosen.is_offline:
            yield Services(query_catalogue=query, silent=(*broken, "offline_not_asked"))
            return
        folder = Path(chosen.cache or platformdirs.user_cache_dir("wkmp_lab")).expanduser()
        key = key or read_key()
        if key is None and chosen.contact is None:
            yield Services(query_catalogue=query, silent=(*broken, NO_KEY, NO_CONTACT))
            return
        cache = stack.enter_context(_open_cache(folder / "answers.sqlite"))
        agent = f"wkmp_lab/{__version__} ( {chosen.contact or 'no contact given'} )"
        transport = Transport(folder / "slots", user_agent=agent, is_cancelled=is_cancelled)
        patience = patience or Patience()
        lookup = _open_acoustid(chosen, transport, cache, key, patience) if key else None
        client = _open_musicbrainz(chosen, transport, cache, patience) if chosen.contact else None
        yield Services(
            query_catalogue=query,
            lookup_acoustid=lookup.lookup if lookup else None,
            fetch_recording=client.fetch_recording if client else None,
            fetch_release=client.fetch_release if client else None,
            fetch_isrc=client.fetch_isrc if client else None,
            search_recordings=client.search_recordings if client else None,
            silent=(*broken, *(() if lookup else (NO_KEY,)), *(() if client else (NO_CONTACT,))),
        )


def _open_catalogue(
    stack: contextlib.ExitStack, path: Path
) -> tuple[Callable[[Items], Sequence[CatalogueMatch]] | None, tuple[str, ...]]:
    """How to query the catalogue, if there is one, and why it cannot be where it is broken."""
    if not path.exists():
        return None, ()
    try:
        return stack.enter_context(open_catalogue(path)).query, ()
    except StoreError as error:
        _LOG.warning("%s", error)
        return None, (f"lookup_failed(catalogue, {error})",)


def _open_cache(path: Path) -> HttpCache:
    """The answers of earlier runs; where they cannot be had, this run remembers its own."""
    try:
        return HttpCache(path)
    except (StoreError, OSError) as error:
        _LOG.warning("answers are not kept: %s", error)
        return HttpCache(":memory:")


def _open_acoustid(
    settings: IdentifySettings,
    transport: Transport,
    cache: HttpCache,
    key: Secret,
    patience: Patience,
) -> AcoustidClient:
    url = settings.acoustid_url
    interval_s = _polite_s(url, "acoustid.org", settings.acoustid_interval_s, acoustid.INTERVAL_S)
    host = Host(_slot_name("acoustid", url), interval_s, patience)
    return AcoustidClient(transport, cache, host=host, base_url=url, key=key)


def _open_musicbrainz(
    settings: IdentifySettings, transport: Transport, cache: HttpCache, patience: Patience
) -> MusicbrainzClient:
    url = settings.musicbrainz_url
    asked_s, least_s = settings.musicbrainz_interval_s, musicbrainz.INTERVAL_S
    interval_s = _polite_s(url, "musicbrainz.org", asked_s, least_s)
    host = Host(_slot_name("musicbrainz", url), interval_s, patience)
    return MusicbrainzClient(transport, cache, host=host, base_url=url)


def _polite_s(url: str, domain: str, asked_s: float, least_s: float) -> float:
    """The interval that is asked for; at the public service never below what it allows."""
    host = urlsplit(url).hostname or ""
    is_public = host == domain or host.endswith(f".{domain}")
    return max(asked_s, least_s) if is_public else asked_s


def _slot_name(service: str, url: str) -> str:
    """One slot per server, so that a mirror does not wait for the public one."""
    return f"{service}-{re.sub(r'[^a-z0-9.-]', '_', urlsplit(url).netloc.lower())}"
