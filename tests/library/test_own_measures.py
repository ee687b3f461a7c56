"""Measures of one's own in imports: columns, stores, kills, renewals."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support import audio_factory
from support.own_measures import crossings

import wkmp_lab as wl
from wkmp_lab.library.session import import_folder, open_session
from wkmp_lab.model import Phase
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

OFFLINE = Settings(
    identifying=IdentifySettings(is_offline=True), running=RunSettings(backend="sequential")
)


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    audio_factory.write_songs(folder, 3)
    return folder


@wl.measure(version=1, columns={"own_rms": "1"})
def rms(y, *, sr, passage):
    return {"own_rms": float((y**2).mean() ** 0.5)}


@wl.measure(version=1, columns={"own_length": "s", "own_label": ""}, on="file")
def length(y, *, sr, file):
    return {"own_length": len(y) / sr, "own_label": "=1+1<b>"}


@wl.measure(version=1, columns={"fails": "1"})
def fails(y, *, sr, passage):
    raise ValueError("never")


def run(music, store, *measures, **changes):
    return import_folder(
        music, settings=replace(OFFLINE, measures=measures), store=store, **changes
    )


@pytest.fixture(scope="module")
def first(music, tmp_path_factory):
    return run(music, tmp_path_factory.mktemp("stores") / "a.wkmp.db", crossings, rms, length)


def phases_run(session, since):
    return {s.phase for r in session.results for s in r.spans} and {
        span.phase
        for result in session.results
        for span in result.spans
        if span.start_s >= since and span.phase is not Phase.IDENTIFYING
    }


def test_their_columns_stand_behind_the_others(first):
    passages, files = first.passages, first.files
    assert list(passages.columns[-4:]) == [
        "crossings_hz",
        "own_rms",
        "measure_errors",
        "measures_not_renewed",
    ]
    assert passages["own_rms"].between(0.01, 1.0).all()
    assert passages[["measure_errors", "measures_not_renewed"]].isna().all(axis=None)
    assert list(files.columns[-4:-2]) == ["own_length", "own_label"]
    assert np.allclose(files["own_length"], files["duration_s"], atol=0.01)
    table = first.measures
    assert table["column"].tolist() == ["crossings_hz", "own_rms", "own_length", "own_label"]
    assert table["unit"].tolist() == ["Hz", "1", "s", ""]
    assert table["n_values"].tolist() == [3, 3, 3, 3]
    assert table["is_renewed"].all()


def test_they_are_exported_and_compared(first, music, tmp_path):
    first.export(tmp_path, formats=["csv", "json", "parquet", "xlsx"])
    read = pd.read_csv(tmp_path / "passages.csv")
    assert np.allclose(read["crossings_hz"], first.passages["crossings_hz"])
    assert pd.read_csv(tmp_path / "files.csv")["own_label"].tolist() == ["'=1+1<b>"] * 3
    line = json.loads((tmp_path / "passages.jsonl").read_text().splitlines()[0])
    assert line["own_rms"] == first.passages["own_rms"][0]
    assert pd.read_parquet(tmp_path / "measures.parquet")["unit"][0] == "Hz"

    newer = wl.measure(version=2, columns={"own_rms": "1"})(rms.function)
    other = run(music, tmp_path / "b.wkmp.db", crossings, newer)
    found = first.compare(other).set_index("column")
    assert found.loc["measures.rms", "before"] == "1-" + found.loc["measures.rms", "before"][2:]
    assert set(found.index) == {"measures.rms", "measures.length", "own_length", "own_label"}
    assert "measure:rms" in found.loc["own_label", "cause"].iloc[0]


def test_an_import_without_measures_has_no_trace_of_any(music, tmp_path):
    session = run(music, tmp_path / "kept.wkmp.db")
    session.export(tmp_path / "out", formats="csv")
    assert not (tmp_path / "out" / "measures.csv").exists()
    assert session.measures.empty
    assert not any("measure" in name for name in session.passages.columns)
    assert Phase.MEASURING not in session.snapshot().phases


def test_an_opened_session_has_the_columns_and_says_that_they_are_not_renewed(first, music):
    opened = open_session(music, store=first.store_path)
    shown = opened.passages
    assert shown["crossings_hz"].tolist() == first.passages["crossings_hz"].tolist()
    assert shown["measures_not_renewed"].tolist() == ["crossings, rms"] * 3
    assert opened.files["measures_not_renewed"].tolist() == ["length"] * 3
    assert not opened.measures["is_renewed"].any()
    assert opened.settings.measures == ()
    assert b"cloudpickle" not in first.store_path.read_bytes()


def test_only_the_measure_that_has_changed_runs_again(first, music, tmp_path):
    def count(y, *, sr, passage):
        return {"crossings_hz": 1.0}

    store = tmp_path / "kept.wkmp.db"
    run(music, store, crossings, rms, length)
    changed = wl.measure(version=1, columns={"crossings_hz": "Hz"})(count)
    since_s = time.time()
    unchanged = run(music, store, crossings, rms, length)
    assert phases_run(unchanged, since_s) == set()

    renamed = replace(changed, info=replace(changed.info, name="crossings"))
    again = run(music, store, renamed, rms, length)
    assert phases_run(again, since_s) == {Phase.EXTRACTING, Phase.DECODING, Phase.MEASURING}
    assert again.passages["crossings_hz"].tolist() == [1.0] * 3
    assert again.passages["own_rms"].tolist() == first.passages["own_rms"].tolist()
    before, now = (session.passages.drop(columns=["crossings_hz"]) for session in (first, again))
    pd.testing.assert_frame_equal(before, now)

    without = run(music, store, rms)
    assert without.passages["crossings_hz"].tolist() == [1.0] * 3
    assert without.passages["measures_not_renewed"].tolist() == ["crossings"] * 3
    assert without.files["measures_not_renewed"].tolist() == ["length"] * 3


def test_a_failed_measure_is_one_cell_and_is_tried_again_when_asked(music, tmp_path):
    store = tmp_path / "kept.wkmp.db"
    session = run(music, store, fails, rms)
    assert session.failures.empty
    assert session.passages["fails"].isna().all()
    assert session.passages["own_rms"].notna().all()
    words = "fails: ValueError: never (its line 3)"
    assert session.passages["measure_errors"].tolist() == [words] * 3
    assert session.measures.set_index("column")["n_errors"].to_dict() == {"fails": 3, "own_rms": 0}
    since_s = time.time()
    assert phases_run(run(music, store, fails, rms), since_s) == set()
    tried = run(music, store, fails, rms, retry_failed=True)
    assert Phase.MEASURING in phases_run(tried, since_s)


def test_cutting_by_hand_keeps_the_cells_of_passages_that_stay(first, music, tmp_path):
    store = tmp_path / "kept.wkmp.db"
    run(music, store, crossings)
    opened = open_session(music, store=store)
    path = opened.results[0].path
    opened.recut(path, [2.0])
    assert opened.passages["crossings_hz"].isna().sum() == 2
    opened.undo()
    assert opened.passages["crossings_hz"].isna().sum() == 1
    opened.recut(opened.results[1].path, [])
    assert opened.passages["crossings_hz"].isna().sum() == 1


SCRIPT = """
import sys
import numpy as np
import wkmp_lab as wl
from wkmp_lab.library.session import import_folder

