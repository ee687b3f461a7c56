"""The fold of results: what many threads put is counted whole, decisions lie over it."""

import sys
import threading
import time
from dataclasses import replace

import pytest
from support import example_results as example

from wkmp_lab.identifying.decisions import IdentityDecision
from wkmp_lab.library.run.results import Results
from wkmp_lab.model import FileResult, Phase, SourceFile, Span

N_THREADS, N_EACH = 8, 250


class SlowlyTold(FileResult):
    """A file of one second, the telling of which lets other threads go first."""

    @property
    def duration_s(self):
        time.sleep(0)
        return 1.0


@pytest.fixture
def hasty_threads():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def decoded(path, *, start_s=10.0):
    spans = (Span(Phase.DECODING, start_s, start_s + 1.0, "11"),)
    return SlowlyTold(SourceFile(path, 1, 1), "done", spans=spans)


def test_no_count_is_lost_where_several_threads_put_results(hasty_threads):
    results = Results(since_s=0.0)
    rows = [[decoded(f"/music/{k}-{i}") for i in range(N_EACH)] for k in range(N_THREADS)]

    def put_all(mine):
        for result in mine:
            results.put(result, is_finished=True, is_new=True)

    threads = [threading.Thread(target=put_all, args=(mine,)) for mine in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count().measured_s == N_THREADS * N_EACH
    assert results.n_finished == len(results.read()) == N_THREADS * N_EACH


def test_only_what_this_import_has_decoded_counts_as_measured():
    results = Results(since_s=5.0)
    results.put(decoded("/music/now", start_s=6.0), is_finished=True, is_new=True)
    results.put(decoded("/music/earlier", start_s=4.0), is_finished=True, is_new=True)
    results.put(decoded("/music/known", start_s=6.0), is_finished=True, is_new=False)
    results.put(decoded("/music/waiting", start_s=6.0), is_finished=False, is_new=True)
    assert results.count().measured_s == 1.0
    assert results.n_finished == 3


def test_levels_and_failures_are_those_of_the_latest_result_of_each_file():
    results = Results(since_s=0.0)
    results.put(example.make_failure("/music/side a.flac"), is_finished=True, is_new=True)
    assert results.count().n_failed == 1
    results.replace(example.make_result())
    now = results.count()
    assert (now.n_failed, now.failures, now.n_passages_by_level) == (0, (), (1, 0, 0, 1))
    assert results.n_finished == 1


def test_decisions_lie_over_results_and_leave_no_trace():
    results = Results(since_s=0.0)
    found = example.make_result()
    results.put(found, is_finished=True, is_new=True)
    passage = found.passages[0]
    reject = IdentityDecision(found.sha256, passage.start_ticks, passage.end_ticks, "reject")
    results.decide([reject])
    assert results.count().n_passages_by_level == (0, 0, 0, 2)
    assert results.find(found.path).passages[0].identity.chosen is None
    assert results.decisions == {found.sha256: [reject]}
    results.decide([])
    assert results.count().n_passages_by_level == (1, 0, 0, 1)
    assert results.find(found.path) == found


def test_results_are_read_by_path():
    results = Results(since_s=0.0)
    for path in ("/music/b", "/music/a", "/music/c"):
        result = replace(example.make_result(), source=SourceFile(path, 1, 1))
        results.put(result, is_finished=True, is_new=True)
    assert [result.path for result in results.read()] == ["/music/a", "/music/b", "/music/c"]
    assert results.find("/music/d") is None
