"""Identifying files: every source asked as little as possible, and every trouble told."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.lookup_runs import file_of, identify, identities_of, make_settings, tagged
from support.standin_world import make_id

from wkmp_lab.io.catalogue.catalogue import Catalogue
from wkmp_lab.io.web import rate_limit
from wkmp_lab.io.web.answers import CatalogueMatch, Recording, ReleaseRef
from wkmp_lab.lookup.lookups import identify_files
from wkmp_lab.lookup.passage_lookup import note_catalogue, open_lookup
from wkmp_lab.lookup.releases import choose_release, measure_title
from wkmp_lab.lookup.services import Services, find_catalogue
from wkmp_lab.model import (
    DeclaredPiece,
    Descriptors,
    Passage,
    Tags,
)
from wkmp_lab.model.reasons import CutHint, WhyUnidentified
from wkmp_lab.settings import Settings
from wkmp_lab.units import ticks_from_seconds


def test_files_get_recording_release_and_work(standin, tmp_path):
    recordings = list(standin.world.recordings.values())
    results = identify([file_of(r) for r in recordings], make_settings(standin, tmp_path))
    identities = identities_of(results)
    assert {identity.level for identity in identities} == {"high"}
    assert [identity.chosen.recording_mbid for identity in identities] == [
        recording.mbid for recording in recordings
    ]
    assert [identity.chosen.work_mbid for identity in identities] == [
        recording.work_mbid for recording in recordings
    ]
    assert {identity.chosen.release_title for identity in identities} == {
        "Album Amber 0",
        "Album Brook 1",
        "Album Cinder 2",
        "Album Dune 3",
    }
    assert standin.count("acoustid") == 4
    assert standin.count("musicbrainz") == 4


def test_a_second_run_makes_no_request_at_all(standin, tmp_path):
    files = [file_of(r) for r in standin.world.recordings.values()]
    settings = make_settings(standin, tmp_path)
    first = identify(files, settings)
    n_requests = len(standin.ledger)
    assert identify(files, settings) == first
    assert len(standin.ledger) == n_requests


def test_offline_and_without_a_key_the_catalogue_answers_at_once(standin, tmp_path):
    settings = make_settings(standin, tmp_path, is_offline=True)
    known = list(standin.world.recordings.values())[:12]
    with Catalogue(find_catalogue(settings.identifying)) as catalogue:
        for r in known:
            catalogue.add(Recording(r.mbid, r.title, r.artist, r.duration_s), r.items)
    album_side = file_of(*known[:4])
    results = identify([file_of(known[5]), album_side], settings)
    assert [identity.level for identity in identities_of(results)] == ["high"] * 5
    sentence = results[0].passages[0].identity.sentence
    assert "of bits differ" in sentence
    assert standin.ledger == []


def test_a_damaged_catalogue_and_cache_end_no_run(standin, tmp_path):
    settings = make_settings(standin, tmp_path)
    Path(settings.identifying.cache).mkdir()
    for path in (tmp_path / "catalogue.sqlite", tmp_path / "cache" / "answers.sqlite"):
        path.write_bytes(b"no database, but long enough to be looked at" * 30)
    known = next(iter(standin.world.recordings.values()))
    assert identities_of(identify([file_of(known)], settings))[0].level == "high"
    offline = dataclasses.replace(settings.identifying, is_offline=True)
    (identity,) = identities_of(identify([file_of(known)], Settings(identifying=offline)))
    assert identity.reason.startswith("lookup_failed(catalogue, ")


def test_offline_without_a_catalogue_nothing_is_known_and_the_reason_says_so(standin, tmp_path):
    known = next(iter(standin.world.recordings.values()))
    settings = make_settings(standin, tmp_path, is_offline=True)
    (identity,) = identities_of(identify([file_of(known, tags=tagged(known))], settings))
    assert (identity.level, identity.reason) == ("unidentified", "offline_not_asked")
    assert identity.candidates[0].title == known.title


def test_parts_of_a_file_are_not_asked_of_acoustid_and_tags_do_not_speak_for_them(
    standin, tmp_path
):
    known = list(standin.world.recordings.values())[:3]
    tags = tagged(known[0], recording_mbid=known[0].mbid)
    results = identify([file_of(*known, tags=tags)], make_settings(standin, tmp_path))
    assert {identity.level for identity in identities_of(results)} == {"unidentified"}
    assert standin.ledger == []


def test_an_embedded_id_is_low_and_gets_its_names_by_one_call_for_the_album(standin, tmp_path):
    release = make_id("release", 1, 0)
    album = [standin.world.recordings[mbid] for mbid in standin.world.releases[release].tracks]
    files = [
        dataclasses.replace(
            file_of(r, tags=Tags(recording_mbid=r.mbid, release_mbid=release)),
            file_fingerprint=None,
        )
        for r in album
    ]
    identities = identities_of(identify(files, make_settings(standin, tmp_path)))
    assert {identity.level for identity in identities} == {"low"}
    assert [identity.chosen.title for identity in identities] == [r.title for r in album]
    assert standin.count("musicbrainz") == 1


def test_a_merged_embedded_id_becomes_the_canonical_one(standin, tmp_path):
    old, new = next(iter(standin.world.merged.items()))
    known = standin.world.recordings[new]
    file = file_of(known, tags=tagged(known, recording_mbid=old))
    (identity,) = identities_of(identify([file], make_settings(standin, tmp_path)))
    assert (identity.level, identity.chosen.recording_mbid) == ("high", new)
    details = [e.detail for e in identity.chosen.evidence if e.source == "embedded_id"]
    assert old in details[0]


def test_what_the_catalogue_knows_gets_release_and_work_by_two_calls_for_an_album(
    standin, tmp_path
):
    settings = make_settings(standin, tmp_path)
    known = list(standin.world.recordings.values())[:10]
    with Catalogue(find_catalogue(settings.identifying)) as catalogue:
        for r in known:
            catalogue.add(Recording(r.mbid, r.title, r.artist, r.duration_s), r.items)
    identities = identities_of(identify([file_of(r) for r in known], settings))
    assert {identity.chosen.release_title for identity in identities} == {"Album Amber 0"}
    assert [each.chosen.work_mbid for each in identities] == [r.work_mbid for r in known]
    assert (standin.count("acoustid"), standin.count("musicbrainz")) == (0, 2)


def test_a_release_that_a_neighbour_is_on_does_not_speak_against_the_tags(standin, tmp_path):
    settings = make_settings(standin, tmp_path)
    known = list(standin.world.recordings.values())[:2]
    with Catalogue(find_catalogue(settings.identifying)) as catalogue:
        for r in known:
            catalogue.add(Recording(r.mbid, r.title, r.artist, r.duration_s), r.items)
    deluxe = Tags(album="Album Amber 0 (Deluxe)", n_tracks=11)
    files = [file_of(known[0]), file_of(known[1], tags=deluxe)]
    identities = identities_of(identify(files, settings))
    titles = [identity.chosen.release_title for identity in identities]
    assert titles == ["Album Amber 0", "Album Amber 0 (Deluxe)"]


def test_an_id_of_the_catalogue_that_was_merged_becomes_the_canonical_one(standin, tmp_path):
    settings = make_settings(standin, tmp_path)
    old, new = next(iter(standin.world.merged.items()))
    known = standin.world.recordings[new]
    with Catalogue(find_catalogue(settings.identifying)) as catalogue:
        catalogue.add(Recording(old, known.title, known.artist, known.duration_s), known.items)
    (identity,) = identities_of(identify([file_of(known)], settings))
    assert (identity.level, identity.chosen.recording_mbid) == ("high", new)
    assert identity.chosen.work_mbid == known.work_mbid
    assert old in identity.chosen.evidence[-1].detail


def test_a_link_that_tells_its_id_alone_gets_its_names_from_musicbrainz(standin, tmp_path):
    known = next(iter(standin.world.recordings.values()))
    standin.world = dataclasses.replace(standin.world, unnamed=frozenset([known.mbid]))
    (identity,) = identities_of(identify([file_of(known)], make_settings(standin, tmp_path)))
    chosen = identity.chosen
    assert (identity.level, chosen.title, chosen.artist) == ("high", known.title, known.artist)
    assert chosen.work_mbid == known.work_mbid
    assert chosen.release_title == "Album Amber 0"
    mute = make_settings(standin, tmp_path / "mute", contact=None)
    (identity,) = identities_of(identify([file_of(known)], mute))
    assert identity.sentence.startswith(f"recording {known.mbid}: AcoustID score 0.9")


def test_links_to_merged_and_deleted_recordings_do_not_contest_what_they_became(standin, tmp_path):
    old, new = next(iter(standin.world.merged.items()))
    links = {new: (old, make_id("deleted"))}
    standin.world = dataclasses.replace(standin.world, old_links=links)
    known = standin.world.recordings[new]
    (identity,) = identities_of(identify([file_of(known)], make_settings(standin, tmp_path)))
    assert (identity.level, identity.chosen.recording_mbid) == ("high", new)
    assert [candidate.recording_mbid for candidate in identity.candidates] == [new]


def test_a_link_that_was_merged_keeps_both_ids(standin, tmp_path):
    old, new = next(iter(standin.world.merged.items()))
    known = standin.world.recordings[new]
    linked = dataclasses.replace(known, mbid=old)
    others = {mbid: r for mbid, r in standin.world.recordings.items() if mbid != new}
    standin.world = dataclasses.replace(
        standin.world,
        recordings={
            **others,
            old: linked,
            new: dataclasses.replace(known, items=others[next(iter(others))].items[:50]),
        },
        unnamed=frozenset([old]),
    )
    (identity,) = identities_of(identify([file_of(known)], make_settings(standin, tmp_path)))
    assert (identity.level, identity.chosen.recording_mbid) == ("high", new)
    assert old in identity.chosen.evidence[0].detail


@pytest.mark.parametrize("mbid", ["not an id", make_id("nobody knows")])
def test_an_embedded_id_that_does_not_exist_counts_for_nothing(standin, tmp_path, mbid):
    known = next(iter(standin.world.recordings.values()))
    file = file_of(known, tags=tagged(known, recording_mbid=mbid))
    (identity,) = identities_of(identify([file], make_settings(standin, tmp_path)))
    assert (identity.level, identity.chosen.recording_mbid) == ("high", known.mbid)


def test_a_name_is_searched_where_no_sound_matches(standin, tmp_path):
    known = next(iter(standin.world.recordings.values()))
    file = dataclasses.replace(file_of(known, tags=tagged(known)), file_fingerprint=None)
    (identity,) = identities_of(identify([file], make_settings(standin, tmp_path)))
    assert (identity.level, identity.chosen.recording_mbid) == ("low", known.mbid)
    quiet = make_settings(standin, tmp_path / "other", has_text_search=False)
    assert identities_of(identify([file], quiet))[0].level == "unidentified"


def test_an_isrc_leads_to_its_recording(standin, tmp_path):
    known = next(iter(standin.world.recordings.values()))
    file = dataclasses.replace(file_of(known, tags=Tags(isrc=known.isrc)), file_fingerprint=None)
    (identity,) = identities_of(identify([file], make_settings(standin, tmp_path)))
    assert (identity.level, identity.chosen.recording_mbid) == ("low", known.mbid)


def declare(file, *pieces):
    """The file with a declared piece for each of its passages."""
    passages = zip(file.passages, pieces, strict=True)
    declared = tuple(dataclasses.replace(each, declared=piece) for each, piece in passages)
    return dataclasses.replace(file, passages=declared)


def test_the_codes_of_a_sheet_lead_to_the_recordings_of_its_pieces(standin, tmp_path):
    known = list(standin.world.recordings.values())[:2]
    pieces = [DeclaredPiece(0, isrc=recording.isrc) for recording in known]
    file = declare(file_of(*known), *pieces)
    identities = identities_of(identify([file], make_settings(standin, tmp_path)))
    assert [identity.level for identity in identities] == ["low", "low"]
    assert [each.chosen.recording_mbid for each in identities] == [each.mbid for each in known]


def test_the_titles_of_a_sheet_are_candidates_that_no_sound_confirms(standin, tmp_path):
    known = list(standin.world.recordings.values())[:2]
    file = declare(file_of(*known), DeclaredPiece(0, "Rain", "The Drops"), DeclaredPiece(1))
    settings = make_settings(standin, tmp_path, is_offline=True)
    first, second = identities_of(identify([file], settings))
    assert (first.level, second.candidates) == ("unidentified", ())
    (candidate,) = first.candidates
    assert (candidate.title, candidate.artist) == ("Rain", "The Drops")
    assert candidate.evidence[0].source == "declared"
    assert "sheet or chapter declares, not confirmed by sound" in candidate.evidence[0].detail


def test_what_a_sheet_says_agrees_with_what_is_heard(standin, tmp_path):
    known = list(standin.world.recordings.values())[:2]
    settings = make_settings(standin, tmp_path, is_offline=True)
    with Catalogue(find_catalogue(settings.identifying)) as catalogue:
        for r in known:
            catalogue.add(Recording(r.mbid, r.title, r.artist, r.duration_s), r.items)
    file = declare(file_of(*known), *(DeclaredPiece(0, r.title, r.artist) for r in known))
    for identity, recording in zip(identities_of(identify([file], settings)), known, strict=True):
        assert (identity.level, identity.chosen.recording_mbid) == ("high", recording.mbid)
        sources = {evidence.source for evidence in identity.chosen.evidence}
        assert sources >= {"catalogue", "declared", "tags", "duration"}


def test_a_file_that_was_not_answered_about_can_be_asked_again(standin, tmp_path):
    known = next(iter(standin.world.recordings.values()))
    settings = make_settings(standin, tmp_path)
    standin.faults["acoustid"].append("html200")
    failed = identify([file_of(known)], settings)
    again = identify(failed, settings)
    assert [bool(result.failed_lookups) for result in (*failed, *again)] == [True, False]
    assert identities_of(again)[0].level == "high"


def test_a_release_that_was_not_answered_about_is_asked_for_again(standin, tmp_path):
    known = next(iter(standin.world.recordings.values()))
    settings = make_settings(standin, tmp_path)
    standin.faults["musicbrainz"].append("html200")
    (failed,) = identify([file_of(known)], settings)
    (again,) = identify([failed], settings)
    assert [bool(result.failed_lookups) for result in (failed, again)] == [True, False]
    chosen = [result.passages[0].identity.chosen for result in (failed, again)]
    assert [each.recording_mbid for each in chosen] == [known.mbid] * 2
    assert [each.work_mbid for each in chosen] == [None, known.work_mbid]


def test_a_wrong_key_leaves_the_rest_of_the_run_as_it_is(standin, tmp_path):
    known = next(iter(standin.world.recordings.values()))
    file = file_of(known, tags=tagged(known, recording_mbid=known.mbid))
    settings = make_settings(standin, tmp_path)
    (identity,) = identities_of(identify([file], settings, key="wrong"))
    assert (identity.level, identity.chosen.title) == ("low", known.title)


def test_a_cancelled_run_asks_nothing_more(standin, tmp_path):
    files = [file_of(r) for r in standin.world.recordings.values()]
    settings = make_settings(standin, tmp_path)
    identities = identities_of(identify(files, settings, is_cancelled=lambda: True))
    assert {identity.reason for identity in identities} == {"lookup_failed(acoustid, cancelled)"}
    assert standin.ledger == []


def test_a_side_is_laid_on_its_release_which_names_the_passages_that_nobody_heard(
    standin, tmp_path
):
    known = [
        standin.world.recordings[m]
        for m in standin.world.releases[make_id("release", 2, 0)].tracks
    ]
    settings = make_settings(standin, tmp_path)
    with Catalogue(find_catalogue(settings.identifying)) as catalogue:
        for r in known[::2]:
            catalogue.add(Recording(r.mbid, r.title, r.artist, r.duration_s), r.items)
    (result,) = identify([file_of(*known)], settings)
    identities = identities_of([result])
    assert [identity.level for identity in identities] == ["high", "low"] * 5
    assert [identity.chosen.recording_mbid for identity in identities] == [r.mbid for r in known]
    assert {identity.chosen.release_title for identity in identities} == {"Album Cinder 2"}
    assert result.all_notes == ()
    assert identify([result], settings) == [result]


def test_the_release_tells_of_a_cut_that_was_missed(standin, tmp_path):
    known = [
        standin.world.recordings[m]
        for m in standin.world.releases[make_id("release", 0, 0)].tracks
    ]
    joined = dataclasses.replace(
        known[1], duration_s=known[1].duration_s + known[2].duration_s, mbid=make_id("joined")
    )
    file = file_of(known[0], joined, *known[3:], tags=Tags(release_mbid=make_id("release", 0, 0)))
    (result,) = identify([file], make_settings(standin, tmp_path))
    words = "passage #1 seems to hold tracks 2 and 3 of 'Album Amber 0'"
    assert result.cut_hints == (CutHint((1,), words),)
    assert result.all_notes == (f"album: {words}",)
    levels = [identity.level for identity in identities_of([result])]
    assert levels == ["low", "unidentified", *["low"] * 7]


def test_neighbours_that_are_one_recording_may_be_merged(standin, tmp_path):
    settings = make_settings(standin, tmp_path, is_offline=True)
    r = next(iter(standin.world.recordings.values()))
    with Catalogue(find_catalogue(settings.identifying)) as catalogue:
        catalogue.add(Recording(r.mbid, r.title, r.artist, r.duration_s), r.items)
    half = [dataclasses.replace(r, items=r.items[a : a + 400]) for a in (0, 400)]
    half = [dataclasses.replace(r, duration_s=r.duration_s / 2) for r in half]
    (result,) = identify([file_of(*half)], settings)
    (note,) = result.all_notes
    assert note.startswith(f"album: passages #0 and #1 may be one passage: both are {r.title!r}")


def test_too_short_and_unreadable_passages_say_so(standin, tmp_path):
    known = next(iter(standin.world.recordings.values()))
    short = dataclasses.replace(file_of(known), file_fingerprint=None)
    passage = Passage(0, 0, ticks_from_seconds(2.0), None, "needs 3 s, got 2.0 s")
    short = dataclasses.replace(short, passages=(passage,))
    (identity,) = identities_of(identify([short], make_settings(standin, tmp_path)))
    assert identity.reason == "too_short"


def test_the_standard_edition_is_preferred_unless_the_tags_say_otherwise():
    plain = ReleaseRef("b", "Album", 10, 1990, "Album", "Official")
    deluxe = ReleaseRef("a", "Album (Deluxe)", 14, 2020, "Album", "Official")
    hits = ReleaseRef("0", "Greatest Hits", 10, 1980, "Compilation", "Official")
    editions = [deluxe, hits, plain]
    assert choose_release(editions, tags=Tags()) == plain
    assert choose_release(editions, tags=Tags(n_tracks=14)) == deluxe
    assert choose_release(editions, tags=Tags(album="Greatest hits")) == hits
    assert choose_release([], tags=Tags()) is None


@pytest.mark.parametrize(
    ("tags", "chosen"),
    [
        # Thirteen tracks of the first disc of two, in the place of as many of a compilation.
        (Tags(album="Long Way", track=3, n_tracks=13, disc=1), "two discs"),
        (Tags(track=3, n_tracks=13, disc=1, n_discs=2), "two discs"),
        (Tags(album="Hits", n_tracks=13), "compilation"),
        # A box that holds the album as one of its discs, and one that is as long.
        (Tags(album="The Box", track=3, disc=4, n_discs=5), "box"),
        (Tags(album="Long Way (Live)"), "live"),
        (Tags(album_artist="The Drops"), "two discs"),
        (Tags(album_artist="Various Artists"), "compilation"),
        (Tags(album="Long Way", release_mbid="compilation"), "compilation"),
        (Tags(album="Long Way", release_mbid="of another song"), "two discs"),
        (Tags(), "two discs"),
    ],
)
def test_names_and_ids_in_the_tags_weigh_before_any_count(tags, chosen):
    releases = [
        ReleaseRef("compilation", "Hits", 13, 1999, "Compilation", artist="Various Artists"),
        ReleaseRef("live", "Long Way (Live)", 13, 1999, "Live", artist="The Drops"),
        ReleaseRef(
            *("two discs", "Long Way", 26, 2001, "Album"),
            artist="The Drops",
            disc=1,
            position=3,
            n_disc_tracks=13,
        ),
        ReleaseRef("box", "The Box", 65, 2010, "Album", artist="The Drops", disc=4, position=3),
    ]
    assert choose_release(releases, tags=tags).release_mbid == chosen


def test_the_release_of_the_neighbours_weighs_before_a_count():
    compilation, album = ReleaseRef("a", "Hits", 13, 1990), ReleaseRef("b", "Long Way", 26, 2001)
    tags = Tags(track=3, n_tracks=13, disc=1)
    assert choose_release([compilation, album], tags=tags) == compilation
    shared = {"a": 1, "b": 12}
    assert choose_release([compilation, album], tags=tags, shared=shared) == album


@pytest.mark.parametrize("part", ["I", "II"])
def test_parts_of_an_album_are_told_apart(part):
    title = "The Long and Quite Exhausting Way Home, Part"
    parts = [ReleaseRef(f"part {each}", f"{title} {each}", 10) for each in ("I", "II")]
    for editions in (parts, parts[::-1]):
        chosen = choose_release(editions, tags=Tags(album=f"{title} {part}"))
        assert chosen.release_mbid == f"part {part}"
    assert measure_title(f"{title} I", f"{title} II") == 0.0
    assert measure_title(f"{title} 2", f"{title} II") > 0.8


def test_names_that_programs_gave_to_the_unknown_are_neither_asked_about_nor_believed(
    standin, tmp_path
):
    known = next(iter(standin.world.recordings.values()))
    unknown = Tags(title="Track 01", artist="Unknown Artist", album="Unknown Album", track=1)
    heard = file_of(known, tags=unknown)
    settings = make_settings(standin, tmp_path)
    (mute,) = identities_of(
        identify([dataclasses.replace(heard, file_fingerprint=None)], settings)
    )
    assert (mute.level, mute.candidates) == ("unidentified", ())
    assert standin.count("musicbrainz") == 0
    (identity,) = identities_of(identify([heard], settings))
    assert (identity.level, identity.chosen.recording_mbid) == ("high", known.mbid)


def test_without_services_nothing_is_asked():
    results = identify_files([], services=Services(), settings=Settings())
    assert results == []


WORKER = """
import json, sys
from support.lookup_runs import file_of, identify, make_settings
from support.standin_world import make_world
from pathlib import Path
from types import SimpleNamespace
from wkmp_lab.io.web import rate_limit
from wkmp_lab.settings import Settings
url, folder, first, slots = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
rate_limit.find_temporary = lambda: slots
place = SimpleNamespace(url=url, acoustid_url=url + "/v2")
settings = make_settings(place, folder, acoustid_interval_s=0.34, musicbrainz_interval_s=1.0)
known = list(make_world().recordings.values())
for start in (first % 4 * 10, (first + 1) % 4 * 10):
    results = identify([file_of(r) for r in known[start:start + 10]], settings)
    assert all(p.identity.level == "high" for r in results for p in r.passages)
