"""The sample folder is whole, small and as its truth.json says."""

import hashlib
import importlib
import json
from pathlib import Path

import av
import pytest

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
MAX_BYTES = 8_000_000
BESIDE_THE_MUSIC = {
    ".gitattributes",
    "README.md",
    "SHA256SUMS",
    "truth.json",
    "wkmp_catalogue.jsonl",
}

TRUTH = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))
FILES = {entry["path"]: entry for entry in TRUTH["files"]}
WITH_AUDIO = [entry for entry in TRUTH["files"] if entry["passages"]]


@pytest.fixture
def composer(monkeypatch):
    pytest.importorskip("mido", reason="the composer needs mido (pip install .[bench])")
    monkeypatch.syspath_prepend(str(SAMPLE.parent))
    return importlib.import_module("compose")


def names_of(entries):
    return [entry["path"] for entry in entries]


def decode_length(path):
    """Samples that decode, rate, and how many packets failed."""
    n_samples = n_errors = 0
    with av.open(str(path), metadata_errors="replace") as container:
        stream = container.streams.audio[0]
        for packet in container.demux(stream):
            try:
                n_samples += sum(frame.samples for frame in packet.decode())
            except av.FFmpegError:
                n_errors += 1
        return n_samples, stream.rate, n_errors


def test_every_file_has_its_checksum():
    lines = (SAMPLE / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    wanted = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}

    assert set(wanted) == set(FILES) | {"truth.json"}
    for name, digest in wanted.items():
        assert hashlib.sha256((SAMPLE / name).read_bytes()).hexdigest() == digest, name


def test_the_folder_holds_exactly_the_files_of_the_truth_and_is_small():
    found = [path for path in SAMPLE.rglob("*") if path.is_file()]

    names = {path.relative_to(SAMPLE).as_posix() for path in found}
    assert names == set(FILES) | BESIDE_THE_MUSIC
    assert sum(path.stat().st_size for path in found) <= MAX_BYTES


def test_the_folder_shows_every_format_and_every_oddity():
    codecs = {entry["codec"] for entry in TRUTH["files"]}

    assert codecs == {"pcm_s16le", "flac", "mp3", "vorbis", "opus", "aac"}
    assert {entry["status"] for entry in TRUTH["files"]} == {"done", "no_audio", "duplicate"}
    assert sorted(len(entry["passages"]) for entry in TRUTH["files"])[-2:] == [3, 4]
    assert any(entry["pauses"] for entry in TRUTH["files"])
    assert any(not entry["path"].isascii() for entry in TRUTH["files"])
    assert any("recording_mbid" in entry["tags"] for entry in TRUTH["files"])
    assert any(entry["tags"] and "recording_mbid" not in entry["tags"] for entry in WITH_AUDIO)
    assert any(not entry["tags"] for entry in WITH_AUDIO)


@pytest.mark.parametrize("path", FILES)
def test_a_file_decodes_to_the_stated_length(path):
    entry = FILES[path]

    n_samples, sr, n_errors = decode_length(SAMPLE / path)

    assert sr == entry["sr"]
    # Decoders differ by a frame or two in what they save of a broken stream.
    tolerance_s = 0.2 if entry["is_damaged"] else 0.02
    assert n_samples / sr == pytest.approx(entry["duration_s"], abs=tolerance_s)
    assert entry["is_damaged"] or n_errors == 0


def test_a_damaged_file_ends_before_its_declared_length():
    (broken,) = (entry for entry in TRUTH["files"] if entry["is_damaged"])

    assert broken["duration_s"] < 0.7 * broken["declared_duration_s"]


def test_duplicates_have_the_same_bytes_and_nothing_else_has():
    digests = {path: hashlib.sha256((SAMPLE / path).read_bytes()).digest() for path in FILES}

    copies = [entry for entry in TRUTH["files"] if entry["duplicate_of"]]
    assert copies
    for entry in copies:
        assert digests[entry["path"]] == digests[entry["duplicate_of"]]
    assert len(set(digests.values())) == len(FILES) - len(copies)


@pytest.mark.parametrize("entry", WITH_AUDIO, ids=names_of(WITH_AUDIO))
def test_pieces_lie_in_order_inside_the_file_with_the_gaps_between_them(entry):
    passages, gaps = entry["passages"], entry["gaps"]

    edges = [edge for each in passages for edge in (each["start_s"], each["end_s"])]
    assert edges == sorted(edges)
    assert 0 <= edges[0] < edges[-1] <= entry["duration_s"]
    assert [edge for gap in gaps for edge in (gap["start_s"], gap["end_s"])] == edges[1:-1]
    assert all(1.2 <= gap["end_s"] - gap["start_s"] <= 3.6 for gap in gaps)
    for pause in entry["pauses"]:
        assert pause["end_s"] - pause["start_s"] >= 1
        assert any(
            each["start_s"] < pause["start_s"] and pause["end_s"] < each["end_s"]
            for each in passages
        )


@pytest.mark.parametrize("entry", WITH_AUDIO, ids=names_of(WITH_AUDIO))
def test_pieces_have_sane_levels_and_a_known_tempo_and_key(entry):
    for passage in entry["passages"]:
        assert -20 <= passage["loudness_lufs"] <= -12
        assert passage["peak_dbfs"] < -0.5  # lossy codecs add some to the -3 dBFS of the master
        assert 50 <= passage["tempo_bpm"] <= 190
        tonic, mode = passage["key"].split()
        assert tonic in "C C# Db D Eb E F F# G Ab G# A Bb B".split()
        assert mode in ("major", "minor")


def test_a_composed_piece_stays_in_its_key_and_its_bars(composer):
    for i, key in enumerate(composer.KEYS):
        style = composer.STYLES[i % len(composer.STYLES)]
        score = composer.compose_piece(i, bpm=100, key=key, style=style, n_bars=11)

        tonic, mode = key.split()
        scale = {*composer.SCALES[mode]} | ({11} if mode == "minor" else set())  # leading tone
        home = composer.PITCH_CLASSES.index(tonic)
        pitched = [note for note in score.notes if note.part != "drums"]
        assert {(note.pitch - home) % 12 for note in pitched} <= scale
        assert max(note.start_beats for note in score.notes) < 11 * score.beats_per_bar
        assert score == composer.compose_piece(i, bpm=100, key=key, style=style, n_bars=11)


@pytest.mark.parametrize("wrong", [{"key": "H minor"}, {"style": "polka"}, {"bpm": 1000}])
def test_a_piece_of_an_unknown_kind_is_refused(composer, wrong):
    wanted = {"bpm": 100, "key": "C major", "style": "rock", "n_bars": 8} | wrong

    with pytest.raises(ValueError, match="must be"):
        composer.compose_piece(1, **wanted)
