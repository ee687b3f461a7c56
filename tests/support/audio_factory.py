"""Audio for tests, made from numbers."""

import dataclasses
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

CODECS = {
    ".wav": "pcm_s16le",
    ".flac": "flac",
    ".mp3": "libmp3lame",
    ".ogg": "vorbis",
    ".opus": "libopus",
    ".m4a": "aac",
    ".aiff": "pcm_s16be",
    ".wma": "wmav2",
    ".wv": "wavpack",
}
FORMATS = {"wavpack": "s16p", "tta": "s16"}
"""For encoders that would take 8 bits."""
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 7: "6.1", 8: "7.1"}
BIT_RATES = {"wmav2": 128_000}
"""For encoders that have no default."""


def tone(frequency_hz, seconds, sr, *, amplitude=0.5, n_channels=1):
    """A sine, shape ``(n_channels, n)``."""
    t = np.arange(round(seconds * sr)) / sr
    wave = amplitude * np.sin(2 * np.pi * frequency_hz * t)
    return np.tile(wave.astype(np.float32), (n_channels, 1))


def music_like(*, seed, seconds, sr, n_channels=1, amplitude=0.4):
    """Notes of a scale over a drum, different for every seed, shape ``(n_channels, n)``."""
    rng = np.random.default_rng(seed)
    n = round(seconds * sr)
    t = np.arange(n) / sr
    wave = np.zeros(n)
    beat_s = 60 / rng.uniform(90, 140)
    scale = 220 * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
    for start_s in np.arange(0, seconds, beat_s):
        k = slice(int(start_s * sr), min(int((start_s + beat_s) * sr), n))
        local = t[k] - start_s
        for note in rng.choice(scale, 2) * 2.0 ** rng.integers(-1, 2):
            for harmonic in range(1, 5):
                wave[k] += (
                    np.sin(2 * np.pi * note * harmonic * local) * np.exp(-3 * local) / harmonic
                )
        wave[k] += rng.standard_normal(len(local)) * np.exp(-40 * local)
    wave *= amplitude / np.abs(wave).max()
    return np.tile(wave.astype(np.float32), (n_channels, 1))


def noise(seconds, sr, *, seed=0, amplitude=0.3, n_channels=1):
    """White noise, shape ``(n_channels, n)``."""
    rng = np.random.default_rng(seed)
    return (amplitude * rng.standard_normal((n_channels, round(seconds * sr)))).astype(np.float32)


def write_audio(
    path, samples, sr, *, codec=None, bit_rate=None, tags=None, layout=None, chapters=()
):
    """Write float32 samples of shape ``(n_channels, n)`` in the format that the name asks for.

    ``layout`` is FFmpeg's name of the channels, where it is not the usual one.

    FFmpeg's own Vorbis encoder knows stereo only: mono is written as two equal channels there.
    ``tags`` are FFmpeg's names (``title``, ``artist``) with their texts, ``chapters`` pairs of a
    start in seconds and such tags.
    """
    path = Path(path)
    samples = np.atleast_2d(samples)
    codec = codec or CODECS[path.suffix]
    if codec == "vorbis" and len(samples) == 1:
        samples = np.tile(samples, (2, 1))
    layout = layout or LAYOUTS.get(len(samples)) or f"{len(samples)} channels"
    rate = 48_000 if codec == "libopus" else sr
    options = {"strict": "experimental"} if codec == "vorbis" else {}
    with av.open(str(path), "w") as container:
        container.metadata.update(tags or {})
        container.set_chapters(make_chapters(chapters, samples.shape[1] / sr))
        stream = container.add_stream(codec, rate=rate, layout=layout, options=options)
        if codec in FORMATS:
            stream.format = FORMATS[codec]
        if bit_rate or codec in BIT_RATES:
            stream.bit_rate = bit_rate or BIT_RATES[codec]
        resampler = av.AudioResampler(stream.format, layout, rate)
        packed = np.ascontiguousarray(samples.T, np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
        frame.sample_rate = sr
        fifo = av.AudioFifo()
        for converted in [*resampler.resample(frame), *resampler.resample(None)]:
            converted.pts = None
            fifo.write(converted)
        size = stream.codec_context.frame_size or 4096
        n_written = 0
        while (part := fifo.read(size, partial=True)) is not None and part.samples:
            part.pts, part.time_base = n_written, Fraction(1, rate)
            n_written += part.samples
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


def make_chapters(chapters, end_s):
    """Chapters as PyAV takes them, each to the start of the next."""
    ends_s = [*(start_s for start_s, _ in chapters), end_s][1:]
    return [
        {
            "id": number,
            "start": round(1000 * start_s),
            "end": round(1000 * stop_s),
            "time_base": Fraction(1, 1000),
            "metadata": texts,
        }
        for number, ((start_s, texts), stop_s) in enumerate(zip(chapters, ends_s, strict=True), 1)
    ]


def write_songs(folder, n_files):
    """As many songs of a quarter of a minute: enough for an import to be met in its middle."""
    for k in range(n_files):
        samples = music_like(seed=k, seconds=15.0, sr=44_100)
        write_audio(folder / f"song{k:02d}.flac", samples, 44_100)


def write_side(path, *, seed, sr):
    """Two pieces of 7 s, with 2 s of hiss between them; the second one swells and sinks."""
    rng = np.random.default_rng(seed)
    one, other = (music_like(seed=seed + k, seconds=7.0, sr=sr) for k in (0, 1))
    other *= np.sin(np.linspace(0.0, np.pi, other.shape[-1], dtype=np.float32))
    samples = np.concatenate([one, np.zeros_like(one[..., : 2 * sr]), other], axis=-1)
    noise = 3e-4 * rng.standard_normal(samples.shape)
    return write_audio(path, samples + noise.astype(np.float32), sr)


@dataclasses.dataclass(frozen=True)
class OggPage:
    """A page of an Ogg stream (RFC 3533, section 6)."""

    flags: int
    granule: int
    serial: bytes
    sequence: int
    lacing: bytes
    body: bytes

    def as_inner(self):
        """The same without the marks of a stream's first and last page."""
        return dataclasses.replace(self, flags=self.flags & 1)

    def number(self, sequence):
        return dataclasses.replace(self, sequence=sequence)

    def encode(self):
        head = struct.pack(
            "<4sBBq4sI", b"OggS", 0, self.flags, self.granule, self.serial, self.sequence
        )
        tail = bytes([len(self.lacing)]) + self.lacing + self.body
        return head + struct.pack("<I", _compute_ogg_crc(head + bytes(4) + tail)) + tail


def split_ogg(data):
    """The pages of an Ogg file."""
    pages = []
    while data:
        _, _, flags, granule, serial, sequence = struct.unpack_from("<4sBBq4sI", data)
        lacing = data[27 : 27 + data[26]]
        start = 27 + len(lacing)
        body = data[start : start + sum(lacing)]
        pages.append(OggPage(flags, granule, serial, sequence, lacing, body))
        data = data[start + len(body) :]
    return pages


def renumber_ogg(data, serial):
    """An Ogg file with another serial number, as a link of a chain."""
    pages = (dataclasses.replace(p, serial=struct.pack("<I", serial)) for p in split_ogg(data))
    return b"".join(page.encode() for page in pages)


def _compute_ogg_crc(data):
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ (0x104C11DB7 if crc & 0x80000000 else 0)
    return crc
