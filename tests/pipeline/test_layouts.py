"""Loudness of files with more than two channels goes by what the channels are."""

import numpy as np
import pytest
from support import audio_factory as factory

from wkmp_lab.io.files.audio import AudioReader
from wkmp_lab.io.files.scanning import scan_folder
from wkmp_lab.pipeline.measure import measure_file

SR = 22_050
MUSIC = factory.music_like(seed=5, seconds=6.0, sr=SR)
SILENCE = np.zeros_like(MUSIC)


def measure_lufs(folder, *channels, layout):
    path = folder / f"{layout}.flac"
    factory.write_audio(path, np.concatenate(channels), SR, layout=layout)
    (source,) = [file for file in scan_folder(folder).files if file.path == str(path)]
    result = measure_file(source)
    assert result.audio.n_channels == len(channels)
    return result.passages[0].amplitude.loudness_lufs


def test_a_strong_lfe_is_no_part_of_the_loudness(tmp_path):
    lfe = factory.tone(60, 6.0, SR, amplitude=0.9)
    stereo = measure_lufs(tmp_path, MUSIC, MUSIC, layout="stereo")
    assert measure_lufs(tmp_path, MUSIC, MUSIC, lfe, layout="2.1") == pytest.approx(stereo)


def test_the_centre_of_four_channels_is_no_surround(tmp_path):
    mono = measure_lufs(tmp_path, MUSIC, layout="mono")
    front = (SILENCE, SILENCE, MUSIC, SILENCE)
    assert measure_lufs(tmp_path, *front, layout="4.0") == pytest.approx(mono)
    # 10 log10(1.41): the same channel of a quadraphonic file stands at the back.
    assert measure_lufs(tmp_path, *front, layout="quad") == pytest.approx(mono + 1.492, abs=0.01)


def test_channels_are_named_where_the_file_names_them(tmp_path):
    names = {}
    for name, layout in (("a.flac", "4.0"), ("b.flac", "2.1"), ("c.wav", "stereo")):
        n_channels = {"4.0": 4, "2.1": 3, "stereo": 2}[layout]
        wave = np.tile(MUSIC, (n_channels, 1))
        with AudioReader(factory.write_audio(tmp_path / name, wave, SR, layout=layout)) as reader:
            names[layout] = reader.channels
    assert names["4.0"] == ("FL", "FR", "FC", "BC")
    assert names["2.1"] == ("FL", "FR", "LFE")
    assert names["stereo"] in (None, ("FL", "FR"))
