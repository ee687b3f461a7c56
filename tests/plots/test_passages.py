"""Pictures: what they claim, and that no thread or name spoils them."""

import re
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from support.example_results import make_hostile, make_library, make_result

from wkmp_lab.dsp.levels import measure_levels
from wkmp_lab.model import Gap
from wkmp_lab.plots import library
from wkmp_lab.plots import passages as plots
from wkmp_lab.plots.figures import draw_png, label_time, make_axes, name_file
from wkmp_lab.plots.timeline import plot_timeline
from wkmp_lab.signals import Signal
from wkmp_lab.tables import tables


def make_profile(seconds=20.0, sr=8000):
    noise = np.random.default_rng(0).standard_normal((1, int(seconds * sr))) * 0.1
    return measure_levels(Signal(noise.astype(np.float32), sr))


def test_leads_of_many_passages_are_counted():
    table = tables.passages_table([make_result(f"/m/{index}.flac") for index in range(200)])
    ax = library.plot_leads(table)
    assert ax.get_ylabel() == "passages"
    heights = [bar.get_height() for bar in ax.patches]
    assert sum(heights) == 2 * len(table)


def make_gaps(*scores):
    """A file with a gap of each score every 100 s."""
    ticks = [2_822_400_000 * (1 + number) for number in range(len(scores))]
    gaps = tuple(
        Gap(at, at + 56_448_000, -70.0, 40.0, score, score >= 0.5, at, "long")
        for at, score in zip(ticks, scores, strict=True)
    )
    cut = replace(make_result().segmentation, gaps=gaps)
    return tables.gaps_table([make_result("/m/side $x$.flac", segmentation=cut)])


def test_the_gaps_nearest_to_the_line_are_named_and_counted():
    ax = library.plot_gaps(make_gaps(0.99, 0.55, 1e-9, 0.48, 0.71))
    assert ax.get_title(loc="left") == "3 of 5 gaps taken, 2 near the line"
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words[0] == "the file is cut here (3)"
    assert words[1] == "not cut (2)"
    assert words[-2:] == ["side $x$.flac at 6:40, 0.48", "side $x$.flac at 3:20, 0.55"]
    assert "at 6:40" in ax.get_label()
    assert [text.get_text() for text in ax.texts] == ["1", "2"]


def test_of_many_gaps_near_the_line_the_nearest_are_named():
    ax = library.plot_gaps(make_gaps(*np.linspace(0.4, 0.6, 41)))
    assert "41 near the line" in ax.get_title(loc="left")
    assert len(ax.texts) == library.MAX_NEAR
    assert "0.50" in ax.get_legend().get_texts()[3].get_text()


def test_names_are_read_from_the_left_and_long_times_off_a_clock():
    assert name_file("/m/04 שלום.ogg", 30) == "\u200e04 שלום.ogg"
    assert name_file("/m/song.ogg", 30) == "song.ogg"
    ax = make_axes()
    ax.set_xlim(0.0, 4000.0)
    assert label_time(ax, 4000.0) == "time (h:min:s)"
    assert ax.xaxis.get_major_formatter()(3600.0, 0) == "1:00:00"
    assert label_time(ax, 60.0) == "seconds"


PLOTS_OF_RESULTS = [plot_timeline, plots.plot_phase_times, plots.plot_slowest]
PLOTS_OF_PASSAGES = [
    library.plot_loudness_tempo,
    library.plot_match_levels,
    library.plot_tempo,
    library.plot_keys,
    library.plot_dynamics,
    library.plot_leads,
]


@pytest.mark.parametrize("results", [[], make_library()], ids=["empty", "hostile"])
def test_every_plot_draws_whatever_comes(results):
    axes = [plot(results) for plot in PLOTS_OF_RESULTS]
    axes += [plot(tables.passages_table(results)) for plot in PLOTS_OF_PASSAGES]
    axes.append(library.plot_gaps(tables.gaps_table(results)))
    for ax in axes:
        assert draw_png(ax).startswith(b"\x89PNG")


def test_names_in_plots_are_no_mathematics():
    hostile = make_result("/music/Live $\\frac{1$ x 音.flac")
    for result in (hostile, make_hostile()):
        ax = plots.plot_passages(make_profile(), result)
        assert draw_png(ax).startswith(b"\x89PNG")


def test_a_plot_draws_on_the_axes_it_is_given():
    ax = plots.make_axes()
    assert plot_timeline(make_library(), ax=ax) is ax


def test_a_picture_has_words_for_those_who_do_not_see_it():
    ax = library.plot_match_levels(tables.passages_table(make_library()))
    assert re.search(r"Match levels of \d passages", ax.get_label())
    assert len(draw_png(ax)) < 60_000


def test_plots_never_load_pyplot():
    assert "matplotlib.pyplot" not in sys.modules


def test_threads_draw_what_one_thread_draws():
    results = make_library()
    alone = draw_png(plot_timeline(results))
    drawn = []
    threads = [
        threading.Thread(target=lambda: drawn.append(draw_png(plot_timeline(results))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == [alone] * 4


def test_the_level_curve_keeps_its_extremes():
    profile = make_profile()
    times_s, low, high = plots.reduce_levels(profile, 100)
    assert len(times_s) == 100
    assert high.max() == pytest.approx(profile.level_dbfs.max())
    assert low.min() == pytest.approx(profile.level_dbfs.min())


def test_small_differences_are_not_blown_up():
    passages = tables.passages_table([make_result()])
    ax = library.plot_loudness_tempo(passages)
    assert np.ptp(ax.get_xlim()) >= 20.0
    assert np.ptp(ax.get_ylim()) >= 6.0


def test_passages_that_were_not_looked_for_are_shown_too():
    passages = tables.passages_table([make_result()])
    passages.loc[0, "match"] = None
    labels = library.plot_loudness_tempo(passages).get_legend_handles_labels()[1]
    assert "not looked for yet (1)" in labels
