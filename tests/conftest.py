"""What every test may use."""

from hypothesis import settings

pytest_plugins = ["support.standin"]
collect_ignore = ["torture/fuzz.py"]  # a program of its own, for atheris

# A deadline would fail where other work keeps the processor busy: nothing here is a timed test.
settings.register_profile("plain", deadline=None)
settings.load_profile("plain")
settings.register_profile("torture", max_examples=3000, deadline=None)
"""For ``make torture``: ``--hypothesis-profile torture``."""
