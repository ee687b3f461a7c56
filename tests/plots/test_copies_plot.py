"""The picture of a null test."""

from dataclasses import replace

from wkmp_lab.analyzing.null_test import NullTest
from wkmp_lab.plots.copies import plot_null_test
from wkmp_lab.plots.figures import make_axes

TEST = NullTest(
    offset_s=0.025,
    speed=1.0,
    gain_db=-2.0,
    is_inverted=False,
    duration_s=60.0,
    level_db=-18.0,
    left_db=-48.0,
    bands=((50.0, -30.0, -70.0), (1000.0, -20.0, -60.0), (16_000.0, -50.0, -150.0)),
)


def test_the_title_tells_depth_shift_and_level():
    ax = plot_null_test(TEST)
    assert (
        ax.get_title(loc="left") == "What is left: 30 dB lower (shifted +0.025 s, level -2.0 dB)"
    )
    assert [label.get_text() for label in ax.get_xticklabels()][:3] == ["50", "100", "200"]
    assert ax.get_ylim()[0] == -120.0


def test_polarity_speed_and_an_empty_rest_are_told():
    odd = replace(TEST, is_inverted=True, speed=1.004, left_db=-140.0)
    title = plot_null_test(odd, ax=make_axes()).get_title(loc="left")
    assert title.startswith("What is left: all the same")
    assert title.endswith("inverted, speed 1.00400)")
