"""The report of a library: pictures, clips and tables in one page that asks nobody."""

import base64
import dataclasses
import hashlib
import io
import re

import av
import pytest
from support import example_results as example
from support.audio_factory import tone, write_audio

from wkmp_lab.export import export
from wkmp_lab.export.html_report import CLIP_BUDGET_S, MAX_CLIPS, choose_clips, format_report
from wkmp_lab.model import DeclaredPiece, Tags


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The report of a library whose one file is really there."""
    folder = tmp_path_factory.mktemp("report")
    song = write_audio(folder / "song.flac", tone(440, 20, 22_050), 22_050)
    passage = example.make_passage(end_s=20.0)
    there = example.make_result(str(song), passages=(passage,))
    results = [there, example.make_result(str(folder / "gone.flac")), example.make_failure()]
    (path,) = export.export_results(results, folder / "out", formats=["html"])
    return path.read_text("utf-8"), results, folder


def test_a_page_holds_all_that_it_shows_and_names_no_host(page):
    html = page[0]
    sources = re.findall(r'(?:src|href)="([^"]{0,30})', html)
    assert sources
    assert all(source.startswith("data:") for source in sources)
    assert "//" not in re.sub(r'"data:[^"]*"', "", html).replace(str(page[2]), "")


def test_only_the_script_of_the_house_may_run(page):
    (script,) = re.findall(r"<script>(.*?)</script>", page[0], re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.search(r'Security-Policy" content="([^"]*)"', page[0])[1]
    assert policy.startswith("default-src 'none'")
    assert f"script-src 'sha256-{digest}'" in policy.replace("&#39;", "'").replace("&#43;", "+")


def test_pictures_say_in_words_what_is_to_be_seen(page):
    words = re.findall(r'<img src="data:image/png;base64,[^"]+" alt="([^"]+)"', page[0])
    assert len(words) == 4
    assert words[0].startswith("Match levels of 3 passages")


def test_a_passage_can_be_heard_where_its_file_is_still_there(page):
    (clip,) = re.findall(r'src="data:audio/ogg;base64,([^"]+)"', page[0])
    with av.open(io.BytesIO(base64.b64decode(clip))) as container:
        assert container.streams.audio[0].codec_context.name == "opus"
        assert container.duration / av.time_base == pytest.approx(6.0, abs=0.1)
    assert "Clips of 1 of them" in page[0]


def test_the_same_library_gives_the_same_page(page, tmp_path):
    (path,) = export.export_results(page[1], tmp_path, formats=["html"])
    assert path.read_text("utf-8") == page[0]


def test_clips_are_few_enough_for_a_page_and_for_patience():
    many = [
        example.make_result(f"/m/{n}.flac", passages=(example.make_passage(end_s=60.0),))
        for n in range(2 * MAX_CLIPS)
    ]
    assert len(choose_clips(many)) == MAX_CLIPS
    hours = [
        example.make_result(
            f"/m/{n}.mp3",
            passages=(example.make_passage(start_s=3600.0 * n, end_s=3600.0 * n + 60),),
        )
        for n in range(4)
    ]
    chosen = choose_clips(hours)
    assert [result.path for result, _, _ in chosen] == ["/m/0.mp3", "/m/1.mp3"]
    assert sum(start_s for _, _, start_s in chosen) < CLIP_BUDGET_S


def test_passages_have_the_numbers_of_the_column_passage():
    passages = [example.make_passage(n, start_s=100.0 * n, end_s=100.0 * n + 90.0) for n in (0, 1)]
    html = format_report([example.make_result("/m/side.flac", passages=tuple(passages))])
    assert re.findall(r"side\.flac</bdi>[^#]{0,40} #(\d)</td>", html) == ["0", "1"]


def test_a_page_of_nothing_is_whole():
    html = format_report([])
    assert html.rstrip().endswith("</html>")
    assert "<audio" not in html
    assert "<img" not in html


@pytest.mark.parametrize(
    ("tags", "declared", "shown"),
    [
        (Tags(title="T", artist="A"), None, "A – T (by its tags)"),
        (Tags(), DeclaredPiece(0, "D", "P"), "P – D (by its sheet or chapters)"),
        (Tags(), None, None),
    ],
)
def test_names_that_are_no_identity_say_whose_word_they_are(tags, declared, shown):
    passage = example.make_passage(level="unidentified")
    passage = dataclasses.replace(passage, declared=declared)
    html = format_report([example.make_result(tags=tags, passages=(passage,))])
    assert shown in html if shown else "(by its" not in html
