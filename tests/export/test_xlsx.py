"""Workbooks, as two independent programs read them."""

import zipfile
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wkmp_lab.export.xlsx import MAX_CELL, LongText, write_workbook

# XML cannot tell a carriage return from a line feed, and escapes of the form _x000D_ mean a sign.
TEXTS = st.text(st.characters(exclude_characters="\r"), min_size=1, max_size=20).filter(
    lambda text: "_x" not in text
)
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    # 16 digits of the very largest would read as infinite.
    st.floats(-1e300, 1e300),
    TEXTS.filter(lambda text: all(sign.isprintable() for sign in text)),
)


def read_rows(path, sheet):
    return [list(row) for row in openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True)]


@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read(tmp_path, rows):
    path = tmp_path / "book.xlsx"
    write_workbook(path, {"sheet": (["a", "b", "c"], rows)})
    read = read_rows(path, "sheet")[1:]
    padded = read + [[None] * 3] * (len(rows) - len(read))
    for got, want in zip(padded, rows, strict=True):
        for one, other in zip(got, want, strict=True):
            # The library writes 16 digits, of which spreadsheet programs keep 15.
            is_number = isinstance(other, float)
            assert one == (pytest.approx(other, rel=1e-15, abs=0.0) if is_number else other)
            assert isinstance(one, bool) == isinstance(other, bool)


def test_pandas_reads_every_sheet_with_its_types(tmp_path):
    path = tmp_path / "book.xlsx"
    write_workbook(
        path,
        {
            "one & two": (["name", "n"], [("Rain", 1), (" spaced  out ", 2)]),
            "more": (["x"], []),
        },
    )
    read = pd.read_excel(path, sheet_name=None)
    assert list(read) == ["one & two", "more"]
    assert read["one & two"].to_dict("list") == {"name": ["Rain", " spaced  out "], "n": [1, 2]}
    assert list(read["more"].columns) == ["x"]


@pytest.mark.parametrize("text", ["\x00a", "a\x1b", "\ud800", "\ufffe"])
def test_signs_that_xml_has_no_place_for_are_replaced(tmp_path, text):
    path = tmp_path / "book.xlsx"
    write_workbook(path, {"sheet": (["a"], [(text,)])})
    assert "\ufffd" in read_rows(path, "sheet")[1][0]


def test_text_is_never_a_formula_and_always_well_formed(tmp_path):
    path = tmp_path / "book.xlsx"
    hostile = ["=1+1", "<script>", "]]>", "&amp;", '"']
    write_workbook(path, {"sheet": (hostile, [hostile])})
    cells = [cell for row in openpyxl.load_workbook(path)["sheet"].iter_rows() for cell in row]
    assert [cell.value for cell in cells] == hostile * 2
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))


def test_the_header_and_the_first_column_stay_in_sight(tmp_path):
    path = tmp_path / "book.xlsx"
    write_workbook(path, {"sheet": (["a", "b"], [(1, 2)])})
    assert openpyxl.load_workbook(path)["sheet"].freeze_panes == "B2"


def test_every_sheet_can_be_filtered_and_its_columns_are_wide_enough(tmp_path):
    path = tmp_path / "book.xlsx"
    rows = [("x" * 30, 0.1234567890123456, "y" * 5000)] * 3
    write_workbook(path, {"sheet": (["name", "n", "long"], rows), "none": (["a"], [])})
    book = openpyxl.load_workbook(path)
    assert [sheet.auto_filter.ref for sheet in book] == ["A1:C4", "A1"]
    widths = [book["sheet"].column_dimensions[letter].width for letter in "ABC"]
    assert widths == pytest.approx([30, 8, 48], abs=1)
    assert book["sheet"]["A1"].font.bold


@pytest.mark.parametrize("sign", ["x", "\U0001d11e"])
def test_a_text_that_no_cell_can_hold_comes_back_whole_and_the_cell_says_where(tmp_path, sign):
    path, n_most = tmp_path / "book.xlsx", MAX_CELL // (len(sign.encode("utf-16-le")) // 2)
    fits, text = sign * n_most, sign * (n_most + 1)
    found = write_workbook(
        path, {"sheet": (["a", "b"], [(1, fits), (2, text)])}, long_texts="long.csv"
    )
    assert found == [LongText("sheet", 3, "b", text)]
    rows = read_rows(path, "sheet")
    assert rows[1][1] == fits
    assert rows[2][1] == (f"{len(text):,} characters, too long for a cell: they stand in long.csv")


def test_the_same_sheets_give_the_same_bytes(tmp_path):
    paths = [tmp_path / "a.xlsx", tmp_path / "b.xlsx"]
    for path in paths:
        write_workbook(path, {"sheet": (["a"], [("Rain",), (0.1,)])})
    assert paths[0].read_bytes() == paths[1].read_bytes()
