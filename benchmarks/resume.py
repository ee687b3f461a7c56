"""What a library keeps: an unchanged one costs next to nothing, a killed import loses nothing.

    python benchmarks/resume.py [--files N] [--kills K] [--killed-files M] [--changes R]

First, N one-second files are imported twice; then once more with another setting of one phase.
Second, an import of the sample and M one-second files is killed with SIGKILL at K random moments,
each time into a fresh store, and gone on with. Counted are files that are lost, files that were
measured again after they had been stored, workers that outlive their parent by ten seconds, and
exports that are, in every format, byte for byte those of an unbroken import: but for the tables
that tell when a phase ran (timeline, and the elapsed seconds in files).
Third, in R rounds, some files of the same library are tagged, renamed or moved, others are added,
and the import that follows is killed (SIGKILL), restarted (SIGTERM to its group, to which it is as
deaf as a kernel, then SIGKILL) or suspended (SIGSTOP of all, then SIGCONT), and gone on with.
Counted are changed files that were decoded, failures that stuck, and files of which other figures
or another choice by hand are told than before. At the end the exports are compared with those of a
fresh import of the same files with the same choices, as above.
"""

import argparse
import contextlib
import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
from retag import CHOSEN, tag
from runner import write_tiny

from wkmp_lab.errors import StoreError
from wkmp_lab.export.export import FORMATS
from wkmp_lab.identifying.decisions import BY_HAND
from wkmp_lab.library.session import ImportSession, import_folder, open_session
from wkmp_lab.model import Passage
from wkmp_lab.runner.worker import warm_up
from wkmp_lab.settings import (
    AnalyzeSettings,
    IdentifySettings,
    RunSettings,
    Settings,
)

MOVED = "moved"
N_NEW = 8
"""Files that come new in a round."""
LONGEST_S = 2.0
"""Latest moment of a disturbance, after the modules are loaded."""
STALL_S = 1.5
"""How long a file may stall in an import that is suspended for twice as long."""
SUFFIXES = (".flac", ".m4a", ".mp3", ".ogg", ".opus", ".wav", ".wv")
SETTINGS = Settings(identifying=IdentifySettings(is_offline=True), running=RunSettings(n_jobs=2))

CHILD = """
import signal, sys
from wkmp_lab.library.session import import_folder
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings
settings = Settings(
    identifying=IdentifySettings(is_offline=True),
    running=RunSettings(n_jobs=2, stall_s=float(sys.argv[3])),
)
if sys.argv[4] == "deaf":
    signal.signal(signal.SIGTERM, lambda *_: None)
print("go", flush=True)
import_folder(sys.argv[1], settings=settings, store=sys.argv[2])
print("done", flush=True)
"""


@dataclass(frozen=True, slots=True)
class Kill:
    """What one killed import left, and what became of it."""

    n_stored: int
    n_lost: int
    n_twice: int
    n_orphans: int
    is_identical: bool


