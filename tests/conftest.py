"""What every test may use."""

import sys
from pathlib import Path

from hypothesis import settings

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "torture")]

pytest_plugins = ["standin"]
collect_ignore = ["torture/fuzz.py"]  # a program of its own, for atheris

# A deadline would fail where other work keeps the processor busy: nothing here is a timed test.
settings.register_profile("plain", deadline=None)
settings.load_profile("plain")
settings.register_profile("torture", max_examples=3000, deadline=None)
"""For ``make torture``: ``--hypothesis-profile torture``."""
