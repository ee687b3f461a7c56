"""Headers tell where a file means to end, and no header leads anybody astray."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import audio_factory as factory

from wkmp_lab.io.formats.sizes import find_declared_end

SR = 44_100
MAGICS = [b"RIFF", b"RF64", b"riff", b"FORM", b"caff", b".snd", b"DSD ", b"FRM8", b"data"]
MAGICS += [bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), b"\x1aE\xdf\xa3", b"\x00ftyp"]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.wav", None),
        ("a.aiff", None),
        ("a.caf", "pcm_s16be"),
        ("a.w64", "pcm_s16le"),
        ("a.au", "pcm_s16be"),
        ("a.mka", "flac"),
        ("a.wma", None),
        ("a.m4a", None),
    ],
)
def test_whole_files_end_where_they_say_and_halves_before(tmp_path, name, codec):
    wave = factory.tone(440, 2.0, SR, n_channels=2)
    content = factory.write_audio(tmp_path / name, wave, SR, codec=codec).read_bytes()
    end = find_declared_end(io.BytesIO(content))
    # Behind the sound of some stands an index.
    assert 0.95 * len(content) < end <= len(content)
    if name != "a.m4a":  # its index is at the end
        assert find_declared_end(io.BytesIO(content[: len(content) // 2])) == end


def test_sizes_of_more_than_four_bytes_are_read():
    # EBU Tech 3306: the size of the samples stands in the ds64 chunk.
    n_bytes = 5_000_000_000
    long = (n_bytes + 100).to_bytes(8, "little") + n_bytes.to_bytes(8, "little") + bytes(12)
    head = b"RF64\xff\xff\xff\xffWAVEds64" + len(long).to_bytes(4, "little") + long
    head += b"fmt " + (16).to_bytes(4, "little") + bytes(16) + b"data\xff\xff\xff\xff"
    assert find_declared_end(io.BytesIO(head)) == len(head) + n_bytes


def test_dsd_files_tell_the_place_behind_their_samples():
    dsf = b"DSD " + (28).to_bytes(8, "little") + (9_000).to_bytes(8, "little") + bytes(8)
    assert find_declared_end(io.BytesIO(dsf)) == 9_000
    assert find_declared_end(io.BytesIO(b"FRM8" + (9_000).to_bytes(8, "big") + b"DSD ")) == 9_012


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_sizes_that_were_never_set_tell_nothing(size):
    fmt = b"fmt " + (16).to_bytes(4, "little") + bytes(16)
    wave = b"RIFF" + bytes(4) + b"WAVE" + fmt + b"data" + size.to_bytes(4, "little")
    assert find_declared_end(io.BytesIO(wave + bytes(100))) is None
    caf = b"caff\x00\x01\x00\x00data" + (-1).to_bytes(8, "big", signed=True)
    assert find_declared_end(io.BytesIO(caf + bytes(100))) is None


@given(st.lists(st.sampled_from(MAGICS) | st.binary(max_size=40), max_size=12).map(b"".join))
def test_any_bytes_tell_an_end_or_none(content):
    end = find_declared_end(io.BytesIO(content))
    assert end is None or end >= 0