def main() -> None:
    """Print all findings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, default=Path("data/sample"))
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--killed-files", type=int, default=300)
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    warm_up()
    with tempfile.TemporaryDirectory(prefix="wkmp-bench-") as buffer:
        if options.files:
            import_often(options.files, Path(buffer))
        music = Path(buffer) / "mixed"
        shutil.copytree(options.music, music)
        write_tiny(music, options.killed_files)
        if options.kills:
            kill_often(music, options.kills, options.seed, Path(buffer))
        if options.changes:
            change_often(music, options.changes, options.seed, Path(buffer))


def import_often(n_files: int, buffer: Path) -> None:
    """Time of the first import, of a second one, and of one with another setting."""
    folder = buffer / "tiny"
    folder.mkdir()
    write_tiny(folder, n_files)
    other = replace(SETTINGS, analyzing=AnalyzeSettings(preset="classical"))
    for name, settings in (("first", SETTINGS), ("second", SETTINGS), ("changed", other)):
        began_s, start_s, start_cpu_s = time.time(), time.perf_counter(), time.process_time()
        session = import_folder(folder, settings=settings, store=buffer / "tiny.wkmp.db")
        took_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
        ran = count_phases(session, began_s)
        print(
            f"{name} import of {n_files} files: {took_s:.1f} s, the parent's work {cpu_s:.1f} s; "
            f"{len(session.results)} rows; decoded {ran['DECODING']}, fingerprinted "
            f"{ran['FINGERPRINTING']}, analyzed {ran['ANALYZING']}, described {ran['FLAVORING']}"
        )


def kill_often(music: Path, n_kills: int, seed: int, buffer: Path) -> None:
    """Kill, go on, compare."""
    store = buffer / "whole.wkmp.db"
    with start_child(music, store) as child:
        start_s = time.perf_counter()
        wait_for_line(child)
        length_s = time.perf_counter() - start_s
    whole = open_session(music, store=store)
    expected = read_export(whole, buffer / "whole")
    rng = random.Random(seed)
    kills = []
    for number in range(1, n_kills + 1):
        after_s = rng.uniform(0.0, length_s)
        with tempfile.TemporaryDirectory(dir=buffer) as place:
            kill = kill_once(music, Path(place), after_s, whole, expected)
        kills.append(kill)
        print(
            f"  kill {number}: {after_s:.2f} s, {kill.n_stored} stored, {kill.n_lost} lost, "
            f"{kill.n_twice} twice, {'same' if kill.is_identical else 'OTHER'} export",
            flush=True,
        )
    print(
        f"{n_kills} kills of an import of {len(whole.results)} files ({length_s:.1f} s): "
        f"{sum(kill.n_lost for kill in kills)} files lost, "
        f"{sum(kill.n_twice for kill in kills)} measured again after they were stored, "
        f"{sum(kill.n_orphans for kill in kills)} workers left behind, "
        f"{sum(kill.is_identical for kill in kills)} of {n_kills} exports identical "
        f"({len(expected)} files each)"
    )


def kill_once(
    music: Path, place: Path, after_s: float, whole: ImportSession, expected: dict[str, bytes]
) -> Kill:
    """Kill an import after a time, go on with it, and compare the end with the unbroken one."""
    store = place / "killed.wkmp.db"
    with start_child(music, store) as child:
        time.sleep(after_s)
        workers = psutil.Process(child.pid).children(recursive=True)
        child.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(workers, timeout=10)
    stored = read_stored(music, store)
    began_s = time.time()
    session = import_folder(music, settings=SETTINGS, store=store)
    return Kill(
        n_stored=len(stored),
        n_lost=len(paths_of(whole) - paths_of(session)),
        n_twice=len(stored & paths_of(session, decoded_since_s=began_s)),
        n_orphans=len(alive),
        is_identical=read_export(session, place / "export") == expected,
    )


def change_often(music: Path, n_rounds: int, seed: int, buffer: Path) -> None:
    """Change files, disturb the import that follows, go on, and look for what was lost."""
    store = buffer / "changed.wkmp.db"
    rng = random.Random(seed)
    session = import_folder(music, settings=SETTINGS, store=store)
    expected = read_figures(decide_on_all(session))
    counts: Counter[str] = Counter()
    for number in range(n_rounds):
        began_s = time.time()
        counts["changed"] += change_files(music, rng, number)
        write_new(music, number)
        how = rng.choice((kill, restart, suspend))
        counts[how.__name__] += 1
        with start_child(music, store, is_group=True) as child:
            time.sleep(rng.uniform(0.0, LONGEST_S))
            how(child)
        session = import_folder(music, settings=SETTINGS, store=store)
        decoded = paths_of(session, decoded_since_s=began_s)
        counts["decoded"] += sum(
            r.path in decoded and r.audio_hash in expected for r in session.results
        )
        counts["stuck"] += len(session.failures)
        found = read_figures(session)
        counts["lost"] += sum(found.get(key) != figures for key, figures in expected.items())
    fresh = import_folder(music, settings=SETTINGS, store=buffer / "fresh.wkmp.db")
    decide_on_all(fresh, only=frozenset(expected))
    before, after = (read_export(each, buffer / each.session_id) for each in (fresh, session))
    other = [name for name in before | after if before.get(name) != after.get(name)]
    print(
        f"{n_rounds} rounds of changes, with {counts['kill']} kills, {counts['restart']} restarts "
        f"and {counts['suspend']} suspensions: {counts['changed']} files tagged, renamed, moved, "
        f"{counts['decoded']} of them decoded again, {counts['stuck']} failures that stuck; "
        f"{counts['lost']} of {len(expected)} lost their figures or what was chosen by hand; "
        f"{len(before) - len(other)} of {len(before)} exports are those of a library that was "
        f"imported once as it is now{''.join(f', not {name}' for name in other)}"
    )


def decide_on_all(session: ImportSession, *, only: frozenset[str] = frozenset()) -> ImportSession:
    """Choose by hand the recording of each file's first passage."""
    for result in session.results:
        if result.passages and (not only or result.audio_hash in only):
            session.decide(result.path, 0, "choose", candidate=CHOSEN)
    return session


