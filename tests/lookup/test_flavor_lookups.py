"""Flavors of identified passages: from a dump or a server, kept with what they belong to."""

import dataclasses
import json
import sqlite3
from contextlib import closing

import pytest
from support import example_results
from support.lookup_runs import at, file_of, make_settings, run_lookup_thread
from support.standin import KEY, make_document

from wkmp_lab.collection.neighbours import _name_categories, find_neighbours
from wkmp_lab.export.wkmp import export_wkmp
from wkmp_lab.flavors import CATEGORIES, Flavor, flavor_distance
from wkmp_lab.identifying.decisions import apply_decisions, make_identity_decision
from wkmp_lab.io.catalogue.flavor_dump import FlavorFile, read_document
from wkmp_lab.io.web.acousticbrainz import FlavorAnswer
from wkmp_lab.library.store import Store
from wkmp_lab.lookup.flavor_lookups import add_flavors
from wkmp_lab.lookup.freshness import needs_identity
from wkmp_lab.lookup.lookup_thread import LookupThread
from wkmp_lab.lookup.services import Services, name_sources
from wkmp_lab.tables.tables import musical_flavors_table


@pytest.fixture(autouse=True)
def key(monkeypatch, tmp_path):
    monkeypatch.setenv("WKMP_LAB_ACOUSTID_KEY", KEY)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


def heard(standin, n=3):
    recordings = list(standin.world.recordings.values())[:n]
    return [at(f"/music/{k}.flac", file_of(r)) for k, r in enumerate(recordings)]


def settings_of(standin, tmp_path, **changes):
    return make_settings(
        standin,
        tmp_path,
        flavors=str(tmp_path / "flavors.sqlite"),
        acousticbrainz_interval_s=0.01,
        **changes,
    )


def keep_flavors(settings, mbids):
    with FlavorFile(settings.identifying.flavors, is_writer=True) as flavors:
        flavors.add_many(
            read_document(f"{mbid}-2.json", json.dumps(make_document(mbid)).encode())
            for mbid in mbids
        )


def flavors_of(results):
    return [passage.musical_flavor for result in results for passage in result.passages]


def test_a_server_is_asked_for_all_recordings_of_a_batch_together(standin, tmp_path):
    settings = settings_of(standin, tmp_path, acousticbrainz_url=standin.url)
    identified, _ = run_lookup_thread(heard(standin, 8), settings)
    assert all(flavor and flavor.submission == 0 for flavor in flavors_of(identified.values()))
    assert standin.count("acousticbrainz") <= 3


def test_without_an_address_no_server_is_asked(standin, tmp_path):
    identified, _ = run_lookup_thread(heard(standin), settings_of(standin, tmp_path))
    assert flavors_of(identified.values()) == [None] * 3
    assert standin.count("acousticbrainz") == 0


def test_a_dump_speaks_before_the_server_which_is_asked_for_the_rest(standin, tmp_path):
    settings = settings_of(standin, tmp_path, acousticbrainz_url=standin.url)
    mbids = list(standin.world.recordings)[:3]
    keep_flavors(settings, mbids[:2])
    identified, _ = run_lookup_thread(heard(standin), settings)
    submissions = {
        r.passages[0].recording_mbid: r.passages[0].musical_flavor.submission
        for r in identified.values()
    }
    assert submissions == {mbids[0]: 2, mbids[1]: 2, mbids[2]: 0}
    asked = "".join(entry.path for entry in standin.entries("acousticbrainz"))
    assert mbids[2] in asked
    assert mbids[0] not in asked


def test_a_server_that_is_gone_is_one_remark_and_asked_by_the_next_import(standin, tmp_path):
    settings = settings_of(standin, tmp_path, acousticbrainz_url=standin.url)
    standin.faults["acousticbrainz"].extend(["status:410"] * 50)
    done = []
    with LookupThread(
        settings,
        folder="/music",
        on_identified=done.append,
        on_revised=done.append,
        is_cancelled=lambda: False,
    ) as lookup_thread:
        for file in heard(standin):
            lookup_thread.put(file)
        lookup_thread.finish()
    (remark,) = lookup_thread.remarks
    assert remark.startswith("no musical flavors for 3 recordings: ")
    assert "HTTP 410; the next import asks again" in remark
    files = list({result.path: result for result in done}.values())
    assert not any(result.notes for result in files)
    assert all(result.passages[0].identity.level == "high" for result in files)
    sources = name_sources(settings.identifying, "/music")
    assert all(needs_identity(result, settings, sources) for result in files)
    standin.faults["acousticbrainz"].clear()
    again, _ = run_lookup_thread(files, settings)
    assert all(flavors_of(again.values()))
    assert not any(needs_identity(result, settings, sources) for result in again.values())


