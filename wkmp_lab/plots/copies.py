"""The picture of a null test."""

from matplotlib.axes import Axes

from wkmp_lab.analyzing.null_test import SILENT_DB, NullTest
from wkmp_lab.display.palette import CURVE, NEUTRAL, WARNING
from wkmp_lab.plots.figures import add_legend, label_axes, make_axes, style_axes

FLOOR_DB = -120.0
TICKS_HZ = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)


def plot_null_test(test: NullTest, *, ax: Axes | None = None) -> Axes:
    """Levels of a copy and of what is left of it without the other, over frequency.

    Parameters
    ----------
    test
        Of two copies.
    ax
        Where to draw; new axes where None.
    """
    ax = make_axes(height_in=3.4) if ax is None else style_axes(ax)
    hz = [band[0] for band in test.bands]
    levels = [max(band[1], FLOOR_DB) for band in test.bands]
    left = [max(band[2], FLOOR_DB) for band in test.bands]
    ax.fill_between(hz, FLOOR_DB, left, color=WARNING, alpha=0.25, linewidth=0.0)
    ax.plot(hz, levels, color=CURVE, label="first copy")
    ax.plot(hz, left, color=WARNING, linestyle="--", label="left without the other")
    ax.set_xscale("log")
    shown = [tick for tick in TICKS_HZ if tick < hz[-1] * 1.2]
    ax.set_xticks(shown, [_name_hz(tick) for tick in shown])
    ax.minorticks_off()
    ax.set_ylim(FLOOR_DB, max(max(levels), -20.0) + 5.0)
    ax.tick_params(colors=NEUTRAL)
    add_legend(ax)
    alike = "all the same" if test.left_db <= SILENT_DB else f"{test.depth_db:.0f} dB lower"
    return label_axes(
        ax,
        title=f"What is left: {alike} ({_describe(test)})",
        x="Hz",
        y="dB, in thirds of an octave",
        alt=f"What is left of a copy without the other lies {test.depth_db:.0f} dB below it.",
    )


def _name_hz(hz: int) -> str:
    return f"{hz // 1000} k" if hz >= 1000 else str(hz)


def _describe(test: NullTest) -> str:
    words = [f"shifted {test.offset_s:+.3f} s", f"level {test.gain_db:+.1f} dB"]
    words += ["inverted"] if test.is_inverted else []
    words += [f"speed {test.speed:.5f}"] if abs(test.speed - 1.0) > 1e-5 else []
    return ", ".join(words)
