"""The spectrogram: a tone lies where it sounds."""

import numpy as np
import pytest
from support import audio_factory

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.plots import plot_spectrogram
from wkmp_lab.plots.figures import draw_png, make_axes

SR = 22_050


def find_loudest_hz(ax):
    """The middle of the loudest band."""
    (mesh,) = ax.collections
    rows = np.asarray(mesh.get_array()).reshape(128, -1).mean(axis=1)
    edges = mesh.get_coordinates()[:, 0, 1]
    return edges[rows.argmax() : rows.argmax() + 2].mean()


def test_a_tone_lies_where_it_sounds():
    y = audio_factory.tone(1000.0, 3.0, SR)[0]
    y.flags.writeable = False
    ax = plot_spectrogram(y, title="A tone")
    assert find_loudest_hz(ax) == pytest.approx(1000.0, rel=0.05)
    assert ax.get_xlim()[1] == pytest.approx(3.0, abs=0.1)
    assert ax.get_title(loc="left") == "A tone" or ax.get_title() == "A tone"
    assert draw_png(ax).startswith(b"\x89PNG")


def test_channels_are_shown_as_their_mean_on_given_axes():
    ax = make_axes()
    stereo = audio_factory.tone(500.0, 2.0, SR, n_channels=2)
    assert plot_spectrogram(stereo, sr=SR, ax=ax) is ax
    assert find_loudest_hz(ax) == pytest.approx(500.0, rel=0.1)


def test_no_samples_are_no_picture():
    with pytest.raises(InvalidInputError, match="needs samples and sr > 0, got 0, 22050"):
        plot_spectrogram(np.zeros(0, np.float32))
