"""The explorer's picture in a page that knows nothing of Jupyter, as in any host of anywidgets."""

import base64
import json

import numpy as np
import pytest
from support.audio_factory import music_like, noise, write_audio
from support.lab_server import ARTIFACTS, CHROMIUM, CHROMIUM_FLAGS, IN_CHROMIUM

from wkmp_lab.notebook.explorer.explorer import explore
from wkmp_lab.notebook.explorer.wave import describe_cutting

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = IN_CHROMIUM
HOSTILE = "<img src=x onerror=window.__xss=1> $x$.wav"
HOST = """<!doctype html><meta charset="utf-8"><style>body { margin: 8px } CSS</style>
<div id="root"></div>
<script type="module">
const told = TOLD;
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const arrays = Object.entries(told.arrays).map(([name, text]) => [name, bytes(text)]);
const values = { ...told.values, ...Object.fromEntries(arrays) };
const handlers = {};
window.sent = [];
const model = {
  get: (name) => values[name],
  on: (name, handler) => { handlers[name] = handler; },
  off: (name) => { delete handlers[name]; },
  send: (message) => { window.sent.push(message); },
};
const module = await import(URL.createObjectURL(bytesOf(told.code)));
function bytesOf(text) { return new Blob([text], { type: "text/javascript" }); }
window.close_it = module.default.render({ model, el: document.getElementById("root") });
window.n_handlers = () => Object.keys(handlers).length;
</script>"""


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A page with the picture of two pieces, in a file with a hostile name."""
    folder = tmp_path_factory.mktemp("host")
    sr = 22_050
    hush = noise(3.0, sr, amplitude=1e-3)
    pieces = [music_like(seed=seed, seconds=30, sr=sr) for seed in (1, 2)]
    side = write_audio(folder / HOSTILE, np.concatenate([pieces[0], hush, pieces[1]], axis=1), sr)
    made = explore(side)
    made.cutting.split(31.5)
    made.cutting.cut()
    wave = made.wave
    names = ("level", "peak", "loudness", "spectrum")
    told = {
        "arrays": {name: base64.b64encode(getattr(wave, name)).decode() for name in names},
        "values": {"frame": wave.frame, "state": describe_cutting(made.cutting), "beats_s": []},
        "code": wave._esm,
    }
    page = HOST.replace("CSS", wave._css).replace("TOLD", json.dumps(told).replace("<", "\\u003c"))
    made.close()
    path = folder / "host.html"
    path.write_text(page, encoding="utf-8")
    return path


def test_any_host_gets_a_sharp_picture_that_hears_keys_and_leaves_nothing(host):
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": 700, "height": 640}, device_scale_factor=2)
        said, asked = [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url.partition(":")[0]))
        page.goto(host.as_uri())
        wave, picture = page.locator(".wkmp-wave"), page.locator(".wv-picture")
        playwright.expect(wave).to_have_attribute("data-view", "0 63", timeout=30_000)
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / "explorer_bare.png")

        sharp = "canvas => [canvas.width, 2 * canvas.clientWidth]"
        assert len(set(picture.locator("canvas").first.evaluate(sharp))) == 1
        label = picture.get_attribute("aria-label")
        assert label.startswith(f"Level, wave and spectrogram of {HOSTILE}: 2 passages, cut at")
        assert page.evaluate("document.documentElement.scrollWidth") <= 700

        picture.focus()
        for key in ("n", "Shift+>", "c", "j", "s", "Control+z", "Control+y"):
            page.keyboard.press(key)
        sent = page.evaluate("window.sent.map(({ kind }) => kind)")
        assert sent == ["move", "snap", "join", "split", "undo", "redo"]
        moved = page.evaluate("window.sent[0].to_s")
        cut_s = float(picture.get_attribute("aria-valuenow"))
        assert moved == pytest.approx(cut_s + 0.1, abs=0.002)

        page.evaluate("window.close_it()")
        assert page.evaluate("window.n_handlers()") == 0
        assert page.evaluate("window.__xss") is None
        assert said == []
        assert set(asked) <= {"file", "blob"}
        browser.close()
