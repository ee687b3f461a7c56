"""A store whose opening is broken off: the process dies at one statement of many."""

import subprocess
import sys

_DIES_AT_A_STATEMENT = """
import os, sqlite3, sys
from pathlib import Path
from wkmp_lab.library.store import store

connect, n_left = sqlite3.connect, int(sys.argv[3])

def count_down(statement):
    global n_left
    n_left -= 1
    if n_left == 0:
        os._exit(9)

def connect_to_die(path, **options):
    db = connect(path, **options)
    db.set_trace_callback(count_down)
    return db

store.sqlite3.connect = connect_to_die
store.Store(Path(sys.argv[1]), folder=Path(sys.argv[2]))
"""


def break_off_store(path, *, folder, n_statements):
    """Open a store in a process that dies at this statement, if it makes so many."""
    arguments = [str(path), str(folder), str(n_statements)]
    done = subprocess.run([sys.executable, "-c", _DIES_AT_A_STATEMENT, *arguments], check=False)
    assert done.returncode in (0, 9), "it must die at the statement, or not at all"
