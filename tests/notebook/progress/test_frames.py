"""Our tables in a notebook: paths cut short in front, steady decimals, texts as text."""

import re

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from support.example_results import make_hostile, make_library, make_result

from wkmp_lab.notebook.progress.display import register_reprs
from wkmp_lab.notebook.progress.frames import SHOWN_ROWS, format_frame_html
from wkmp_lab.tables.tables import TABLES, files_table, passages_table


def html_of(table):
    shell = InteractiveShell()
    register_reprs(shell)
    return shell.display_formatter.format(table)[0]["text/html"]


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_shown_as_text_in_few_rows(name):
    html = html_of(TABLES[name]([make_hostile(), *make_library()] * 300))
    assert "<script" not in html
    assert "mathjax_ignore" in html
    assert html.count("<tr>") <= SHOWN_ROWS + 2
    assert len(html) < 120_000


def test_paths_are_shown_from_the_folder_that_all_share():
    table = files_table([make_result(f"/music/deep/{name}.flac") for name in ("a/1", "b/2")])
    html = html_of(table[["path", "status"]])
    assert ">a/1.flac<" in html
    assert 'title="/music/deep/a/1.flac"' in html
    assert "paths below /music/deep/" in html


def test_numbers_have_the_decimals_of_their_unit():
    html = html_of(passages_table([make_result("/music/a.flac")])[["path", "start_s", "end_s"]])
    assert ">0.00<" in html
    assert ">100.00<" in html


def test_what_is_missing_is_blank():
    table = passages_table([make_result("/music/a.flac")])[["path", "title"]]
    table["title"] = pd.NA
    assert "NA" not in format_frame_html(table)


OWN = pd.DataFrame({"path": ["/music/a.flac"], "end_s": [1.23456]})


def test_other_tables_are_shown_as_pandas_shows_them():
    assert html_of(OWN) == OWN._repr_html_()


def test_our_tables_with_grouped_rows_are_as_pandas_shows_them_and_hold_no_formulas():
    grouped = passages_table([make_result("/music/a.flac")]).set_index(["path", "passage"])
    html = html_of(grouped)
    with pd.option_context("display.html.use_mathjax", False):
        assert html == grouped._repr_html_()


def test_other_tables_go_to_the_formatter_that_stood_there_before():
    shell = InteractiveShell()
    html = shell.display_formatter.formatters["text/html"]
    html.for_type(pd.DataFrame, lambda table: f"their {len(table)}")
    register_reprs(shell)
    register_reprs(shell)  # a second import changes nothing
    assert html(OWN) == "their 1"
    assert "<table" in html(files_table([]))


def test_a_formatter_that_comes_later_is_handed_other_tables_too():
    shell = InteractiveShell()
    register_reprs(shell)
    html = shell.display_formatter.formatters["text/html"]
    html.for_type(pd.DataFrame, lambda table: "later")
    register_reprs(shell)
    assert html(OWN) == "later"
    assert "<table" in html(files_table([]))


def test_no_option_of_pandas_is_changed():
    def options():
        names = re.findall(r"^([\w.]+) : ", pd.describe_option("display", _print_desc=False), re.M)
        return {name: pd.get_option(name) for name in names}

    before = options()
    assert "display.html.use_mathjax" in before
    html_of(files_table([]))
    assert options() == before


def test_a_grid_that_took_over_stays(monkeypatch):
    monkeypatch.setattr(pd.DataFrame, "_repr_html_", lambda table: "grid")
    assert html_of(files_table([])) == "grid"
