"""Is a large library one view: how soon it opens, a click sounds, and what is saved.


    python benchmarks/browse.py [--music FOLDER] [--rows N] [--clicks N]

FOLDER is imported once, and each of its results kept under as many names as make N passages, with
other numbers. A real JupyterLab in Chromium opens that store: timed is the cell that shows the
browser, from its start until rows are seen, and with it the map; sorting by each column; clicks on
rows that were not heard before, until the player says that it plays; then the notebook is saved.
"""

import argparse
import itertools
import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from support.lab_server import (  # noqa: E402 (a neighbour's helper)
    CHROMIUM,
    CHROMIUM_FLAGS,
    open_notebook,
    run_command,
    run_lab,
    save_notebook,
    write_notebook,
)

import wkmp_lab as wl  # noqa: E402
from wkmp_lab.library.store.store import Store  # noqa: E402
from wkmp_lab.model import FileResult, SourceFile  # noqa: E402

OPEN = """
import wkmp_lab as wl
session = wl.open_session({folder!r}, store={store!r})
print("it is open")
"""
HEARD = """() => {
  window.__heard = 0;
  document.querySelector('.wk-browse').addEventListener(
    'playing', () => { window.__heard = performance.now() }, true);
}"""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, default=ROOT / "data" / "sample")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--clicks", type=int, default=12)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wkmp-bench-") as name, sync_playwright() as driver:
        buffer = Path(name)
        folder, store = buffer / "library", buffer / "many.wkmp.db"
        make_library(options.music, folder, store, n_passages=options.rows)
        books = buffer / "notebooks"
        books.mkdir()
        cells = [OPEN.format(folder=str(folder), store=str(store)), "session.browse()"]
        write_notebook(books / "browse.ipynb", cells)
        (buffer / "server").mkdir()
        with run_lab(books, buffer / "server", {}) as url:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            page.set_default_timeout(900_000)
            open_notebook(page, url, "browse.ipynb")
            tell_opening(page)
            tell_sorting(page)
            tell_clicks(page, options.clicks)
            save_notebook(page)
            browser.close()
        size = (books / "browse.ipynb").stat().st_size
        print(f"the saved notebook: {size / 1e6:.3f} MB")


def make_library(music: Path, folder: Path, store: Path, *, n_passages: int) -> None:
    """A store of so many passages, whose files are links to those of a folder of music."""
    session = wl.import_folder(music, store=store.with_name("few.wkmp.db"), ui="none")
    results = [each for each in session.results if each.passages]
    chance = random.Random(1)
    n_made = 0
    folder.mkdir()
    made = []
    for number, result in enumerate(itertools.cycle(results)):
        if n_made >= n_passages:
            break
        path = folder / f"{number:05d} {Path(result.path).name}"
        path.symlink_to(Path(result.path).absolute())
        made.append(vary(result, path, chance))
        n_made += len(result.passages)
    with Store(store, folder=folder) as opened:
        opened.put_many(made)
    print(f"{n_made:,} passages of {len(made):,} files")


def vary(result: FileResult, path: Path, chance: random.Random) -> FileResult:
    """The result of a file under another name, with other numbers."""
    passages = tuple(
        replace(
            passage,
            amplitude=passage.amplitude
            and replace(passage.amplitude, loudness_lufs=chance.uniform(-30.0, -6.0)),
            descriptors=passage.descriptors
            and replace(
                passage.descriptors,
                values=tuple(
                    (n, v * chance.uniform(0.8, 1.25)) for n, v in passage.descriptors.values
                ),
            ),
        )
        for passage in result.passages
    )
    source = SourceFile(str(path), result.source.size_bytes, result.source.mtime_ns)
    return replace(result, source=source, passages=passages)


def tell_opening(page: Page) -> None:
    """How long the cell takes that shows the browser, until rows are seen, and the map."""
    start_s = time.perf_counter()
    run_command(page, "notebook:run-cell-and-select-next")
    page.get_by_text("it is open", exact=True).wait_for()
    print(f"open_session: {time.perf_counter() - start_s:.1f} s")
    start_s = time.perf_counter()
    run_command(page, "notebook:run-cell")
    page.wait_for_selector(".wb-row:not([hidden]) .wb-cell:nth-child(3):not(:empty)")
    print(f"rows are seen after {time.perf_counter() - start_s:.2f} s")
    page.wait_for_function("() => /points/.test(document.querySelector('.wb-title').innerText)")
    print(f"the map after {time.perf_counter() - start_s:.2f} s")


def tell_sorting(page: Page) -> None:
    """How long rows take in another order, the first time and in the other direction."""
    for name in ("title", "loudness", "file"):
        took_s = []
        for order in ("ascending", "descending"):
            was = page.locator(".wb-body").inner_text()
            start_s = time.perf_counter()
            page.locator(".wb-names button", has_text=name).click()
            page.wait_for_function(
                "was => document.querySelector('.wb-body').innerText !== was", arg=was
            )
            took_s.append(f"{order} {1e3 * (time.perf_counter() - start_s):.0f} ms")
        print(f"by {name}: {', '.join(took_s)}")


def tell_clicks(page: Page, n_clicks: int) -> None:
    """From a click on a row that was not heard yet to the player's word that it plays."""
    page.evaluate(HEARD)
    took_ms = []
    for number in range(n_clicks):
        page.locator(".wb-table").evaluate(f"table => {{ table.scrollTop = {number * 3000} }}")
        page.wait_for_timeout(400)
        button = page.locator(".wb-row:visible .wb-play:enabled").nth(8)
        page.evaluate("() => { window.__heard = 0 }")
        took_ms.append(
            button.evaluate(
                """async button => {
                  const start = performance.now();
                  button.click();
                  while (!window.__heard) await new Promise(next => setTimeout(next, 5));
                  return window.__heard - start;
                }"""
            )
        )
    first, *others = took_ms
    middle, most = np.median(others), max(others)
    print(f"click to sound: first {first:.0f} ms, then median {middle:.0f}, worst {most:.0f} ms")


if __name__ == "__main__":
    main()