def write_new(music: Path, number: int) -> None:
    """Some music that is not known yet, so that there is something to be disturbed."""
    place = music / "new" / f"{number:03d}"
    place.mkdir(parents=True)
    write_tiny(place, N_NEW, seed=1000 + number)


def kill(child: "subprocess.Popen[bytes]") -> None:
    """As the system does where memory is short."""
    child.send_signal(signal.SIGKILL)


def restart(child: "subprocess.Popen[bytes]") -> None:
    """As a kernel is restarted: its group is told to end again and again, then it is killed."""
    for _ in range(4):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        time.sleep(0.1)
    child.send_signal(signal.SIGKILL)


def suspend(child: "subprocess.Popen[bytes]") -> None:
    """As a laptop sleeps, for longer than a file may stall; then it goes on to its end."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGSTOP)
        time.sleep(2 * STALL_S)
        os.killpg(child.pid, signal.SIGCONT)
    child.wait()


def change_files(music: Path, rng: random.Random, number: int) -> int:
    """Tag, rename and move some files; returns how many."""
    files = sorted(path for path in music.rglob("*") if path.suffix in SUFFIXES)
    chosen = rng.sample(files, len(files) // 10)
    for path in chosen:
        kinds = ("tag", "rename", "move", "tag and move")
        # Whether a file is alone in its folder tells on how it is cut: few leave small folders.
        is_free = path.parent in (music, music / MOVED)
        what = rng.choice(kinds if is_free else kinds[:2])
        if "tag" in what:
            tag(path, f"Title of round {number}")
        if what == "rename":
            path.rename(path.with_name(f"r{number} {path.name.rpartition(' ')[2]}"))
        if "move" in what:
            place = music / MOVED if path.parent == music else music
            place.mkdir(exist_ok=True)
            path.rename(place / f"m{number} {path.name.rpartition(' ')[2]}")
    return len(chosen)


def read_figures(session: ImportSession) -> dict[str, object]:
    """What was measured of each audio, and chosen by hand."""
    return {
        result.audio_hash: [
            (p.start_ticks, p.end_ticks, p.fingerprint, p.amplitude, p.descriptors, chosen_of(p))
            for p in result.passages
        ]
        for result in session.results
        if result.audio_hash
    }


def chosen_of(passage: Passage) -> str | None:
    """What a person has chosen for a passage."""
    identity = passage.identity
    return passage.recording_mbid if identity and identity.reason == BY_HAND else None


def start_child(music: Path, store: Path, *, is_group: bool = False) -> "subprocess.Popen[bytes]":
    """An import in a process of its own that has loaded its modules; as a kernel leads a group."""
    how = [str(STALL_S), "deaf"] if is_group else ["180", ""]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(music), str(store), *how],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=is_group,
    )
    wait_for_line(child)
    return child


def wait_for_line(child: "subprocess.Popen[bytes]") -> None:
    """Wait until a child says something, or ends."""
    assert child.stdout is not None
    child.stdout.readline()


def read_stored(music: Path, store: Path) -> set[str]:
    """Paths that a killed import had stored; none where it had not come to make its store."""
    try:
        return paths_of(open_session(music, store=store))
    except StoreError:
        return set()


def read_export(session: ImportSession, folder: Path) -> dict[str, bytes]:
    """Everything that is exported by file name, but for the clocks."""
    written = session.export(folder, formats=list(FORMATS))
    clocked = [path for path in written if path.stem in ("files", "timeline")]
    content = {str(p.relative_to(folder)): p.read_bytes() for p in written if p not in clocked}
    with (folder / "files.csv").open(newline="", encoding="utf-8") as rows:
        table = [{**row, "elapsed_s": ""} for row in csv.DictReader(rows)]
    return {**content, "files.csv": repr(table).encode()}


def paths_of(session: ImportSession, *, decoded_since_s: float | None = None) -> set[str]:
    """Paths of all files, or of those that were decoded since a moment."""
    if decoded_since_s is None:
        return {result.path for result in session.results}
    return {
        result.path
        for result in session.results
        for span in result.spans
        if span.phase == "DECODING" and span.start_s >= decoded_since_s
    }


def count_phases(session: ImportSession, since_s: float) -> Counter[str]:
    """How many files went through each phase since a moment."""
    return Counter(
        span.phase.value
        for result in session.results
        for span in result.spans
        if span.start_s >= since_s
    )


if __name__ == "__main__":
    main()
