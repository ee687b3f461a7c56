"""A real JupyterLab in a real browser: what moves, what the buttons do, and what stays."""

import re
import shutil
import time

import nbformat
import numpy as np
import pytest
from mutagen.easyid3 import EasyID3
from mutagen.id3 import APIC, ID3, TIT2
from support.audio_factory import music_like, noise, write_audio
from support.lab_server import (
    CHROMIUM,
    CHROMIUM_FLAGS,
    IN_CHROMIUM,
    ROOT,
    open_notebook,
    run_command,
    run_lab,
    save_notebook,
    take_pictures,
    wait_for_cells,
    write_notebook,
)
from support.pictures import make_picture

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect

pytestmark = IN_CHROMIUM
SR = 22_050
N_SONGS = 120
XSS = "<img src=x onerror=window.__xss=1>"


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Enough files that an import can be cancelled in its middle."""
    folder = tmp_path_factory.mktemp("music")
    song = music_like(seed=1, seconds=60, sr=SR)
    for index in range(N_SONGS):
        name = f"{index:02d} {XSS if index % 5 == 0 else 'a song'}.wav"
        write_audio(folder / name, np.roll(song, 1000 * index, axis=1), SR)
    return folder


@pytest.fixture(scope="module")
def side(tmp_path_factory):
    """Two pieces with a faint hiss between them."""
    hush = noise(3.0, SR, amplitude=1e-3)
    pieces = [music_like(seed=seed, seconds=60, sr=SR) for seed in (1, 2)]
    path = tmp_path_factory.mktemp("side") / "side.wav"
    write_audio(path, np.concatenate([pieces[0], hush, pieces[1]], axis=1), SR)
    return path


@pytest.fixture(scope="module")
def lab(tmp_path_factory, music):
    folder = tmp_path_factory.mktemp("notebooks")
    buffer = tmp_path_factory.mktemp("buffer")
    shutil.copy(ROOT / "notebooks" / "01_import.ipynb", folder)
    environment = {
        "WKMP_LAB_MUSIC": str(music),
        "WKMP_LAB_OUT": str(folder / "results"),
        "XDG_DATA_HOME": str(buffer / "share"),
    }
    with run_lab(folder, buffer, environment) as url:
        yield folder, url


@pytest.fixture
def page():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        opened = browser.new_page(viewport={"width": 1100, "height": 1150})
        errors = []
        opened.on("pageerror", lambda error: errors.append(str(error)))
        yield opened
        assert opened.evaluate("() => window.__xss") is None
        assert not errors
        browser.close()


def test_the_panel_moves_and_cancel_keeps_what_is_done(lab, page):
    folder, url = lab
    open_notebook(page, url, "01_import.ipynb")
    run_command(page, "notebook:run-all-cells")
    panel, notebook = page.locator(".wkmp"), page.locator(".jp-Notebook")
    expect(panel).to_contain_text(f"of {N_SONGS} files", timeout=60_000)
    before = panel.inner_text()
    page.wait_for_function(
        "text => document.querySelector('.wkmp').innerText !== text", arg=before, timeout=10_000
    )
    some = re.compile(rf"\b([3-9]|\d\d+) of {N_SONGS} files")
    expect(panel).to_contain_text(some, timeout=60_000)
    panel.scroll_into_view_if_needed()
    take_pictures(page, "panel")
    narrow = page.locator(".wkmp").evaluate(
        "card => { card.style.width = '400px'; return card.scrollWidth <= 400 }"
    )
    assert narrow
    clicked_s = time.monotonic()
    page.get_by_role("button", name="Cancel").click()
    expect(notebook).to_contain_text("Import cancelled", timeout=10_000)
    print(f"cancel took {time.monotonic() - clicked_s:.2f} s")
    expect(notebook).to_contain_text("files.csv", timeout=60_000)
    expect(page.locator(".jp-RenderedImage img")).to_have_count(3, timeout=30_000)
    wait_for_cells(page)
    take_pictures(page, "import_end")
    kept = int(re.search(rf"Import cancelled: (\d+) of {N_SONGS} files", notebook.inner_text())[1])
    assert 3 <= kept < N_SONGS
    # Finished files are rows of the exported table, and so is what was measured and not yet named.
    rows = (folder / "results" / "files.csv").read_text(encoding="utf-8").splitlines()
    assert kept <= len(rows) - 1 < N_SONGS
    save_notebook(page)
    assert (folder / "01_import.ipynb").stat().st_size < 1_000_000
    open_notebook(page, url, "01_import.ipynb")
    expect(notebook).to_contain_text("Import cancelled", timeout=30_000)
    expect(notebook).to_contain_text(XSS)
    expect(notebook).not_to_contain_text("Error displaying widget")
    for index in range(3):
        page.locator(".jp-RenderedImage img").nth(index).scroll_into_view_if_needed()
        page.screenshot(path=ROOT / "artifacts" / f"plot_{index}.png")


def test_run_all_keeps_its_order_and_a_lost_session_is_found_again(lab, page, side):
    folder, url = lab
    cells = [
        f"import wkmp_lab as wl\nsession = wl.start_import({str(side.parent)!r}, store='o.db')",
        "session = await session\ndone = session.is_ended",
        "del session\nwl.last_session().state, done, len(wl.last_session().passages)",
        "wl.allow_nested_loops()",
        "session = await wl.last_session()\nprint('and the queued cells ran:', session.state)",
    ]
    write_notebook(folder / "order.ipynb", cells)
    open_notebook(page, url, "order.ipynb")
    run_command(page, "notebook:run-all-cells")
    notebook = page.locator(".jp-Notebook")
    expect(notebook).to_contain_text("('completed', True, 2)", timeout=60_000)
    expect(notebook).to_contain_text("makes Run All lose the queued cells")
    expect(notebook).to_contain_text("and the queued cells ran: completed", timeout=30_000)


def open_explorer(lab, page, side, name):
    """Open a notebook of its own that shows the side in the explorer, cut in two."""
    folder, url = lab
    cell = f"from wkmp_lab.notebook.explorer.explorer import explore\nexplore({str(side)!r})"
    write_notebook(folder / name, [cell])
    open_notebook(page, url, name)
    run_command(page, "notebook:run-all-cells")
    expect(page.locator(".wkmp-verdict")).to_contain_text("2 passages", timeout=60_000)


def look_at_wave(page):
    """The picture of the explorer, drawn; where it lies, and which seconds are in sight."""
    wave = page.locator(".wkmp-wave")
    expect(wave).to_have_attribute("data-view", re.compile(r"\d"), timeout=30_000)
    picture = wave.locator(".wv-picture")
    picture.scroll_into_view_if_needed()
    return wave, picture


def find_place(picture, at_s, lane):
    """Where a time lies on the page, in a lane: as ``makeLayout`` of drawing.js has it."""
    box = picture.bounding_box()
    from_s, to_s = map(float, picture.locator("..").get_attribute("data-view").split())
    left, right = box["x"] + 52, box["x"] + box["width"] - 8
    middles = {"map": 15, "strip": 46, "level": 130, "wave": 258, "spectrum": 360}
    share = (at_s - from_s) / (to_s - from_s)
    return left + share * (right - left), box["y"] + middles[lane]


def drag(page, start, stop, steps=10):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*stop, steps=steps)
    page.mouse.up()


def test_dragging_the_threshold_cuts_again(lab, page, side):
    open_explorer(lab, page, side, "explore.ipynb")
    verdict = page.locator(".wkmp-verdict")
    box = page.locator(".wkmp-threshold .noUi-handle").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(0, 120, 8):
        page.mouse.move(x - step, y)
    expect(verdict).to_contain_text("1 passage,", timeout=10_000)
    page.mouse.up()
    wave, picture = look_at_wave(page)
    expect(picture).to_have_attribute("aria-label", re.compile("1 passage$"))
    wave.get_by_role("button", name="Undo").click()
    expect(verdict).to_contain_text("2 passages,")
    take_pictures(page, "explorer")
    page.set_viewport_size({"width": 400, "height": 1150})
    picture.scroll_into_view_if_needed()
    take_pictures(page, "explorer_narrow")
    # As wide as the page, and every passage within reach.
    shown, whole, around = picture.evaluate(
        "frame => [frame.clientWidth, frame.scrollWidth, frame.parentElement.scrollWidth]"
    )
    assert whole <= shown < 400
    assert around <= shown + 1
    assert wave.get_by_label("Passage", exact=True).locator("option").count() == 2


def test_a_click_plays_from_there_and_the_cursor_moves(lab, page, side):
    open_explorer(lab, page, side, "play.ipynb")
    wave, picture = look_at_wave(page)
    clicked_s = time.monotonic()
    page.mouse.click(*find_place(picture, 30.0, "wave"))
    expect(wave).to_have_attribute("data-playing", "true")
    moves = "picture => Number(picture.getAttribute('aria-valuenow')) > 30.2"
    page.wait_for_function(
        f"() => ({moves})(document.querySelector('.wv-picture'))", timeout=20_000
    )
    print(f"from click to 0.2 s of sound {time.monotonic() - clicked_s:.2f} s")
    before_s = float(picture.get_attribute("aria-valuenow"))
    page.wait_for_function(
        "before => document.querySelector('.wv-picture').getAttribute('aria-valuenow')"
        " > before + 5",
        arg=before_s,
        timeout=20_000,
    )
    page.keyboard.press("Space")
    expect(wave).to_have_attribute("data-playing", "false")
    stood = picture.get_attribute("aria-valuenow")
    page.wait_for_timeout(300)
    assert picture.get_attribute("aria-valuenow") == stood


def test_one_zooms_to_the_samples_and_sees_them(lab, page, side):
    open_explorer(lab, page, side, "zoom.ipynb")
    wave, picture = look_at_wave(page)
    expect(wave).to_have_attribute("data-detail", "none")
    drag(page, find_place(picture, 57.0, "level"), find_place(picture, 67.0, "level"))
    expect(wave).to_have_attribute("data-detail", "columns", timeout=20_000)
    wave.get_by_label("Time").fill("1:01.5")
    wave.get_by_label("Time").press("Enter")
    expect(picture).to_have_attribute("aria-valuenow", "61.500", timeout=20_000)
    picture.focus()
    for _ in range(10):
        page.keyboard.press("+")
    expect(wave).to_have_attribute("data-detail", "samples", timeout=20_000)
    from_s, to_s = map(float, wave.get_attribute("data-view").split())
    assert to_s - from_s < 0.02
    assert from_s < 61.5 < to_s
    take_pictures(page, "explorer_samples")
    page.keyboard.press("0")
    expect(wave).to_have_attribute("data-detail", "none")


def test_a_notebook_stays_small_after_ten_listens_with_its_widgets_saved(lab, page, side):
    folder, _ = lab
    open_explorer(lab, page, side, "listen.ipynb")
    wait_for_cells(page)
    wave, picture = look_at_wave(page)
    wave.get_by_label("Passage", exact=True).select_option(index=1)
    names = ("Play its start", "Play the cut before it", "Play the cross-fade into it")
    for press in range(10):
        wave.get_by_role("button", name=names[press % 3]).click()
        before = picture.get_attribute("aria-valuenow")
        page.wait_for_function(
            "before => document.querySelector('.wv-picture').getAttribute('aria-valuenow')"
            " !== before",
            arg=before,
            timeout=15_000,
        )
    # The most that can be saved: JupyterLab leaves the state of widgets out unless told.
    keeps_state = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"
    is_kept = f"() => window.jupyterapp.commands.isToggled('{keeps_state}')"
    run_command(page, keeps_state)
    page.wait_for_function(is_kept)
    save_notebook(page)
    run_command(page, keeps_state)
    page.wait_for_function(f"() => !({is_kept})()")
    saved = folder / "listen.ipynb"
    state = nbformat.read(saved, as_version=4).metadata.widgets
    models = state["application/vnd.jupyter.widget-state+json"]["state"].values()
    assert sum(model["model_name"] == "AnyModel" for model in models) == 1
    print(f"{saved.stat().st_size:,} bytes after ten listens")
    assert saved.stat().st_size < 2_000_000


def test_a_cut_that_is_moved_is_kept_and_stays_in_the_saved_notebook(lab, page, side):
    folder, url = lab
    cells = [
        "import wkmp_lab as wl",
        f"session = wl.import_folder({str(side.parent)!r}, ui='none')",
        "session.explore('side.wav')",
        "session.passages[['passage', 'start_s', 'end_s']].round(1)",
    ]
    write_notebook(folder / "edit.ipynb", cells)
    open_notebook(page, url, "edit.ipynb")
    run_command(page, "notebook:run-all-cells")
    verdict, notebook = page.locator(".wkmp-verdict"), page.locator(".jp-Notebook")
    expect(verdict).to_contain_text("2 passages", timeout=60_000)
    page.wait_for_timeout(1500)
    # The browser moves sliders to their steps: that is nobody's choice.
    expect(verdict).not_to_contain_text("set by hand")
    expect(page.locator(".jp-OutputArea select").first).to_have_value("auto")
    wave, picture = look_at_wave(page)
    cut_s = float(re.search(r"cut at 1:(\d+\.\d)", picture.get_attribute("aria-label"))[1]) + 60.0
    drag(page, find_place(picture, cut_s, "level"), find_place(picture, 90.0, "level"))
    expect(verdict).to_contain_text("set by hand", timeout=10_000)
    expect(picture).to_have_attribute("aria-label", re.compile(r"cut at 1:(29\.[89]|30\.[0-2])$"))
    wave.get_by_role("button", name="As found").click()
    expect(verdict).not_to_contain_text("set by hand")
    page.wait_for_timeout(1000)
    expect(verdict).not_to_contain_text("set by hand")
    wave.get_by_role("button", name="Undo").click()
    expect(verdict).to_contain_text("set by hand")
    take_pictures(page, "edit")
    page.get_by_role("button", name="Keep these cuts").click()
    expect(page.locator(".wkmp-message")).to_contain_text("kept: 2 passages", timeout=30_000)
    page.get_by_role("button", name="Done").click()
    expect(notebook.locator("img[alt*='Level and spectrogram']")).to_be_visible(timeout=10_000)
    save_notebook(page)
    open_notebook(page, url, "edit.ipynb")
    expect(notebook.locator("img[alt*='Level and spectrogram']")).to_be_visible(timeout=30_000)
    expect(notebook).to_contain_text("taken: set by hand")
    expect(notebook).not_to_contain_text("Error displaying widget")


def test_an_explorer_that_is_not_done_leaves_its_form_in_what_is_saved(lab, page, side):
    _, url = lab
    open_explorer(lab, page, side, "left.ipynb")
    wait_for_cells(page)
    save_notebook(page)
    run_command(page, "kernelmenu:shutdown")
    open_notebook(page, url, "left.ipynb")
    kept = page.locator("details", has_text="What a saved notebook keeps")
    expect(kept).to_contain_text("2 passages", timeout=30_000)
    kept.first.locator("summary").first.click()
    expect(kept.locator("img[alt*='Level and spectrogram']")).to_be_visible()


@pytest.fixture(scope="module")
def tagged(tmp_path_factory):
    """Two songs that only their tags tell of, one of them with a hostile title."""
    folder = tmp_path_factory.mktemp("tagged")
    for name in ("pocket/Blue Lantern.mp3", "low-water/03 Night Bus.m4a"):
        shutil.copy(ROOT / "data" / "sample" / name, folder)
    tags = EasyID3(folder / "Blue Lantern.mp3")
    tags["title"] = f"{XSS} \u202eBlue $x$ Lantern </script>"
    tags.save()
    return folder


def test_a_review_takes_rejects_undoes_in_both_views_and_leaves_a_record(lab, page, tagged):
    folder, url = lab
    cells = [
        "import wkmp_lab as wl\nfrom wkmp_lab.settings import IdentifySettings\n"
        "alone = IdentifySettings(is_offline=True, catalogue='none.sqlite')\n"
        f"session = await wl.start_import({str(tagged)!r}, ui='none',\n"
        "    settings=wl.Settings(identifying=alone), store='review.wkmp.db')",
        "session.review()",
    ]
    write_notebook(folder / "review.ipynb", cells)
    open_notebook(page, url, "review.ipynb")
    run_command(page, "notebook:run-all-cells")
    card = page.locator(".wkmp")
    expect(card).to_contain_text("0 of 2 decided", timeout=60_000)
    card.get_by_label("Passage").select_option(index=1)
    expect(card).to_contain_text(XSS)
    card.get_by_role("button", name="Play start").click()
    expect(page.locator("audio")).to_be_visible(timeout=15_000)
    card.scroll_into_view_if_needed()
    take_pictures(page, "review")
    card.get_by_role("button", name="None of these").click()
    expect(card).to_contain_text("1 of 2 decided")
    card.get_by_role("button", name="Undo").click()
    expect(card).to_contain_text("0 of 2 decided")
    card.get_by_role("button", name="Take it").click()
    expect(card).to_contain_text("1 of 2 decided")
    card.get_by_role("button", name="Undo").click()
    card.get_by_role("radio", name="Table").check()
    rows = card.locator(".wk-row:not(.wk-head)")
    expect(rows).to_have_count(2)
    expect(rows.last).to_contain_text(XSS)
    rows.last.get_by_role("checkbox", name="Tick Blue Lantern.mp3 #0").check()
    take_pictures(page, "review_table")
    card.get_by_role("button", name="Tick all 2").click()
    card.get_by_role("button", name="Take the best for 2 ticked").click()
    expect(card).to_contain_text("2 of 2 decided")
    card.get_by_role("button", name="Undo").click()
    expect(card).to_contain_text("0 of 2 decided")
    assert card.evaluate("card => { card.style.width = '400px'; return card.scrollWidth <= 400 }")
    rows.first.get_by_role("checkbox").focus()
    page.keyboard.press("Space")
    expect(card).to_contain_text("1 ticked")
    rows.first.get_by_role("button", name="03 Night Bus.m4a #0").click()
    card.get_by_role("button", name="Take it").click()
    expect(card).to_contain_text("1 of 2 decided")
    card.get_by_role("button", name="Done").click()
    notebook = page.locator(".jp-Notebook")
    expect(notebook).to_contain_text("Review: 1 passage to decide on, 1 decision made")
    save_notebook(page)
    open_notebook(page, url, "review.ipynb")
    expect(notebook).to_contain_text("1 decision made", timeout=30_000)
    expect(notebook).not_to_contain_text("Error displaying widget")


@pytest.fixture(scope="module")
def browsed(tmp_path_factory):
    """Six songs, made and short, and one with a hostile title and a cover."""
    folder = tmp_path_factory.mktemp("browsed")
    for seed in range(6):
        song = music_like(seed=seed, seconds=12, sr=SR)
        write_audio(folder / f"song {seed}.flac", song, SR)
    shutil.copy(ROOT / "data" / "sample" / "pocket" / "Blue Lantern.mp3", folder)
    tags = ID3(folder / "Blue Lantern.mp3")
    tags.add(APIC(encoding=3, mime="image/png", type=3, desc="", data=make_picture()))
    tags.add(TIT2(encoding=3, text=f"{XSS} \u202eBlue $x$ Lantern"))
    tags.save()
    return folder


def read_row_numbers(page, name):
    """What the cells of a column show, from above, by its heading."""
    place = "heading => [...document.querySelectorAll('.wb-names > *')].findIndex("
    at = page.evaluate(f"{place} cell => cell.textContent.startsWith(heading))", name)
    rows = page.locator(".wb-row:visible")
    shown = [(row.bounding_box()["y"], row.locator(":scope > *").nth(at)) for row in rows.all()]
    return [
        float(cell.inner_text() or "nan") for _, cell in sorted(shown, key=lambda each: each[0])
    ]


def drag_around(page, plane):
    """Draw a lasso around all that a plane shows."""
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    left, top = box["x"] + 2, box["y"] + 2
    right, bottom = box["x"] + box["width"] - 2, box["y"] + box["height"] - 2
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 1)):
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def run_in_kernel(page, code):
    """Run code that no cell holds, to its end."""
    page.evaluate(
        "code => window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel"
        ".requestExecute({code, silent: true}).done.then(() => null)",
        code,
    )


def test_a_library_is_sorted_filtered_heard_and_chosen_from_and_stays(lab, page, browsed):
    folder, url = lab
    cells = [
        "import wkmp_lab as wl\n"
        "alone = wl.IdentifySettings(is_offline=True, catalogue='none.sqlite')\n"
        f"session = await wl.start_import({str(browsed)!r}, ui='none',\n"
        "    settings=wl.Settings(identifying=alone), store='browse.wkmp.db')",
        "browser = session.browse()\nbrowser",
    ]
    write_notebook(folder / "browse.ipynb", cells)
    page.set_viewport_size({"width": 1400, "height": 1000})
    open_notebook(page, url, "browse.ipynb")
    run_command(page, "notebook:run-all-cells")
    card, status = page.locator(".wk-browse"), page.locator(".wk-browse .wb-status")
    rows = card.locator(".wb-row:visible")
    expect(status).to_have_text("7 passages", timeout=60_000)
    expect(rows).to_have_count(7)
    expect(card).to_contain_text(f"{XSS} Blue $x$ Lantern")
    expect(card.locator(".wb-row img[src^=blob]")).to_have_count(1, timeout=15_000)

    card.get_by_role("button", name="length").click()
    expect(card.locator("[aria-sort=ascending]")).to_contain_text("length")
    card.get_by_role("button", name="tempo").click()
    expect(card.locator("[aria-sort=ascending]")).to_contain_text("tempo")
    page.wait_for_timeout(300)
    tempi = [bpm for bpm in read_row_numbers(page, "tempo") if bpm == bpm]
    assert len(tempi) > 1
    assert tempi == sorted(tempi)

    card.get_by_label("file contains").fill("song")
    expect(status).to_have_text("6 of 7 passages")
    card.get_by_label("length from").fill("soon")
    expect(status).to_have_text("length: expected a number, got 'soon'")
    card.get_by_label("length from").fill("0:13")
    expect(status).to_have_text("0 of 7 passages")
    card.get_by_label("length from").fill("")
    card.get_by_label("file contains").fill("")
    expect(status).to_have_text("7 passages")

    page.evaluate(
        "() => document.querySelector('.wk-browse').addEventListener('playing',"
        " () => { window.__heard = performance.now() }, true)"
    )
    clicked = page.evaluate("() => performance.now()")
    rows.first.get_by_role("button").click()
    page.wait_for_function("() => window.__heard", timeout=30_000)
    print(f"click to sound {page.evaluate('() => window.__heard') - clicked:.0f} ms")
    expect(card.locator(".wb-play[aria-pressed=true]")).to_have_count(1)

    card.get_by_role("grid").focus()
    for key in ("Home", "Space", "ArrowDown", "ArrowDown", "Space"):
        page.keyboard.press(key)
    expect(status).to_have_text("7 passages, 2 selected")
    page.keyboard.press("Shift+ArrowDown")
    expect(card.locator(".wb-row[aria-selected=true]:visible")).to_have_count(2)
    page.keyboard.press("Enter")
    expect(card.locator(".wb-play[aria-pressed=true]")).to_have_count(1, timeout=15_000)
    page.keyboard.press("Escape")
    expect(status).to_have_text("7 passages")

    card.get_by_role("searchbox").fill("song")
    expect(status).to_have_text("6 of 7 passages")
    expect(card).to_contain_text("7 points")
    drag_around(page, card.locator(".wb-room").first)
    expect(status).to_have_text("6 of 7 passages, 6 selected")
    card.scroll_into_view_if_needed()
    take_pictures(page, "browser")
    names = "' '.join(sorted(browser.selection['path'].str[-6:-5]))"
    run_in_kernel(page, f"open('chosen.txt', 'w').write({names})")
    assert (folder / "chosen.txt").read_text() == "0 1 2 3 4 5"
    page.set_viewport_size({"width": 700, "height": 1150})
    page.wait_for_timeout(300)
    card.scroll_into_view_if_needed()
    take_pictures(page, "browser_narrow")
    assert card.evaluate("card => card.scrollWidth <= card.clientWidth")

    kept = page.locator("details", has_text="What a saved notebook keeps")
    expect(kept).to_contain_text("6 selected", timeout=15_000)
    save_notebook(page)
    saved = (folder / "browse.ipynb").stat().st_size
    print(f"{saved:,} bytes with a browser of 7 passages")
    assert saved < 200_000
    run_command(page, "kernelmenu:shutdown")
    open_notebook(page, url, "browse.ipynb")
    expect(kept).to_contain_text(
        "Library: 7 passages, 6 of them shown, 6 selected", timeout=30_000
    )
    kept.first.locator("summary").first.click()
    expect(kept.locator("table")).to_have_count(2)


def test_rows_that_come_above_move_nothing_that_one_looks_at(lab, page):
    folder, url = lab
    cells = [
        f"import sys\nsys.path.insert(0, {str(ROOT / 'tests')!r})\n"
        "from support.example_results import make_result\n"
        "from support.fake_session import Growing\n"
        "from wkmp_lab.notebook.browser.browser import browse\n"
        "growing = Growing(make_result(f'/music/m {n:03d}.flac') for n in range(200))\n"
        "browser = browse(growing)\nbrowser",
    ]
    write_notebook(folder / "growing.ipynb", cells)
    open_notebook(page, url, "growing.ipynb")
    run_command(page, "notebook:run-all-cells")
    card, status = page.locator(".wk-browse"), page.locator(".wk-browse .wb-status")
    expect(status).to_have_text("400 passages", timeout=60_000)
    table = card.locator(".wb-table")
    table.evaluate("table => { table.scrollTop = 6010 }")
    middle = card.get_by_role("row", name="m 102.flac 0")
    middle.click()
    expect(status).to_have_text("400 passages, 1 selected")
    before = middle.bounding_box()["y"]
    run_in_kernel(
        page,
        "more = tuple(make_result(f'/music/a {n}.flac') for n in range(5))\n"
        "growing.results = (*more, *growing.results)\n",
    )
    expect(status).to_have_text("410 passages, 1 selected", timeout=15_000)
    page.wait_for_timeout(300)
    assert middle.bounding_box()["y"] == before
    expect(middle).to_have_attribute("aria-selected", "true")
    run_in_kernel(page, "growing.end()")
