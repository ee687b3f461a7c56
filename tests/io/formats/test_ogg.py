"""Chained Ogg files are heard as a whole, whatever their links are."""

import io
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import audio_factory as factory

from wkmp_lab.io.files.audio import AudioReader
from wkmp_lab.io.files.scanning import scan_folder
from wkmp_lab.io.formats.ogg import find_links
from wkmp_lab.pipeline.measure import measure_file

SR = 44_100


def write_link(path, *, seconds=2.0, sr=SR, n_channels=2, frequency_hz=440.0):
    wave = factory.tone(frequency_hz, seconds, sr, n_channels=n_channels)
    return factory.write_audio(path, wave, sr).read_bytes()


def chain(*links):
    """Links one after the other, each with a serial number of its own."""
    return b"".join(factory.renumber_ogg(link, number) for number, link in enumerate(links, 7))


def read(path):
    with AudioReader(path) as reader:
        samples = [block.samples for block in reader.blocks()]
        return np.concatenate(samples, axis=1), reader.describe()


def test_links_of_one_format_are_whole_and_tell_their_length(tmp_path):
    path = tmp_path / "a.ogg"
    quiet = write_link(tmp_path / "1.ogg")
    loud = write_link(tmp_path / "2.ogg", seconds=3.0, frequency_hz=880.0)
    path.write_bytes(chain(quiet, loud))
    samples, audio = read(path)
    assert audio.duration_s == pytest.approx(5.0, abs=0.05)
    assert audio.declared_duration_s == pytest.approx(audio.duration_s, abs=0.01)
    assert (audio.n_decode_errors, audio.is_truncated, audio.n_format_changes) == (0, False, 0)
    second = samples[0, -2 * SR :]
    assert np.argmax(np.abs(np.fft.rfft(second))) * SR / second.size == pytest.approx(880, abs=1)


def test_links_of_another_rate_are_heard_at_the_rate_of_the_first(tmp_path):
    path = tmp_path / "a.ogg"
    path.write_bytes(
        chain(
            write_link(tmp_path / "1.ogg"),
            write_link(tmp_path / "2.ogg", sr=22_050, frequency_hz=880.0),
            write_link(tmp_path / "3.opus", frequency_hz=660.0),
        )
    )
    samples, audio = read(path)
    assert (audio.sr, audio.n_decode_errors, audio.is_truncated) == (SR, 0, False)
    assert audio.duration_s == pytest.approx(6.0, abs=0.05)
    for start_s, frequency_hz in ((0.5, 440), (2.5, 880), (4.5, 660)):
        stretch = samples[0, round(start_s * SR) : round((start_s + 1) * SR)]
        assert np.argmax(np.abs(np.fft.rfft(stretch))) == pytest.approx(frequency_hz, abs=1)
    (source,) = [file for file in scan_folder(tmp_path).files if file.path == str(path)]
    (note,) = measure_file(source).notes
    assert note.startswith("odd: rate or channels change 2 times inside")


def test_half_of_a_chain_is_truncated(tmp_path):
    path = tmp_path / "a.ogg"
    content = chain(write_link(tmp_path / "1.ogg"), write_link(tmp_path / "2.ogg", seconds=4.0))
    path.write_bytes(content[: round(0.7 * len(content))])
    _, audio = read(path)
    assert audio.is_truncated
    assert audio.duration_s > 2.0


def test_a_link_that_is_no_sound_costs_an_error_and_not_the_file(tmp_path):
    path = tmp_path / "a.ogg"
    link = write_link(tmp_path / "1.ogg")
    pages = factory.split_ogg(link)
    torn = pages[0].encode() + b"".join(page.encode() for page in pages[4:5])
    path.write_bytes(chain(link) + torn)
    _, audio = read(path)
    assert audio.duration_s == pytest.approx(2.0, abs=0.05)
    assert audio.n_decode_errors == 1


def test_a_plain_file_is_one_link(tmp_path):
    content = write_link(tmp_path / "a.ogg", seconds=3.0)
    (link,) = find_links(io.BytesIO(content + b"TAG" + bytes(125)))
    assert (link.start, link.end) == (0, len(content) + 128)
    assert link.length_s == pytest.approx(3.0, abs=0.01)


@given(
    st.lists(
        st.sampled_from([b"OggS", b"\x00\x02", b"\x01vorbis", b"OpusHead", b"\x7fFLAC", bytes(8)])
        | st.binary(max_size=60),
        max_size=20,
    ).map(b"".join)
)
def test_any_bytes_have_links_that_follow_one_another_or_none(content):
    links = find_links(io.BytesIO(b"OggS" + content))
    assert all(a.end == b.start for a, b in itertools.pairwise(links))
    assert all(link.length_s is None or link.length_s >= 0 for link in links)
