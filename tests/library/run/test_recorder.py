"""The flight recorder: what is noted, when it is news, and that it stays small."""

from wkmp_lab.library.run import recorder as recording
from wkmp_lab.library.run.recorder import FlightRecorder
from wkmp_lab.model import Phase


def test_changes_are_kept_with_their_times_and_reasons():
    recorder = FlightRecorder("abcd1234", started_s=1.0)
    recorder.begin(4)
    recorder.note_limit(2, "memory is short")
    recorder.note_limit(1, "the disk is crowded", phase=Phase.DECODING)
    recorder.note_limit(4, "")
    changes = recorder.read().changes
    assert [(each.n, each.reason, each.phase) for each in changes] == [
        (2, "memory is short", None),
        (1, "the disk is crowded", Phase.DECODING),
        (4, "", None),
    ]
    assert recorder.read().n_jobs == 4
    assert all(each.at_s > 1.0 for each in changes)


def test_what_is_as_it_was_is_no_change():
    recorder = FlightRecorder("abcd1234", started_s=1.0)
    recorder.note_limit(4, "")
    assert recorder.read().changes == ()
    assert recorder.take_news() is None


def test_news_are_told_once():
    recorder = FlightRecorder("abcd1234", started_s=1.0)
    recorder.note_limit(2, "memory is short")
    assert recorder.take_news() == recorder.read()
    assert recorder.take_news() is None


def test_however_long_an_import_takes_its_record_stays_small(monkeypatch):
    now_s = [1000.0]
    monkeypatch.setattr(recording.time, "time", lambda: now_s[0])
    recorder = FlightRecorder("abcd1234", started_s=1000.0)
    for _ in range(5000):
        now_s[0] += 1.0
        recorder.sample()
    recorder.end()
    record = recorder.read()
    assert len(record.cpu) <= recording.MAX_SAMPLES
    assert record.cpu[-1][0] == record.ended_s == 6000.0
    assert list(record.cpu) == sorted(record.cpu)
