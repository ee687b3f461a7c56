"""What others wrote, changed at random: read or refused by our own errors, in bounded time.

``make torture`` runs this with many more examples, and again with atheris, which looks for inputs
that reach new lines, where it installs (:mod:`fuzz`).
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import torture_targets as targets

FUZZ = Path(__file__).parent / "fuzz.py"

CHANGES = st.lists(
    st.tuples(st.integers(0, 1 << 14), st.integers(0, 9), st.binary(max_size=6)), max_size=8
)


@pytest.mark.parametrize("name", sorted(targets.TARGETS))
@given(changes=CHANGES, which=st.integers(0, 9))
def test_no_change_of_what_others_wrote_leads_to_a_foreign_error(name, changes, which):
    target, examples = targets.TARGETS[name]
    raw = bytearray(examples[which % len(examples)])
    for place, n_removed, added in changes:
        start = place % (len(raw) + 1)
        raw[start : start + n_removed] = added
    target(bytes(raw))


@pytest.mark.parametrize("name", sorted(targets.TARGETS))
def test_what_is_not_changed_is_read(name):
    target, examples = targets.TARGETS[name]
    for raw in examples:
        target(raw, is_sound=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(targets.TARGETS))
def test_a_search_for_new_lines_finds_no_foreign_error(name, tmp_path, pytestconfig):
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed (make torture tries to)")
    seconds = "60" if pytestconfig.getoption("--hypothesis-profile") == "torture" else "5"
    command = [sys.executable, FUZZ, name, f"-max_total_time={seconds}", "-rss_limit_mb=2048"]
    command += ["-timeout=10", f"-artifact_prefix={tmp_path}/", tmp_path]
    for number, raw in enumerate(targets.TARGETS[name][1]):
        (tmp_path / str(number)).write_bytes(raw)
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert found.returncode == 0, found.stderr[-3000:]
