"""Pictures of large libraries: as few marks as can be seen, whatever the number of rows."""

import numpy as np
import pytest
from support.generated import generate_results, make_sources, make_tables

from wkmp_lab.collection.neighbours import collect_vectors
from wkmp_lab.plots import flavor, library, passages, timeline
from wkmp_lab.plots.figures import draw_png, make_axes
from wkmp_lab.plots.marks import MAX_MARKS, N_ACROSS, N_UP, count_cells, draw_marks
from wkmp_lab.tables import tables
from wkmp_lab.tables.read_back import read_vectors

N_ROWS = 50_000
MAX_DRAWN = 5 * N_ACROSS * N_UP
"""Of five kinds of marks in one picture; on a plane far fewer cells are met."""


@pytest.fixture(scope="module")
def large():
    return make_tables(N_ROWS)


def count_drawn(ax):
    return sum(len(each.get_offsets()) for each in ax.collections) + len(ax.patches)


OF_PASSAGES = (
    *(library.plot_loudness_tempo, library.plot_match_levels, library.plot_tempo),
    *(library.plot_keys, library.plot_dynamics, library.plot_leads),
)
PICTURES = {
    **{draw.__name__: lambda t, draw=draw: draw(t["passages"]) for draw in OF_PASSAGES},
    "plot_gaps": lambda t: library.plot_gaps(t["gaps"]),
    "plot_timeline": lambda t: timeline.plot_timeline(t["timeline"]),
    "plot_phase_times": lambda t: passages.plot_phase_times(t["timeline"]),
    "plot_flavor_map": lambda t: flavor.plot_flavor_map(describe(t)),
    "plot_flavor_radar": lambda t: flavor.plot_flavor_radar(
        t["flavors"], rows=[0, N_ROWS - 1], descriptors=["danceability", "onset_rate_hz"]
    ),
}


def describe(large):
    heard = large["passages"][["tempo_bpm", "key"]]
    return large["flavors"].join(heard)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_of_50_000_rows_holds_no_more_marks_than_can_be_seen(large, name):
    ax = PICTURES[name](large)
    assert count_drawn(ax) < MAX_DRAWN
    assert draw_png(ax).startswith(b"\x89PNG")


def test_a_map_of_many_names_what_lies_apart(large):
    many = describe(large).head(3000).copy()
    many.loc[7, many.columns[many.dtypes == "float64"]] *= 50.0
    names = [text.get_text() for text in flavor.plot_flavor_map(many).texts]
    assert "07 song 0.flac #0" in names


def test_cells_keep_every_point_and_lie_among_theirs():
    x, y = np.random.default_rng(0).normal(size=(2, 10_000))
    cells = count_cells(np.r_[x, np.nan], np.r_[y, 0.0])
    assert cells.counts.sum() == 10_000
    assert len(cells.counts) <= N_ACROSS * N_UP
    assert x.min() == pytest.approx(cells.x.min(), abs=np.ptp(x) / N_ACROSS)
    assert (cells.y <= y.max()).all()


@pytest.mark.parametrize("n", [0, 1, MAX_MARKS, MAX_MARKS + 1])
def test_few_are_marked_each_and_the_legend_tells_of_all(n):
    ax = make_axes()
    draw_marks(ax, np.arange(n), np.zeros(n), color="k", label="all")
    n_drawn = len(ax.collections[0].get_offsets())
    assert n_drawn == (n if n <= MAX_MARKS else N_ACROSS)
    assert ax.get_legend_handles_labels()[1] == ["all"]


def test_the_numbers_of_a_table_are_those_of_the_results():
    results = list(generate_results(make_sources(7)))
    heard = tables.passages_table(results)[["path", "passage", "tempo_bpm", "key"]]
    table = tables.flavors_table(results).merge(heard, on=["path", "passage"])
    of_table, of_results = read_vectors(table), collect_vectors(results)
    assert of_table.ids == of_results.ids
    np.testing.assert_array_equal(of_table.raw, of_results.raw)
