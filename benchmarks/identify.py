"""How many requests a library costs, and how much sooner it is identified by asking in batches.

    python benchmarks/identify.py [--n-tracks 300] [--n-inline 20] [--latency-s 0.3]

Against the stand-in server of the tests, at the real services' intervals. The comparison asks for
each file before it goes on to the next: one lookup and one recording call; it is measured on a
few files and scaled up.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.standin import KEY, Standin, run_standin
from support.standin_world import distort, make_world

from wkmp_lab.fingerprinting.fingerprint import encode_fingerprint
from wkmp_lab.io.keys import Secret
from wkmp_lab.lookup.lookups import identify_files
from wkmp_lab.lookup.services import open_services
from wkmp_lab.model import FileResult, Fingerprint, Passage, SourceFile
from wkmp_lab.settings import IdentifySettings, Settings
from wkmp_lab.units import ticks_from_seconds

BATCH = 10


def make_files(standin: Standin) -> list[FileResult]:
    files = []
    for index, recording in enumerate(standin.world.recordings.values()):
        text = encode_fingerprint(distort(recording.items, bit_error=0.02, seed=index))
        fingerprint = Fingerprint(text, recording.duration_s, "synthetic")
        passage = Passage(0, 0, ticks_from_seconds(recording.duration_s), fingerprint)
        source = SourceFile(f"{index}.flac", 1, 1)
        files.append(FileResult(source, "done", passages=(passage,), file_fingerprint=fingerprint))
    return files


def make_settings(standin: Standin, folder: Path) -> Settings:
    return Settings(
        identifying=IdentifySettings(
            acoustid_url=standin.acoustid_url,
            musicbrainz_url=standin.url,
            contact="bench@example.org",
            cache=str(folder),
            catalogue=str(folder / "none.sqlite"),
        )
    )


def run_batches(files: list[FileResult], settings: Settings) -> tuple[float, int]:
    """Elapsed seconds, and how many files got recording, release and work."""
    start = time.monotonic()
    n_whole = 0
    with open_services(settings, is_cancelled=lambda: False, key=Secret(KEY)) as services:
        for first in range(0, len(files), BATCH):
            batch = files[first : first + BATCH]
            for result in identify_files(batch, services=services, settings=settings):
                identity = result.passages[0].identity
                chosen = identity.chosen if identity else None
                n_whole += bool(chosen and chosen.release_mbid and chosen.work_mbid)
    return time.monotonic() - start, n_whole


def run_inline(files: list[FileResult], settings: Settings) -> float:
    """Elapsed seconds a file, asking for each by itself."""
    start = time.monotonic()
    with open_services(settings, is_cancelled=lambda: False, key=Secret(KEY)) as services:
        assert services.lookup_acoustid is not None
        assert services.fetch_recording is not None
        for file in files:
            assert file.file_fingerprint is not None
            (outcome,) = services.lookup_acoustid([file.file_fingerprint])
            if outcome.found and outcome.found[0].recording.mbid:
                services.fetch_recording(outcome.found[0].recording.mbid)
    return (time.monotonic() - start) / len(files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-tracks", type=int, default=300)
    parser.add_argument("--n-inline", type=int, default=20)
    parser.add_argument("--latency-s", type=float, default=0.3)
    options = parser.parse_args()
    world = make_world(n_albums=options.n_tracks // 10)
    with run_standin(world) as standin, tempfile.TemporaryDirectory() as place:
        standin.latency_s = options.latency_s
        files = make_files(standin)
        settings = make_settings(standin, Path(place, "batched"))
        elapsed_s, n_whole = run_batches(files, settings)
        n_requests = len(standin.ledger)
        again_s, _ = run_batches(files, settings)
        n_again = len(standin.ledger) - n_requests
        alone = make_settings(standin, Path(place, "inline"))
        inline_s = run_inline(files[: options.n_inline], alone) * len(files)
    figures = {
        "n_tracks": len(files),
        "n_with_recording_release_and_work": n_whole,
        "requests_per_track": n_requests / len(files),
        "elapsed_s": round(elapsed_s, 1),
        "inline_s": round(inline_s, 1),
        "times_faster": round(inline_s / elapsed_s, 1),
        "requests_of_a_second_run": n_again,
        "second_run_s": round(again_s, 2),
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
