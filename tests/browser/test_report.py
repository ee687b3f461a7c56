"""The report in a real browser: its tables sort and its clips play, by the script of the house."""

import pytest
from support import example_results as example
from support.audio_factory import tone, write_audio
from support.lab_server import CHROMIUM, CHROMIUM_FLAGS, IN_CHROMIUM

from wkmp_lab.export.export import export_results

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect

pytestmark = IN_CHROMIUM


@pytest.fixture
def report(tmp_path):
    song = write_audio(tmp_path / "b.flac", tone(440, 20, 22_050), 22_050)
    lengths_s = {str(song): 20.0, str(tmp_path / "a.flac"): 100.0, str(tmp_path / "c.flac"): 9.0}
    results = [
        example.make_result(path, passages=(example.make_passage(end_s=end_s),))
        for path, end_s in lengths_s.items()
    ]
    (path,) = export_results(results, tmp_path / "out", formats=["html"])
    return path


@pytest.mark.parametrize(("width_px", "scheme"), [(1400, "light"), (700, "dark")])
def test_tables_sort_clips_play_and_nothing_is_asked_of_a_network(report, width_px, scheme):
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        size = {"width": width_px, "height": 900}
        page = browser.new_page(viewport=size, color_scheme=scheme)
        said, asked = [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url.partition(":")[0]))
        page.goto(report.as_uri())

        table = page.locator("table").first
        lengths = table.locator("tbody td:nth-child(3)")
        for order in (["0:09", "0:20", "1:40"], ["1:40", "0:20", "0:09"]):
            table.get_by_role("button", name="length").click()
            expect(lengths).to_have_text(order)
        expect(table.locator("th[aria-sort=descending]")).to_have_count(1)

        page.get_by_role("button", name="play the clip").click()
        expect(page.get_by_role("button", name="pause the clip")).to_be_visible()
        waits = "audio => new Promise(done => { audio.ontimeupdate = () => done(); })"
        page.locator("audio").evaluate(waits)
        assert page.evaluate("document.documentElement.scrollWidth") <= width_px
        assert said == []
        assert set(asked) <= {"file", "data"}
        browser.close()
