from support import example_results as example

from wkmp_lab.notebook.progress.records import SHOWN, format_record_html


def test_a_passage_shows_its_times_in_seconds_and_folds_what_it_holds():
    html = format_record_html(example.make_passage(0, start_s=1.0, end_s=11.5))
    assert ">start</td>" in html
    assert ">1.00 s</td>" in html
    assert ">11.50 s</td>" in html
    assert "<details><summary>Identity</summary>" in html
    assert "_ticks" not in html


def test_what_is_missing_is_named_at_the_end_and_is_no_none():
    html = format_record_html(example.make_passage(0, level="unidentified").identity)
    assert "<small>none: " in html
    assert "chosen" in html.rpartition("none: ")[2]
    assert ">None<" not in html


def test_hostile_words_are_shown_as_text():
    result = example.make_hostile()
    for record in (result.tags, *result.passages, result.audio):
        assert isinstance(record, SHOWN)
        assert "<script" not in format_record_html(record)
    assert "&lt;script&gt;" in format_record_html(result.tags)
