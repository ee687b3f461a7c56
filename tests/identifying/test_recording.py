"""Deciding which recording a passage is."""

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.identifying.evidence import Statement, statements_of_tags
from wkmp_lab.identifying.recording import LEVELS, identify_recording
from wkmp_lab.model import Identity, Tags
from wkmp_lab.model.reasons import FailedLookup, OutcomeKind, WhyUnidentified
from wkmp_lab.names import compute_similarity, normalize_name

BUSY = FailedLookup("acoustid", OutcomeKind.UNAVAILABLE, "503")
A = "aaaaaaaa-0000-4000-8000-000000000001"
B = "bbbbbbbb-0000-4000-8000-000000000002"
RAIN_TAGS = Tags(title="Rain", artist="The Drops")


def heard(
    bit_error: float, *, overlap_s: float = 100.0, mbid: str = A, title: str = "Rain"
) -> Statement:
    return Statement(
        "catalogue",
        mbid,
        title,
        "The Drops",
        bit_error=bit_error,
        overlap_s=overlap_s,
        query_s=120,
    )


def linked(score: float, *, mbid: str = A, title: str = "Rain", share: float = 1.0) -> Statement:
    return Statement(
        "acoustid",
        mbid,
        title,
        "The Drops" if title == "Rain" else "Others",
        score=score,
        share=share,
        duration_s=120.0,
        acoustid="one",
    )


def decide(
    *statements: Statement, tags: Tags | None = None, duration_s: float = 120.0
) -> Identity:
    return identify_recording(statements, duration_s=duration_s, tags=tags)


@pytest.mark.parametrize(
    ("bit_error", "overlap_s", "level"),
    [
        (0.04, 60.0, "high"),
        (0.10, 20.0, "high"),
        (0.04, 19.0, "medium"),
        (0.15, 60.0, "medium"),
        (0.10, 9.5, "low"),
        (0.05, 5.0, "low"),
        (0.09, 5.0, "unidentified"),
        (0.05, 3.9, "unidentified"),
        (0.16, 60.0, "unidentified"),
    ],
)
def test_bit_error_and_overlap_set_the_level(bit_error, overlap_s, level):
    assert decide(heard(bit_error, overlap_s=overlap_s)).level == level


@pytest.mark.parametrize(
    ("score", "tags", "level"),
    [
        (0.95, None, "high"),
        (0.85, None, "medium"),
        (0.70, None, "unidentified"),
        (0.70, RAIN_TAGS, "low"),
        (0.45, RAIN_TAGS, "unidentified"),
    ],
)
def test_acoustid_score_sets_the_level_and_a_middling_one_needs_the_tags(score, tags, level):
    assert decide(linked(score), tags=tags).level == level


def test_nothing_stated_is_unidentified_for_the_given_reason():
    identity = identify_recording([], duration_s=100.0, reasons=(BUSY,))
    assert (identity.level, identity.reason) == ("unidentified", "lookup_failed(acoustid, 503)")
    assert identity.why_not is WhyUnidentified.LOOKUP_FAILED
    assert identity.candidates == ()


def test_bare_tags_stay_a_candidate_but_identify_nothing():
    identity = decide(*statements_of_tags(RAIN_TAGS), tags=RAIN_TAGS)
    assert (identity.level, identity.reason) == ("unidentified", "no_match")
    (candidate,) = identity.candidates
    assert (candidate.title, candidate.artist, candidate.recording_mbid) == (
        "Rain",
        "The Drops",
        None,
    )


def test_an_embedded_id_is_low_until_the_sound_confirms_it():
    tags = dataclasses.replace(RAIN_TAGS, recording_mbid=A)
    alone = decide(*statements_of_tags(tags), tags=tags)
    confirmed = decide(*statements_of_tags(tags), linked(0.95), tags=tags)
    assert (alone.level, alone.reason) == ("low", "by the id in the file, not confirmed by sound")
    assert confirmed.level == "high"
    assert confirmed.chosen.score > alone.chosen.score
    told = [e.detail for e in confirmed.chosen.evidence if e.source == "embedded_id"]
    assert told == ["by the id in the file"]


@pytest.mark.parametrize(
    ("statement", "tags", "words"),
    [
        (heard(0.04, overlap_s=19.99), None, "less than 20 s to compare"),
        (heard(0.12), None, "more than 10 % of bits differ"),
        (linked(0.85), None, "the score is not sure"),
        (linked(0.70), RAIN_TAGS, "only the tags support that score"),
    ],
)
def test_what_is_not_sure_says_what_it_lacks(statement, tags, words):
    identity = decide(statement, tags=tags)
    assert identity.reason == words
    assert words in identity.sentence


