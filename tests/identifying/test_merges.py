"""Which neighbouring passages are offered as one, and which are not."""

from dataclasses import replace

import numpy as np
import pytest
from support import audio_factory
from support import example_results as example

from wkmp_lab.collection.teach import add_results
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.fingerprinting.fingerprint import find_fingerprint_tool
from wkmp_lab.identifying.decisions import make_merge_decision
from wkmp_lab.identifying.merges import find_merges
from wkmp_lab.io.catalogue.catalogue import Catalogue
from wkmp_lab.library.session import import_folder
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings
from wkmp_lab.tables.tables import merges_table

OTHER = "c1a9c0e9-d987-4042-ae91-78d6a3267d69"


def file_of(*pieces, whole_s=200.0, path="/side.flac"):
    """Passages given as (length in s, recording, or None where it is not identified)."""
    passages, start_s = [], 0.0
    for index, (length_s, mbid) in enumerate(pieces):
        level = "high" if mbid else "unidentified"
        made = example.make_passage(
            index, start_s=start_s, end_s=start_s + length_s, mbid=mbid or OTHER, level=level
        )
        if made.identity.chosen is not None:
            chosen = replace(made.identity.chosen, duration_s=whole_s)
            identity = replace(made.identity, chosen=chosen, candidates=(chosen,))
            made = replace(made, identity=identity)
        passages.append(made)
        start_s += length_s
    return example.make_result(path, passages=tuple(passages), sha256="ab" * 32)


def offered(*pieces, whole_s=200.0):
    return [merge.first for merge in find_merges([file_of(*pieces, whole_s=whole_s)])]


A, B = example.MBID, OTHER


@pytest.mark.parametrize(
    ("pieces", "firsts"),
    [
        ([(120.0, A), (79.0, A)], [0]),
        ([(60.0, A), (60.0, A), (79.0, A)], [0, 1]),
        ([(150.0, B), (120.0, A), (79.0, A)], [1]),
        ([(120.0, A), (79.0, B)], []),
        ([(120.0, A), (300.0, B), (79.0, A)], []),
        ([(200.0, None), (200.0, None)], []),
    ],
)
def test_neighbours_with_one_identity_are_offered_as_one(pieces, firsts):
    assert offered(*pieces) == firsts


def test_a_song_that_is_played_twice_is_no_song_cut_in_two():
    assert offered((199.0, A), (201.0, A)) == []
    assert offered((150.0, A), (150.0, A)) == []


@pytest.mark.parametrize(("rest_s", "firsts"), [(60.0, [0]), (75.0, []), (45.0, [])])
def test_what_nobody_knows_is_the_rest_of_a_neighbour_where_the_lengths_say_so(rest_s, firsts):
    assert offered((140.0, A), (rest_s, None)) == firsts
    assert offered((rest_s, None), (140.0, A)) == firsts


def test_without_a_known_length_the_identity_alone_makes_the_offer():
    assert offered((120.0, A), (79.0, A), whole_s=None) == [0]
    assert offered((140.0, A), (60.0, None), whole_s=None) == []


def test_recordings_without_an_id_are_compared_by_their_names():
    file = file_of((120.0, A), (79.0, A))

    def unnumbered(passage, title):
        chosen = replace(passage.identity.chosen, recording_mbid=None, title=title)
        return replace(passage, identity=replace(passage.identity, chosen=chosen))

    def with_titles(*titles):
        passages = zip(file.passages, titles, strict=True)
        return replace(file, passages=tuple(unnumbered(*each) for each in passages))

    assert len(find_merges([with_titles("Rain", "rain")])) == 1
    assert find_merges([with_titles("Rain", "Snow")]) == []


def test_the_offers_stand_in_a_table_that_says_why():
    files = [file_of((120.0, A), (79.0, A), path=f"/{name}.flac") for name in "ba"]
    table = merges_table(find_merges(files))
    assert table["path"].tolist() == ["/a.flac", "/b.flac"]
    assert table.loc[0, ["passage", "next_passage"]].tolist() == [0, 1]
    assert table["why"][0] == "both are 'Rain' by The Drops, together 199 s of its 200 s"
    assert merges_table([]).columns.tolist() == table.columns.tolist()


def test_a_merge_takes_one_cut_away_and_leaves_the_others():
    file = file_of((100.0, B), (120.0, A), (79.0, A), (50.0, None))
    starts = [passage.start_ticks for passage in file.passages]
    assert make_merge_decision(file, 1).boundaries_ticks == (starts[1], starts[3])
    assert make_merge_decision(file_of((9.0, A), (9.0, A)), 0).boundaries_ticks == ()


@pytest.mark.parametrize(("passage", "message"), [(1, "is the last of"), (7, "must be one of")])
def test_the_last_passage_has_none_to_be_merged_with(passage, message):
    with pytest.raises(InvalidInputError, match=message):
        make_merge_decision(file_of((9.0, A), (9.0, A)), passage)


def test_a_song_cut_in_two_is_offered_as_one_and_made_one_when_asked(tmp_path):
    if find_fingerprint_tool() is None:
        pytest.skip("needs Chromaprint: libchromaprint or an ffmpeg with its muxer")
    pieces = [audio_factory.music_like(seed=k, seconds=60.0, sr=22050) for k in range(2)]
    pause = np.zeros((pieces[0].shape[0], 22050 * 2), np.float32)
    (tmp_path / "music").mkdir()
    audio_factory.write_audio(
        tmp_path / "music" / "side.flac", np.hstack([pieces[0], pause, pieces[1]]), 22050
    )
    catalogue = tmp_path / "catalogue.sqlite"
    identifying = IdentifySettings(is_offline=True, catalogue=str(catalogue))
    settings = Settings(identifying=identifying, running=RunSettings(backend="sequential"))
    session = import_folder(tmp_path / "music", settings=settings, store=tmp_path / "store.db")
    with Catalogue(catalogue) as known:
        add_results(known, session.results)

    cut = session.recut("side.flac", [30.0, 61.0])
    assert session.merges[["passage", "next_passage"]].to_numpy().tolist() == [[0, 1]]
    assert "'side, passage 0', together 61 s of its 61 s" in session.merges["why"][0]
    assert session.merges["why"][0] in cut.all_notes[-1]
    assert len(session.passages) == 3

    session.merge("side.flac", int(session.merges["passage"][0]))
    assert session.passages["start_s"].tolist() == [0.0, 61.0]
    assert session.passages["title"].tolist() == ["side, passage 0", "side, passage 1"]
    assert session.merges.empty
    assert session.get_result("side.flac").all_notes == ()

    session.undo()
    assert len(session.merges) == 1
