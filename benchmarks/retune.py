"""How long a large library takes to be cut anew from its kept profiles, and what these take.

    python benchmarks/retune.py --music FOLDER [--hours H] [--jobs N]

The folder is imported once. Its results and profiles are then kept again and again, each time as
those of another file of other audio (empty files stand for the music, which nobody opens), until
the library is so many hours long. Goal: 1,000 hours cut anew in under 60 s on two cores.
"""

import argparse
import itertools
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from wkmp_lab.collection.recuts import count_recuts
from wkmp_lab.library.retuning import Retuning, preview_library
from wkmp_lab.library.session import import_folder
from wkmp_lab.library.store import ProfileStore, Store, find_profiles
from wkmp_lab.model import FileResult
from wkmp_lab.pipeline import cache_keys, recut
from wkmp_lab.settings import (
    AnalyzeSettings,
    IdentifySettings,
    RunSettings,
    SegmentSettings,
    Settings,
)


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, default=Path("data/sample"))
    parser.add_argument("--hours", type=float, default=1000.0)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    settings = Settings(
        identifying=IdentifySettings(is_offline=True), running=RunSettings(n_jobs=options.jobs)
    )
    with tempfile.TemporaryDirectory(prefix="wkmp-bench-") as buffer:
        home = Path(buffer)
        session = import_folder(options.music, settings=settings, store=home / "first.wkmp.db")
        done = [each for each in session.results if each.status == "done"]
        profiles = find_profiles(session.store_path, folder=options.music)
        assert profiles is not None
        hours = sum(each.duration_s or 0.0 for each in done) / 3600.0
        print(f"profiles: {profiles.read_size() / hours / 1e6:.2f} MB an hour on disk")
        folder, store = home / "library", home / "library.wkmp.db"
        folder.mkdir()
        made_hours = replicate(done, profiles, folder, store, hours=options.hours)
        paths = [str(path) for path in sorted(folder.iterdir())]
        print(f"{made_hours:.0f} hours in {len(paths)} files, {options.jobs} jobs:")
        for words, segmenting, analyzing in (
            ("cut anew", SegmentSettings(min_silence_s=1.5), AnalyzeSettings()),
            (
                "cut anew, all leads by another preset",
                SegmentSettings(),
                AnalyzeSettings("classical"),
            ),
        ):
            changed = replace(settings, segmenting=segmenting, analyzing=analyzing)
            began_s = time.perf_counter()
            found = list(preview_library(paths, Retuning(store, folder, changed)))
            passed_s = time.perf_counter() - began_s
            counts = count_recuts(found)
            print(
                f"  {words}: {passed_s:.1f} s, {1000.0 * passed_s / made_hours:.0f} s for 1,000 "
                f"hours; {counts.n_changed} of {counts.n_files} files change"
            )


def replicate(
    done: list[FileResult], profiles: ProfileStore, folder: Path, store_path: Path, *, hours: float
) -> float:
    """Fill a store with copies of results and profiles; the hours that they are of."""
    keys = cache_keys.compute_keys(Settings())
    made_by = recut.name_maker(keys)
    packed = {each.path: profiles.read(each.audio_hash or "", made_by=made_by) for each in done}
    copies = ProfileStore(folder.parent / "library.wkmp-profiles.db")
    made_s = 0.0

    def make() -> Iterator[FileResult]:
        nonlocal made_s
        for number, result in enumerate(itertools.cycle(done)):
            if made_s >= 3600.0 * hours:
                return
            path = folder / f"{number:06d}"
            path.touch()
            digest = f"{number:064x}"
            content = packed[result.path]
            assert content is not None
            copies.write(digest, content, made_by=made_by)
            made_s += result.duration_s or 0.0
            source = replace(result.source, path=str(path))
            yield replace(result, source=source, sha256=digest, audio_hash=digest)

    with Store(store_path, folder=folder) as store:
        store.put_many(make())
    return made_s / 3600.0


if __name__ == "__main__":
    main()
