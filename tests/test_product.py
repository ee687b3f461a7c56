"""The whole product on the sample: what an import finds against what was composed."""

import csv
import io
import json
from pathlib import Path

import pytest

from wkmp_lab.library.session import import_folder
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings
from wkmp_lab.units import seconds_from_ticks

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
TRUTH = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))
FILES = {entry["path"]: entry for entry in TRUTH["files"]}
TOLERANCES = TRUTH["tolerances"]
HEARD = [path for path, entry in FILES.items() if entry["status"] == "done"]


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folder = tmp_path_factory.mktemp("product")
    settings = Settings(
        identifying=IdentifySettings(is_offline=True, catalogue=str(folder / "none.sqlite")),
        running=RunSettings(n_jobs=2),
    )
    return import_folder(SAMPLE, settings=settings, store=folder / "kept.wkmp.db")


@pytest.fixture(scope="module")
def results(session):
    return {Path(r.path).relative_to(SAMPLE).as_posix(): r for r in session.results}


def pieces_of(results, path):
    """(true piece, found passage) pairs of a file."""
    truth, found = FILES[path]["passages"], results[path].passages
    assert len(found) == len(truth), [gap.reason for gap in results[path].segmentation.gaps]
    return list(zip(truth, found, strict=True))


def test_every_file_has_the_row_that_it_should_have(results):
    assert {path: result.status for path, result in results.items()} == {
        path: entry["status"] for path, entry in FILES.items()
    }


@pytest.mark.parametrize("path", FILES)
def test_format_and_length_are_as_decoded(results, path):
    result, truth = results[path], FILES[path]
    if truth["status"] == "duplicate":
        assert Path(result.duplicate_of).relative_to(SAMPLE).as_posix() == truth["duplicate_of"]
        return
    assert result.audio.codec == truth["codec"]
    assert result.audio.sr == truth["sr"]
    assert result.audio.n_channels == truth["n_channels"]
    assert result.duration_s == pytest.approx(truth["duration_s"], abs=TOLERANCES["duration_s"])


@pytest.mark.parametrize("path", HEARD)
def test_passages_are_cut_in_the_gaps_and_nowhere_else(results, path):
    pieces_of(results, path)
    cuts = [p.end_s for p in results[path].passages[:-1]]
    for cut_s, gap in zip(cuts, FILES[path]["gaps"], strict=True):
        tolerance_s = TOLERANCES["boundary_s"]
        assert gap["start_s"] - tolerance_s <= cut_s <= gap["end_s"] + tolerance_s


@pytest.mark.parametrize("path", HEARD)
def test_the_first_sound_is_where_the_piece_begins(results, path):
    for truth, found in pieces_of(results, path):
        first_s = seconds_from_ticks(found.amplitude.first_sound_ticks)
        assert first_s == pytest.approx(truth["start_s"], abs=TOLERANCES["boundary_s"])


@pytest.mark.parametrize("path", HEARD)
def test_loudness_is_what_another_meter_measures(results, path):
    for truth, found in pieces_of(results, path):
        loudness_lufs = found.amplitude.loudness_lufs
        assert loudness_lufs == pytest.approx(
            truth["loudness_lufs"], abs=TOLERANCES["loudness_lu"]
        )


@pytest.mark.parametrize("path", HEARD)
def test_tempo_is_the_composed_one_or_a_stated_octave(results, path):
    for truth, found in pieces_of(results, path):
        accepted = [truth["tempo_bpm"], *truth["other_tempos_bpm"]]
        errors = [abs(found.descriptors.tempo.bpm / bpm - 1) for bpm in accepted]
        assert min(errors) <= TOLERANCES["tempo_ratio"], (truth["title"], found.descriptors.tempo)


@pytest.mark.parametrize("path", HEARD)
def test_key_is_the_composed_one(results, path):
    for truth, found in pieces_of(results, path):
        assert found.descriptors.key.name == truth["key"], truth["title"]


@pytest.mark.parametrize("path", HEARD)
def test_tags_are_read(results, path):
    tags = results[path].tags
    for name, value in FILES[path]["tags"].items():
        if value is not None and hasattr(tags, name):
            assert getattr(tags, name) == value, name


def test_the_damaged_file_is_decoded_as_far_as_it_goes_and_says_so(results):
    (path,) = [path for path, entry in FILES.items() if entry["is_damaged"]]
    assert results[path].notes
    assert results[path].status == "done"


def test_one_piece_in_two_encodings_has_one_fingerprint(results):
    from wkmp_lab.fingerprinting.fingerprint import (
        decode_fingerprint,
        find_fingerprint_tool,
        measure_bit_error,
    )

    if find_fingerprint_tool() is None:
        pytest.skip("no Chromaprint here: neither the library nor imageio-ffmpeg")
    pairs = [(p, e["same_music_as"]) for p, e in FILES.items() if e["same_music_as"]]
    assert pairs
    for one, other in pairs:
        first, second = (
            decode_fingerprint(results[p].passages[0].fingerprint.text) for p in (one, other)
        )
        assert measure_bit_error(first, second) < 0.1


def test_the_exported_tables_hold_every_file_and_passage(session, tmp_path):
    session.export(tmp_path)
    names = ("files", "passages", "candidates", "evidence", "flavors", "timeline", "failures")
    texts = {name: (tmp_path / f"{name}.csv").read_text(encoding="utf-8") for name in names}
    rows = {name: list(csv.DictReader(io.StringIO(text))) for name, text in texts.items()}
    assert len(rows["files"]) == len(FILES)
    assert len(rows["passages"]) == sum(len(FILES[path]["passages"]) for path in HEARD)
    workers = {row["worker"] for row in rows["timeline"] if row["phase"] == "DECODING"}
    assert len(workers) == 2


def test_one_format_may_be_named_alone(session, tmp_path):
    written = session.export(tmp_path / "out", formats="m3u")
    assert {path.suffix for path in written} == {".m3u8"}
