"""What every test may use."""

import pytest
from hypothesis import settings

from wkmp_lab.io.web import rate_limit

pytest_plugins = ["support.standin"]
collect_ignore = ["torture/fuzz.py"]  # a program of its own, for atheris

# A deadline would fail where other work keeps the processor busy: nothing here is a timed test.
settings.register_profile("plain", deadline=None, max_examples=50)
settings.load_profile("plain")
settings.register_profile("torture", max_examples=3000, deadline=None)
"""For ``make torture``: ``--hypothesis-profile torture``."""


@pytest.fixture(scope="session", autouse=True)
def _slots_of_the_tests(tmp_path_factory):
    """The stand-ins' slots, a file a port, are not left in the machine's own folder."""
    folder = tmp_path_factory.mktemp("machine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rate_limit, "find_temporary", lambda: folder)
        yield
