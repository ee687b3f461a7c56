"""Covers: a small square of whatever picture a file carries."""

import base64
import io
import shutil
from pathlib import Path

import av
import pytest
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3
from mutagen.mp4 import MP4, MP4Cover
from mutagen.oggvorbis import OggVorbis
from support.audio_factory import music_like, write_audio
from support.pictures import make_picture

from wkmp_lab.errors import DecodeError
from wkmp_lab.io.tags import covers
from wkmp_lab.io.tags.covers import read_thumbnail

SAMPLE = Path(__file__).parents[3] / "data" / "sample"


def read_pixels(jpeg):
    with av.open(io.BytesIO(jpeg)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def write_flac(path, picture):
    write_audio(path, music_like(seed=1, seconds=1, sr=22_050), 22_050)
    tags = FLAC(path)
    block = Picture()
    block.type, block.mime, block.data = 3, "image/png", picture
    tags.add_picture(block)
    tags.save()


def write_mp3(path, picture):
    shutil.copy(SAMPLE / "pocket" / "Blue Lantern.mp3", path)
    tags = ID3(path)
    tags.add(APIC(encoding=3, mime="image/png", type=3, desc="", data=picture))
    tags.save()


def write_m4a(path, picture):
    shutil.copy(SAMPLE / "low-water" / "03 Night Bus.m4a", path)
    tags = MP4(path)
    tags["covr"] = [MP4Cover(picture, MP4Cover.FORMAT_PNG)]
    tags.save()


def write_ogg(path, picture):
    write_audio(path, music_like(seed=1, seconds=1, sr=22_050), 22_050)
    tags = OggVorbis(path)
    block = Picture()
    block.type, block.mime, block.data = 3, "image/png", picture
    tags["metadata_block_picture"] = [base64.b64encode(block.write()).decode()]
    tags.save()


WRITERS = {"flac": write_flac, "mp3": write_mp3, "m4a": write_m4a, "ogg": write_ogg}


@pytest.mark.parametrize("kind", WRITERS)
def test_the_cover_of_every_usual_format_becomes_a_small_square(kind, tmp_path):
    path = tmp_path / f"song.{kind}"
    WRITERS[kind](path, make_picture())
    thumbnail = read_thumbnail(path, side_px=32)
    pixels = read_pixels(thumbnail)
    assert pixels.shape == (32, 32, 3)
    left, right = pixels[16, 4].astype(int), pixels[16, 28].astype(int)
    assert left[0] > 200 > 100 > left[2]
    assert right[2] > 200 > 100 > right[0]
    assert len(thumbnail) < 3000


@pytest.mark.parametrize("shape", [(1, 2000), (2000, 1), (3, 3)])
def test_odd_shapes_become_squares_too(shape, tmp_path):
    write_flac(tmp_path / "odd.flac", make_picture(*shape))
    assert read_pixels(read_thumbnail(tmp_path / "odd.flac", side_px=16)).shape == (16, 16, 3)


def test_without_a_picture_there_is_no_thumbnail(tmp_path):
    write_audio(tmp_path / "bare.wav", music_like(seed=1, seconds=1, sr=22_050), 22_050)
    assert read_thumbnail(tmp_path / "bare.wav") is None


def test_a_picture_beyond_reason_is_not_unpacked(tmp_path, monkeypatch):
    write_flac(tmp_path / "big.flac", make_picture())
    monkeypatch.setattr(covers, "MAX_PIXELS", 300 * 200 - 1)
    assert read_thumbnail(tmp_path / "big.flac") is None


def test_a_picture_that_is_none_gives_no_thumbnail(tmp_path):
    write_flac(tmp_path / "noise.flac", b"\x89PNG\r\n\x1a\n" + bytes(range(200)))
    assert read_thumbnail(tmp_path / "noise.flac") is None


def test_what_is_no_music_is_refused(tmp_path):
    (tmp_path / "text.mp3").write_text("no music")
    with pytest.raises(DecodeError, match="no audio"):
        read_thumbnail(tmp_path / "text.mp3")
