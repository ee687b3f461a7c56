"""Laying the passages of an album side on the tracks of a release."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkmp_lab.io.web.answers import Recording, Release, ReleaseTrack
from wkmp_lab.lookup.album_alignment import (
    Piece,
    align_release,
    choose_edition,
    compare_cuts,
    find_lengths,
)
from wkmp_lab.model.reasons import CutHint


def release_of(*durations_s: float, mbid: str = "r", year: int = 2000) -> Release:
    tracks = (
        ReleaseTrack(1, i + 1, Recording(f"track {i}", f"T{i}", duration_s=duration_s))
        for i, duration_s in enumerate(durations_s)
    )
    return Release(mbid, "Side A", "Nobody", tuple(tracks), year)


def pieces_of(*durations_s: float) -> list[Piece]:
    return [Piece(duration_s) for duration_s in durations_s]


def links_of(alignment):
    return [(link.pieces, link.tracks) for link in alignment.links]


DURATIONS = st.lists(st.floats(30.0, 600.0), min_size=1, max_size=8)


@given(DURATIONS)
def test_a_release_fits_itself_track_by_track(durations):
    alignment = align_release(pieces_of(*durations), release_of(*durations))
    assert alignment.score == pytest.approx(1.0)
    assert sum(abs(link.excess_s) for link in alignment.links) == pytest.approx(0.0)


@given(DURATIONS, DURATIONS)
def test_every_piece_and_every_track_is_used_once_in_order(durations, others):
    alignment = align_release(pieces_of(*durations), release_of(*others))
    assert [i for link in alignment.links for i in link.pieces] == list(range(len(durations)))
    assert [i for link in alignment.links for i in link.tracks] == list(range(len(others)))
    assert 0.0 <= alignment.score <= 1.0


def test_a_missed_and_a_needless_cut_are_told():
    release = release_of(180.0, 240.0, 200.0, 310.0)
    alignment = align_release(pieces_of(421.0, 90.0, 111.0, 311.0), release)
    assert links_of(alignment) == [((0,), (0, 1)), ((1, 2), (2,)), ((3,), (3,))]
    assert compare_cuts(alignment) == [
        CutHint((0,), "passage #0 seems to hold tracks 1 and 2 of 'Side A'"),
        CutHint((1, 2), "passages #1 and #2 seem to be one: track 3 of 'Side A'"),
    ]


def test_a_missing_track_is_told():
    alignment = align_release(pieces_of(180.0, 310.0), release_of(180.0, 240.0, 310.0))
    assert compare_cuts(alignment) == [CutHint((), "track 2 of 'Side A' was not found")]


def test_what_no_player_counts_may_be_missing_or_there():
    first, film, second, last = release_of(180.0, 400.0, 240.0, 310.0).tracks
    hidden = replace(film, position=0, number="0", is_extra=True)
    album = replace(release_of(), tracks=(first, hidden, second, last))
    missing = align_release(pieces_of(180.0, 240.0, 310.0), album)
    there = align_release(pieces_of(180.0, 400.0, 240.0, 310.0), album)
    assert compare_cuts(missing) == compare_cuts(there) == []
    assert there.score == 1.0
    assert missing.score > 0.95
    joined = [Piece(180.0, "track 0"), Piece(550.0, "track 2")]
    assert find_lengths(align_release(joined, album)) == (180.0, 240.0, 310.0)


def test_tracks_are_called_by_their_numbers_on_the_cover():
    tracks = release_of(180.0, 240.0).tracks
    sides = [replace(track, number=number) for track, number in zip(tracks, "AB", strict=True)]
    (hint,) = compare_cuts(
        align_release(pieces_of(420.0), replace(release_of(), tracks=tuple(sides)))
    )
    assert hint.why == "passage #0 seems to hold tracks A and B of 'Side A'"


def test_what_was_heard_outweighs_lengths():
    release = release_of(200.0, 201.0)
    swapped = [Piece(201.0, "track 0"), Piece(200.0, "track 1")]
    assert links_of(align_release(swapped, release)) == [((0,), (0,)), ((1,), (1,))]
    stranger = [Piece(200.0, "another"), Piece(201.0)]
    assert align_release(stranger, release).score < 0.8


def test_the_standard_edition_wins_and_the_others_are_kept():
    plain, deluxe = release_of(180.0, 240.0), release_of(180.0, 240.0, 99.0, mbid="d", year=1990)
    reissue = release_of(180.0, 240.0, mbid="0", year=2010)
    chosen = choose_edition(pieces_of(181.0, 240.0), [deluxe, reissue, plain])
    assert [alignment.release for alignment in chosen] == [plain, reissue, deluxe]
