"""The timeline: that it tells what was measured, claims nothing else, and can be drawn of many."""

import numpy as np
from support.example_results import make_result

from wkmp_lab.model import LOOKUP_WORKER, FlightRecord, LimitChange, Phase, Span
from wkmp_lab.plots.figures import draw_png, make_axes
from wkmp_lab.plots.timeline import MAX_TOLD, MAX_WORKERS, describe_change, plot_timeline


def make_timed(path, start_s, end_s, worker, *more):
    span = Span(Phase.DECODING, start_s, end_s, worker, 0.9 * (end_s - start_s))
    return make_result(path, spans=(span, *more))


def make_record(*changes, started_s=8.0, ended_s=14.0):
    return FlightRecord("x", started_s, "9", n_jobs=2, ended_s=ended_s, changes=changes)


def title_of(ax):
    return ax.get_title(loc="left")


def words_of(ax):
    """All that the axes and the others of the same figure say."""
    axes = ax.get_figure().axes
    legends = [each.get_legend() for each in axes if each.get_legend()]
    words = [text.get_text() for legend in legends for text in legend.get_texts()]
    return [*words, *(each.get_xlabel() for each in axes)]


def rows_of(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_the_title_tells_what_was_measured_and_no_speed_up():
    files = [make_timed("/a.flac", 10.0, 12.0, "1"), make_timed("/b.flac", 10.0, 12.0, "2")]
    title = title_of(plot_timeline(files))
    assert title == "2 files in 2.0 s: 2.0 in flight on average, 1.8 cores busy"


def test_the_time_passed_holds_start_up_and_end_where_they_are_known():
    files = [make_timed("/a.flac", 10.0, 12.0, "1"), make_timed("/b.flac", 10.0, 13.0, "2")]
    ax = plot_timeline(files, record=make_record())
    assert title_of(ax).startswith("2 files in 6.0 s: 0.8 in flight")
    assert "Starting (2.0 s)" in words_of(ax)


def test_the_timeline_leaves_earlier_runs_out():
    files = [make_timed("/a.flac", 10.0, 12.0, "1"), make_timed("/b.flac", 9000.0, 9002.0, "2")]
    title = title_of(plot_timeline(files))
    assert title.startswith("1 file in 2.0 s")
    assert title.endswith("\n1 file known from before")


def test_the_timeline_of_a_run_that_redid_one_phase_shows_that_phase_alone():
    again = Span(Phase.ANALYZING, 9000.0, 9001.0, "1", 0.5)
    ax = plot_timeline([make_timed("/a.flac", 10.0, 12.0, "1", again)])
    assert title_of(ax).startswith("1 file in 1.0 s")
    assert len(ax.collections) == 1


def test_many_files_are_drawn_by_the_workers_that_had_them():
    files = [
        make_timed(f"/{index}.flac", 10.0 + index // 2, 11.0 + index // 2, str(index % 2))
        for index in range(100)
    ]
    ax = plot_timeline(files)
    assert rows_of(ax) == ["worker 1", "worker 2"]
    assert title_of(ax).startswith("100 files in 50.0 s: 2.0 in flight")


def test_lookups_have_a_row_and_a_queue_of_their_own():
    files = [
        make_timed(
            f"/{k}.flac",
            10.0,
            11.0,
            "1",
            Span(Phase.IDENTIFYING, 12.0 + k, 13.0 + k, LOOKUP_WORKER),
        )
        for k in range(40)
    ]
    ax = plot_timeline(files)
    assert rows_of(ax) == ["worker 1", "lookups"]
    assert "files that wait for the lookup thread" in words_of(ax)
    queue = ax.get_figure().axes[2]
    assert queue.get_ylim()[1] > 38.0


def test_an_area_holds_the_time_that_went_into_a_phase():
    files = [make_timed(f"/{k}.flac", 10.0 + k, 10.5 + k, "1") for k in range(60)]
    (area,) = plot_timeline(files).collections
    ((corners,),) = [[path.vertices for path in area.get_paths()]]
    x, y = corners[:-1].T
    height = 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))
    assert abs(height / 0.8 - 30.0) < 0.1, "0.8 high where nothing else is done, for 30 of 60 s"


def test_very_many_workers_are_one_row_and_nothing_is_drawn_a_span():
    files = [make_timed(f"/{k}.flac", 10.0, 11.0, str(k % 60)) for k in range(3000)]
    ax = plot_timeline(files)
    assert rows_of(ax) == ["60 workers"]
    assert MAX_WORKERS < 60
    assert len(ax.collections) + len(ax.patches) < 20


def test_waiting_for_a_place_is_seen_and_is_no_phase():
    waited = Span(Phase.DECODING, 12.0, 13.0, "1", 0.5, 2.0)
    few = [make_result("/a.flac", spans=(waited,))]
    many = [make_result(f"/{k}.flac", spans=(waited,)) for k in range(40)]
    for files in (few, many):
        ax = plot_timeline(files, record=make_record())
        assert "Waiting for a place" in words_of(ax)
        assert len(ax.collections) == 2


def test_what_a_busy_machine_delays_is_no_waiting():
    delayed = Span(Phase.DECODING, 12.0, 13.0, "1", 0.5, 0.004)
    few = [make_result("/a.flac", spans=(delayed,))]
    many = [make_result(f"/{k}.flac", spans=(delayed,)) for k in range(40)]
    for files in (few, many):
        assert "Waiting for a place" not in words_of(plot_timeline(files, record=make_record()))


def test_each_change_of_how_many_go_on_is_told_with_its_reason():
    changes = [LimitChange(9.0 + k, 1 + k % 2, f"reason $x$ {k}") for k in range(6)]
    back = LimitChange(15.0, 2, "")
    ax = plot_timeline(
        [make_timed("/a.flac", 10.0, 12.0, "1")], record=make_record(*changes, back)
    )
    told = "\n".join(words_of(ax))
    assert "at once at most" in told
    assert "1  1.0 s: 1 at a time, reason $x$ 0" in told
    assert f"and {6 - MAX_TOLD} more" in told
    assert draw_png(ax).startswith(b"\x89PNG")


def test_a_change_is_told_in_words():
    change = LimitChange(500.0, 1, "crowded\x00", Phase.DECODING)
    assert describe_change(change, origin_s=0.0) == "8:20: 1 in DECODING, crowded"
    assert describe_change(LimitChange(9.0, 3, ""), origin_s=10.0) == "0.0 s: 3 at a time"


def test_on_axes_of_ones_own_the_bars_are_drawn_alone():
    ax = make_axes()
    assert plot_timeline([make_timed("/a.flac", 10.0, 12.0, "1")], ax=ax) is ax
    assert ax.get_figure().axes == [ax]
    assert ax.get_xlabel() == "seconds"


def test_a_file_that_took_no_time_is_counted():
    assert title_of(plot_timeline([make_timed("/a.flac", 10.0, 10.0, "1")])) == "1 file"
