import io
from dataclasses import replace

import pytest
from support import example_results as example
from support.example_results import NOW

from wkmp_lab.display import terminal


class FakeSession:
    """Gives one snapshot after another, and has ended with the last."""

    def __init__(self, *snapshots):
        self.left = list(snapshots)

    @property
    def is_ended(self):
        return len(self.left) == 1

    def snapshot(self):
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(terminal, "TICK_S", 0.0)
    monkeypatch.setattr(terminal, "LINE_S", 0.0)


def test_scanning_shows_a_count_and_no_share():
    line = terminal.format_progress(replace(NOW, state="scanning", n_files=12))
    assert line == "SCANNING | 12 audio files found"


def test_the_line_counts_files_passages_levels_and_failures():
    line = terminal.format_progress(NOW)
    assert line == (
        "Processing file 5 of 10 | 7 passages (3 high, 1 medium, 0 low, 3 unidentified)"
        " | 1 failed | 42.3 %"
    )


def test_the_remaining_time_is_shown_once_it_is_known():
    assert "left" not in terminal.format_progress(NOW)
    assert "1 min 30 s left" in terminal.format_progress(replace(NOW, remaining_s=90.0))


def test_a_bar_tells_what_matters_most_before_a_narrow_terminal_cuts_it():
    waiting = replace(NOW, remaining_s=90.0, remaining_reason="MusicBrainz limit: 9 files wait")
    line = terminal.format_bar(waiting)
    assert line.startswith(
        "4/10 files | 1 failed | 1 min 30 s left | 7 passages (3 high, 1 medium"
    )
    assert "MusicBrainz limit: 9 files wait" in line
    assert "MusicBrainz limit: 9 files wait" in terminal.format_progress(waiting)


def test_what_never_began_shows_no_progress():
    failed = replace(NOW, state="failed", n_files=0, failures=())
    for out in (io.StringIO(), Terminal()):
        terminal.show_progress(FakeSession(failed), stream=out)
        assert out.getvalue().replace("\r\x1b[K", "") == ""


def test_a_log_gets_lines_each_failure_once_and_the_last_state():
    out = io.StringIO()
    done = replace(NOW, state="completed", n_finished=10, fraction=1.0)
    terminal.show_progress(FakeSession(NOW, NOW, NOW, done), stream=out)
    lines = out.getvalue().splitlines()
    assert sum(line.startswith("failed: ") for line in lines) == 1
    assert lines[0].startswith("failed: /music/bad\ufffd.mp3 [")
    assert lines[0].endswith(": DECODING: no audio stream")
    assert lines[1].startswith("session abcd1234 [2 jobs] Processing file 5 of 10")
    assert lines[-1].endswith("100.0 % | completed")
    assert len(lines) == 3


def test_a_terminal_gets_a_bar_and_no_control_characters_from_names():
    out = Terminal()
    done = replace(NOW, state="completed", n_finished=10, fraction=1.0)
    scanning = replace(NOW, state="scanning")
    terminal.show_progress(FakeSession(scanning, scanning, NOW, NOW, done), stream=out)
    assert "audio files found" in out.getvalue()
    assert "100%" in out.getvalue()
    assert "\u202e" not in out.getvalue()


def test_the_summary_counts_everything_and_lists_failures():
    done = replace(NOW, state="completed", n_files=5)
    text = terminal.format_summary(done, example.make_library())
    assert "5 of 5 files (3 done" not in text
    assert "2 done, 1 no_audio, 1 duplicate, 1 failed" in text
    assert "3 passages (2 high, 1 unidentified)" in text
    assert "with 2 jobs" in text
    assert "/music/broken.mp3: DECODING: no audio stream" in text


def test_the_summary_of_nothing_is_whole():
    text = terminal.format_summary(replace(NOW, elapsed_s=0.0), [])
    assert "0 passages (none)" in text


def test_a_long_list_of_failures_is_cut_and_says_so():
    failed = [example.make_failure(f"/m/{n}.mp3") for n in range(60)]
    assert "and 10 more" in terminal.format_summary(NOW, failed)


def test_a_result_in_words_names_its_passages():
    text = terminal.format_result(example.make_result())
    assert "passage 0: 0.00 to 100.00 s" in text
    assert "high The Drops - Rain (Two sources agree.)" in text
    assert "120.0 bpm, F# minor" in text
    assert "failed in DECODING" in terminal.format_result(example.make_failure())
    assert "\x00" not in terminal.format_result(example.make_hostile())


def test_what_was_passed_over_is_one_line_by_reason():
    skipped = [(f"/music/{n}.mkv", "video") for n in range(5)]
    skipped.append(("/music/track.txt", "MP3 audio under a name of text"))
    assert terminal.format_skipped(skipped) == (
        "  passed over: 5 files (video; 0.mkv, 1.mkv, 2.mkv, ...), "
        "1 file (MP3 audio under a name of text; track.txt)"
    )
    assert terminal.format_skipped([]) == ""


def test_failures_of_one_cause_stand_together():
    rare = example.make_failure("/music/a.mp3", reason="empty file")
    often = [example.make_failure(f"/music/{n}.aax", reason="protected") for n in "xyz"]
    text = terminal.format_summary(NOW, [often[0], rare, *often[1:]])
    listed = [line.split()[0] for line in text.splitlines() if "/music/" in line]
    assert listed == ["/music/x.aax:", "/music/y.aax:", "/music/z.aax:", "/music/a.mp3:"]
