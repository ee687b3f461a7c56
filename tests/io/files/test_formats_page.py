"""The table of formats in the documentation is what a file of each format shows."""

from pathlib import Path

import pytest
from support import audio_factory as factory

from wkmp_lab.errors import DecodeError
from wkmp_lab.io.files.audio import AudioReader
from wkmp_lab.io.tags.fields import fill_tags
from wkmp_lab.io.tags.reading import read_tags

PAGE = Path(__file__).parents[3] / "docs" / "formats.md"
SR = 44_100
SECONDS = 5.0
MUSIC = factory.music_like(seed=3, seconds=SECONDS, sr=SR, n_channels=2)
TEXTS = {"title": "Song", "artist": "Singer", "album": "Album", "track": "3"}
FORMATS = {
    "WAV, PCM": ("wav", "pcm_s16le"),
    "Wave64, PCM": ("w64", "pcm_s16le"),
    "AIFF, PCM": ("aiff", "pcm_s16be"),
    "AU, PCM": ("au", "pcm_s16be"),
    "CAF, PCM": ("caf", "pcm_s16be"),
    "CAF, ALAC": ("caf", "alac"),
    "VOC": ("voc", "pcm_u8"),
    "FLAC": ("flac", "flac"),
    "Ogg, FLAC": ("oga", "flac"),
    "Ogg, Vorbis": ("ogg", "vorbis"),
    "Ogg, Opus": ("opus", "libopus"),
    "MP3": ("mp3", "libmp3lame"),
    "MP2": ("mp2", "mp2"),
    "MP4, AAC": ("m4a", "aac"),
    "MP4, ALAC": ("m4a", "alac"),
    "Matroska, FLAC": ("mka", "flac"),
    "WebM, Opus": ("webm", "libopus"),
    "WMA": ("wma", "wmav2"),
    "WavPack": ("wv", "wavpack"),
    "TTA": ("tta", "tta"),
    "AAC, bare frames": ("aac", "aac"),
    "AC-3": ("ac3", "ac3"),
    "E-AC-3": ("eac3", "eac3"),
}


def describe(path):
    with AudioReader(path) as reader:
        for _ in reader.blocks():
            pass
        return reader.describe()


def tell_length(audio):
    """How the decoded length lies to the encoded one."""
    n_more = audio.n_samples - round(SECONDS * audio.sr)
    return "exact" if n_more == 0 else f"{n_more:+d} samples"


def tell_tags(path):
    with AudioReader(path) as reader:
        tags = fill_tags(read_tags(path), reader.tags)
    found = {name: str(getattr(tags, name)) for name in TEXTS}
    return "read" if found == TEXTS else "title" if found["title"] == "Song" else "none written"


CHAPTERS = [(0.0, {"title": "A"}), (2.25, {"title": "B"})]
COMMENTS = {"CHAPTER001": "00:00:00.000", "CHAPTER001NAME": "A", "CHAPTER002": "00:00:02.250"}
SHEET = "TRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nINDEX 01 00:02:15\n"


def tell_chapters(folder, ending, codec):
    """Where a file can say of itself where its pieces begin: ``chapters``, ``comments`` of a
    muxer without any, a cue ``sheet`` in its tags.
    """

    def holds(**content):
        path = factory.write_audio(folder / f"c.{ending}", MUSIC, SR, codec=codec, **content)
        with AudioReader(path) as reader:
            tags = fill_tags(read_tags(path), reader.tags)
        return tags.chapters or tags.cue_sheet

    ways = {
        "chapters": holds(chapters=CHAPTERS),
        "comments": holds(tags=COMMENTS),
        "sheet": holds(tags={"CUESHEET": SHEET}),
    }
    return ", ".join(way for way, found in ways.items() if found) or "none written"


def tell_half(path):
    """What is told of half a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    try:
        audio = describe(path)
    except DecodeError:
        return "yes, nothing is read"
    return "yes" if audio.is_truncated else "no"


def tell_zeros(path):
    """What is told of a file whose second half is zeros."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))
    try:
        audio = describe(path)
    except DecodeError:
        return "yes, nothing is read"
    return "yes" if audio.is_truncated else "damage" if audio.n_decode_errors else "no"


def make_row(folder, name):
    ending, codec = FORMATS[name]
    path = factory.write_audio(folder / f"a.{ending}", MUSIC, SR, codec=codec, tags=TEXTS)
    content = path.read_bytes()
    audio = describe(path)
    assert (audio.n_decode_errors, audio.is_truncated) == (0, False)
    cells = [name, "whole", tell_length(audio), tell_tags(path)]
    cells += [tell_chapters(folder, ending, codec), tell_half(path)]
    path.write_bytes(content)
    return "| " + " | ".join([*cells, tell_zeros(path)]) + " |"


@pytest.mark.parametrize("name", FORMATS)
def test_the_page_tells_what_a_file_of_each_format_shows(tmp_path, name):
    assert make_row(tmp_path, name) in PAGE.read_text("utf-8").splitlines()
