"""What several jobs bring: measured on real imports of a sample, told in words."""

from pathlib import Path

import pytest
from support import audio_factory as factory

import wkmp_lab as wl
from wkmp_lab.errors import InvalidInputError, WkmpLabError
from wkmp_lab.library.trials import sample as sampling
from wkmp_lab.library.trials.sample import Sample, TrialRun, lay_out_sample, run_trial
from wkmp_lab.library.trials.speedup import Speedup


def write_tone(path, seconds, *, frequency_hz=440.0):
    factory.write_audio(path, factory.tone(frequency_hz, seconds, 8000), 8000)


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    for number in range(5):
        write_tone(folder / f"{number}.wav", 3.0 + number)
    (folder / "same").mkdir()
    write_tone(folder / "same" / "0.wav", 2.0, frequency_hz=500.0)
    return folder


def runs(*lengths_s, n_jobs=1):
    return tuple(TrialRun(n_jobs, length_s, 0.9 * n_jobs, 120.0) for length_s in lengths_s)


def test_the_factor_is_the_median_of_rounds_and_its_spread_is_told():
    told = Speedup("/music", 17, 120.0, 2, runs(10.0, 12.0, 30.0), runs(5.0, 8.0, 10.0, n_jobs=2))
    assert told.factors == (2.0, 1.5, 3.0)
    assert told.factor == 2.0
    assert repr(told).splitlines() == [
        "2.00 times as fast with 2 jobs as with 1 (1.50 to 3.00 in 3 rounds)",
        "  1 job: 12.0 s, 0.90 cores busy",
        "  2 jobs: 8.0 s, 1.80 cores busy",
        "  17 files of /music, 2 min 00 s of audio, from the system's cache; the whole command "
        "each time, offline, into a store of its own",
    ]


def test_more_jobs_that_take_longer_are_told_to_be_slower():
    told = Speedup("/music", 2, 120.0, 8, runs(5.0, 5.0, 5.0), runs(10.0, 10.0, 10.0, n_jobs=8))
    assert repr(told).startswith("0.50 times as fast with 8 jobs as with 1")


def test_a_sample_holds_files_of_all_sizes_and_leaves_the_music_alone(music):
    before = sorted(music.rglob("*"))
    with lay_out_sample(music, n_files=3) as sample:
        files = sorted(path for path in sample.folder.rglob("*.wav"))
        assert [Path(file).resolve().name for file in files] == ["4.wav", "2.wav", "0.wav"]
        assert sample.n_files == 3
        assert sample.size_bytes == sum(path.stat().st_size for path in files)
    assert not sample.buffer.exists()
    assert sorted(music.rglob("*")) == before


def test_where_links_cannot_be_made_files_are_copied(music, monkeypatch):
    def refuse(_self, _target):
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with lay_out_sample(music, n_files=None) as sample:
        files = list(sample.folder.rglob("*.wav"))
        assert len(files) == sample.n_files == 6
        assert not any(file.is_symlink() for file in files)


def test_a_trial_is_the_whole_command_offline_in_a_store_of_its_own(music):
    with lay_out_sample(music, n_files=2) as sample:
        run = run_trial(sample, n_jobs=1)
        assert [path.name for path in sample.buffer.iterdir()] == ["music"]
    assert run.n_jobs == 1
    assert run.passed_s > 0.0
    assert 0.0 < run.cores_busy < 4.0
    assert run.audio_s == pytest.approx(7.0 + 2.0, abs=0.1)


def test_a_trial_that_fails_says_why(music, tmp_path):
    empty = Sample(tmp_path / "none", tmp_path, 0, 0)
    with pytest.raises(WkmpLabError, match=r"got exit status 2: .*none"):
        run_trial(empty, n_jobs=1)


def test_an_interrupted_trial_leaves_no_process(monkeypatch):
    ended = []

    class Interrupted(sampling.subprocess.Popen):
        def communicate(self, *_arguments, **_options):
            raise KeyboardInterrupt

        def terminate(self):
            ended.append(self.pid)
            super().terminate()

    monkeypatch.setattr(sampling.subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        sampling._call([sampling.sys.executable, "-c", "import time; time.sleep(60)"])
    assert len(ended) == 1


def test_measure_speedup_runs_each_as_often_and_takes_turns(music, monkeypatch):
    turns = []

    def note(_sample, *, n_jobs):
        turns.append(n_jobs)
        return TrialRun(n_jobs, 6.0 / n_jobs, float(n_jobs), 9.0)

    monkeypatch.setattr("wkmp_lab.library.trials.speedup.run_trial", note)
    told = wl.measure_speedup(music, n_files=2, n_jobs=2)
    assert turns == [1, 2, 2, 1, 1, 2]
    assert (told.factor, told.n_files, told.n_jobs, told.audio_s) == (2.0, 2, 2, 9.0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_rounds": 2}, "n_rounds must be >= 3, got 2"),
        ({"n_files": 0}, "n_files must be >= 1, got 0"),
        ({"n_jobs": 0}, "n_jobs must be >= 1, got 0"),
    ],
)
def test_numbers_that_are_too_small_are_named(music, options, words):
    with pytest.raises(InvalidInputError, match=words):
        wl.measure_speedup(music, **options)


def test_a_folder_without_music_is_named(tmp_path):
    with pytest.raises(InvalidInputError, match="no audio files found"):
        wl.measure_speedup(tmp_path)
