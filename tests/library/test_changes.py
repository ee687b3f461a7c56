"""What is known, what is a copy, what is to be measured: decided from a store, nothing decoded."""

from dataclasses import replace

import pytest
from support import example_results as example

from wkmp_lab.identifying.decisions import CutDecision, group_by_content
from wkmp_lab.io.files.scanning import compute_sha256, scan_folder
from wkmp_lab.library.changes import (
    count_siblings,
    make_hints,
    note_stale,
    sort_out,
)
from wkmp_lab.library.store import Store
from wkmp_lab.lookup.freshness import compute_identify_key
from wkmp_lab.model import Failure, FileResult, Phase
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.settings import (
    AnalyzeSettings,
    FlavorSettings,
    IdentifySettings,
    ScanSettings,
    SegmentSettings,
    Settings,
)

SETTINGS = Settings()


@pytest.fixture
def music(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.flac").write_bytes(name.encode() * 100)
    return folder


@pytest.fixture
def store(tmp_path, music):
    """A store of an import of all files, the third of which failed."""
    files = scan_folder(str(music), settings=ScanSettings()).files
    with Store(tmp_path / "kept.db", folder=music) as opened:
        n_in_folder = count_siblings(files)
        for file in files:
            result = make_result(file)
            keys = cache_keys.add_hints(
                cache_keys.compute_keys(SETTINGS),
                make_hints(file, n_in_folder, None),
                path=file.path,
            )
            result = cache_keys.stamp(result, keys)
            identified = (cache_keys.IDENTIFIED, compute_identify_key(SETTINGS))
            opened.put(replace(result, provenance=(*result.provenance, identified)))
        yield opened


def make_result(file):
    digest = compute_sha256(file.path)
    if file.path.endswith("c.flac"):
        failure = Failure(Phase.DECODING, "no audio stream")
        return FileResult(file, "failed", sha256=digest, failure=failure)
    made = example.make_result(file.path)
    return replace(made, source=file, sha256=digest, audio_hash=f"a1{digest}")


def sort(music, store, settings=SETTINGS, *, decisions=(), retry_failed=False):
    """Names of the files to be measured, with what their tasks carry; known; copies."""
    found = sort_out(
        scan_folder(str(music), settings=settings.scanning).files,
        store=store,
        settings=settings,
        decisions=group_by_content(decisions),
        retry_failed=retry_failed,
    )
    tasks = {task.source.path.removeprefix(f"{music}/"): task.earlier for task in found.tasks}
    return tasks, len(found.known), len(found.copies)


def test_an_unchanged_library_is_known(music, store):
    assert sort(music, store) == ({}, 3, 0)


def test_identifying_by_other_sources_measures_nothing(music, store):
    offline = replace(SETTINGS, identifying=IdentifySettings(is_offline=True))
    assert sort(music, store, offline) == ({}, 3, 0)


def test_a_task_carries_what_the_changed_settings_leave(music, store):
    changed = replace(SETTINGS, analyzing=AnalyzeSettings(preset="classical"))
    tasks, n_known, _ = sort(music, store, changed)
    assert n_known == 1, "the failed file owes nothing to ANALYZING"
    assert set(tasks) == {"a.flac", "b.flac"}
    for earlier in tasks.values():
        assert all(p.amplitude is None and p.descriptors for p in earlier.passages)


def test_where_every_phase_has_changed_a_task_carries_nothing(music, store):
    changed = replace(SETTINGS, scanning=ScanSettings(max_duration_s=60.0))
    tasks, n_known, _ = sort(music, store, changed)
    assert tasks == {"a.flac": None, "b.flac": None, "c.flac": None}
    assert n_known == 0


def test_a_file_that_cannot_be_decoded_waits_for_a_request_or_a_change(music, store):
    assert sort(music, store, retry_failed=True) == ({"c.flac": None}, 2, 0)
    cut = replace(SETTINGS, segmenting=SegmentSettings(min_silence_s=1.0))
    assert "c.flac" not in sort(music, store, cut)[0], "another cut decodes no better"
    (music / "c.flac").write_bytes(b"mended")
    assert sort(music, store) == ({"c.flac": None}, 2, 0)


def test_a_file_that_the_machine_failed_is_tried_again_by_itself(music, store):
    (failed,) = (r for r in store.read_results() if r.status == "failed")
    store.put(replace(failed, failure=Failure(Phase.DECODING, "no room", "machine")))
    assert sort(music, store) == ({"c.flac": None}, 2, 0)


def test_a_cue_sheet_beside_a_file_has_it_cut_again(music, store):
    (music / "a.cue").write_text("TRACK 01 AUDIO\nINDEX 01 00:00:00")
    tasks, n_known, _ = sort(music, store)
    assert n_known == 2
    assert tasks["a.flac"].segmentation is None
    assert all(p.fingerprint and p.descriptors for p in tasks["a.flac"].passages)


def test_boundaries_set_by_hand_have_a_file_cut_again(music, store):
    decision = CutDecision(compute_sha256(str(music / "b.flac")), (28_224_000,))
    tasks, n_known, _ = sort(music, store, decisions=(decision,))
    assert (set(tasks), n_known) == ({"b.flac"}, 2)


def test_a_moved_file_is_a_copy_and_moved_files_too_carry_what_holds(music, store):
    (music / "a.flac").rename(music / "z.flac")
    assert sort(music, store) == ({}, 2, 1)
    changed = replace(SETTINGS, flavoring=FlavorSettings(has_beats=True))
    earlier = sort(music, store, changed)[0]["z.flac"]
    assert earlier.path == str(music / "z.flac")
    assert all(p.descriptors is None and p.amplitude for p in earlier.passages)


def test_results_of_other_settings_are_noted_as_stale(store):
    changed = replace(SETTINGS, analyzing=AnalyzeSettings(preset="classical"))
    results = list(store.read_results())
    assert note_stale(results, SETTINGS) == results
    fine, again, failed = note_stale(results, changed)
    for result in (fine, again):
        assert result.all_notes[-1] == (
            "stale: ANALYZING by other settings or another version; import again"
        )
    assert failed == results[2]


def test_stale_identities_and_failures_are_noted_and_copies_never(store, monkeypatch):
    results = list(store.read_results())
    offline = replace(SETTINGS, identifying=IdentifySettings(is_offline=True))
    assert note_stale(results[:1], offline)[0].all_notes[-1].startswith("stale: IDENTIFYING by")
    monkeypatch.setattr(cache_keys, "__version__", "99")
    assert note_stale(results[2:], SETTINGS)[0].all_notes[-1].startswith("stale: DECODING by")
    copy = FileResult(results[0].source, "duplicate", duplicate_of="/m/other.flac")
    assert note_stale([copy], SETTINGS) == [copy]