def test_an_unidentified_passage_says_why_in_words():
    tagged = decide(*statements_of_tags(RAIN_TAGS), tags=RAIN_TAGS)
    assert tagged.sentence == (
        "no source knows it; the best candidate is 'Rain' by The Drops, "
        "by the title in the tags, not confirmed by sound"
    )
    nameless = Statement("acoustid", A, None, None, score=0.45)
    assert f"the best candidate is recording {A}" in decide(nameless).sentence
    failed = identify_recording([], duration_s=1.0, reasons=(BUSY,))
    assert failed.sentence == BUSY.sentence


def test_the_sound_wins_over_contradicting_tags_but_is_no_longer_sure():
    tags = Tags(title="Zzyzx", artist="Q", recording_mbid=B)
    identity = decide(*statements_of_tags(tags), heard(0.02), tags=tags)
    assert identity.chosen.recording_mbid == A
    assert identity.level == "medium"
    assert {candidate.recording_mbid for candidate in identity.candidates} == {A, B}
    assert "the tags say 'Zzyzx' by Q" in identity.sentence


def test_two_songs_that_fit_equally_are_ambiguous():
    identity = decide(heard(0.05), heard(0.06, mbid=B, title="Snow"))
    assert (identity.level, identity.reason) == ("unidentified", "ambiguous")
    assert len(identity.candidates) == 2


def test_a_file_name_in_the_catalogue_contests_no_recording_with_an_id():
    local = dataclasses.replace(heard(0.0), recording_mbid=None, title="track01", artist=None)
    identity = decide(local, linked(0.95))
    assert (identity.level, identity.chosen.recording_mbid) == ("high", A)
    tagged = dataclasses.replace(local, artist="Somebody")
    identity = decide(tagged, linked(0.95))
    assert (identity.level, identity.chosen.recording_mbid) == ("medium", A)


def test_the_tags_break_a_tie():
    identity = decide(heard(0.05), heard(0.06, mbid=B, title="Snow"), tags=RAIN_TAGS)
    assert (identity.level, identity.chosen.title) == ("medium", "Rain")


def test_tags_that_are_like_two_songs_do_not_make_them_one():
    tags = Tags(title="Suite, Part", artist="The Drops")
    parts = heard(0.05, title="Suite, Part 1"), heard(0.06, mbid=B, title="Suite, Part 2")
    identity = decide(*parts, *statements_of_tags(tags), tags=tags)
    assert (identity.level, identity.reason) == ("unidentified", "ambiguous")


def test_tags_that_are_spelt_a_little_otherwise_are_no_candidate_of_their_own():
    tags = Tags(title="The Rain Songs", artist="Drops")
    found = heard(0.05, title="The Rain Song")
    assert len(decide(found, *statements_of_tags(tags), tags=tags).candidates) == 1


def test_a_near_but_worse_song_leaves_no_more_than_low():
    identity = decide(heard(0.03), heard(0.08, mbid=B, title="Snow"))
    assert (identity.level, identity.chosen.title) == ("low", "Rain")


def test_a_related_version_takes_the_certainty_away():
    identity = decide(heard(0.09), heard(0.16, mbid=B, title="Rain (fast)"))
    assert (identity.level, identity.chosen.title) == ("medium", "Rain")


def test_two_recordings_of_one_song_are_one_identity_with_a_reservation():
    identity = decide(linked(0.97), linked(0.97, mbid=B, share=0.5))
    assert (identity.level, identity.chosen.recording_mbid) == ("medium", A)
    assert "several recordings of this song fit" in identity.reason


def test_a_stray_link_with_few_submissions_is_no_rival():
    identity = decide(linked(0.97), linked(0.97, mbid=B, title="Snow", share=0.05))
    assert (identity.level, identity.chosen.recording_mbid) == ("high", A)


def test_another_length_is_a_reservation():
    identity = decide(linked(0.97), duration_s=125.0)
    assert identity.level == "medium"
    assert "5.0 s longer than the recording" in identity.reason


def test_a_text_search_needs_name_and_length():
    found = Statement("text_search", A, "Rain", "The Drops", duration_s=121.0)
    assert decide(found, tags=RAIN_TAGS).level == "low"
    assert decide(found, tags=RAIN_TAGS, duration_s=140.0).level == "unidentified"


