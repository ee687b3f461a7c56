"""Measures of one's own on a file: their cells, their faults, and when they are done again."""

import errno
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import audio_factory

import wkmp_lab as wl
from wkmp_lab.model import FileResult, Phase, SourceFile, Tags
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.pipeline.audio_buffer import AudioBuffer
from wkmp_lab.pipeline.measure import measure_file
from wkmp_lab.pipeline.own import measures_kept
from wkmp_lab.settings import AnalyzeSettings, SegmentHints, SegmentSettings, Settings
from wkmp_lab.units import samples_from_ticks

SR = 44_100
CUT = Settings(segmenting=SegmentSettings(n_passages=2))


@pytest.fixture(scope="module")
def side(tmp_path_factory):
    """Two pieces of 12 s, in stereo, with two seconds of silence between them."""
    one, other = (
        audio_factory.music_like(seed=k, seconds=12.0, sr=SR, n_channels=2) for k in (1, 2)
    )
    samples = np.concatenate([one, np.zeros((2, 2 * SR), np.float32), other], axis=1)
    path = tmp_path_factory.mktemp("sides") / "side.flac"
    audio_factory.write_audio(path, samples, SR)
    stat = path.stat()
    return SourceFile(str(path), stat.st_size, stat.st_mtime_ns)


@wl.measure(version=1, columns={"length_samples": "1", "own_peak": "1"})
def shape_of(y, *, sr, passage):
    assert isinstance(y, np.memmap)
    assert not y.flags.writeable
    return {"length_samples": len(y), "own_peak": float(np.abs(y).max())}


@wl.measure(version=1, columns={"n_pieces": "1"}, on="file")
def count_pieces(y, *, sr, file):
    assert isinstance(file, FileResult)
    assert file.tags == Tags()
    assert all(each.identity is None and each.amplitude for each in file.passages)
    assert len(y) == pytest.approx(file.duration_s * sr, abs=2)
    return {"n_pieces": len(file.passages)}


def measure_with(side, *measures, earlier=None, settings=CUT, **changes):
    return measure_file(
        side, settings=replace(settings, measures=measures), earlier=earlier, **changes
    )


def cells_of(result):
    return [dict(each.cells) for p in result.passages for each in p.measured]


def errors_of(result):
    return [each.error for p in result.passages for each in p.measured]


def phases_run(result, earlier):
    return {span.phase for span in result.spans if span not in earlier.spans}


@pytest.fixture(scope="module")
def first(side):
    return measure_with(side, shape_of, count_pieces)


def test_a_measure_is_given_the_samples_of_its_passage(first):
    for passage, cells in zip(first.passages, cells_of(first), strict=True):
        assert cells["length_samples"] == pytest.approx(passage.duration_s * 22_050, abs=1)
        # The resampled mix of the channels has no larger samples than they had.
        assert 20 * np.log10(cells["own_peak"]) <= passage.amplitude.peak_dbfs + 0.5
    assert dict(first.measured[0].cells) == {"n_pieces": 2}
    assert Phase.MEASURING in {span.phase for span in first.spans}


def test_without_measures_nothing_is_added_and_no_phase_runs(side, first):
    bare = measure_file(side, settings=CUT)
    assert not any(name.startswith(measures_kept.PREFIX) for name, _ in bare.provenance)
    assert Phase.MEASURING not in {span.phase for span in bare.spans}
    stripped = measures_kept.strip(first, {"shape_of", "count_pieces"})
    assert stripped.passages == bare.passages
    assert (bare.measured, bare.measures, bare.not_renewed) == ((), (), ())


def test_a_measure_knows_its_passage(side):
    @wl.measure(version=1, columns={"told": ""})
    def tell(y, *, sr, passage):
        return {
            "told": f"{passage.index} {passage.start_s:.1f} {passage.duration_s:.1f} {sr} "
            f"{passage.amplitude.peak_dbfs < 0} {passage.path[-9:]}"
        }

    result = measure_with(side, tell)
    told = [cells["told"].split() for cells in cells_of(result)]
    assert [words[0] for words in told] == ["0", "1"]
    assert float(told[1][1]) == pytest.approx(result.passages[1].start_s, abs=0.1)
    assert told[0][3:] == ["22050", "True", "side.flac"]


