"""Our tables in a notebook: paths cut short in front, steady decimals, texts as text."""

import re

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from support.example_results import make_failure, make_hostile, make_library, make_result

from wkmp_lab.notebook.progress.display import register_reprs
from wkmp_lab.notebook.progress.frames import MAX_COLUMNS, SHOWN_ROWS, format_frame_html
from wkmp_lab.tables import shown
from wkmp_lab.tables.shown import read_meanings
from wkmp_lab.tables.tables import TABLES, failures_table, files_table, passages_table


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


def heads_of(html):
    return re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', html)


def test_a_wide_table_shows_what_people_ask_for_and_says_how_to_see_the_rest():
    table = passages_table([make_result("/music/a.flac")])
    html = html_of(table)
    assert heads_of(html) == list(shown.PASSAGES)
    n_more = len(table.columns) - len(shown.PASSAGES)
    assert f"{n_more} of them not shown: wl.show_all(table)" in html
    assert heads_of(html_of(shown.show_all(table))) == list(table.columns)
    assert shown.IS_WHOLE not in table.attrs


def test_columns_that_the_user_names_or_adds_are_shown():
    table = passages_table([make_result("/music/a.flac")])
    assert heads_of(html_of(table[["n_clipped", "path"]])) == ["n_clipped", "path"]
    assert heads_of(html_of(table.assign(mine=1)))[-1] == "mine"


@pytest.mark.parametrize("name", TABLES)
def test_every_column_that_is_asked_for_is_there_and_explained_on_hover(name):
    table = TABLES[name](make_library())
    assert set(table.attrs[shown.ASKED][:2]) <= set(table.columns)
    html = html_of(table)
    assert len(heads_of(html)) <= MAX_COLUMNS
    explained = re.findall(r'<th scope="col" style="[^"]*" title="[^"]+">', html)
    assert len(explained) >= len([each for each in heads_of(html) if each in read_meanings()])


def test_rows_are_one_line_high_and_the_whole_text_is_told_on_hover():
    table = passages_table([make_result("/music/" + "a long name " * 30 + ".flac")])
    html = html_of(table)
    cells = re.findall(r'<td style="([^"]*)"(?: title="([^"]*)")?>([^<]*)</td>', html)
    assert all("white-space:nowrap" in style for style, _, _ in cells)
    assert max(len(text) for _, _, text in cells) <= 40
    assert any(len(tip) > 300 for _, tip, _ in cells)


def test_the_verdict_on_quality_has_its_numbers_on_hover():
    table = passages_table([make_result("/music/a.flac")])
    table.loc[0, ["n_clipped", "n_clipped_runs", "quality"]] = [44, 5, "clipped"]
    assert 'title="clipped: 44 samples in 5 runs"' in html_of(table)


def test_all_tables_of_a_library_show_paths_from_its_folder():
    table = shown.place(files_table([make_result("/music/deep/a.flac")]), "/music")
    assert ">deep/a.flac<" in html_of(table)
    assert ">deep/a.flac<" in html_of(table[["path", "status"]].head(1))


def test_failures_of_one_cause_stand_together_the_most_frequent_first():
    causes = {"a": "cut off", "b": "empty", "c": "cut off", "d": "a lock"}
    failed = [make_failure(f"/music/{name}.mp3", reason=why) for name, why in causes.items()]
    table = failures_table(failed[::-1])
    assert table["reason"].tolist() == ["cut off", "cut off", "a lock", "empty"]
    assert table["path"].str.contains(r"[ac]\.mp3").tolist() == [True, True, False, False]


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
