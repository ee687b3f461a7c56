"""Music that is made by code teaches what the notebooks say it does."""

from pathlib import Path

import pytest

from wkmp_lab.notebook.made_music import make_labelled_pieces, make_record_side
from wkmp_lab.pipeline.measure import read_profile
from wkmp_lab.segmenting import find_passages
from wkmp_lab.settings import SegmentSettings
from wkmp_lab.units import seconds_from_ticks


@pytest.fixture(scope="module")
def side(tmp_path_factory):
    return make_record_side(tmp_path_factory.mktemp("made") / "new")


@pytest.fixture(scope="module")
def profile(side):
    return read_profile(side.path)


def find_cuts_s(profile, **settings):
    found = find_passages(profile, settings=SegmentSettings(**settings))
    return [seconds_from_ticks(start) for start, _ in found.spans_ticks[1:]]


def test_the_made_side_is_cut_right_by_its_own_noise_floor_and_by_its_number_of_pieces(
    side, profile
):
    gaps_s = [
        (one[1], other[0]) for one, other in zip(side.pieces_s, side.pieces_s[1:], strict=False)
    ]
    for settings in ({}, {"medium": "vinyl"}, {"n_passages": 3}):
        cuts_s = find_cuts_s(profile, **settings)
        assert len(cuts_s) == len(gaps_s)
        for cut_s, (start_s, end_s) in zip(cuts_s, gaps_s, strict=True):
            assert start_s - 0.5 <= cut_s <= end_s + 0.5


def test_no_fixed_threshold_cuts_the_made_side_right(side, profile):
    assert find_cuts_s(profile, threshold_dbfs=-60.0) == []
    start_s, end_s = side.pause_s
    cuts_s = find_cuts_s(profile, threshold_dbfs=-40.0)
    assert any(start_s - 0.5 <= cut_s <= end_s + 0.5 for cut_s in cuts_s)


def test_the_run_out_ticks_once_a_turn(side, profile):
    peaks = profile.peak[int((side.pieces_s[-1][1] + 0.5) / profile.hop_s) :]
    ticks = [frame for frame, peak in enumerate(peaks) if peak > 0.1]
    turns_s = {round((frame - ticks[0]) * profile.hop_s / 1.8, 1) % 1.0 for frame in ticks}
    assert len(ticks) >= 5
    assert 0.0 in turns_s


def test_labelled_pieces_are_as_many_of_each_kind(tmp_path):
    labels = make_labelled_pieces(tmp_path, n_each=2)
    assert sorted(labels.values()) == ["drummed"] * 2 + ["held"] * 2 + ["strummed"] * 2
    assert all(Path(path).is_file() for path in labels)
