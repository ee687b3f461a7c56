"""A Dask cluster as its users start one: a scheduler and workers by command, on loopback."""

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

START_S = 60.0


@contextlib.contextmanager
def run_cluster(folder: Path, *, n_workers: int):
    """The address of a scheduler, and the processes of its workers; all end with the block."""
    kept = folder / "scheduler.json"
    with contextlib.ExitStack() as stack:

        def start(*words):
            command = [sys.executable, "-m", "dask", *words, "--host", "127.0.0.1"]
            log = stack.enter_context((folder / f"{words[0]}.log").open("ab"))
            made = subprocess.Popen(
                [*command, "--no-dashboard", "--scheduler-file", str(kept)],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            stack.callback(made.wait)
            stack.callback(made.kill)
            return made

        start("scheduler", "--port", "0")
        deadline_s = time.monotonic() + START_S
        while not kept.exists():
            assert time.monotonic() < deadline_s, (folder / "scheduler.log").read_text()
            time.sleep(0.05)
        # Without nannies: what is killed stays away.
        workers = [start("worker", "--nthreads", "1", "--no-nanny") for _ in range(n_workers)]
        yield json.loads(kept.read_text())["address"], workers
