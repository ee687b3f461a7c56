"""Large tables page in a grid of others; what tags say stays text there."""

import re

import pytest
from support.example_results import make_hostile, make_library

from wkmp_lab.tables.tables import TABLES

itables = pytest.importorskip("itables", reason="the grid extra is not installed")


@pytest.mark.parametrize("name", TABLES)
def test_a_grid_shows_hostile_text_as_text(name):
    table = TABLES[name]([make_hostile(), *make_library()] * 300)
    html = itables.to_html_datatable(table, connected=True, maxBytes="64KB")
    alerts = [found.start() for found in re.finditer("alert", html)]
    for place in alerts:
        assert "<script" not in html[max(0, place - 30) : place]
    assert html.count("<script") == html.count("</script>") <= 2
