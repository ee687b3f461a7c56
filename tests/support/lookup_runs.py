"""Files of the made world, and how they are identified against its stand-in services."""

import dataclasses
from pathlib import Path

from support.standin import KEY
from support.standin_world import WorldRecording, distort
from wkmp_lab.fingerprinting.fingerprint import encode_fingerprint
from wkmp_lab.io.keys import Secret
from wkmp_lab.io.web.transport import Patience
from wkmp_lab.lookup.lookup_thread import LookupThread
from wkmp_lab.lookup.lookups import identify_files
from wkmp_lab.lookup.services import open_services
from wkmp_lab.model import (
    AudioFormat,
    FileResult,
    Fingerprint,
    Passage,
    SourceFile,
    Tags,
)
from wkmp_lab.settings import IdentifySettings, Settings
from wkmp_lab.units import ticks_from_seconds

QUICK = Patience(pause_s=0.002, linger_s=0.002)


def file_of(
    *recordings: WorldRecording, tags: Tags | None = None, bit_error: float = 0.02
) -> FileResult:
    """A file that holds these recordings, one after the other."""
    passages, start_s = [], 0.0
    for index, recording in enumerate(recordings):
        end_s = start_s + recording.duration_s
        text = encode_fingerprint(distort(recording.items, bit_error=bit_error, seed=index))
        fingerprint = Fingerprint(text, recording.duration_s, "test")
        ticks = ticks_from_seconds(start_s), ticks_from_seconds(end_s)
        passages.append(Passage(index, *ticks, fingerprint))
        start_s = end_s
    return FileResult(
        SourceFile("/music/file", 1, 1),
        "done",
        tags=tags or Tags(),
        audio=AudioFormat("flac", "flac", 44_100, 2, round(start_s * 44_100), start_s),
        passages=tuple(passages),
        file_fingerprint=passages[0].fingerprint if len(passages) == 1 else None,
    )


def make_settings(standin, folder: Path, **changes: object) -> Settings:
    chosen = IdentifySettings(
        acoustid_url=standin.acoustid_url,
        musicbrainz_url=standin.url,
        contact="someone@example.org",
        cache=str(folder / "cache"),
        catalogue=str(folder / "catalogue.sqlite"),
        acoustid_interval_s=0.02,
        musicbrainz_interval_s=0.02,
    )
    return Settings(identifying=dataclasses.replace(chosen, **changes))


def identify(files, settings, *, key: str = KEY, is_cancelled=lambda: False):
    with open_services(
        settings, is_cancelled=is_cancelled, key=Secret(key), patience=QUICK
    ) as services:
        return identify_files(files, services=services, settings=settings)


def identities_of(results):
    return [passage.identity for result in results for passage in result.passages]


def tagged(recording: WorldRecording, **more: object) -> Tags:
    return Tags(title=recording.title, artist=recording.artist, **more)


def run_lookup_thread(files, settings, *, cancelled=False):
    """(identified, revised) files by path."""
    identified, revised = {}, {}
    with LookupThread(
        settings,
        folder="/music",
        on_identified=lambda result: identified.update({result.path: result}),
        on_revised=lambda result: revised.update({result.path: result}),
        is_cancelled=lambda: cancelled,
    ) as lookup_thread:
        for file in files:
            lookup_thread.put(file)
        lookup_thread.finish()
    return identified, revised


def at(path, file):
    return dataclasses.replace(file, source=dataclasses.replace(file.source, path=path))
