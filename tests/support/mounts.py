"""Imports on file systems that are full or read-only, in a mount namespace of their own."""

import os
import subprocess
import sys

import pytest


def can_mount():
    command = ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


needs_mounts = pytest.mark.skipif(
    sys.platform != "linux" or not can_mount(), reason="needs to mount"
)

IMPORT = """
import sys
import wkmp_lab as wl
settings = wl.Settings(
    identifying=wl.IdentifySettings(is_offline=True), running=wl.RunSettings(n_jobs=2)
)
session = wl.import_folder(sys.argv[1], settings=settings, store=sys.argv[2], ui="none")
print(*(result.status for result in session.results))
"""


def run_mounted(mounts, music, tmp_path, **environment):
    """An import among mounts of its own."""
    command = f'{mounts} && exec "$0" "$@"'
    arguments = [sys.executable, "-c", IMPORT, str(music), str(tmp_path / "a.wkmp.db")]
    path = os.pathsep.join(sys.path)
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", command, *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, "PYTHONPATH": path, **environment},
    )