"""


@pytest.mark.slow
def test_eight_processes_and_a_second_session_stay_polite_and_ask_nothing_twice(standin, tmp_path):
    standin.least_gap_s = {"musicbrainz": 1.0, "acoustid": 0.34}
    slots = rate_limit.find_temporary()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, standin.url, tmp_path, str(index), slots],
            env=environment,
        )
        for index in range(8)
    ]
    settings = make_settings(
        standin, tmp_path, acoustid_interval_s=0.34, musicbrainz_interval_s=1.0
    )
    own = identify([file_of(r) for r in standin.world.recordings.values()], settings)
    assert {identity.level for identity in identities_of(own)} == {"high"}
    assert [worker.wait(timeout=120) for worker in workers] == [0] * 8
    assert standin.min_gap_s("musicbrainz") >= 1.0
    for service, n_most, window_s in (
        *(("musicbrainz", 1, 1.0), ("musicbrainz", 10, 10.0)),
        *(("acoustid", 3, 1.0), ("acoustid", 30, 10.0)),
    ):
        assert 0 < standin.max_in_window(service, window_s) <= n_most
    assert standin.max_in_flight("musicbrainz") == standin.max_in_flight("acoustid") == 1
    assert standin.count("musicbrainz", 503) == standin.count("acoustid", 429) == 0
    assert standin.n_duplicates("musicbrainz") == standin.n_duplicates("acoustid") == 0
    agents = {entry.agent for entry in standin.ledger}
    assert len(agents) == 1
    assert "someone@example.org" in agents.pop()


def test_speech_is_not_looked_up_and_says_so(standin, tmp_path):
    known = next(iter(standin.world.recordings.values()))
    spoken = Descriptors(version=1, values=(), kind="speech")
    asked = file_of(known, tags=tagged(known))
    passage = dataclasses.replace(asked.passages[0], descriptors=spoken)
    told = dataclasses.replace(asked, passages=(passage,))
    (identity,) = identities_of(identify([told], make_settings(standin, tmp_path)))
    assert (identity.level, identity.reason) == ("unidentified", "speech_not_asked")
    assert standin.ledger == []


def test_where_a_catalogue_answered_offline_is_no_reason(standin, tmp_path):
    settings = make_settings(standin, tmp_path, is_offline=True)
    first, second, *_ = standin.world.recordings.values()
    with Catalogue(find_catalogue(settings.identifying)) as catalogue:
        catalogue.add(
            Recording(first.mbid, first.title, first.artist, first.duration_s), first.items
        )
    (identity,) = identities_of(identify([file_of(second)], settings))
    assert identity.why_not is WhyUnidentified.NO_MATCH
    assert identity.reason.startswith("no_match(catalogue asked: ")
    assert identity.reason.endswith("; nobody else, for this import is offline)")


@pytest.mark.parametrize(
    ("bit_error", "told"),
    [
        (0.29, "catalogue asked: best candidate 0.29 of bits off over 40 s, at most 0.15"),
        (0.12, "catalogue asked: best candidate 0.12 of bits off over 40 s"),
        (None, "catalogue asked: nothing alike"),
    ],
)
def test_how_near_the_best_of_the_catalogue_came_is_told(bit_error, told):
    lookup = open_lookup(file_of(), Passage(0, 0, ticks_from_seconds(60)))
    recording = Recording(None, "Rain", "The Drops")
    matches = [] if bit_error is None else [CatalogueMatch(recording, bit_error, 40.0, 0.0, 0.6)]
    note_catalogue(lookup, matches)
    assert [reason.detail for reason in lookup.asked] == [told]
