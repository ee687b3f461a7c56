"""An import by the command in a process of its own that stands still once files are kept."""

import contextlib
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path


def count_kept(store: Path) -> int:
    """Rows that a store holds, looked up without disturbing its writer."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM file").fetchone()[0])
    except sqlite3.OperationalError:  # it is not there yet
        return 0


@contextlib.contextmanager
def stopped_import(
    music: Path, store: Path, *, n_files: int = 3
) -> Iterator["subprocess.Popen[str]"]:
    """The process, stopped by SIGSTOP; it is killed at the end where it still is there."""
    options = ["--store", str(store), "--jobs", "1", "--offline"]
    process = subprocess.Popen(
        [sys.executable, "-m", "wkmp_lab", "import", str(music), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while count_kept(store) < n_files:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        process.send_signal(signal.SIGSTOP)
        yield process
    finally:
        process.kill()
        process.communicate()
