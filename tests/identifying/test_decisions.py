import itertools
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import audio_factory, example_results

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.identifying import decisions
from wkmp_lab.identifying.decisions import (
    LEADS_BY_HAND,
    CutDecision,
    IdentityDecision,
    apply_decisions,
    find_boundaries,
    make_candidate,
    make_cut_decision,
    make_identity_decision,
)
from wkmp_lab.library.session import import_folder, open_session
from wkmp_lab.library.store import Store
from wkmp_lab.model import AudioFormat, FileResult, SourceFile
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings
from wkmp_lab.units import seconds_from_ticks

MBID = "5f4b2b1c-0d5e-4b53-9e0e-0c6d6a1f2f11"
OFFLINE = Settings(
    identifying=IdentifySettings(is_offline=True), running=RunSettings(backend="sequential")
)


def file_of(*passages):
    return FileResult(
        SourceFile("/m/side.flac", 1, 2),
        "done",
        sha256="ab" * 32,
        audio=AudioFormat("flac", "flac", 44100, 2, 44100 * 300, 300.0),
        passages=passages or (example_results.make_passage(level="unidentified"),),
    )


def identity_of(result, passage=0):
    return result.passages[passage].identity


def test_accepting_takes_the_best_candidate_and_keeps_its_evidence():
    file = file_of()
    before = identity_of(file)
    after = identity_of(apply_decisions(file, [make_identity_decision(file, 0, "accept")]))
    assert (after.level, after.chosen.title) == ("high", "Rain")
    assert after.chosen.evidence[:-1] == before.candidates[0].evidence
    assert after.chosen.evidence[-1].source == "by_hand"
    assert len(after.candidates) == len(before.candidates)


def test_rejecting_leaves_the_candidates_to_look_at():
    file = file_of(example_results.make_passage())
    after = identity_of(apply_decisions(file, [make_identity_decision(file, 0, "reject")]))
    assert (after.level, after.chosen, after.reason) == ("unidentified", None, "by_hand")
    assert after.candidates == identity_of(file).candidates


def test_a_recording_that_nobody_proposed_can_be_chosen():
    file = file_of()
    typed = make_candidate(MBID, title="Mist")
    after = identity_of(apply_decisions(file, [make_identity_decision(file, 0, "choose", typed)]))
    assert after.chosen.recording_mbid == MBID
    assert len(after.candidates) == 3


def test_one_of_two_candidates_without_an_id_can_be_chosen():
    live = example_results.make_passage().identity.candidates[1]
    file = file_of()
    other = replace(live, title="Rain (demo)")
    identity = replace(identity_of(file), candidates=(live, other))
    file = file_of(replace(file.passages[0], identity=identity))
    after = identity_of(apply_decisions(file, [make_identity_decision(file, 0, "choose", other)]))
    assert [c.title for c in after.candidates] == ["Rain (demo)", "Rain (live)"]


def test_the_latest_decision_on_a_place_holds():
    file = file_of()
    made = [make_identity_decision(file, 0, "accept"), make_identity_decision(file, 0, "reject")]
    assert identity_of(apply_decisions(file, made)).level == "unidentified"
    assert identity_of(apply_decisions(file, made[:1])).level == "high"


def test_a_decision_holds_where_the_passage_is_cut_a_little_otherwise_and_not_elsewhere():
    file = file_of(example_results.make_passage(start_s=10.0, end_s=110.0, level="unidentified"))
    decision = make_identity_decision(file, 0, "accept")
    near = example_results.make_passage(start_s=12.0, end_s=108.0, level="unidentified")
    far = example_results.make_passage(start_s=10.0, end_s=60.0, level="unidentified")
    assert identity_of(apply_decisions(file_of(near), [decision])).level == "high"
    assert identity_of(apply_decisions(file_of(far), [decision])).level == "unidentified"


@pytest.mark.parametrize(
    ("passage", "verdict", "candidate", "message"),
    [
        (7, "accept", None, "one of the 1"),
        (0, "guess", None, "verdict must be one of accept, choose, reject"),
        (0, "choose", None, "does not fit candidate=None"),
        (0, "reject", make_candidate(MBID), "does not fit candidate="),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(passage, verdict, candidate, message):
    with pytest.raises(InvalidInputError, match=message):
        make_identity_decision(file_of(), passage, verdict, candidate)


def test_nothing_can_be_accepted_where_nothing_was_proposed():
    bare = replace(example_results.make_passage(), identity=None)
    with pytest.raises(InvalidInputError, match="no candidate to accept"):
        make_identity_decision(file_of(bare), 0, "accept")


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=4),
)
def test_boundaries_are_taken_in_order_inside_the_file_or_refused(boundaries_s):
    marks = [0.0, *boundaries_s, 300.0]
    is_fit = all(b - a >= decisions.MIN_PIECE_S for a, b in itertools.pairwise(marks))
    if is_fit:
        made = make_cut_decision(file_of(), boundaries_s)
        assert [seconds_from_ticks(t) for t in made.boundaries_ticks] == pytest.approx(
            boundaries_s
        )
    else:
        with pytest.raises(InvalidInputError, match="boundaries must rise"):
            make_cut_decision(file_of(), boundaries_s)


