import dataclasses

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import example_results as example

from wkmp_lab.model import Tags
from wkmp_lab.tables import columns, columns_files, tables
from wkmp_lab.units import ticks_from_seconds

FILES = (
    "path status format sr n_channels duration_s size_bytes sha256 n_passages failure_phase "
    "failure_reason elapsed_s"
).split()
PASSAGES = (
    "path passage start_s end_s duration_s lead_in_s lead_out_s first_sound_s last_sound_s "
    "end_type peak_dbfs true_peak_dbtp loudness_lufs loudness_range_lu tempo_bpm key match "
    "recording_mbid title artist score fingerprint"
).split()


@pytest.fixture
def library():
    return [*example.make_library(), example.make_measured()]


def test_the_promised_columns_come_first_and_in_order():
    assert tables.files_table([]).columns[: len(FILES)].tolist() == FILES
    assert tables.passages_table([]).columns[: len(PASSAGES)].tolist() == PASSAGES
    assert tables.timeline_table([]).columns[:5].tolist() == [
        "path",
        "phase",
        "start_s",
        "end_s",
        "worker",
    ]


@pytest.mark.parametrize("name", sorted(tables.TABLES))
def test_an_empty_table_has_the_dtypes_of_a_full_one(name, library):
    empty, full = tables.TABLES[name]([]), tables.TABLES[name](library)
    shared = full[empty.columns]
    assert len(empty) == 0
    assert len(full) > 0
    pd.testing.assert_series_equal(empty.dtypes, shared.dtypes)


@pytest.mark.parametrize("name", sorted(tables.TABLES))
def test_the_order_of_rows_does_not_depend_on_the_order_of_results(name, library):
    table = tables.TABLES[name](library)
    pd.testing.assert_frame_equal(table, tables.TABLES[name](library[::-1]))
    assert isinstance(table.index, pd.RangeIndex)


@pytest.mark.parametrize(
    "declared",
    [
        columns_files.FILES,
        columns.PASSAGES,
        columns.CANDIDATES,
        columns.EVIDENCE,
        columns.GAPS,
        columns.TIMELINE,
        columns.FAILURES,
    ],
)
def test_every_column_is_named_once_and_explained(declared):
    names = [column.name for column in declared]
    assert len(set(names)) == len(names)
    assert all(column.meaning for column in declared)


def test_a_passage_shows_times_in_seconds_of_the_file():
    first, second = tables.passages_table([example.make_result()]).to_dict("records")
    assert (first["start_s"], first["end_s"], second["duration_s"]) == (0.0, 100.0, 80.5)
    assert (first["lead_in_s"], first["lead_out_s"]) == (1.0, 2.0)
    assert (second["first_sound_s"], second["last_sound_s"]) == (100.5, 180.0)
    assert (first["tempo_bpm"], first["key"], first["n_clipped"]) == (120.0, "F# minor", 3)


@pytest.mark.parametrize(
    ("lead_in_s", "lead_out_s", "told"),
    [(5.0, 2.0, "in"), (1.0, 5.0, "out"), (5.0, 5.0, "in and out"), (1.0, 2.0, None)],
)
def test_a_lead_that_hit_its_cap_says_so(lead_in_s, lead_out_s, told):
    passage = example.make_passage()
    amplitude = dataclasses.replace(
        passage.amplitude,
        lead_in_ticks=ticks_from_seconds(lead_in_s),
        lead_out_ticks=ticks_from_seconds(lead_out_s),
        parameters=(("max_lead_s", 5.0),),
    )
    capped = dataclasses.replace(passage, amplitude=amplitude)
    table = tables.passages_table([example.make_result(passages=(capped,))])
    assert (
        table["capped_leads"].astype(object).where(table["capped_leads"].notna(), None)[0] == told
    )


def test_the_cap_of_leads_without_parameters_is_unknown():
    table = tables.passages_table([example.make_result(passages=(example.make_passage(),))])
    assert table["capped_leads"].isna().all()
    bare = dataclasses.replace(example.make_passage(), amplitude=None)
    assert (
        tables.passages_table([example.make_result(passages=(bare,))])["capped_leads"].isna().all()
    )


