"""Decoding: what comes out is what went in, counted and not believed."""

import contextlib
import struct
import wave

import av
import numpy as np
import pytest
from support import audio_factory as factory

from wkmp_lab.errors import DecodeError
from wkmp_lab.io.files import container as opening
from wkmp_lab.io.files.audio import AudioReader, read_signal

SR = 44_100
MUSIC = factory.music_like(seed=1, seconds=4, sr=SR, n_channels=2)

LOSSLESS = [
    (".wav", "pcm_u8", 8, 2**-7),
    (".wav", "pcm_s16le", 16, 2**-15),
    (".wav", "pcm_s24le", 24, 2**-23),
    (".wav", "pcm_s32le", 32, 2**-23),
    (".wav", "pcm_f32le", 32, 0.0),
    (".wav", "pcm_f64le", 64, 0.0),
    (".aiff", "pcm_s16be", 16, 2**-15),
    (".flac", "flac", 16, 2**-15),
    (".m4a", "alac", 24, 2**-23),
    (".wv", "wavpack", None, 2**-15),
    (".tta", "tta", None, 2**-15),
]
"""(ending, codec, bits per sample, largest rounding error)"""

LOSSY = [
    (".mp3", "mp3", "mp3"),
    (".ogg", "ogg", "vorbis"),
    (".opus", "ogg", "opus"),
    (".m4a", "m4a", "aac"),
    (".wma", "asf", "wma"),
]


def read_all(path, **limits):
    with AudioReader(path, **limits) as reader:
        samples = [block.samples for block in reader.blocks()]
        return np.concatenate(samples, axis=1), reader.describe()


@pytest.mark.parametrize(("ending", "codec", "bits", "rounding"), LOSSLESS)
def test_lossless_formats_give_back_every_sample(tmp_path, ending, codec, bits, rounding):
    path = factory.write_audio(tmp_path / f"a{ending}", MUSIC, SR, codec=codec)
    samples, audio = read_all(path)
    assert samples.shape == MUSIC.shape
    assert samples.dtype == np.float32
    # One step of the format: the encoder's side rounds or cuts as it likes.
    assert np.abs(samples - MUSIC).max() <= rounding
    assert (audio.codec, audio.sr, audio.n_channels, audio.bits_per_sample) == (
        codec,
        SR,
        2,
        bits,
    )
    assert audio.declared_duration_s == pytest.approx(4.0)
    assert (audio.n_decode_errors, audio.is_truncated, audio.is_capped) == (0, False, False)


@pytest.mark.parametrize(("ending", "container", "codec"), LOSSY)
def test_lossy_formats_are_named_and_keep_their_length(tmp_path, ending, container, codec):
    samples, audio = read_all(factory.write_audio(tmp_path / f"a{ending}", MUSIC, SR))
    assert (audio.container, audio.codec) == (container, codec)
    # Encoder delay and padding: two frames of the longest kind at most.
    assert audio.duration_s == pytest.approx(4.0, abs=2 * 2048 / SR)
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(np.sqrt(np.mean(MUSIC**2)), rel=0.1)
    assert (audio.bits_per_sample, audio.n_decode_errors) == (None, 0)


@pytest.mark.parametrize("block_samples", [1000, 44_100, 1 << 20])
def test_the_size_of_the_blocks_changes_nothing(tmp_path, block_samples):
    path = factory.write_audio(tmp_path / "a.mp3", MUSIC, SR)
    whole, _ = read_all(path)
    with AudioReader(path) as reader:
        blocks = [block.samples for block in reader.blocks(block_samples)]
    assert {block.shape[1] for block in blocks[:-1]} <= {block_samples}
    assert np.array_equal(np.concatenate(blocks, axis=1), whole)


STRETCHES = [(0.0, 1.0), (1.1234, 2.5), (3.00001, 3.2), (2.5, None), (3.99, 9.0), (2.0, 2.0)]


@pytest.mark.parametrize(
    ("ending", "codec"),
    [(ending, codec) for ending, codec, _, _ in LOSSLESS]
    + [(ending, None) for ending, _, _ in LOSSY]
    + [(".mka", "flac"), (".oga", "flac"), (".caf", "pcm_s16le")],
)
def test_a_stretch_is_that_slice_of_the_full_decode(tmp_path, ending, codec):
    path = factory.write_audio(tmp_path / f"a{ending}", MUSIC, SR, codec=codec)
    whole = read_signal(path)
    for start_s, end_s in STRETCHES:
        stop = None if end_s is None else round(end_s * whole.sr)
        expected = whole.samples[:, round(start_s * whole.sr) : stop]
        found = read_signal(path, start_s=start_s, end_s=end_s)
        assert np.array_equal(found.samples, expected), (start_s, end_s)


def test_a_stretch_behind_the_end_is_empty(tmp_path):
    path = factory.write_audio(tmp_path / "a.flac", MUSIC, SR)
    assert read_signal(path, start_s=20.0, end_s=21.0).samples.shape == (2, 0)


def test_a_seek_enters_lossless_files_near_the_place_and_leaves_lossy_ones_alone(tmp_path):
    with AudioReader(factory.write_audio(tmp_path / "a.flac", MUSIC, SR)) as reader:
        found = reader.seek_before(3 * SR)
        assert 2 * SR < found <= 3 * SR
    with AudioReader(factory.write_audio(tmp_path / "a.mp3", MUSIC, SR)) as reader:
        assert reader.seek_before(3 * SR) is None


def test_peaks_above_full_scale_are_kept(tmp_path):
    loud = factory.tone(440, 1, SR, amplitude=1.5)
    samples, _ = read_all(factory.write_audio(tmp_path / "a.wav", loud, SR, codec="pcm_f32le"))
    assert np.abs(samples).max() == pytest.approx(1.5, rel=1e-3)


