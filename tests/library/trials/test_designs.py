"""Both designs compared: on real imports, offline and with services; medians; the picture."""

from dataclasses import replace

import pytest
from support.audio_factory import music_like, write_audio
from support.standin import KEY, run_standin

import wkmp_lab as wl
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.library.trials.designs import sum_up
from wkmp_lab.model import DesignTrial
from wkmp_lab.plots import plot_designs
from wkmp_lab.tables import designs_table

ONE = DesignTrial("lanes", 6, 2, 1, 4.0, 4.0, 4.0, 1.0, 1.9, 3)


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    for k in range(4):
        samples = music_like(seed=k, seconds=8.0 + k, sr=8000)
        write_audio(folder / f"song{k}.wav", samples, 8000)
    return folder


def test_several_rounds_are_told_by_their_medians_and_their_ends():
    trials = [replace(ONE, passed_s=s, n_requests=n) for s, n in ((4.0, 3), (9.0, 5), (5.0, 4))]
    told = sum_up(trials)
    assert (told.passed_s, told.shortest_s, told.longest_s) == (5.0, 4.0, 9.0)
    assert (told.n_requests, told.n_rounds) == (4, 3)


def test_offline_both_designs_are_run_on_the_same_files(music):
    offline = wl.Settings(
        identifying=wl.IdentifySettings(is_offline=True),
        running=wl.RunSettings(backend="threading", n_jobs=2),
    )
    table = wl.compare_designs(music, settings=offline, n_files=3, n_rounds=2)
    assert list(table["design"]) == ["lanes", "files"]
    assert list(table["n_files"]) == [3, 3]
    assert list(table["n_requests"]) == [0, 0]
    assert (table["shortest_s"] <= table["passed_s"]).all()
    assert (table["first_result_s"] <= table["longest_s"]).all()
    assert (table["cores_busy"] > 0.0).all()


def test_services_are_asked_anew_by_each_design_and_more_often_by_single_files(
    music, tmp_path, monkeypatch
):
    monkeypatch.setenv("WKMP_LAB_ACOUSTID_KEY", KEY)
    with run_standin() as standin:
        standin.latency_s = 0.3
        settings = wl.Settings(
            identifying=wl.IdentifySettings(
                acoustid_url=standin.acoustid_url,
                cache=str(tmp_path / "never"),
                acoustid_interval_s=0.05,
            ),
            running=wl.RunSettings(backend="threading", n_jobs=4, memory_mb=4000),
        )
        table = wl.compare_designs(music, settings=settings, n_rounds=1).set_index("design")
        assert table["n_requests"].sum() == len(standin.ledger)
    assert table.loc["files", "n_requests"] == 4
    assert 1 <= table.loc["lanes", "n_requests"] <= 4
    assert not (tmp_path / "never").exists()


def test_no_rounds_are_no_comparison(music):
    with pytest.raises(InvalidInputError, match="n_rounds must be >= 1, got 0"):
        wl.compare_designs(music, n_rounds=0)


def test_the_picture_tells_the_medians_in_its_title():
    table = designs_table([ONE, replace(ONE, design="files", passed_s=6.0, longest_s=7.0)])
    ax = plot_designs(table)
    title = ax.get_title(loc="left")
    assert title == "6 files by each design: lanes 4.0 s, files 6.0 s"
    assert [text.get_text() for text in ax.texts] == [" 1.90 cores busy, 3 requests"] * 2
    assert plot_designs(table, ax=ax) is ax