def test_at_the_rate_of_the_file_all_channels_are_given(side):
    @wl.measure(version=1, columns={"told": "", "difference": "1"}, sr=None)
    def tell(y, *, sr, passage):
        assert isinstance(y, np.memmap)
        assert not y.flags.writeable
        return {"told": f"{y.shape} {sr}", "difference": float(np.abs(y[0] - y[1]).max())}

    @wl.measure(version=1, columns={"whole": "1"}, sr=None, on="file")
    def whole(y, *, sr, passage):
        return {"whole": y.shape[1]}

    result = measure_with(side, tell, whole)
    one, _ = result.passages
    n_samples = [samples_from_ticks(ticks, sr=SR) for ticks in (one.start_ticks, one.end_ticks)]
    assert cells_of(result)[0]["told"] == f"(2, {n_samples[1] - n_samples[0]}) {SR}"
    assert cells_of(result)[0]["difference"] < 1e-3
    assert dict(result.measured[0].cells) == {"whole": 26 * SR}


def test_an_exception_costs_one_cell_and_tells_where_it_came_from(side):
    @wl.measure(version=1, columns={"a": ""})
    def sometimes(y, *, sr, passage):
        if passage.index == 1:
            raise ValueError("not\nthis <b>one</b>")
        return {"a": 1}

    result = measure_with(side, sometimes, shape_of)
    assert result.status == "done"
    assert [cells.get("a") for cells in cells_of(result)[::2]] == [1, None]
    assert errors_of(result) == [None, None, "ValueError: not this <b>one</b> (its line 4)", None]


class SilentError(Exception):
    def __str__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SystemExit(3), "SystemExit: 3"),
        (SilentError(), "SilentError"),
        (AssertionError(), "AssertionError"),
    ],
)
def test_whatever_is_raised_costs_a_cell(side, error, words):
    @wl.measure(version=1, columns={"a": ""})
    def fail(y, *, sr, passage):
        raise error

    settings = Settings(measures=[])
    object.__setattr__(settings, "measures", (fail,))
    result = measure_file(side, settings=settings)
    assert result.status == "done"
    assert all(each.startswith(words) for each in errors_of(result))


def test_who_writes_into_the_samples_is_told(side):
    @wl.measure(version=1, columns={"a": ""})
    def spoil(y, *, sr, passage):
        y -= y.mean()

    assert "read-only" in errors_of(measure_with(side, spoil))[0]


def test_only_what_has_changed_is_measured_again(side, first):
    @wl.measure(version=1, columns={"length_samples": "1", "own_peak": "1"})
    def shape_of(y, *, sr, passage):
        return {"length_samples": 7, "own_peak": 1.0}

    again = measure_with(side, shape_of, count_pieces, earlier=first)
    assert phases_run(again, first) == {Phase.EXTRACTING, Phase.DECODING, Phase.MEASURING}
    assert [cells["length_samples"] for cells in cells_of(again)] == [7, 7]
    assert again.measured == first.measured
    stripped = [measures_kept.strip(each, {"shape_of"}).passages for each in (again, first)]
    assert stripped[0] == stripped[1]
    assert again.not_renewed == ()


def test_a_measure_that_holds_is_not_run_and_nothing_is_decoded(side, first):
    again = measure_with(side, shape_of, count_pieces, earlier=first)
    assert phases_run(again, first) == {Phase.EXTRACTING}
    assert replace(again, spans=()) == replace(first, spans=())


def test_another_version_is_measured_again(side, first):
    newer = wl.measure(version=2, columns=dict(shape_of.info.columns))(shape_of.function)
    again = measure_with(side, newer, count_pieces, earlier=first)
    assert Phase.MEASURING in phases_run(again, first)
    assert [each.version for each in again.measures] == ["2", "1"]


def test_a_measure_whose_function_is_not_given_keeps_its_cells_and_is_named(side, first):
    changed = replace(CUT, analyzing=AnalyzeSettings(preset="classical"))
    for settings in (CUT, changed):
        kept = measure_with(side, count_pieces, earlier=first, settings=settings)
        assert cells_of(kept) == cells_of(first)
        assert kept.not_renewed == ("shape_of",)
        assert [each.name for each in kept.measures] == ["shape_of", "count_pieces"]
    back = measure_with(side, shape_of, count_pieces, earlier=kept, settings=changed)
    assert back.not_renewed == ()