def test_a_dump_that_comes_later_is_asked_once(standin, tmp_path):
    settings = settings_of(standin, tmp_path)
    first, _ = run_lookup_thread(heard(standin), settings)
    mbids = list(standin.world.recordings)
    keep_flavors(settings, mbids[:2])
    sources = name_sources(settings.identifying, "/music")
    assert all(needs_identity(result, settings, sources) for result in first.values())
    second, _ = run_lookup_thread(first.values(), settings)
    assert [flavor is not None for flavor in flavors_of(second.values())] == [True, True, False]
    assert not any(needs_identity(result, settings, sources) for result in second.values())


def test_a_flavor_outlives_the_dump_but_not_another_recording(standin, tmp_path):
    settings = settings_of(standin, tmp_path)
    keep_flavors(settings, list(standin.world.recordings))
    identified, _ = run_lookup_thread(heard(standin), settings)
    (tmp_path / "flavors.sqlite").unlink()
    again, _ = run_lookup_thread(
        identified.values(), settings_of(standin, tmp_path, has_text_search=False)
    )
    assert flavors_of(again.values()) == flavors_of(identified.values())
    file, other = list(again.values())[:2]
    picked = other.passages[0].identity.chosen
    file = _with_hash(file)
    decision = make_identity_decision(file, 0, "choose", picked)
    assert apply_decisions(file, [decision]).passages[0].musical_flavor is None


def _with_hash(result):
    return dataclasses.replace(result, sha256="ab" * 32)


def test_a_flavor_is_stored_shown_and_exported(standin, tmp_path):
    settings = settings_of(standin, tmp_path, acousticbrainz_url=standin.url)
    identified, _ = run_lookup_thread(heard(standin), settings)
    results = [_with_hash(result) for result in identified.values()]
    (tmp_path / "music").mkdir()
    with Store(tmp_path / "store.db", folder=tmp_path / "music") as store:
        store.put_many(results)
        assert sorted(store.read_results(), key=lambda r: r.path) == results
    table = musical_flavors_table(results)
    assert table.shape == (3, 5 + 71)
    assert set(table["source"]) == {"acousticbrainz"}
    for category, elements in CATEGORIES.items():
        shares = table[[f"{category}.{element}" for element in elements]].sum(axis=1)
        assert shares.tolist() == pytest.approx([1.0] * 3)
    assert musical_flavors_table([]).columns.tolist() == table.columns.tolist()
    (path,) = export_wkmp(results, tmp_path)
    with closing(sqlite3.connect(path)) as db:
        query = "SELECT flavor_vector, flavor_source_blend FROM songs"
        vector, blend = db.execute(query).fetchone()
    assert json.loads(vector).keys() == CATEGORIES.keys()
    assert json.loads(blend) == {"acousticbrainz": 1.0}


def test_neighbours_by_flavor_follow_its_distance(standin, tmp_path):
    settings = settings_of(standin, tmp_path, acousticbrainz_url=standin.url)
    identified, _ = run_lookup_thread(heard(standin, 8), settings)
    results = sorted(identified.values(), key=lambda result: result.path)
    mine, *others = flavors_of(results)
    for by in ("wkmp", "hellinger"):
        found = find_neighbours(results, results[0].path, by=by, n=7)
        assert [n.distance for n in found] == sorted(n.distance for n in found)
        assert len(found) == 7
    nearest = find_neighbours(results, results[0].path, by="wkmp", n=1)[0]
    assert nearest.distance == min(flavor_distance(mine, other) for other in others)
    with pytest.raises(ValueError, match="by must be one of"):
        find_neighbours(results, results[0].path, by="colour")
    with pytest.raises(ValueError, match="no musical flavor is known"):
        find_neighbours(heard(standin), "/music/0.flac", by="wkmp")


def test_alike_categories_are_the_reasons():
    one = Flavor(
        {"timbre": {"bright": 0.9, "dark": 0.1}, "gender": {"female": 0.1, "male": 0.9}}, "s"
    )
    other = Flavor(
        {"timbre": {"bright": 0.88, "dark": 0.12}, "gender": {"female": 0.9, "male": 0.1}}, "s"
    )
    assert _name_categories(one, other) == ("timbre",)


def test_an_id_that_is_none_of_musicbrainz_is_not_asked_about(tmp_path):
    path = tmp_path / "flavors.sqlite"
    made = example_results.make_passage(0, mbid="my-own-1", level="high")
    result = example_results.make_result("/music/mine.flac", passages=(made,), sha256="ab" * 32)
    assert made.recording_mbid == "my-own-1"
    with FlavorFile(path, is_writer=True) as flavors:
        services = Services(fetch_flavors=lambda mbids: FlavorAnswer(flavors.read(mbids)))
        assert add_flavors([result], services).results == (result,)
