"""The distance between requests holds for all users of a machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wkmp_lab.io.web.rate_limit import find_slots, hold_slot

INTERVAL_S = 0.15
N_ASKED = 4
ASK = """
import sys
from pathlib import Path
from wkmp_lab.io.web import rate_limit
from wkmp_lab.lookup.services import open_services
from wkmp_lab.settings import IdentifySettings, Settings
url, machine, interval_s, *mbids = sys.argv[1:]
rate_limit.find_temporary = lambda: Path(machine)
asking = IdentifySettings(
    musicbrainz_url=url, musicbrainz_interval_s=float(interval_s), contact="a@example.org",
    acousticbrainz_url=None)
sys.stdin.readline()
with open_services(Settings(identifying=asking), is_cancelled=lambda: False) as services:
    for mbid in mbids:
        assert services.fetch_recording(mbid).is_answered
    print(*services.tell())
"""


def start_user(home, machine, standin, mbids):
    own = {"HOME": home, "XDG_CACHE_HOME": home / "cache", "XDG_DATA_HOME": home / "share"}
    own |= {"XDG_CONFIG_HOME": home / "config", "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", ASK, standin.url, str(machine), str(INTERVAL_S), *mbids],
        env={**os.environ, **{name: str(value) for name, value in own.items()}},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        umask=0o077,
    )


def test_two_users_of_a_machine_keep_the_distance_together(standin, tmp_path):
    mbids = list(standin.world.recordings)[: 2 * N_ASKED]
    asked = (mbids[:N_ASKED], mbids[N_ASKED:])
    users = [
        start_user(tmp_path / name, tmp_path, standin, part)
        for name, part in zip(("ann", "bob"), asked, strict=True)
    ]
    for user in users:
        user.stdin.write("go\n")
        user.stdin.flush()
    told = [user.communicate()[0] for user in users]
    assert ([user.returncode for user in users], told) == ([0, 0], ["\n", "\n"])
    assert standin.count("musicbrainz") == 2 * N_ASKED
    assert standin.min_gap_s("musicbrainz") >= INTERVAL_S
    assert {path.parent.name for path in tmp_path.rglob("*.lock")} == {"wkmp_lab-slots"}


def test_folder_and_files_are_for_all_users_whatever_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        slots, why = find_slots(tmp_path / "own", shared=tmp_path / "shared")
        with hold_slot(slots / "a.lock", interval_s=0.0, is_cancelled=lambda: False) as slot:
            assert slot.start()
    finally:
        os.umask(before)
    assert (slots, why) == (tmp_path / "shared", "")
    assert slots.stat().st_mode & 0o7777 == 0o1777
    assert [path.stat().st_mode & 0o777 for path in sorted(slots.iterdir())] == [0o666] * 2
    assert find_slots(tmp_path / "own", shared=slots) == (slots, "")


@pytest.mark.parametrize("kind", ["a link", "a file", "private", "not sticky", "no place"])
def test_a_folder_that_is_not_for_all_is_not_used_and_the_reason_is_told(tmp_path, kind):
    shared, other = tmp_path / "shared", tmp_path / "other"
    other.mkdir()
    other.chmod(0o1777)
    match kind:
        case "a link":
            shared.symlink_to(other)
        case "a file":
            shared.touch()
        case "private" | "not sticky":
            shared.mkdir()
            shared.chmod(0o700 if kind == "private" else 0o777)
        case _:
            shared = Path("/proc/self/shared")
    slots, why = find_slots(tmp_path / "own", shared=shared)
    assert slots == tmp_path / "own"
    assert str(shared) in why


@pytest.mark.parametrize("name", ["a.lock", "a.stamp"])
def test_a_planted_link_is_not_followed(tmp_path, name):
    slots, _ = find_slots(tmp_path / "own", shared=tmp_path / "shared")
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (slots / name).symlink_to(precious)
    with (
        pytest.raises(OSError, match=r"."),
        hold_slot(slots / "a.lock", interval_s=0.0, is_cancelled=lambda: False) as slot,
    ):
        slot.start()
    assert precious.read_text() == "precious"


def test_a_planted_pipe_is_not_waited_for(tmp_path):
    slots, _ = find_slots(tmp_path / "own", shared=tmp_path / "shared")
    os.mkfifo(slots / "a.stamp")
    with (
        pytest.raises(OSError, match=r"."),
        hold_slot(slots / "a.lock", interval_s=0.0, is_cancelled=lambda: False) as slot,
    ):
        slot.start()
