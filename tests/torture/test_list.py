"""The torture list: 48 inputs and faults, and where each is tried.

A line without a test would be a claim: this module checks that every test it names is there.
"""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
IMPORT, FAULTS = "torture/test_import.py", "torture/test_faults.py"
ONLINE = "lookup/test_identifying_online.py"
HOSTILE, SCANNING = "io/files/test_hostile_files.py", "io/files/test_scanning.py"
CANNOT = (IMPORT, "test_what_cannot_be_decoded_fails_with_its_reason")
DAMAGED = (IMPORT, "test_what_is_damaged_has_the_length_of_its_samples_and_says_so")
SHORT = (IMPORT, "test_what_is_too_short_or_silent_is_never_looked_up")
NAMES = (IMPORT, "test_odd_names_are_names_and_nothing_else")
TAGS = (IMPORT, "test_hostile_tags_are_text_in_every_export")
SKIPPED = (IMPORT, "test_what_is_no_regular_file_is_skipped_and_never_opened")

LIST = {
    1: ("an empty file", CANNOT),
    2: ("a page named .mp3", CANNOT),
    3: ("an MP3 of a few bytes", CANNOT, (HOSTILE, "test_an_mp3_of_400_bytes_is_refused")),
    4: ("half an MP3", DAMAGED),
    5: ("an MP3 with changed bytes", DAMAGED),
    6: ("junk before the music", DAMAGED),
    7: ("zeros named .mp3", CANNOT),
    8: ("half a second, two seconds", SHORT),
    9: ("three seconds", SHORT),
    10: ("silence", SHORT),
    11: ("noise", SHORT),
    12: ("headers that cannot be", CANNOT),
    13: ("a header that claims 4 GB", DAMAGED),
    14: (
        "a file of many hours",
        (HOSTILE, "test_memory_does_not_grow_with_the_length_of_a_file"),
        ("io/files/test_audio.py", "test_decoding_stops_at_the_longest_length"),
    ),
    15: (
        "passages of a mix",
        (
            "lookup/test_lookups.py",
            "test_parts_of_a_file_are_not_asked_of_acoustid_and_tags_do_not_speak_for_them",
        ),
        (
            "io/catalogue/test_catalogue.py",
            "test_a_clip_of_ten_seconds_or_more_is_found_where_it_lies",
        ),
    ),
    16: ("a folder named .mp3", SKIPPED),
    17: (
        "a pipe, a device",
        SKIPPED,
        (HOSTILE, "test_special_files_are_refused_without_being_opened"),
    ),
    18: (
        "links in loops and to nowhere",
        SKIPPED,
        (SCANNING, "test_links_are_followed_once_and_loops_end"),
    ),
    19: (
        "one file by three names",
        (IMPORT, "test_one_content_under_three_names_is_measured_once"),
    ),
    20: (
        "no permission",
        (SCANNING, "test_folders_without_permission_are_reported"),
        (SCANNING, "test_a_folder_that_cannot_be_listed_is_reported_and_the_rest_found"),
    ),
    21: ("a file that vanishes", ("runner/test_runner.py", "test_a_task_never_raises")),
    22: (
        "a file that changes",
        (FAULTS, "test_a_file_that_changes_while_it_is_measured_is_done_again"),
    ),
    23: ("a name that is no text", NAMES),
    24: ("names that mean something elsewhere", NAMES),
    25: ("paths that are too long", (SCANNING, "test_paths_that_are_too_long_are_reported")),
    26: ("two spellings of a name", NAMES),
    27: (
        "huge and broken tags",
        TAGS,
        ("io/tags/test_reading.py", "test_huge_values_are_cut_and_pictures_left"),
    ),
    28: (
        "tags that are HTML",
        TAGS,
        ("notebook/progress/test_panel.py", "test_hostile_names_are_shown_as_text"),
        ("collection/test_review_queue.py", "test_hostile_candidates_are_shown_as_text"),
        (
            "browser/test_jupyterlab.py",
            "test_a_review_takes_rejects_undoes_in_both_views_and_leaves_a_record",
        ),
    ),
    29: (
        "tags that are formulas",
        TAGS,
        ("display/test_safe_text.py", "test_what_a_spreadsheet_would_run_is_prefixed"),
    ),
    30: (
        "tags that are paths",
        ("display/test_safe_text.py", "test_a_file_name_stays_in_its_folder_on_every_system"),
        ("display/test_safe_text.py", "test_reserved_names_are_changed"),
    ),
    31: (
        "tags against the sound",
        (
            "identifying/test_recording.py",
            "test_the_sound_wins_over_contradicting_tags_but_is_no_longer_sure",
        ),
    ),
    32: (
        "ids that are malformed, merged, unknown",
        ("io/tags/test_fields.py", "test_malformed_ids_count_as_missing"),
        ("lookup/test_lookups.py", "test_a_merged_embedded_id_becomes_the_canonical_one"),
        ("lookup/test_lookups.py", "test_an_embedded_id_that_does_not_exist_counts_for_nothing"),
    ),
    33: (
        "no network",
        ("io/web/test_transport.py", "test_a_host_that_cannot_be_reached_costs_one_try"),
    ),
    34: (
        "a server that never answers",
        ("io/web/test_transport.py", "test_a_lasting_trouble_ends_in_a_typed_outcome"),
        (ONLINE, "test_every_fault_ends_in_rows_with_a_reason_and_a_finished_run"),
    ),
    35: (
        "503, once and for ever",
        ("io/web/test_transport.py", "test_passing_troubles_are_sat_out"),
        ("io/web/test_transport.py", "test_a_host_that_fails_again_and_again_is_left_alone"),
    ),
    36: ("429", ("io/web/test_transport.py", "test_passing_troubles_are_sat_out")),
    37: (
        "answers that are none",
        ("io/web/test_acoustid.py", "test_a_page_that_is_no_answer_is_malformed_and_not_kept"),
        ("io/web/test_musicbrainz.py", "test_a_page_that_is_no_answer_is_malformed_and_not_kept"),
        (ONLINE, "test_every_fault_ends_in_rows_with_a_reason_and_a_finished_run"),
    ),
    38: (
        "answers full of nulls",
        ("io/web/test_acoustid.py", "test_nulls_everywhere_are_tolerated"),
    ),
    39: (
        "a wrong key",
        ("lookup/test_lookups.py", "test_a_wrong_key_leaves_the_rest_of_the_run_as_it_is"),
        (ONLINE, "test_a_wrong_key_is_told_in_one_line_and_asked_with_once"),
    ),
    40: (
        "redirects, a certificate that nobody vouches for",
        ("io/web/test_transport.py", "test_a_lasting_trouble_ends_in_a_typed_outcome"),
        ("io/web/test_transport.py", "test_a_certificate_that_nobody_vouches_for_is_refused"),
    ),
    41: (
        "eight processes at once",
        (
            "lookup/test_lookups.py",
            "test_eight_processes_and_a_second_session_stay_polite_and_ask_nothing_twice",
        ),
    ),
    42: (
        "a worker that is killed",
        ("runner/test_runner.py", "test_a_worker_that_dies_costs_one_file_which_is_named"),
    ),
    43: (
        "a worker that eats memory",
        ("runner/test_runner.py", "test_a_worker_that_eats_memory_costs_one_file_which_is_named"),
    ),
    44: (
        "a parent that is killed",
        ("library/test_session.py", "test_killing_the_parent_leaves_no_workers_and_loses_nothing"),
    ),
    45: (
        "Ctrl-C, twice",
        ("library/test_interrupts.py", "test_an_impatient_ctrl_c_reaches_everybody_and_is_safe"),
    ),
    46: (
        "a full disk, a folder that takes nothing",
        (FAULTS, "test_an_export_on_a_full_disk_leaves_the_old_one_and_no_rubbish"),
        (FAULTS, "test_an_import_on_a_full_disk_names_the_store_and_keeps_what_it_had"),
        (FAULTS, "test_a_folder_that_takes_no_store_or_export_is_named"),
    ),
    47: (
        "a store that is damaged, newer, in use",
        (FAULTS, "test_a_damaged_store_is_named_and_never_made_anew"),
        (FAULTS, "test_damage_inside_a_store_is_told_or_does_no_harm"),
        (
            "library/store/test_damage.py",
            "test_no_bit_of_a_store_gives_other_figures_without_a_word",
        ),
        ("library/store/test_store.py", "test_a_newer_store_is_refused"),
        ("library/store/test_store.py", "test_only_one_import_writes"),
    ),
    48: (
        "locale, time zone, descriptors, workers",
        (IMPORT, "test_the_surroundings_change_no_result"),
        (IMPORT, "test_workers_and_descriptors_change_no_result"),
    ),
}


def test_the_list_is_whole():
    assert list(LIST) == list(range(1, 49))


@pytest.mark.parametrize("number", LIST)
def test_a_line_of_the_list_is_tried(number):
    _, *places = LIST[number]
    assert places
    for file, name in places:
        tree = ast.parse((TESTS / file).read_text("utf-8"))
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name in names, f"{file} has no {name}"
