"""The map keeps likeness, the radar keeps ranks, whatever is missing."""

import numpy as np
import pandas as pd
import pytest

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.notebook.flavor_plots import compute_map, plot_flavor_map, plot_flavor_radar
from wkmp_lab.notebook.pictures import draw_png


@pytest.fixture
def flavors():
    """Two kinds of passages, far apart in three descriptors."""
    rng = np.random.default_rng(0)
    kind = np.repeat([0.0, 1.0], 10)
    columns = {name: 100 * kind + rng.normal(size=20) for name in ("bright", "dense", "fast")}
    table = pd.DataFrame({"path": [f"/m/$x_{i}$.ogg" for i in range(20)], "passage": 0, **columns})
    table.loc[3, "bright"] = np.nan
    return table


def test_alike_passages_lie_together(flavors):
    places, share = compute_map(flavors)
    one, two = places[:10].mean(axis=0), places[10:].mean(axis=0)
    spread = np.linalg.norm(places[10:] - two, axis=1).max()
    assert np.linalg.norm(one - two) > 5 * spread
    assert 0.9 < share <= 1.0


def test_a_descriptor_that_never_varies_says_nothing(flavors):
    places, _ = compute_map(flavors)
    with_constant, _ = compute_map(flavors.assign(constant=7.0))
    np.testing.assert_allclose(np.abs(places), np.abs(with_constant))


def test_pictures_are_drawn_from_few_and_many(flavors):
    for table in (flavors, flavors[:1], flavors[:0]):
        assert draw_png(plot_flavor_map(table)).startswith(b"\x89PNG")
    radar = plot_flavor_radar(flavors, rows=[0, 15], descriptors=["bright", "dense", "fast"])
    assert draw_png(radar).startswith(b"\x89PNG")


def test_a_radar_of_unknown_descriptors_is_refused(flavors):
    with pytest.raises(InvalidInputError, match="must be columns of the table"):
        plot_flavor_radar(flavors, rows=[0], descriptors=["mood"])
