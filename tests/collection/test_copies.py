"""Which copy is the better one: only where the evidence decides, and then the right one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.audio_factory import music_like, noise, write_audio
from support.standin_world import make_items

from wkmp_lab.collection.copies import (
    SongCopy,
    choose_better,
    describe_copy,
    describe_origin,
)
from wkmp_lab.collection.copy_groups import group_copies
from wkmp_lab.collection.null_tests import compare_copies
from wkmp_lab.collection.same_songs import SameSong, find_same_songs
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.fingerprinting.fingerprint import encode_fingerprint
from wkmp_lab.io.files.audio import read_signal
from wkmp_lab.model import AudioFormat, FileResult, Fingerprint, Passage, SourceFile
from wkmp_lab.pipeline.measure import measure_file
from wkmp_lab.tables import tables
from wkmp_lab.units import ticks_from_seconds

FLAC = SongCopy(
    path="master.flac",
    passage=0,
    codec="flac",
    sr=44_100,
    n_channels=2,
    duration_s=200.0,
    bytes_per_s=90_000.0,
    lossy_probability=0.03,
    crest_db=16.0,
    side_db=-9.0,
)
MP3 = replace(
    FLAC,
    path="song.mp3",
    codec="mp3float",
    bytes_per_s=16_000.0,
    lossy_probability=1.0,
    families=("mp3",),
    lowpass_hz=16_000.0,
)
FAKE = replace(MP3, path="fake.flac", codec="flac", bytes_per_s=70_000.0)
AAC = replace(
    MP3, path="song.m4a", codec="aac", bytes_per_s=32_000.0, families=("aac",), lowpass_hz=20_000.0
)


@pytest.mark.parametrize(
    ("better", "worse", "why"),
    [
        (FLAC, MP3, "lossless, not MP3"),
        (replace(FLAC, codec="pcm_s16le"), AAC, "lossless, not AAC"),
        (FLAC, FAKE, "the other was lossy: MP3, probability 0.99"),
        (FAKE, replace(AAC, families=("aac", "mp3")), "AAC was made from what it holds"),
        (MP3, replace(AAC, families=("aac", "mp3")), "the other was MP3 before it became AAC"),
        (replace(MP3, bytes_per_s=40_000.0, lowpass_hz=None), MP3, "treble up to 22050 Hz"),
        (replace(MP3, bytes_per_s=24_000.0), MP3, "192 kbit/s, not 128"),
        (FLAC, replace(FLAC, path="loud.flac", n_clipped=50_000.0), "clipped: 50000 samples"),
        (FLAC, replace(FLAC, sr=96_000, lowpass_hz=21_900.0), "the other was up-sampled"),
        (replace(FLAC, sr=96_000, lowpass_hz=40_000.0), FLAC, "sound up to 40000 Hz"),
        (FLAC, replace(FLAC, sr=22_050), "its treble goes on over 11025 Hz"),
        (FLAC, replace(FLAC, path="x.flac", crest_db=12.0), "peaks stand 4.0 dB lower"),
        (MP3, replace(FLAC, is_damaged=True), "cut off or damaged"),
    ],
)
def test_the_better_copy_is_told_with_its_reason_in_either_order(better, worse, why):
    for pair in ((better, worse), (worse, better)):
        choice = choose_better(*pair)
        assert choice.better == better
        assert why in choice.reason


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (FLAC, replace(FLAC, path="b.flac"), "nothing measured tells them apart"),
        (FLAC, replace(MP3, duration_s=240.0), "other cuts: one is 40 s longer"),
        (FAKE, MP3, "no better than its source"),
        (FAKE, AAC, "no better than its source"),
        (FAKE, replace(FAKE, path="b.flac"), "both were lossy"),
        (replace(FLAC, lossy_probability=0.6), MP3, "may have been lossy, probability 0.60"),
        (replace(FLAC, n_clipped=90_000.0), MP3, "lossless, but 90000 samples are clipped"),
        (replace(FLAC, lowpass_hz=11_000.0), AAC, "lossless, but its treble ends at 11000 Hz"),
        (replace(FLAC, lowpass_hz=11_000.0), replace(FAKE, lowpass_hz=None), "but its treble"),
        (replace(FLAC, n_channels=1), FLAC, "one is mono"),
        (AAC, replace(MP3, families=("mp3", "opus")), "the MP3 was Opus before"),
        (replace(MP3, bytes_per_s=40_000.0, lowpass_hz=11_000.0), MP3, "its treble ends lower"),
        (replace(FLAC, codec=""), replace(MP3, codec="", lowpass_hz=None), "nothing measured"),
        (FLAC, replace(FLAC, path="b", sr=48_000), "nothing measured"),
        (FLAC, replace(FLAC, path="b", sr=48_000, lowpass_hz=15_000.0, crest_db=None), "treble"),
    ],
)
def test_where_the_evidence_decides_nothing_it_is_said_why(first, second, why):
    for pair in ((first, second), (second, first)):
        choice = choose_better(*pair)
        assert why in choice.reason
        if "treble up to" not in choice.reason:
            assert choice.better is None


COPIES = st.builds(
    replace,
    st.sampled_from([FLAC, MP3, FAKE, AAC]),
    sr=st.sampled_from([44_100, 48_000, 96_000]),
    n_channels=st.sampled_from([1, 2]),
    n_clipped=st.sampled_from([0.0, 400.0, 90_000.0]),
    lowpass_hz=st.sampled_from([None, 16_000.0, 21_900.0]),
    lossy_probability=st.sampled_from([None, 0.02, 0.5, 1.0]),
    crest_db=st.sampled_from([None, 9.0, 16.0]),
)


@given(first=COPIES, second=COPIES)
def test_the_order_of_two_copies_never_matters(first, second):
    there, back = choose_better(first, second), choose_better(second, first)
    if first != second:
        assert there == back


@pytest.mark.parametrize(
    ("copy", "words"),
    [
        (FLAC, "FLAC, lossless"),
        (replace(FLAC, codec="pcm_s24le"), "PCM, lossless"),
        (FAKE, "FLAC, was lossy (MP3, probability 0.99)"),
        (replace(FLAC, lossy_probability=0.4), "FLAC, may have been lossy (probability 0.40)"),
        (replace(MP3, families=("mp3", "aac")), "MP3 at 128 kbit/s, was AAC before"),
        (
            replace(FLAC, n_clipped=50_000.0, side_db=-80.0, is_damaged=True, codec="ape"),
            "APE, lossless, cut off or damaged, 50000 clipped samples, mono stored as stereo",
        ),
        (replace(MP3, codec=""), "unknown"),
    ],
)
def test_the_origin_of_a_copy_is_told_in_words(copy, words):
    assert describe_origin(replace(copy)).startswith(words)


def pair_of(first, second, *, better=None):
    return SameSong(first, second, 0.0, 200.0, 0.0, better, "why")


def test_a_copy_is_superfluous_only_where_all_of_its_file_is_better_elsewhere():
    side = replace(MP3, path="side.mp3", n_passages=2)
    groups = group_copies([pair_of(FLAC, MP3, better=FLAC), pair_of(FLAC, side, better=FLAC)])
    told = {row.copy.path: row for row in groups}
    assert [row.group for row in groups] == [1, 1, 1]
    assert groups[0].copy == FLAC
    assert (groups[0].n_worse, groups[0].reason, groups[0].n_copies) == (2, None, 3)
    assert told["song.mp3"].is_superfluous
    assert told["song.mp3"].reason == "why"
    assert not told["side.mp3"].is_superfluous
    assert not told["master.flac"].is_superfluous


def test_copies_that_beat_one_another_in_a_circle_all_stay():
    circle = [
        pair_of(FLAC, MP3, better=FLAC),
        pair_of(MP3, AAC, better=MP3),
        pair_of(FLAC, AAC, better=AAC),
    ]
    assert not any(row.is_superfluous for row in group_copies(circle))


def test_groups_are_told_apart_and_undecided_pairs_make_nothing_superfluous():
    others = replace(FLAC, path="x.flac"), replace(FLAC, path="y.flac")
    groups = group_copies([pair_of(FLAC, MP3, better=FLAC), pair_of(*others)])
    assert sorted({row.group for row in groups}) == [1, 2]
    table = tables.copies_table(groups)
    assert table["is_superfluous"].tolist() == [False, True, False, False]
    assert list(tables.copies_table(group_copies([]))) == list(table)


def test_a_flac_made_from_an_mp3_is_told_from_its_master(tmp_path):
    song = 0.8 * music_like(seed=4, seconds=12.0, sr=44_100, n_channels=2)
    song += noise(12.0, 44_100, seed=4, amplitude=0.02, n_channels=2)
    write_audio(tmp_path / "master.flac", song, 44_100)
    write_audio(tmp_path / "song.mp3", song, 44_100, bit_rate=128_000)
    decoded = read_signal(tmp_path / "song.mp3")
    write_audio(tmp_path / "fake.flac", decoded.samples, 44_100)
    heard = encode_fingerprint(make_items(np.random.default_rng(1), duration_s=100.0))
    results = []
    for path in sorted(tmp_path.iterdir()):
        stat = path.stat()
        result = measure_file(SourceFile(str(path), stat.st_size, stat.st_mtime_ns))
        passage = replace(result.passages[0], fingerprint=Fingerprint(heard, 100.0, "test"))
        results.append(replace(result, passages=(passage,)))
    told = {r.path.rsplit("/", 1)[1]: describe_copy(r, r.passages[0]) for r in results}
    assert told["fake.flac"].was_lossy
    assert not told["master.flac"].was_lossy
    better = {
        (pair.first.path.rsplit("/", 1)[1], pair.second.path.rsplit("/", 1)[1]): pair.better
        for pair in find_same_songs(results)
    }
    assert better["fake.flac", "master.flac"] == told["master.flac"]
    assert better["master.flac", "song.mp3"] == told["master.flac"]
    assert better["fake.flac", "song.mp3"] is None


def test_the_null_test_decodes_two_copies_apart_and_refuses_other_songs(tmp_path):
    song = music_like(seed=4, seconds=12.0, sr=44_100, n_channels=2)
    write_audio(tmp_path / "a.wav", song, 44_100)
    write_audio(tmp_path / "b.flac", 0.5 * song[:, 4410:], 44_100)
    heard = encode_fingerprint(make_items(np.random.default_rng(1), duration_s=100.0))
    other = encode_fingerprint(make_items(np.random.default_rng(2), duration_s=100.0))
    results = []
    for name, text in (("a.wav", heard), ("b.flac", heard), ("a.wav", other)):
        path = tmp_path / name
        passage = Passage(0, 0, ticks_from_seconds(11.5), Fingerprint(text, 100.0, "test"))
        source = SourceFile(str(path), path.stat().st_size, 1)
        audio = AudioFormat("any", name[2:], 44_100, 2, 12 * 44_100, 12.0)
        results.append(FileResult(source, "done", audio=audio, passages=(passage,)))
    test = compare_copies(results[0], results[1])
    assert test.offset_s == pytest.approx(0.1, abs=1e-6)
    assert test.gain_db == pytest.approx(6.02, abs=0.01)
    assert test.depth_db > 60.0
    with pytest.raises(InvalidInputError, match="two copies of a recording were expected"):
        compare_copies(results[2], results[1])
