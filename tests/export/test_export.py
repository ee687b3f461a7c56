import itertools
import json
import math
import re
import sys
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import example_results as example

from wkmp_lab.errors import InvalidInputError, WkmpLabError
from wkmp_lab.export import export, xlsx
from wkmp_lab.export.playlists import format_cue, name_passage
from wkmp_lab.io.sheets.cue import TICKS_PER_FRAME, parse_cue
from wkmp_lab.io.sheets.declared import read_declaration
from wkmp_lab.model import DeclaredPiece, Passage, Tags
from wkmp_lab.tables.tables import TABLES


@pytest.fixture
def library():
    return [*example.make_library(), example.make_measured()]


def read_cue(text):
    """(file, [(title, start in seconds)]) of a CUE sheet."""
    (file,) = re.findall(r'^FILE "(.*)" \w+$', text, re.MULTILINE)
    titles = re.findall(r'^    TITLE "([^"]*)"$', text, re.MULTILINE)
    times = re.findall(r"^    INDEX 01 (\d+):(\d\d):(\d\d)$", text, re.MULTILINE)
    starts = [int(m) * 60 + int(s) + int(f) / 75 for m, s, f in times]
    return file, list(zip(titles, starts, strict=True))


def test_every_table_is_written_under_its_name(tmp_path, library):
    written = export.export_results(library, tmp_path / "new" / "out", formats=["csv", "json"])
    names = {f"{name}{suffix}" for name in TABLES for suffix in (".csv", ".jsonl")}
    assert {path.name for path in written} == names
    assert {path.name for path in (tmp_path / "new" / "out").iterdir()} == names


