"""What look-ups cost each design of an import, and what it is without any.

    python benchmarks/lanes.py --music FOLDER [--jobs N] [--latencies-ms 0,100,300] [--rounds R]

``wl.compare_designs`` on the same files, offline and against the stand-in services of the tests,
which know every one of them, at the real services' intervals and the given latencies. By "files" a
file keeps its place until it is identified, each by questions of its own: the design that the
document describes which this project re-creates. "lanes" is ours: workers go on while one lane
asks, ten files at once.
"""

import argparse
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.standin import KEY, run_standin
from support.standin_world import make_known_world

from wkmp_lab import compare_designs, import_folder
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings


def main() -> None:
    """Print a table for each latency."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, default=Path("data/sample"))
    parser.add_argument("--jobs", type=int, default=min(max(os.cpu_count() or 2, 2), 8))
    parser.add_argument("--latencies-ms", default="0,100,300")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    os.environ["WKMP_LAB_ACOUSTID_KEY"] = KEY
    with tempfile.TemporaryDirectory(prefix="wkmp-bench-") as name:
        offline = Settings(
            identifying=IdentifySettings(is_offline=True, catalogue=str(Path(name, "none"))),
            running=RunSettings(n_jobs=options.jobs),
        )
        store = Path(name, "known.wkmp.db")
        known = import_folder(options.music, settings=offline, store=store, ui="none")
        compare("offline", options.music, offline, options.rounds)
        with run_standin(make_known_world(known.results)) as standin:
            asked = replace(
                offline.identifying,
                is_offline=False,
                acoustid_url=standin.acoustid_url,
                musicbrainz_url=standin.url,
                contact="bench@example.org",
            )
            for latency_ms in (int(part) for part in options.latencies_ms.split(",")):
                standin.latency_s = latency_ms / 1000.0
                title = f"answers after {latency_ms} ms"
                compare(title, options.music, replace(offline, identifying=asked), options.rounds)


def compare(title: str, music: Path, settings: Settings, n_rounds: int) -> None:
    """Both designs, and how much sooner the lanes are done."""
    table = compare_designs(music, settings=settings, n_files=None, n_rounds=n_rounds)
    lanes_s, files_s = table["passed_s"]
    print(f"{title}: {files_s / lanes_s:.2f} times as soon by lanes")
    print(table.round(2).to_string(index=False))


if __name__ == "__main__":
    main()