HOP = 2

@wl.measure(version=1, columns={"slow_sum": "1"})
def slow(y, *, sr, passage):
    import time
    time.sleep(0.5)
    return {"slow_sum": float(y[::HOP].sum())}

settings = wl.Settings(
    measures=[slow],
    identifying=wl.IdentifySettings(is_offline=True),
    running=wl.RunSettings(n_jobs=2),
)
if __name__ == "__main__":
    session = import_folder(sys.argv[1], settings=settings, store=sys.argv[2])
    session.export(sys.argv[3], formats="csv")
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX are sent")
def test_a_measure_of_a_script_survives_being_killed(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    audio_factory.write_songs(folder, 12)
    script, store = tmp_path / "script.py", tmp_path / "kept.wkmp.db"
    script.write_text(SCRIPT, encoding="utf-8")

    def start(kept, out):
        arguments = [str(script), str(folder), str(kept), str(out)]
        return subprocess.Popen([sys.executable, *arguments], start_new_session=True)

    def count_kept():
        try:
            return len(open_session(folder, store=store).results)
        except wl.WkmpLabError:
            return 0

    broken = start(store, tmp_path / "none")
    while count_kept() < 3:
        assert broken.poll() is None
        time.sleep(0.05)
    os.kill(broken.pid, signal.SIGKILL)
    broken.wait()
    kept = {r.path: r.spans for r in open_session(folder, store=store).results}
    assert 3 <= len(kept) < 12
    assert start(store, tmp_path / "resumed").wait() == 0
    after = {r.path: r.spans for r in open_session(folder, store=store).results}
    assert all(after[path] == spans for path, spans in kept.items()), "measured again"

    assert start(tmp_path / "whole.wkmp.db", tmp_path / "whole").wait() == 0
    for name in ("passages.csv", "measures.csv"):
        resumed, whole = (tmp_path / out / name for out in ("resumed", "whole"))
        assert resumed.read_bytes() == whole.read_bytes()
    assert pd.read_csv(tmp_path / "whole" / "passages.csv")["slow_sum"].notna().all()
