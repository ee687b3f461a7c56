import dataclasses
import subprocess
import sys

import msgspec
import pytest

from wkmp_lab import settings as settings_module
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.model import Phase
from wkmp_lab.settings import (
    AnalyzeSettings,
    RunSettings,
    SegmentSettings,
    Settings,
    compute_settings_key,
)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SegmentSettings(medium="tape"), "medium must be one of auto.*got 'tape'"),
        (lambda: SegmentSettings(min_silence_s=0), "min_silence_s must be positive, got 0"),
        (lambda: SegmentSettings(threshold_dbfs=3.0), r"threshold_dbfs.*got 3.0"),
        (lambda: SegmentSettings(durations_s=()), "durations_s must be positive"),
        (lambda: SegmentSettings(n_passages=0), "n_passages must be >= 1"),
        (lambda: RunSettings(n_jobs=0), "n_jobs must be >= 1, got 0"),
        (
            lambda: RunSettings(limits={"FLAVOURING": 1}),
            "limits must be of phases, one of EXTR.*got",
        ),
        (lambda: RunSettings(limits={"SCANNING": 1}), "limits must be of phases.*got 'SCANNING'"),
        (
            lambda: RunSettings(limits={"FLAVORING": 0}),
            "limit of FLAVORING must be a whole.*got 0",
        ),
        (lambda: RunSettings(limits={"FLAVORING": True}), "a whole number >= 1, got True"),
        (lambda: RunSettings(limits=("FLAVORING",)), "limits must be a number by phase.*got"),
        (lambda: RunSettings(cluster="somewhere"), "cluster must be auto, tcp.*got 'somewhere'"),
        (lambda: RunSettings(cluster="tcp://host"), "cluster must be auto.*got 'tcp://host'"),
        (lambda: RunSettings(cluster=True), "cluster must be auto, tcp.*got True"),
        (
            lambda: RunSettings(cluster="ray://host:1", backend="dask"),
            "'ray://host:1' needs the backend 'ray', got backend 'dask'",
        ),
        (lambda: RunSettings(backend="mpi"), "backend must be one of"),
        (lambda: RunSettings(order="random"), "order must be one of"),
        (lambda: RunSettings(memory_mb=100), "memory_mb must be >= 250.*got 100"),
        (lambda: AnalyzeSettings(preset="polka"), "preset must be one of"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_what_was_expected(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()


@pytest.mark.parametrize(
    ("cluster", "backend"),
    [("auto", "dask"), ("tcp://h:1", "dask"), ("tls://[::1]:8786", "dask"), ("ray://h:1", "ray")],
)
def test_a_cluster_implies_its_backend_and_is_kept_as_it_was_told(cluster, backend):
    running = RunSettings(cluster=cluster)
    assert (running.cluster, running.backend) == (cluster, backend)
    assert dataclasses.replace(running, n_jobs=3).backend == backend
    assert msgspec.json.decode(msgspec.json.encode(running), type=RunSettings) == running


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Settings(n_jobs=2), r"as in wl.Settings\(running=wl.RunSettings\(n_jobs=2\)\)"),
        (lambda: SegmentSettings(preset="classical"), "it belongs to wl.AnalyzeSettings"),
        (lambda: SegmentSettings(treshold_dbfs=-60), "did you mean 'threshold_dbfs'"),
        (lambda: Settings(segmentation=None), "did you mean 'segmenting'"),
        (lambda: Settings(qqq=None), "wl.Settings has no 'qqq'$"),
    ],
)
def test_a_keyword_that_a_record_has_not_is_told_where_it_belongs(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()


def test_settings_show_a_record_a_line_as_python():
    settings = Settings(segmenting=SegmentSettings(medium="vinyl"))
    lines = repr(settings).splitlines()
    assert len(lines) == len(dataclasses.fields(Settings)) + 2
    assert eval(repr(settings), vars(settings_module)) == settings


def test_settings_survive_json():
    settings = Settings(
        segmenting=SegmentSettings(medium="vinyl", durations_s=(1.5, 2.0)),
        running=RunSettings(limits={"FLAVORING": 2, "EXTRACTING": 1}),
    )
    text = msgspec.json.encode(settings)
    assert msgspec.json.decode(text, type=Settings) == settings


def test_a_key_changes_with_its_own_phase_only():
    one, other = Settings(), Settings(segmenting=SegmentSettings(min_silence_s=1.0))
    key = compute_settings_key
    assert key(one, Phase.SEGMENTING) != key(other, Phase.SEGMENTING)
    assert key(one, Phase.FLAVORING) == key(other, Phase.FLAVORING)


def test_a_key_is_the_same_in_every_process():
    code = (
        "from wkmp_lab.settings import *; from wkmp_lab.model import Phase;"
        "print(compute_settings_key(Settings(), Phase.ANALYZING))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == compute_settings_key(Settings(), Phase.ANALYZING)
