"""A session whose every moment is chosen by the test."""

import threading
from dataclasses import replace

from wkmp_lab.model import Phase
from wkmp_lab.progress.snapshot import InFlight, Snapshot

HOSTILE_NAMES = (
    "/music/<img src=x onerror=window.__xss=1>.mp3",
    "/music/שלום חנוך - מחכים למשיח.ogg",
    "/music/report\u202egpj.exe\n.flac",
    "/music/" + "very long " * 1000 + ".wav",
    "/music/A$AP - L$D </script>.flac",
)


def make_snapshot(**changes):
    """A run in its middle, with names that try to be something else."""
    values = {
        "session_id": "ab12cd34",
        "state": "running",
        "folder": "/music",
        "n_files": 40,
        "n_finished": 12,
        "n_failed": 1,
        "n_passages": 15,
        "n_passages_by_level": (6, 4, 3, 2),
        "n_files_by_phase": (40, 16, 16, 15, 14, 12, 13, 13, 0),
        "n_passages_by_phase": (0, 0, 0, 21, 19, 15, 17, 16, 0),
        "fraction": 0.31,
        "elapsed_s": 75.0,
        "remaining_s": 180.0,
        "remaining_reason": "MusicBrainz limit: 2 min",
        "in_flight": tuple(
            InFlight(path, phase, 0.42, 3.0 + i, str(i))
            for i, (path, phase) in enumerate(zip(HOSTILE_NAMES, list(Phase)[1:], strict=False))
        ),
        "failures": ((HOSTILE_NAMES[0], "no audio stream <b>at all</b>"),),
        "log": ("Processing file 12 of 40",),
        "n_jobs": 4,
    }
    return Snapshot(**{**values, **changes})


class FakeSession:
    """Moves only when it is told to."""

    def __init__(self, **changes):
        self.now = make_snapshot(**changes)
        self.requests = []
        self._ended = threading.Event()

    @property
    def is_ended(self):
        return self._ended.is_set()

    def snapshot(self):
        return self.now

    def read_decisions(self):
        return ()

    def pause(self):
        self.requests.append("pause")
        self.now = replace(self.now, state="paused")

    def resume(self):
        self.requests.append("resume")
        self.now = replace(self.now, state="running")

    def cancel(self):
        self.requests.append("cancel")
        self.end("cancelled")

    def end(self, state="completed"):
        self.now = replace(self.now, state=state, in_flight=())
        self._ended.set()


class Growing(FakeSession):
    """A session whose results are put there by the test, as if an import had brought them."""

    folder = "/music"

    def __init__(self, results=()):
        super().__init__(n_finished=0)
        self._results = tuple(results)

    @property
    def results(self):
        return self._results

    @results.setter
    def results(self, results):
        self._results = tuple(results)
        self.now = replace(self.now, n_finished=self.now.n_finished + 1)
