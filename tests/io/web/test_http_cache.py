"""Answers that can be kept, and answers that cannot."""

import random

import pytest

from wkmp_lab.io.web.http_cache import HttpCache

BODY = random.Random(1).randbytes(20_000)


@pytest.fixture
def full(tmp_path):
    """A cache with one answer, on a disk that takes no more."""
    with HttpCache(tmp_path / "answers.sqlite") as cache:
        cache.write("old", b"kept", life_s=60.0)
        cache._db.execute("PRAGMA max_page_count = 1")  # SQLite raises it to what there is
        yield cache


def test_a_full_disk_switches_the_cache_off_once_and_says_why(full):
    for n in range(3):
        full.write(f"new{n}", BODY, life_s=60.0)
    assert full.why_off == "database or disk is full"
    assert [full.read(f"new{n}") for n in range(3)] == [BODY] * 3
    assert full.read("old") == b"kept"


def test_what_a_full_disk_did_not_take_is_asked_for_again(full, tmp_path):
    full.write("new", BODY, life_s=60.0)
    with HttpCache(tmp_path / "answers.sqlite") as next_run:
        assert next_run.read("new") is None
        assert (next_run.read("old"), next_run.why_off) == (b"kept", "")
