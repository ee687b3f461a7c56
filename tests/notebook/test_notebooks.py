"""The notebooks run from top to bottom on a folder of music, and are stored without outputs."""

import os
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from support.audio_factory import music_like, noise, write_audio

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MAX_LINES = 5
MAX_SAVED_BYTES = 1_000_000


@pytest.fixture
def music(tmp_path):
    """An album side of two pieces, a song with a hostile name, and a broken file."""
    folder = tmp_path / "music"
    folder.mkdir()
    sr = 22_050
    hush = noise(2.5, sr, amplitude=1e-4)
    pieces = [music_like(seed=seed, seconds=30, sr=sr) for seed in (1, 2)]
    side = np.concatenate([pieces[0], hush, pieces[1]], axis=1)
    write_audio(folder / "side a.flac", side, sr)
    write_audio(folder / "<b>$1$ song.wav", pieces[0], sr)
    (folder / "broken.mp3").write_bytes(b"nothing" * 100)
    return folder


def run_notebook(path, folder, music, monkeypatch):
    monkeypatch.setenv("WKMP_LAB_MUSIC", str(music))
    monkeypatch.setenv("WKMP_LAB_OUT", str(folder / "results"))
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    monkeypatch.setenv("WKMP_LAB_OFFLINE", "1")
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    )
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}})
    return client.execute()


def outputs_of(notebook):
    return [out for cell in notebook.cells for out in cell.get("outputs", [])]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[] if path.name.startswith("01") else pytest.mark.slow)
        for path in NOTEBOOKS
    ],
    ids=lambda path: path.stem,
)
def test_a_notebook_runs_headless_and_stays_small(path, tmp_path, music, monkeypatch):
    done = run_notebook(path, tmp_path, music, monkeypatch)
    outputs = outputs_of(done)
    assert not [out for out in outputs if out.output_type == "error"]
    assert not [out for out in outputs if out.get("name") == "stderr"]
    assert len(nbformat.writes(done)) < MAX_SAVED_BYTES
    if path.name.startswith("01"):
        check_import_story(outputs)


def check_import_story(outputs):
    html = "".join(out.data.get("text/html", "") for out in outputs if "data" in out)
    assert "Import completed" in html
    assert "3 of 3 files" in html
    assert "<b>$1$" not in html
    assert sum("image/png" in out.get("data", {}) for out in outputs) == 3
    assert not any("widget-view" in kind for out in outputs for kind in out.get("data", {}))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_prose_first_with_short_cells_and_no_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    assert notebook.cells[0].cell_type == "markdown"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            assert len(cell.source.splitlines()) <= MAX_LINES, cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_headless_notebook_is_told_its_music_by_a_parameters_cell(path):
    notebook = nbformat.read(path, as_version=4)
    (tagged,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    assert tagged.source.startswith("music = ")