def test_the_latest_cut_holds_and_can_be_given_back():
    made = [CutDecision("a", (5,)), CutDecision("a", None)]
    assert find_boundaries(made) is None
    assert find_boundaries(made[:1]) == (5,)
    assert find_boundaries([]) is None


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("side")
    pieces = [audio_factory.music_like(seed=k, seconds=60.0, sr=22050) for k in range(2)]
    pause = np.zeros((pieces[0].shape[0], 22050 * 2), np.float32)
    audio_factory.write_audio(
        folder / "side.flac", np.hstack([pieces[0], pause, pieces[1]]), 22050
    )
    return folder


@pytest.fixture
def music(library, tmp_path):
    shutil.copytree(library, tmp_path / "music")
    return tmp_path / "music"


def spans_of(session):
    return [(round(p.start_s, 2), round(p.end_s, 2)) for r in session.results for p in r.passages]


def test_a_cut_by_hand_holds_in_every_later_run_until_it_is_taken_back(music, tmp_path):
    store = tmp_path / "kept.wkmp.db"
    session = import_folder(music, settings=OFFLINE, store=store)
    found = spans_of(session)
    assert len(found) == 2

    session.recut("side.flac", [7.0, 20.0])
    assert spans_of(session) == [(0.0, 7.0), (7.0, 20.0), (20.0, 122.0)]
    assert session.gaps["reason"].str.contains("set by hand").sum() >= 2

    later = import_folder(music, settings=OFFLINE, store=store)
    assert spans_of(later) == spans_of(session)
    assert not any(span.start_s >= later._run.started_s for r in later.results for span in r.spans)

    assert later.undo() == (CutDecision(later.results[0].audio_hash, later_ticks([7.0, 20.0])),)
    assert spans_of(later) == found
    assert later.undo() == ()


def later_ticks(times_s):
    return tuple(round(time_s * 28_224_000) for time_s in times_s)


def test_a_cut_made_while_the_file_was_away_is_applied_by_its_content(music, tmp_path):
    store = tmp_path / "kept.wkmp.db"
    session = import_folder(music, settings=OFFLINE, store=store)
    with Store(store, folder=music) as opened:
        opened.put_decisions([make_cut_decision(session.results[0], [])])
    (music / "side.flac").rename(music / "renamed.flac")
    later = import_folder(music, settings=OFFLINE, store=store)
    assert [Path(r.path).name for r in later.results] == ["renamed.flac"]
    assert len(spans_of(later)) == 1


def leads_of(session):
    rows = session.passages[["lead_in_s", "lead_out_s"]].round(2)
    return list(rows.itertuples(index=False, name=None))


def test_leads_by_hand_lie_over_those_that_were_measured_until_they_are_taken_back(
    music, tmp_path
):
    store = tmp_path / "kept.wkmp.db"
    session = import_folder(music, settings=OFFLINE, store=store)
    found, measured = spans_of(session), leads_of(session)
    (start_s, end_s) = found[1]

    kept = session.recut("side.flac", None, leads_s={1: (start_s + 1.5, end_s - 4.0)})
    assert kept.spans == session.get_result("side.flac").spans  # nothing was decoded for it
    assert leads_of(session) == [measured[0], pytest.approx((1.5, 4.0), abs=0.011)]
    assert session.decisions["decision"].tolist() == ["cut automatically, leads of 1 passage set"]
    assert leads_of(import_folder(music, settings=OFFLINE, store=store)) == leads_of(session)

    session.undo()
    assert (leads_of(session), spans_of(session)) == (measured, found)


def test_leads_can_be_set_with_the_cuts_that_they_belong_to(music, tmp_path):
    session = import_folder(music, settings=OFFLINE, store=tmp_path / "kept.wkmp.db")
    session.recut("side.flac", [20.0], leads_s={0: (3.0, 18.0), 1: (20.0, 122.0)})
    assert leads_of(session) == [(3.0, 2.0), (0.0, 0.0)]
    session.recut("side.flac", [20.0])
    assert leads_of(session) != [(3.0, 2.0), (0.0, 0.0)]


