"""How far an import is: never backwards, told by the board while it is open and after it."""

import numpy as np
import pytest
from support import example_results as example

from wkmp_lab.io.files.scanning import Scan
from wkmp_lab.library.run.progress import RunProgress
from wkmp_lab.model import Phase, SourceFile
from wkmp_lab.progress.board import FileProgress
from wkmp_lab.progress.costs import Expected

PATHS = tuple(f"/music/{k}.flac" for k in range(8))


@pytest.fixture
def progress():
    made = RunProgress(started_s=0.0, lookup_limit="MusicBrainz: 1 request/s")
    made.open(Scan("/music", tuple(SourceFile(p, 1000, 1) for p in PATHS), (("x", "no file"),)))
    yield made
    made.close()


def test_what_the_scan_told_is_shown(progress):
    assert (progress.n_found, progress.skipped) == (8, (("x", "no file"),))
    now = progress.read(is_live=True)
    assert (now.n_files, now.fraction, now.board.n_finished) == (8, 0.0, 0)


def test_it_stands_after_the_board_is_gone_and_its_clock_with_it(progress):
    for path in PATHS:
        progress.show_done(example.make_result(path))
    progress.close()
    progress.show_done(example.make_result(PATHS[0]))
    first, second = progress.read(is_live=False), progress.read(is_live=False)
    assert first == second
    assert (first.fraction, first.board.n_finished, first.board.n_passages) == (1.0, 8, 16)
    assert (first.remaining_s, first.remaining_reason) == (None, "")


def test_files_that_wait_for_answers_are_told_with_what_keeps_them(progress):
    progress.n_jobs = 1
    for path in PATHS[:2]:
        progress.show_measured(example.make_result(path))
    now = progress.read(is_live=True)
    assert now.board.n_waiting == 2
    assert now.remaining_reason == "MusicBrainz: 1 request/s: 2 files wait for answers"


def test_a_file_that_is_begun_again_takes_nothing_back():
    progress = RunProgress(started_s=0.0)
    board = progress.open(Scan("/music", (SourceFile(PATHS[0], 1, 1),), ()))
    work = FileProgress(board, 0)
    work.begin()
    work.enter(Phase.DECODING)
    work.advance(0.5)
    before = progress.read(is_live=True)
    work.enter(Phase.DECODING)
    after = progress.read(is_live=True)
    assert after.board.fraction < before.board.fraction
    assert after.fraction == before.fraction > 0.0
    progress.close()


def test_while_it_is_watched_it_goes_on_in_no_jump_and_its_end_is_whole(progress):
    progress.read(is_live=True)
    for path in PATHS[:4]:
        progress.show_done(example.make_result(path))
    steps = [progress.read(is_live=True).fraction for _ in range(3)]
    assert steps == sorted(set(steps))
    assert steps[0] < 0.2
    for path in PATHS[4:]:
        progress.show_done(example.make_result(path))
    assert progress.read(is_live=False).fraction == 1.0


def test_copies_and_known_files_count_nothing(progress):
    costs_s = np.array([0.0] * 6 + [1.0, 1.0])
    progress.expect(Expected(costs_s, np.zeros(8)))
    for path in PATHS[:6]:
        progress.show_done(example.make_result(path))
    assert progress.read(is_live=True).fraction == 0.0
    progress.show_done(example.make_result(PATHS[6]))
    assert progress.read(is_live=False).fraction == 0.5


def test_what_an_earlier_import_left_is_a_whole():
    progress = RunProgress(started_s=5.0)
    progress.load(len(PATHS), 2 * len(PATHS))
    now = progress.read(is_live=False)
    assert (now.n_files, now.fraction, now.elapsed_s) == (8, 1.0, 0.0)
    assert now.board.n_passages_by_phase == (0, 0, 0, 16, 16, 16, 16, 16, 16)