def test_another_amplitude_makes_the_measures_that_are_told_of_it_run_again(side, first):
    changed = replace(CUT, analyzing=AnalyzeSettings(preset="classical"))
    again = measure_with(side, shape_of, count_pieces, earlier=first, settings=changed)
    ran = {Phase.EXTRACTING, Phase.DECODING, Phase.ANALYZING, Phase.MEASURING}
    assert phases_run(again, first) == ran


def test_another_cut_makes_the_measures_of_the_file_run_again(side, first):
    again = measure_with(
        side, shape_of, count_pieces, earlier=first, hints=SegmentHints(boundaries_ticks=())
    )
    assert dict(again.measured[0].cells) == {"n_pieces": 1}
    unasked = measure_with(side, earlier=first, hints=SegmentHints(boundaries_ticks=()))
    assert unasked.measured == first.measured
    assert unasked.not_renewed == ("count_pieces", "shape_of")[::-1]


def test_a_measure_under_another_name_takes_the_place_of_the_old_one(side, first):
    @wl.measure(version=1, columns={"own_peak": "1"})
    def renamed(y, *, sr, passage):
        return {"own_peak": 0.5}

    again = measure_with(side, renamed, count_pieces, earlier=first)
    assert cells_of(again) == [{"own_peak": 0.5}] * 2
    assert [each.name for each in again.measures] == ["renamed", "count_pieces"]
    assert again.not_renewed == ()


def test_a_measure_that_is_left_out_says_why(side):
    result = measure_with(
        side, shape_of, count_pieces, left_out=[("shape_of", "worker died (signal 11)", "file")]
    )
    assert errors_of(result) == ["worker died (signal 11)"] * 2
    assert dict(result.measured[0].cells) == {"n_pieces": 2}
    keys = cache_keys.compute_keys(replace(CUT, measures=[shape_of, count_pieces]))
    assert not cache_keys.find_stale(result, keys)
    forgotten = measures_kept.forget_errors(result)
    assert cache_keys.find_stale(forgotten, keys) == {Phase.MEASURING}
    assert measures_kept.forget_errors(forgotten) == forgotten


def test_what_the_machine_kept_from_measuring_is_tried_again(side):
    result = measure_with(side, shape_of, left_out=[("shape_of", "ended", "machine")])
    keys = cache_keys.compute_keys(replace(CUT, measures=[shape_of]))
    assert cache_keys.find_stale(result, keys) == {Phase.MEASURING}
    again = measure_with(side, shape_of, earlier=result)
    assert errors_of(again) == [None, None]


def test_a_full_disk_costs_those_that_want_the_file_as_it_is(side, monkeypatch):
    @wl.measure(version=1, columns={"a": ""}, sr=None)
    def wide(y, *, sr, passage):
        return {"a": y.shape[0]}

    append = AudioBuffer.append

    def fill(self, samples):
        if samples.ndim == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(self, samples)

    monkeypatch.setattr(AudioBuffer, "append", fill)
    result = measure_with(side, wide, shape_of)
    assert result.status == "done"
    assert "No space left" in errors_of(result)[0]
    assert errors_of(result)[1] is None
    keys = cache_keys.compute_keys(replace(CUT, measures=[wide, shape_of]))
    assert cache_keys.find_stale(result, keys) == {Phase.MEASURING}


def test_what_was_measured_is_carried_over_to_passages_that_are_as_they_were(side, first):
    fresh = measure_file(side, settings=CUT)
    carried = measures_kept.carry_over(fresh, first)
    assert replace(carried, spans=(), not_renewed=()) == replace(first, spans=())
    assert set(carried.not_renewed) == {"shape_of", "count_pieces"}
    assert measures_kept.carry_over(first, first) == first
    whole = measure_file(side, settings=CUT, hints=SegmentHints(boundaries_ticks=()))
    other = measures_kept.carry_over(whole, first)
    assert cells_of(other) == []
    assert other.measured == ()


def read_own_memory_kb():
    """What this process holds for itself: mapped files are the system's to take back."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


@pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
def test_memory_does_not_grow_with_what_a_measure_looks_at():
    with AudioBuffer() as buffer:
        block = np.ones(1 << 20, np.float32)
        for _ in range(64):  # 256 MB
            buffer.append(block)
        before_kb = read_own_memory_kb()
        y = buffer.map(0, len(buffer))
        assert float(y.sum(dtype=np.float64)) == len(y)
        assert read_own_memory_kb() - before_kb < 20_000
        assert buffer.map(5, 5).shape == (0,)
        with pytest.raises(ValueError, match="read-only"):
            y[0] = 0.0