def test_a_name_search_that_the_sound_overrules_is_kept_but_not_chosen():
    found = Statement("text_search", B, "Zzyzx", "Q", duration_s=120.0)
    identity = decide(found, heard(0.03), tags=Tags(title="Zzyzx", artist="Q"))
    by_mbid = {candidate.recording_mbid: candidate.level for candidate in identity.candidates}
    assert by_mbid == {A: "medium", B: "unidentified"}


def test_independent_sources_are_joined_by_noisy_or_and_conflicts_take_away():
    one, two = decide(heard(0.05)), decide(heard(0.05), linked(0.85))
    assert 1.0 > two.chosen.score > one.chosen.score
    contested = decide(heard(0.05), linked(0.75, mbid=B, title="Snow"))
    assert contested.chosen.score < one.chosen.score


def test_a_statement_needs_what_its_source_measures():
    with pytest.raises(InvalidInputError, match="acoustid needs a score"):
        Statement("acoustid", A)
    with pytest.raises(InvalidInputError, match="id or a title"):
        Statement("embedded_id")


def test_names_compare_without_case_accents_and_guests():
    assert normalize_name("Ça va & Co. (feat. X)") == "ca va and co"
    assert compute_similarity("Ça va", "ca VA!") == 1.0


MBIDS = st.sampled_from([None, A, B])
NAMES = st.sampled_from([(None, None), ("Rain", "The Drops"), ("Snow", "Others")])


@st.composite
def some_statements(draw: st.DrawFn) -> Statement:
    source = draw(
        st.sampled_from(["acoustid", "catalogue", "embedded_id", "isrc", "text_search", "tags"])
    )
    mbid = draw(MBIDS)
    title, artist = draw(NAMES if mbid else NAMES.filter(lambda name: name[0] is not None))
    return Statement(
        source,
        mbid,
        title,
        artist,
        score=draw(st.floats(0, 1)) if source == "acoustid" else None,
        bit_error=draw(st.floats(0, 0.5)) if source == "catalogue" else None,
        share=draw(st.floats(0.01, 1)),
        overlap_s=draw(st.floats(0, 120)),
        duration_s=draw(st.sampled_from([None, 118.0, 120.0, 125.0, 300.0])),
        acoustid=draw(st.sampled_from(["one", "two"])),
    )


TAGS = st.sampled_from([Tags(), RAIN_TAGS, Tags(title="Snow", artist="Others")])


@given(statements=st.lists(some_statements(), max_size=5), tags=TAGS, seed=st.randoms())
def test_the_order_of_the_statements_does_not_matter(statements, tags, seed):
    shuffled = list(statements)
    seed.shuffle(shuffled)
    assert decide(*statements, tags=tags) == decide(*shuffled, tags=tags)


@given(statements=st.lists(some_statements(), max_size=5), tags=TAGS)
def test_scores_are_bounded_and_the_chosen_is_the_best_candidate(statements, tags):
    identity = decide(*statements, tags=tags)
    assert all(0.0 <= candidate.score <= 1.0 for candidate in identity.candidates)
    grades = [LEVELS.index(candidate.level) for candidate in identity.candidates]
    assert grades == sorted(grades, reverse=True)
    assert identity.level == LEVELS[max(grades, default=0)]


def grade_of(identity: Identity, mbid: str) -> int:
    return max(
        (LEVELS.index(c.level) for c in identity.candidates if c.recording_mbid == mbid), default=0
    )


@given(statements=st.lists(some_statements(), min_size=1, max_size=5), tags=TAGS)
def test_taking_away_a_statement_for_a_recording_never_raises_its_level(statements, tags):
    whole = decide(*statements, tags=tags)
    for index, statement in enumerate(statements):
        if statement.recording_mbid is None:
            continue
        rest = statements[:index] + statements[index + 1 :]
        fewer = decide(*rest, tags=tags)
        assert grade_of(fewer, statement.recording_mbid) <= grade_of(
            whole, statement.recording_mbid
        )


@given(
    statements=st.lists(
        some_statements().map(lambda c: dataclasses.replace(c, recording_mbid=A)), max_size=5
    )
)
def test_without_competitors_less_evidence_never_gives_a_higher_level(statements):
    named = [dataclasses.replace(c, title="Rain", artist="The Drops") for c in statements]
    levels = {
        kept: LEVELS.index(decide(*kept).level)
        for n_kept in range(len(named) + 1)
        for kept in itertools.combinations(named, n_kept)
    }
    assert all(level <= levels[tuple(named)] for level in levels.values())
