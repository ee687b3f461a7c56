"""The map shows who is near, the radar keeps ranks, whatever is missing."""

import numpy as np
import pandas as pd
import pytest
from support.example_flavors import make_library

from wkmp_lab.collection.neighbours import find_neighbours
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.plots.figures import draw_png
from wkmp_lab.plots.flavor import plot_flavor_map, plot_flavor_radar


@pytest.fixture
def flavors():
    """Two kinds of passages, far apart in three descriptors."""
    rng = np.random.default_rng(0)
    kind = np.repeat([0.0, 1.0], 10)
    columns = {name: 100 * kind + rng.normal(size=20) for name in ("bright", "dense", "fast")}
    table = pd.DataFrame({"path": [f"/m/$x_{i}$.ogg" for i in range(20)], "passage": 0, **columns})
    table.loc[3, "bright"] = np.nan
    return table


def test_the_map_joins_a_passage_with_its_neighbours():
    library = make_library()
    plain = plot_flavor_map(library)
    asked = plot_flavor_map(library, path="00.flac", n=3)
    assert (len(plain.lines), len(asked.lines)) == (0, 3)
    near = {each.path for each in find_neighbours(library, "00.flac", n=3)}
    named = [text.get_text().removesuffix(" #0") for text in asked.get_legend().get_texts()]
    assert named[0] == "00.flac"
    assert {name.partition(": ")[2] for name in named[1:]} == near
    assert [text.get_text() for text in asked.texts] == ["1", "2", "3"]


def test_names_in_a_legend_are_no_mathematics(flavors):
    flavors.loc[0, "path"] = "/m/A$AP - L$D.ogg"
    radar = plot_flavor_radar(flavors, rows=[0, 1], descriptors=["bright", "dense", "fast"])
    assert not any(text.get_parse_math() for text in radar.get_legend().get_texts())


def test_names_on_a_map_leave_each_other_room():
    names = plot_flavor_map(make_library(200)).texts
    places = [name.xy for name in names]
    assert 2 <= len(set(places)) == len(names) < 60


def test_names_on_a_map_cover_no_other_passage():
    ax = plot_flavor_map(make_library(30))
    draw_png(ax)
    dots = ax.transData.transform(ax.collections[0].get_offsets())
    names = [text for text in ax.texts if text.get_text()]
    assert len(names) >= 5
    assert {name.get_ha() for name in names} == {"left", "right"}
    for name in names:
        box = name.get_window_extent()
        assert not box.count_contains(dots), name.get_text()


def test_a_map_around_a_passage_that_is_not_there_is_refused():
    with pytest.raises(InvalidInputError, match="no described passage 7"):
        plot_flavor_map(make_library(), path="00.flac", passage=7)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 20])
def test_a_map_is_drawn_of_few_and_many(n):
    assert draw_png(plot_flavor_map(make_library(n))).startswith(b"\x89PNG")


def test_a_radar_is_drawn_whatever_is_missing(flavors):
    radar = plot_flavor_radar(flavors, rows=[0, 15], descriptors=["bright", "dense", "fast"])
    assert draw_png(radar).startswith(b"\x89PNG")


def test_a_radar_of_unknown_descriptors_is_refused(flavors):
    with pytest.raises(InvalidInputError, match="must be columns of the table"):
        plot_flavor_radar(flavors, rows=[0], descriptors=["mood"])
