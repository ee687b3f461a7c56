"""What differs between two imports."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import example_results as example

from wkmp_lab.model import Descriptors, Phase, Span
from wkmp_lab.settings import (
    AnalyzeSettings,
    RunSettings,
    SegmentSettings,
    Settings,
)
from wkmp_lab.tables.differences import (
    DIFFERENCES,
    compare_results,
    compare_settings,
)
from wkmp_lab.tables.tables import comparison_table


def with_passage(result, index, **changes):
    passages = list(result.passages)
    passages[index] = replace(passages[index], **changes)
    return replace(result, passages=tuple(passages))


def rows_of(differences):
    return {(d.passage, d.column): (d.before, d.after) for d in differences}


def test_equal_imports_do_not_differ_whenever_and_wherever_they_ran():
    old = example.make_library()
    new = [replace(r, spans=(Span(Phase.SEGMENTING, 9.0, 9.9, "host"),)) for r in old]
    assert compare_results(old, new[::-1]) == []


def test_a_number_that_changed_is_told_with_its_growth_and_its_cause():
    old = example.make_result(provenance=(("ANALYZING", "1-aa"), ("wkmp_lab", "0.1.0")))
    amplitude = replace(old.passages[1].amplitude, loudness_lufs=-13.5)
    new = with_passage(old, 1, amplitude=amplitude)
    new = replace(new, provenance=(("ANALYZING", "1-bb"), ("wkmp_lab", "0.1.0")))
    (found,) = compare_results([old], [new])
    assert (found.path, found.passage, found.column) == (old.path, 1, "loudness_lufs")
    assert (found.before, found.after, found.change) == (-14.0, -13.5, 0.5)
    assert found.cause == "ANALYZING 1-aa -> 1-bb"


def test_texts_and_missing_values_differ_without_a_growth():
    old = example.make_result()
    level = old.passages[0].identity.level
    new = with_passage(old, 0, identity=None)
    found = {d.column: d for d in compare_results([old], [new])}
    assert (found["match"].before, found["match"].after) == (level, None)
    assert found["recording_mbid"].before == example.MBID
    assert found["score"].change is None


def test_descriptors_are_compared_by_name():
    old = example.make_result()
    values = (("centroid_hz", 1600.0), ("new_one", 1.0))
    new = with_passage(old, 0, descriptors=Descriptors(2, values, None, None))
    rows = rows_of(compare_results([old], [new]))
    assert rows[0, "centroid_hz"] == (1500.0, 1600.0)
    assert rows[0, "onset_rate_hz"] == (2.5, None)
    assert rows[0, "new_one"] == (None, 1.0)


def test_a_boundary_that_moved_a_little_is_a_change_of_two_passages():
    old = example.make_result()
    ticks = old.passages[0].end_ticks + 28_224
    new = with_passage(with_passage(old, 0, end_ticks=ticks), 1, start_ticks=ticks)
    rows = rows_of(compare_results([old], [new]))
    assert rows[0, "end_s"] == (100.0, pytest.approx(100.001))
    assert rows[1, "start_s"] == (100.0, pytest.approx(100.001))


def test_pieces_that_were_merged_are_removed_and_added():
    old = example.make_result()
    whole = replace(old.passages[0], end_ticks=old.passages[1].end_ticks)
    differences = compare_results([old], [replace(old, passages=(whole,))])
    kinds = {(d.passage, d.kind): (d.before, d.after) for d in differences if d.kind != "changed"}
    assert kinds == {(1, "removed"): ("100.00 to 180.50 s", None)}
    assert rows_of(differences)[0, "end_s"] == (100.0, 180.5)


def test_files_that_came_went_and_moved_are_told_apart():
    old = [
        example.make_result("/m/a.flac", sha256="a"),
        example.make_result("/m/b.flac", sha256="b"),
    ]
    new = [
        example.make_result("/m/z.flac", sha256="a"),
        example.make_result("/m/c.flac", sha256="c"),
    ]
    found = [(d.path, d.column, d.kind, d.before, d.after) for d in compare_results(old, new)]
    assert found == [
        ("/m/b.flac", "file", "removed", "done", None),
        ("/m/c.flac", "file", "added", None, "done"),
        ("/m/z.flac", "path", "changed", "/m/a.flac", "/m/z.flac"),
    ]


def test_a_file_that_fails_now_tells_why():
    rows = rows_of(
        compare_results([example.make_result("/m/a.mp3")], [example.make_failure("/m/a.mp3")])
    )
    assert rows[None, "status"] == ("done", "failed")
    assert rows[None, "failure_reason"] == (None, "no audio stream")


def test_settings_are_compared_one_by_one():
    old = Settings(analyzing=AnalyzeSettings(preset="classical"))
    new = Settings(
        segmenting=SegmentSettings(durations_s=(60.0, 70.0)), running=RunSettings(n_jobs=2)
    )
    rows = rows_of(compare_settings(old, new))
    assert rows == {
        (None, "analyzing.preset"): ("classical", "default"),
        (None, "segmenting.durations_s"): (None, (60.0, 70.0)),
        (None, "running.n_jobs"): (None, 2),
    }


@given(
    before=st.lists(st.integers(1, 99), max_size=5, unique=True).map(sorted),
    after=st.lists(st.integers(1, 99), max_size=5, unique=True).map(sorted),
)
def test_what_was_added_one_way_was_removed_the_other_way(before, after):
    def cut(bounds):
        edges = [0, *bounds, 100]
        spans = itertools.pairwise(edges)
        passages = [example.make_passage(k, start_s=a, end_s=b) for k, (a, b) in enumerate(spans)]
        return [example.make_result(passages=tuple(passages))]

    def count(differences, kind):
        return sum(d.kind == kind for d in differences)

    there, back = (
        compare_results(cut(before), cut(after)),
        compare_results(cut(after), cut(before)),
    )
    assert count(there, "added") == count(back, "removed")
    assert count(there, "added") - count(there, "removed") == len(after) - len(before)
    assert bool(there) == (before != after)


def test_the_table_has_its_columns_and_shows_hostile_texts_plainly():
    old, new = example.make_hostile(), example.make_hostile()
    new = replace(new, tags=replace(new.tags, title="\x1b[31mred\u202e"))
    table = comparison_table(
        [*compare_settings(Settings(), Settings()), *compare_results([old], [new])]
    )
    assert list(table) == [column.name for column in DIFFERENCES]
    assert table["after"].tolist() == ["[31mred"]
    assert comparison_table([]).empty