def test_samples_that_are_no_numbers_are_silenced_and_counted(tmp_path):
    broken = MUSIC.copy()
    broken[0, 100:103] = [np.nan, np.inf, -np.inf]
    broken[1, 70_000] = np.nan
    path = factory.write_audio(tmp_path / "a.wav", broken, SR, codec="pcm_f32le")
    samples, audio = read_all(path)
    assert audio.n_nonfinite == 4
    assert samples[0, 100:103].tolist() == [0, 0, 0]
    assert np.array_equal(samples[0, 103:], MUSIC[0, 103:])


@pytest.mark.parametrize(
    ("limit_s", "is_capped"), [(0.5, True), (2.0, True), (3.5, True), (4.0, False)]
)
def test_decoding_stops_at_the_longest_length(tmp_path, limit_s, is_capped):
    path = factory.write_audio(tmp_path / "a.wav", MUSIC, SR)
    samples, audio = read_all(path, max_duration_s=limit_s)
    assert samples.shape[1] == audio.n_samples == round(limit_s * SR)
    assert audio.is_capped is is_capped
    assert not audio.is_truncated


def test_channels_that_change_on_the_way_are_converted_to_the_first_ones(tmp_path):
    mono = factory.write_audio(tmp_path / "m.mp3", MUSIC[:1], SR)
    right = MUSIC * np.array([[0.0], [1.0]], np.float32)
    stereo = factory.write_audio(tmp_path / "s.mp3", right, SR)
    joined = tmp_path / "joined.mp3"
    joined.write_bytes(mono.read_bytes() + stereo.read_bytes())
    samples, audio = read_all(joined)
    assert (audio.n_channels, audio.n_format_changes) == (1, 1)
    assert samples.shape[1] == pytest.approx(8 * SR, abs=3 * 1152)
    # FFmpeg mixes with a factor of 0.707; the left channel alone would be silent. 10 % are for
    # the codec and for the delay of the second file.
    level, whole = (
        np.sqrt(np.mean(y[:, SR : 3 * SR] ** 2)) for y in (samples[:, 4 * SR :], MUSIC)
    )
    assert level == pytest.approx(np.sqrt(0.5) * whole, rel=0.1)


def test_the_first_stream_with_a_decoder_is_read_and_none_is_an_error(tmp_path):
    path = tmp_path / "unknown.wav"
    head = struct.pack("<HHIIHH", 0x1234, 1, SR, SR * 2, 2, 16)
    path.write_bytes(
        b"RIFF" + struct.pack("<I", 4036) + b"WAVEfmt " + struct.pack("<I", 16) + head
        + b"data" + struct.pack("<I", 4000) + bytes(4000)
    )  # fmt: skip
    with pytest.raises(DecodeError, match=r"no decoder .*unknown\.wav"):
        AudioReader(path)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        AudioReader(tmp_path / "none.mp3")


def test_nothing_is_printed_by_the_decoder(tmp_path, capfd):
    path = factory.write_audio(tmp_path / "a.mp3", MUSIC, SR)
    damaged = bytearray(path.read_bytes())
    damaged[5000:9000] = np.random.default_rng(0).bytes(4000)
    path.write_bytes(damaged)
    read_all(path)
    assert capfd.readouterr() == ("", "")


def test_vorbis_whose_headers_are_repeated_is_read_as_other_players_read_it(tmp_path):
    plain = factory.write_audio(tmp_path / "plain.ogg", MUSIC, SR)
    pages = factory.split_ogg(plain.read_bytes())
    n_headers = next(n for n, page in enumerate(pages) if page.granule > 0)
    repeated = [*pages[:n_headers], *(p.as_inner() for p in pages[:n_headers]), *pages[n_headers:]]
    path = tmp_path / "repeated.ogg"
    path.write_bytes(b"".join(page.number(n).encode() for n, page in enumerate(repeated)))

    with pytest.raises(av.error.FFmpegError):
        av.open(str(path))
    wanted, plain_audio = read_all(plain)
    samples, audio = read_all(path)
    assert np.abs(samples[:, : wanted.shape[1]] - wanted).max() < 1e-4
    assert abs(samples.shape[1] - wanted.shape[1]) <= 1024
    assert (audio.container, audio.codec, audio.bits_per_sample) == ("ogg", "vorbis", None)
    assert audio.sr == plain_audio.sr
    assert not audio.is_truncated
    middle = read_signal(path, start_s=1.0, end_s=2.0)
    assert np.array_equal(middle.samples, samples[:, SR : 2 * SR])


def test_an_ogg_file_that_nobody_can_read_is_refused(tmp_path):
    path = tmp_path / "a.ogg"
    path.write_bytes(b"OggS" + bytes(5000))
    with pytest.raises(DecodeError, match="no audio that can be decoded"):
        AudioReader(path)


def test_dts_that_is_disguised_as_pcm_is_not_taken_for_noise(tmp_path):
    # A core frame's header (ETSI TS 102 114): stereo, 44.1 kHz, 512 samples in 2,048 bytes.
    header = bytes.fromhex("7ffe8001fc3c7ff0a2c001380003ef7f")
    payload = np.random.default_rng(0).bytes(2048 - len(header))
    path = tmp_path / "disc.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, SR, 0, "NONE", ""))
        file.writeframes(np.frombuffer((header + payload) * 100, ">u2").astype("<u2").tobytes())

    with contextlib.ExitStack() as closing:
        container = opening.open_container(str(path), closing).container
        stream = opening.find_stream(container, str(path))
        assert stream.codec_context.name == "dca"
