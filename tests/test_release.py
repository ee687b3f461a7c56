"""What a release keeps: its section in the changelog, and the store of each version before it."""

import re
from pathlib import Path

import wkmp_lab

ROOT = Path(__file__).parents[1]
SECTION = re.compile(r"^## (\d+\.\d+\.\d+) - (\d{4}-\d{2}-\d{2})$", re.M)


def test_the_version_has_a_dated_section_in_the_changelog():
    sections = SECTION.findall((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert sections[0][0] == wkmp_lab.__version__
    dates = [date for _, date in sections]
    assert dates == sorted(dates, reverse=True)


def test_a_store_of_every_earlier_version_is_kept():
    sections = SECTION.findall((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    kept = {path.name for path in (ROOT / "tests" / "library" / "stores").glob("*.gz")}
    assert {f"{version}.wkmp.db.gz" for version, _ in sections[1:]} <= kept