def test_quality_is_told_in_a_word_for_each_fault():
    def told(*measures, codec="flac"):
        result = example.make_result()
        audio = dataclasses.replace(result.audio, codec=codec)
        result = dataclasses.replace(result, audio=audio)
        amplitude = dataclasses.replace(result.passages[0].amplitude, quality=measures)
        passages = (
            dataclasses.replace(result.passages[0], amplitude=amplitude),
            dataclasses.replace(result.passages[1], amplitude=None),
        )
        table = tables.passages_table([dataclasses.replace(result, passages=passages)])
        assert table["quality"].isna().tolist() == [False, True]
        return table["quality"][0]

    assert told() == "good"
    assert (
        told(("n_clipped", 30.0), ("n_clipped_runs", 9.0), ("side_db", -90.0)) == "clipped, mono"
    )
    assert (
        told(("lowpass_hz", 16_000.0), ("channel_imbalance_db", 50.0)) == "was lossy, one channel"
    )


def test_an_unidentified_passage_has_no_recording():
    row = tables.passages_table([example.make_result()]).iloc[1]
    assert row["match"] == "unidentified"
    assert row[["recording_mbid", "title", "artist", "score"]].isna().all()


def test_what_is_missing_stays_missing(library):
    files = tables.files_table(library).set_index("path")
    failed = files.loc["/music/broken.mp3"]
    assert failed[["sr", "duration_s", "sha256", "tag_title", "verdict"]].isna().all()
    assert (failed["failure_phase"], failed["failure_reason"]) == ("DECODING", "no audio stream")
    assert tables.passages_table(library)["loudness_range_lu"].isna().all()


def test_a_failure_tells_whose_fault_it_was(library):
    failures = tables.failures_table(library).set_index("path")
    assert failures.loc["/music/broken.mp3", "cause"] == "file"


def test_match_is_an_ordered_category():
    passages = tables.passages_table([example.make_result()])
    assert passages["match"].dtype.categories.tolist() == ["high", "medium", "low", "unidentified"]
    assert (passages["match"] <= "medium").tolist() == [True, False]


def test_candidates_and_evidence_say_which_was_taken():
    result = example.make_result()
    candidates = tables.candidates_table([result])
    assert candidates["rank"].tolist() == [1, 2, 1, 2]
    assert candidates["is_chosen"].tolist() == [True, False, False, False]
    evidence = tables.evidence_table([result])
    assert evidence["source"].tolist() == ["acoustid", "duration"] * 2
    assert evidence["weight"].tolist() == [0.9, -0.05] * 2


def test_flavors_are_wide_with_a_column_per_descriptor():
    flavors = tables.flavors_table([example.make_result()])
    assert flavors.columns.tolist() == ["path", "passage", "centroid_hz", "onset_rate_hz"]
    assert flavors["centroid_hz"].tolist() == [1500.0, 1500.0]


def test_the_timeline_starts_at_zero_and_keeps_the_clock():
    timeline = tables.timeline_table([example.make_result()])
    assert timeline["start_s"].tolist() == [0.0, 0.5]
    assert timeline["started_epoch_s"].tolist() == [1000.0, 1000.5]
    assert timeline["phase"].tolist() == ["EXTRACTING", "DECODING"]


def test_gaps_keep_their_reason():
    (gap,) = tables.gaps_table([example.make_result()]).to_dict("records")
    assert (gap["start_s"], gap["duration_s"], gap["cut_s"]) == (99.0, 2.0, 100.0)
    assert gap["reason"] == "deep and long"


def test_hostile_text_is_shown_in_one_clean_line():
    (row,) = tables.files_table([example.make_hostile()]).to_dict("records")
    assert row["tag_title"] == "=1+1<script>alert('x')</script> End \ufffd"
    assert row["path"].startswith("/music/<img src=x onerror=y>\ufffd\ufffd\ufffd.mp3 [")


def test_two_undecodable_names_stay_apart():
    results = [example.make_failure(f"/music/{name}.mp3") for name in ("\udce8", "\udce9")]
    assert tables.files_table(results)["path"].is_unique


@settings(max_examples=30)
@given(st.text(), st.text())
def test_no_text_breaks_a_table(title, path):
    passage = example.make_passage(title=title)
    result = example.make_result(path, tags=Tags(title=title), passages=(passage,))
    for make_table in tables.TABLES.values():
        make_table([result]).to_csv()


def test_tags_are_read_beside_the_identity_where_they_tell_of_the_passage_alone():
    song = example.make_result(
        "/a.flac",
        passages=(example.make_passage(0, level="unidentified"),),
        tags=Tags(title="Rain (rough mix)", artist="The Drops"),
    )
    side = example.make_result("/b.flac", tags=Tags(title="Side A", artist="The Drops"))
    table = tables.passages_table([song, side])
    assert table["tag_title"].fillna("").tolist() == ["Rain (rough mix)", "", ""]
    assert table["tag_artist"].fillna("").tolist() == ["The Drops", "", ""]
    assert table["title"].fillna("").tolist()[0] == ""
