"""A JupyterLab of its own on the loopback address, and Chromium to look at it."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "artifacts"
START_S = 60.0
LAB_SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
CHROMIUM_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()


def find_chromium():
    """The path of a Chromium, None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


CHROMIUM = find_chromium()
IN_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install chromium to run this"),
]
"""How tests that look into a browser are marked."""


@contextlib.contextmanager
def run_lab(folder, buffer, environment):
    """JupyterLab on ``folder``; its address. All it writes stays in ``buffer``."""
    port = find_port()
    for name, values in LAB_SETTINGS.items():
        file = buffer / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *("--IdentityProvider.token=", "--ServerApp.password="),
        *("--ServerApp.disable_check_xsrf=True", "--ServerApp.terminals_enabled=False"),
        *(f"--ServerApp.root_dir={folder}", f"--LabApp.user_settings_dir={buffer}/settings"),
        *(f"--LabApp.workspaces_dir={buffer}/ws", "--LabApp.expose_app_in_browser=True"),
        *("--LabApp.extension_manager=readonly", "--LabApp.news_url=None"),
    ]
    own = {"JUPYTER_CONFIG_DIR": "c", "JUPYTER_DATA_DIR": "d", "JUPYTER_RUNTIME_DIR": "r"}
    environment = {
        **os.environ,
        **{name: str(buffer / part) for name, part in own.items()},
        "IPYTHONDIR": str(buffer / "i"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        **environment,
    }
    with (buffer / "log").open("w") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment, start_new_session=True
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for_server(server, url, buffer / "log")
        yield url
    finally:
        with contextlib.suppress(OSError):
            ask = urllib.request.Request(f"{url}/api/shutdown", method="POST", data=b"")
            urllib.request.urlopen(ask, timeout=5).close()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(5)


def find_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_server(server, url, log):
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if server.poll() is not None:
            raise RuntimeError(log.read_text()[-2000:])
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{url}/api/status", timeout=1).close()
            return
        time.sleep(0.1)
    raise TimeoutError(f"JupyterLab did not answer within {START_S} s")


def write_notebook(path, cells):
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata.kernelspec = kernel
    nbformat.write(notebook, path)


def open_notebook(page, url, name):
    """Open a notebook and wait until its kernel is idle."""
    page.goto(f"{url}/doc/tree/{name}?reset")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=60_000)
    page.wait_for_function(
        "() => window.jupyterapp?.shell.currentWidget?.context?.sessionContext"
        ".session?.kernel?.status === 'idle'",
        timeout=60_000,
    )


def run_command(page, name, arguments="{}"):
    page.evaluate(f"() => {{ window.jupyterapp.commands.execute('{name}', {arguments}) }}")


def wait_for_cells(page):
    """Wait until every cell that was asked for has run."""
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.context.sessionContext"
        ".session.kernel.status === 'idle' && ![...document.querySelectorAll('.jp-InputPrompt')]"
        ".some(prompt => prompt.textContent.includes('*'))",
        timeout=60_000,
    )


def save_notebook(page):
    """Save, and wait until the server has it."""
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save').then(() => null)")
    page.wait_for_function(
        "() => !window.jupyterapp.shell.currentWidget.context.model.dirty", timeout=15_000
    )


def take_pictures(page, name):
    """Screenshots in the light and in the dark theme; the light one is left on."""
    ARTIFACTS.mkdir(exist_ok=True)
    for theme in ("Dark", "Light"):
        run_command(page, "apputils:change-theme", f"{{theme: 'JupyterLab {theme}'}}")
        light = str(theme == "Light").lower()
        page.wait_for_function(f"() => document.body.dataset.jpThemeLight === '{light}'")
        page.wait_for_timeout(300)
        page.screenshot(path=ARTIFACTS / f"{name}_{theme.lower()}.png")
