"""Declared cuts hold to the tick; only what lies before the first piece is listened to."""

import numpy as np
import pytest
from support.audio_factory import music_like, noise

from wkmp_lab.dsp.levels import measure_levels
from wkmp_lab.model import Declaration, DeclaredPiece
from wkmp_lab.segmenting.passages import find_passages
from wkmp_lab.settings import SegmentHints, SegmentSettings
from wkmp_lab.signals import Signal
from wkmp_lab.units import TICKS_PER_SECOND, ticks_from_seconds

SR = 8_000
MUSIC = music_like(seed=1, seconds=30, sr=SR)
STARTS = (ticks_from_seconds(7) + 1, ticks_from_seconds(17) + 123)


def declare(*starts_ticks):
    pieces = tuple(DeclaredPiece(start) for start in starts_ticks)
    return SegmentHints(declared=Declaration(pieces, "the cue sheet 'a.cue'"))


def profile_of(samples):
    return measure_levels(Signal(samples, SR))


def starts_of(segmentation):
    return [start for start, _ in segmentation.spans_ticks]


def test_cuts_lie_where_they_are_declared_to_the_tick_in_the_midst_of_music():
    cut = find_passages(profile_of(MUSIC), hints=declare(0, *STARTS))
    assert starts_of(cut) == [0, *STARTS]
    assert cut.verdict == "3 pieces; cut by the cue sheet 'a.cue'"
    taken = [gap for gap in cut.gaps if gap.is_boundary]
    assert [gap.reason for gap in taken] == ["taken: set by the cue sheet 'a.cue'"] * 2


def test_settings_that_tell_lengths_and_a_persons_cuts_go_before():
    profile, hints = profile_of(MUSIC), declare(0, *STARTS)
    told = find_passages(profile, settings=SegmentSettings(durations_s=(30.0,)), hints=hints)
    assert len(told.spans_ticks) == 1
    by_hand = SegmentHints(declared=hints.declared, boundaries_ticks=(TICKS_PER_SECOND,))
    assert starts_of(find_passages(profile, hints=by_hand)) == [0, TICKS_PER_SECOND]


def test_a_number_of_pieces_or_a_medium_does_not_move_declared_cuts():
    for settings in (SegmentSettings(n_passages=2), SegmentSettings(medium="vinyl")):
        cut = find_passages(profile_of(MUSIC), settings=settings, hints=declare(0, *STARTS))
        assert starts_of(cut) == [0, *STARTS]


@pytest.mark.parametrize(
    ("before", "is_passage"),
    [
        (MUSIC[:, : 7 * SR], True),
        (np.zeros((1, 7 * SR), np.float32), False),
        (noise(7.0, SR, amplitude=1e-5), False),
        (np.zeros((1, 2 * SR), np.float32), False),
        (MUSIC[:, :SR], False),
    ],
    ids=["a hidden track", "silence", "dither", "a gap of 2 s", "under 2 s"],
)
def test_what_is_heard_before_the_first_piece_is_a_passage(before, is_passage):
    samples = np.concatenate([before, MUSIC], axis=1)
    first = ticks_from_seconds(before.shape[1] / SR)
    second = first + ticks_from_seconds(20)
    cut = find_passages(profile_of(samples), hints=declare(first, second))
    assert starts_of(cut) == ([0, first, second] if is_passage else [0, second])