@pytest.mark.parametrize("name", sorted(TABLES))
def test_parquet_gives_back_the_table(tmp_path, library, name):
    export.export_results(library, tmp_path, formats=["parquet"])
    table = TABLES[name](library)
    read = pd.read_parquet(tmp_path / f"{name}.parquet")
    pd.testing.assert_frame_equal(read, table, check_dtype=False, check_categorical=False)
    assert pq.read_table(tmp_path / f"{name}.parquet").num_rows == len(table)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_json_lines_hold_every_value_exactly(tmp_path, library, name):
    export.export_results(library, tmp_path, formats=["json"])
    lines = (tmp_path / f"{name}.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    table = TABLES[name](library)
    for record, (_, row) in zip(records, table.iterrows(), strict=True):
        for column, value in record.items():
            assert pd.isna(row[column]) if value is None else row[column] == value


def test_csv_numbers_come_back_as_they_were(tmp_path, library):
    export.export_results(library, tmp_path)
    table, read = TABLES["passages"](library), pd.read_csv(tmp_path / "passages.csv")
    for column in ("start_s", "end_s", "lead_in_s", "score", "peak_dbfs"):
        assert all(
            a == b or (math.isnan(a) and math.isnan(b))
            for a, b in zip(table[column], read[column], strict=True)
        )


def test_a_spreadsheet_sees_no_formula(tmp_path):
    export.export_results([example.make_hostile()], tmp_path, formats=["csv", "xlsx", "parquet"])
    (row,) = pd.read_csv(tmp_path / "files.csv").to_dict("records")
    assert row["tag_title"].startswith("'=1+1")
    assert row["tag_artist"] == "'@SUM(A1)"
    sheet = openpyxl.load_workbook(tmp_path / "library.xlsx")["files"]
    cells = [cell for line in sheet.iter_rows() for cell in line]
    assert not any(cell.data_type == "f" for cell in cells)
    assert "'@SUM(A1)" in [cell.value for cell in cells]
    assert pd.read_parquet(tmp_path / "files.parquet")["tag_artist"].tolist() == ["@SUM(A1)"]


def test_numbers_below_zero_stay_numbers(tmp_path):
    export.export_results([example.make_result()], tmp_path, formats=["csv", "xlsx"])
    assert pd.read_csv(tmp_path / "passages.csv")["peak_dbfs"].tolist() == [-0.5, -0.5]
    sheet = openpyxl.load_workbook(tmp_path / "library.xlsx")["passages"]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[1][rows[0].index("peak_dbfs")] == -0.5


def test_a_workbook_keeps_to_the_limits_of_its_format(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "MAX_ROWS", 3)
    monkeypatch.setattr(xlsx, "MAX_CELL", 20)
    results = [example.make_failure(f"/m/{n}.mp3", reason="x" * 50 + str(n)) for n in range(5)]
    written = export.export_results(results, tmp_path, formats=["xlsx"])
    assert [path.name for path in written] == ["library.xlsx", "library_long_texts.csv"]
    book = openpyxl.load_workbook(tmp_path / "library.xlsx")
    parts = ["failures", "failures 2", "failures 3"]
    assert [name for name in book.sheetnames if name.startswith("failures")] == parts
    assert [book[name].max_row for name in parts] == [3, 3, 2]
    texts = pd.read_csv(tmp_path / "library_long_texts.csv")
    reasons = texts[(texts["sheet"] == "failures 3") & (texts["column"] == "reason")]
    assert reasons.to_dict("records") == [
        {"sheet": "failures 3", "row": 2, "column": "reason", "text": "x" * 50 + "4"}
    ]


def test_a_workbook_has_a_sheet_for_every_table(tmp_path, library):
    written = export.export_results(library, tmp_path, formats=["xlsx"])
    assert [path.name for path in written] == ["library.xlsx"]
    sheets = pd.read_excel(tmp_path / "library.xlsx", sheet_name=None)
    assert list(sheets) == list(TABLES)
    for name, sheet in sheets.items():
        assert list(sheet.columns) == list(TABLES[name](library).columns)
        assert len(sheet) == len(TABLES[name](library))


def test_fingerprints_of_hours_are_kept_whole_beside_the_workbook(tmp_path):
    text = "A" * 70_000
    result = example.make_result(passages=(example.make_passage(text=text),))
    export.export_results([result], tmp_path, formats=["xlsx"])
    (row,) = pd.read_csv(tmp_path / "library_long_texts.csv").to_dict("records")
    assert row == {"sheet": "passages", "row": 2, "column": "fingerprint", "text": text}


def test_csv_begins_with_a_byte_order_mark_where_that_is_asked_for(tmp_path, library):
    for has_bom in (False, True):
        export.export_results(library, tmp_path, has_bom=has_bom)
        content = (tmp_path / "files.csv").read_bytes()
        assert content.startswith(b"\xef\xbb\xbfpath" if has_bom else b"path")
    assert pd.read_csv(tmp_path / "files.csv").columns[0] == "path"


def test_the_same_results_give_the_same_bytes(tmp_path, library):
    formats = list(export.FORMATS)
    first = export.export_results(library, tmp_path / "a", formats=formats)
    second = export.export_results(library[::-1], tmp_path / "b", formats=formats)
    assert [p.name for p in first] == [p.name for p in second]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_an_export_that_breaks_off_leaves_the_old_file_and_nothing_else(
    tmp_path, library, monkeypatch
):
    (old, *_) = export.export_results(library, tmp_path, formats=["csv"])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(self, *args, **kwargs):
        Path(args[0]).write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    with pytest.raises(WkmpLabError, match=rf"cannot write '.*{old.name}': No space left"):
        export.export_results([], tmp_path, formats=["csv"])
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_unknown_format_is_named_with_those_that_are_known(tmp_path):
    with pytest.raises(InvalidInputError, match=r"csv, parquet, .*html, got docx"):
        export.export_results([], tmp_path, formats=["csv", "docx"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("inside", [".", "out", "../music/out"])
def test_nothing_is_written_into_the_music_folder(tmp_path, inside):
    music = tmp_path / "music"
    music.mkdir()
    with pytest.raises(InvalidInputError, match="nothing is written into the music folder"):
        export.export_results([], music / inside, music_folder=music)
    assert not list(music.iterdir())


def test_an_empty_library_can_be_exported_in_every_format(tmp_path):
    written = export.export_results([], tmp_path, formats=list(export.FORMATS))
    assert all(path.is_file() for path in written)
    assert pd.read_csv(tmp_path / "passages.csv").columns[0] == "path"


def test_no_name_leads_out_of_the_folder(tmp_path):
    names = ["..", "CON.mp3", "a.flac", "A.flac", "x" * 240, ". .", "..\\..\\evil", "\udce9.mp3"]
    results = [example.make_result(f"/music/{n}/{name}") for n, name in enumerate(names)]
    out = tmp_path / "out"
    written = export.export_results(results, out, formats=["cue", "labels"])
    assert len({str(path).casefold() for path in written}) == 2 * len(names)
    assert all(path.parent.parent == out.resolve() for path in written)
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


def test_a_cue_sheet_can_be_read_back_by_the_reader_of_the_house(tmp_path):
    # given declared pieces with every kind of quotation mark, to the frame
    declared = [
        DeclaredPiece(0, 'The "12" Mix', 'Band "X"', "USRC17607839", 'An "Album"'),
        DeclaredPiece(7_537 * TICKS_PER_FRAME, "Grüße, мир", None, None, 'An "Album"'),
    ]
    edges = [*(piece.start_ticks for piece in declared), 180 * 75 * TICKS_PER_FRAME]
    passages = tuple(
        Passage(k, edges[k], edges[k + 1], declared=piece) for k, piece in enumerate(declared)
    )
    result = example.make_result(
        str(tmp_path / 'say "hi".flac'), tags=Tags(artist="The Drops"), passages=passages
    )
    (path,) = export.export_results([result], tmp_path / "out", formats=["cue"])
    # when the sheet is put beside the file
    path.rename(tmp_path / 'say "hi".cue')
    read = read_declaration(result.path, Tags(), end_ticks=edges[-1])
    # then it says the same, but for quotation marks, which a sheet has no sign for
    assert read.notes == ()
    assert read.pieces == (
        DeclaredPiece(0, "The '12' Mix", "Band 'X'", "USRC17607839", "An 'Album'"),
        DeclaredPiece(edges[1], "Grüße, мир", "The Drops", None, "An 'Album'"),
    )


@given(st.lists(st.integers(15, 30_000), min_size=1, max_size=20))
def test_starts_to_the_frame_come_back_as_they_were(lengths_frames):
    starts = [0, *itertools.accumulate(lengths_frames)]
    spans = itertools.pairwise(frames * TICKS_PER_FRAME for frames in starts)
    passages = tuple(Passage(k, *span) for k, span in enumerate(spans))
    result = example.make_result(passages=passages)
    read = parse_cue(format_cue(result, passages))
    assert [track.start_frames for track in read.tracks] == starts[:-1]


def test_what_is_declared_names_a_passage_where_nothing_better_is_known():
    first, second = example.make_result().passages
    piece = DeclaredPiece(0, "Declared", "Band")
    named = [replace(each, declared=piece) for each in (first, second)]
    result = example.make_result(passages=tuple(named))
    assert name_passage(result, named[0]) == ("Rain", "The Drops")
    assert name_passage(result, named[1]) == ("Declared", "Band")


def test_a_cue_sheet_can_be_read_back(tmp_path):
    (path,) = export.export_results([example.make_result()], tmp_path, formats=["cue"])
    file, tracks = read_cue(path.read_text("utf-8"))
    assert path.name == "side a.flac.cue"
    assert file == "/music/side a.flac"
    assert tracks == [("Rain", 0.0), ("side a [2]", 100.0)]


def test_hostile_names_cannot_break_the_lines_of_a_list(tmp_path):
    cue, labels, playlist = export.export_results(
        [example.make_hostile()], tmp_path, formats=["cue", "labels", "m3u"]
    )
    _, tracks = read_cue(cue.read_text("utf-8"))
    assert tracks == [("=1+1<script>alert('x')</script> End \ufffd", 0.0)]
    assert len(labels.read_text("utf-8").splitlines()) == 1
    assert playlist.read_text("utf-8") == "#EXTM3U\n"


def test_a_cue_sheet_has_at_most_99_tracks(tmp_path):
    passages = tuple(
        example.make_passage(n, start_s=10.0 * n, end_s=10.0 * n + 10) for n in range(120)
    )
    result = example.make_result(passages=passages)
    written = export.export_results([result], tmp_path, formats=["cue"])
    counts = [len(read_cue(path.read_text("utf-8"))[1]) for path in written]
    assert counts == [99, 21]
    assert format_cue(result, passages[:1]).count("TRACK") == 1


def test_audacity_labels_are_first_and_last_sound_and_name(tmp_path):
    (path,) = export.export_results([example.make_result()], tmp_path, formats=["labels"])
    lines = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    assert lines == [
        ["0.500000", "99.500000", "The Drops - Rain"],
        ["100.500000", "180.000000", "The Drops - side a [2]"],
    ]


def test_a_playlist_names_undecodable_files_by_their_bytes(tmp_path):
    result = example.make_result("/music/caf\udce9.flac")
    (path,) = export.export_results([result], tmp_path, formats=["m3u"])
    content = path.read_bytes()
    assert content.count(b"/music/caf\xe9.flac\n") == 2
    assert b"#EXTVLCOPT:start-time=100.500\n" in content


def test_a_folder_without_permission_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda place, _mode: Path(place) != tmp_path)
    with pytest.raises(InvalidInputError, match=r"may not be written to .*: no permission"):
        export.check_folder(tmp_path / "new" / "results")
    assert not list(tmp_path.iterdir())


def test_parquet_without_its_package_is_refused_with_the_way_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(WkmpLabError, match="needs the package pyarrow: pip install pyarrow"):
        export.export_results([], tmp_path, formats=["csv", "parquet"])
    assert not list(tmp_path.iterdir())


def test_the_report_shows_words_as_words(tmp_path, library):
    (path,) = export.export_results(library, tmp_path, formats=["html"])
    page = path.read_text("utf-8")
    assert "5 files (3 done" not in page
    assert page.count("<script") == 1  # that of the house
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(&#39;x&#39;)" in page
    assert "no audio stream" in page


def test_the_report_names_files_from_their_folder_and_says_what_a_passage_is_and_why(tmp_path):
    results = [example.make_result(f"/music/{n}/a.flac") for n in ("one", "two")]
    (path,) = export.export_results(results, tmp_path, formats=["html"])
    page = path.read_text("utf-8")
    assert page.count("<p>/music</p>") == 1
    assert "<small>one/</small>" in page
    assert "The Drops – Rain</summary><small>Two sources agree.</small>" in page
    assert "</h1>\n<p>" in page


def test_the_report_of_nothing_is_whole(tmp_path):
    (path,) = export.export_results([], tmp_path, formats=["html"])
    page = path.read_text("utf-8")
    assert "0 files (none)" in page
    assert page.endswith("</body></html>\n")
