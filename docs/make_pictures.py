"""The pictures of the README, from a real JupyterLab in a real browser.

    python docs/make_pictures.py --music FOLDER --side FILE

FOLDER is imported with two jobs and photographed on the way; FILE is shown in the explorer.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from support.lab_server import (  # noqa: E402 (a neighbour's helper)
    CHROMIUM,
    CHROMIUM_FLAGS,
    open_notebook,
    run_command,
    run_lab,
    write_notebook,
)

IMAGES = ROOT / "docs" / "images"


def main() -> None:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, default=ROOT / "data" / "sample")
    parser.add_argument("--side", type=Path, default=ROOT / "data" / "sample" / "sides/Side A.ogg")
    options = parser.parse_args()
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        buffer = Path(folder) / "buffer"
        books = Path(folder) / "notebooks"
        buffer.mkdir()
        books.mkdir()
        shutil.copy(ROOT / "notebooks" / "01_import.ipynb", books)
        cell = f"import wkmp_lab as wl\nwl.explore({str(options.side)!r})"
        write_notebook(books / "explore.ipynb", [cell])
        library = f"wl.open_session({str(options.music.resolve())!r})"
        write_notebook(books / "browse.ipynb", [f"import wkmp_lab as wl\n{library}.browse()"])
        environment = {
            "WKMP_LAB_MUSIC": str(options.music.resolve()),
            "WKMP_LAB_OUT": str(buffer / "results"),
            "XDG_DATA_HOME": str(buffer / "share"),
        }
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": 1000, "height": 1000}, device_scale_factor=1.5)
        with run_lab(books, buffer, environment) as url:
            take_import(page, url)
            take_explorer(page, url)
            take_browser(page, url)
        browser.close()
    for path in IMAGES.glob("*.png"):
        # Few colours are enough, and a third of the size.
        Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)


def take_import(page, url: str) -> None:
    """The panel in mid-run, and the timeline at the end."""
    open_notebook(page, url, "01_import.ipynb")
    run_command(page, "notebook:run-all-cells")
    panel = page.locator(".wkmp")
    expect(panel).to_contain_text("about", timeout=120_000)
    for theme in ("Dark", "Light"):
        set_theme(page, theme)
        panel.screenshot(path=IMAGES / f"panel_{theme.lower()}.png")
    pictures = page.locator(".jp-RenderedImage img")
    expect(pictures).to_have_count(3, timeout=300_000)
    for index, name in enumerate(("timeline", "passages", "loudness_tempo")):
        pictures.nth(index).scroll_into_view_if_needed()
        pictures.nth(index).screenshot(path=IMAGES / f"{name}.png")


def take_explorer(page, url: str) -> None:
    """The explorer on one file, in a window high enough to show all of it."""
    page.set_viewport_size({"width": 1120, "height": 1900})
    open_notebook(page, url, "explore.ipynb")
    run_command(page, "notebook:run-all-cells")
    expect(page.locator(".wkmp-verdict")).to_contain_text("passages", timeout=120_000)
    page.wait_for_timeout(1500)
    for theme in ("Dark", "Light"):
        set_theme(page, theme)
        page.locator(".jp-OutputArea-output").first.screenshot(
            path=IMAGES / f"explorer_{theme.lower()}.png"
        )


def take_browser(page, url: str) -> None:
    """The library in the browser, sorted, with a few rows selected and one that is heard."""
    page.set_viewport_size({"width": 1300, "height": 900})
    open_notebook(page, url, "browse.ipynb")
    run_command(page, "notebook:run-all-cells")
    card = page.locator(".wk-browse")
    expect(card).to_contain_text("of their variety", timeout=60_000)
    card.get_by_role("button", name="loudness").click()
    card.locator(".wb-row:visible").nth(3).get_by_role("button").click()
    expect(card.locator(".wb-play[aria-pressed=true]")).to_have_count(1, timeout=30_000)
    card.get_by_role("grid").focus()
    for key in ("Home", "Shift+ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    page.wait_for_timeout(500)
    for theme in ("Dark", "Light"):
        set_theme(page, theme)
        card.screenshot(path=IMAGES / f"browser_{theme.lower()}.png")


def set_theme(page, theme: str) -> None:
    run_command(page, "apputils:change-theme", f"{{theme: 'JupyterLab {theme}'}}")
    light = str(theme == "Light").lower()
    page.wait_for_function(f"() => document.body.dataset.jpThemeLight === '{light}'")
    page.wait_for_timeout(400)


if __name__ == "__main__":
    main()