@pytest.mark.parametrize(
    ("leads_s", "words"),
    [
        ({2: (21.0, 30.0)}, "leads must be of the 2 passages of '/m/side.flac', got 2"),
        ({0: (-1.0, 5.0)}, "within their passage, 0.00 to 20.00 s, got -1.00 and 5.00"),
        ({1: (21.0, 301.0)}, "within their passage, 20.00 to 300.00 s, got 21.00 and 301.00"),
    ],
)
def test_lead_points_outside_their_passage_are_refused(leads_s, words):
    with pytest.raises(InvalidInputError, match=re.escape(words)):
        make_cut_decision(file_of(), [20.0], leads_s=leads_s)


def test_lead_points_hold_where_their_passage_still_is_and_nowhere_else():
    first, second = (
        example_results.make_passage(n, start_s=100.0 * n, end_s=100.0 * n + 100.0) for n in (0, 1)
    )
    file = file_of(first, second)
    made = make_cut_decision(file, None, leads_s={1: (102.0, 195.0)})
    moved = replace(second, start_ticks=second.start_ticks + 28_224_000)
    (left, right) = apply_decisions(file_of(first, moved), [made]).passages
    assert left.amplitude == first.amplitude
    assert seconds_from_ticks(right.amplitude.lead_in_ticks) == pytest.approx(1.0)
    assert seconds_from_ticks(right.amplitude.lead_out_ticks) == pytest.approx(5.0)
    assert (LEADS_BY_HAND, 1.0) in right.amplitude.parameters
    halved = replace(second, start_ticks=150 * 28_224_000)
    assert apply_decisions(file_of(first, halved), [made]).passages[1] == halved
    assert apply_decisions(file, [made, CutDecision("a", None)]).passages == (first, second)


def test_a_choice_survives_another_identification_and_a_restart(music, tmp_path):
    store = tmp_path / "kept.wkmp.db"
    session = import_folder(music, settings=OFFLINE, store=store)
    typed = make_candidate(MBID, title="Mist", artist="The Drops")
    session.decide("side.flac", 1, "choose", candidate=typed)
    assert session.passages["match"].tolist() == ["unidentified", "high"]
    assert session.snapshot().n_passages_by_level == (1, 0, 0, 1)
    assert session.decisions["decision"].tolist() == ["Mist by The Drops"]

    again = session.identify(IdentifySettings(is_offline=True, has_text_search=False)).wait()
    assert again.passages["title"].tolist()[1] == "Mist"
    left = open_session(music, store=store)
    assert left.passages["recording_mbid"].tolist()[1] == MBID
    assert left.snapshot().n_passages_by_level == (1, 0, 0, 1)

    left.undo()
    assert left.passages["match"].tolist() == ["unidentified", "unidentified"]
    assert left.decisions.empty


def test_an_identity_decision_comes_back_from_the_store_as_it_was(music, tmp_path):
    made = IdentityDecision("ab", 1, 2, "choose", make_candidate(MBID, title="\u202eMist"))
    with Store(tmp_path / "kept.wkmp.db", folder=music) as opened:
        opened.put_decisions([made])
        ((_, read),) = opened.read_decisions()
    assert read == made


def test_what_is_decided_at_once_is_undone_at_once(music, tmp_path):
    session = import_folder(music, settings=OFFLINE, store=tmp_path / "kept.wkmp.db")
    session.recut("side.flac", [20.0, 61.0])
    session.decide("side.flac", 0, "reject")
    session.decide_all([("side.flac", 1), ("side.flac", 2)], "reject")
    assert session.passages["match_sentence"].str.startswith("set aside by hand").all()

    left = open_session(music, store=tmp_path / "kept.wkmp.db")
    undone = left.undo()
    assert [seconds_from_ticks(each.start_ticks) for each in undone] == [20.0, 61.0]
    by_hand = left.passages["match_sentence"].str.startswith("set aside by hand")
    assert by_hand.tolist() == [True, False, False]
    assert len(left.undo()) == len(left.undo()) == 1
    assert left.undo() == ()


def test_of_many_decisions_all_are_kept_or_none(music, tmp_path):
    session = import_folder(music, settings=OFFLINE, store=tmp_path / "kept.wkmp.db")
    with pytest.raises(InvalidInputError, match="passage must be one of the 2"):
        session.decide_all([("side.flac", 0), ("side.flac", 9)], "reject")
    assert session.decisions.empty


def test_a_clock_that_stands_still_or_goes_back_makes_no_two_decisions_one(
    music, tmp_path, monkeypatch
):
    with Store(tmp_path / "kept.wkmp.db", folder=music) as opened:
        for now_s in (1000.0, 1000.0, 900.0):
            monkeypatch.setattr(
                "wkmp_lab.library.store.store.time.time", lambda now_s=now_s: now_s
            )
            opened.put_decisions([CutDecision(str(now_s), None), CutDecision("b", None)])
        assert [len(opened.undo_decisions()) for _ in range(4)] == [2, 2, 2, 0]
