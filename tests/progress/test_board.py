import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from wkmp_lab.model import Phase
from wkmp_lab.progress.board import (
    PHASES,
    Board,
    CancelledError,
    Control,
    FileProgress,
    FileState,
)


@pytest.fixture
def board():
    made = Board.create(3)
    yield made
    made.remove()


def test_what_one_map_writes_the_other_reads(board):
    other = pickle.loads(pickle.dumps(board))
    progress = FileProgress(other, 1)
    progress.begin()
    progress.enter(Phase.DECODING)
    progress.advance(0.25)
    record = board.read()[1]
    assert record["state"] == FileState.IN_FLIGHT
    assert PHASES[record["phase"]] is Phase.DECODING
    assert record["fraction"] == 0.25


def test_each_phase_left_is_counted_for_itself(board):
    progress = FileProgress(board, 0)
    progress.leave(Phase.EXTRACTING)
    progress.leave(Phase.SEGMENTING)
    left = board.read()[0]["phases_left"]
    assert [phase for k, phase in enumerate(PHASES) if left >> k & 1] == [
        Phase.EXTRACTING,
        Phase.SEGMENTING,
    ]


def test_cancel_reaches_the_work_at_its_next_report(board):
    progress = FileProgress(board, 2)
    progress.advance(0.1)
    board.control = Control.CANCEL
    with pytest.raises(CancelledError, match="cancelled"):
        progress.advance(0.2)


def test_pause_holds_the_work_and_resume_lets_it_go(board):
    board.control = Control.PAUSE
    passed = threading.Event()

    def work():
        FileProgress(board, 0).advance(0.5)
        passed.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert not passed.wait(0.2)
    board.control = Control.RUN
    assert passed.wait(2.0)
    thread.join()


def test_a_paused_file_still_shows_that_it_is_alive(board):
    board.control = Control.PAUSE
    thread = threading.Thread(target=FileProgress(board, 0).advance, args=(0.0,), daemon=True)
    thread.start()
    before = time.time()
    deadline = before + 2.0
    while board.read()[0]["alive"] <= before and time.time() < deadline:
        time.sleep(0.01)
    assert board.read()[0]["alive"] > before
    board.control = Control.RUN
    thread.join()


def test_what_a_killed_run_left_is_cleared_away_and_what_runs_is_not(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    code = "from wkmp_lab.progress.board import Board; print(Board.create(3).path)"
    left = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert Path(left.stdout.strip()).parent == tmp_path
    mine, other = Board.create(1), Board.create(1)
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {Path(board.path).name for board in (mine, other)}
