"""Progress of files on other machines."""

import msgspec
import pytest

from wkmp_lab.errors import CancelledError
from wkmp_lab.model import Phase
from wkmp_lab.progress.board import PHASES, Board, FileState
from wkmp_lab.progress.far import TELL_S, FarNews, FarProgress

DECODING, FLAVORING = PHASES.index(Phase.DECODING), PHASES.index(Phase.FLAVORING)


class Kept:
    """A channel that keeps what it is told."""

    def __init__(self):
        self.told = []
        self.cancelled = False

    def tell(self, news):
        self.told.append(news)

    def is_cancelled(self):
        return self.cancelled


@pytest.fixture
def board():
    made = Board.create(2)
    yield made
    made.remove()


def test_phases_are_told_at_once_and_fractions_a_few_times_a_second():
    channel, now_s = Kept(), [0.0]
    progress = FarProgress(channel, 1, read_clock=lambda: now_s[0])
    progress.enter(Phase.DECODING)
    for k in range(101):
        now_s[0] = TELL_S * k / 50
        progress.advance(k / 100)
    progress.leave(Phase.DECODING)
    progress.cut(3)
    progress.measure(None)
    progress.enter(Phase.FLAVORING)
    assert channel.told == [
        FarNews(1, DECODING, 0.0, 0, 0),
        FarNews(1, DECODING, 0.5, 0, 0),
        FarNews(1, DECODING, 1.0, 0, 0),
        FarNews(1, FLAVORING, 0.0, 1 << DECODING, 3),
    ]


def test_a_file_that_nobody_waits_for_is_left():
    channel = Kept()
    progress = FarProgress(channel, 0)
    progress.enter(Phase.DECODING)
    channel.cancelled = True
    with pytest.raises(CancelledError):
        progress.advance(0.5)


def test_a_file_that_waits_for_a_place_says_so_until_it_enters(board):
    channel = Kept()
    progress = FarProgress(channel, 1)
    progress.enter(Phase.DECODING)
    progress.advance(1.0)
    progress.wait_for(Phase.FLAVORING)
    progress.enter(Phase.FLAVORING)
    seen = []
    for news in channel.told:
        board.note(**msgspec.structs.asdict(news))
        seen.append(int(board.read()[1]["waits_for"]))
    assert seen[-2:] == [FLAVORING + 1, 0]


def test_a_file_that_nobody_waits_for_leaves_where_it_waits():
    channel = Kept()
    channel.cancelled = True
    with pytest.raises(CancelledError):
        FarProgress(channel, 0).wait_for(Phase.DECODING)


def test_news_make_a_waiting_file_one_in_flight(board):
    board.note(1, phase=DECODING, fraction=0.25, phases_left=1, n_cut=2)
    started = board.read()[1]["started"]
    board.note(1, phase=DECODING, fraction=0.5, phases_left=1, n_cut=2)
    record = board.read()[1]
    assert (record["state"], record["phase"]) == (FileState.IN_FLIGHT, DECODING)
    assert (record["fraction"], record["n_cut"], record["phases_left"]) == (0.5, 2, 1)
    assert record["started"] == started > 0
    assert board.read()[0]["state"] == FileState.WAITING


def test_news_of_a_measured_file_come_too_late(board):
    board.mark(0, FileState.MEASURED, n_passages=4)
    before = board.read()[0]
    board.note(0, phase=DECODING, fraction=0.9, phases_left=0, n_cut=9)
    assert board.read()[0] == before
