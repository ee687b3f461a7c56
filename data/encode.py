"""Audio files of every kind of the sample, written so that two runs give the same bytes."""

from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import av
import mutagen
import numpy as np
import soundfile
import soxr
from mutagen.id3 import ID3, TALB, TDRC, TIT2, TPE1, TRCK, TSRC, TXXX, UFID
from mutagen.mp4 import MP4, MP4FreeForm
from mutagen.ogg import OggPage
from score import Signal

CODECS = {
    ".wav": "pcm_s16le",
    ".flac": "flac",
    ".mp3": "libmp3lame",
    ".opus": "libopus",
    ".m4a": "aac",
}
"""Encoders of PyAV; Ogg Vorbis is written by libsndfile, whose encoder is the reference one."""
OGG_SERIAL = 20_260_101
VORBIS_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class SampleTags:
    """What is written into a file; None is not written."""

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    track: int | None = None
    n_tracks: int | None = None
    year: int | None = None
    isrc: str | None = None
    recording_mbid: str | None = None
    release_mbid: str | None = None
    artist_mbid: str | None = None

    def as_dict(self) -> dict[str, str | int]:
        """The fields that are set."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def write_audio(path: Path, samples: Signal, *, sr: int, bit_rate: int | None = None) -> None:
    """Encode samples of shape ``(n_channels, n)`` as the file's suffix asks for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".ogg":
        _write_vorbis(path, samples, sr=sr)
        return
    codec = CODECS[path.suffix]
    if codec == "libopus" and sr != 48_000:
        samples, sr = soxr.resample(samples.T, sr, 48_000, "VHQ").T, 48_000
    layout = {1: "mono", 2: "stereo"}[len(samples)]
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        options = {"flags": "+bitexact"}
        stream = container.add_stream(codec, rate=sr, layout=layout, options=options)
        if bit_rate:
            stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples, np.float32), format="fltp", layout=layout
        )
        frame.sample_rate = sr
        fifo = av.AudioFifo()
        resampler = av.AudioResampler(stream.format, layout, sr)
        for converted in [*resampler.resample(frame), *resampler.resample(None)]:
            converted.pts = None
            fifo.write(converted)
        n_written = 0
        size = stream.codec_context.frame_size or 4096
        while (part := fifo.read(size, partial=True)) is not None and part.samples:
            part.pts, part.time_base = n_written, Fraction(1, sr)
            n_written += part.samples
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


def _write_vorbis(path: Path, samples: Signal, *, sr: int) -> None:
    with soundfile.SoundFile(
        path, "w", sr, len(samples), format="OGG", subtype="VORBIS", compression_level=0.85
    ) as file:
        # libsndfile overflows its stack when a long signal comes in one piece.
        for start in range(0, samples.shape[1], VORBIS_BLOCK):
            file.write(samples[:, start : start + VORBIS_BLOCK].T)


def write_tags(path: Path, tags: SampleTags) -> None:
    """Tag a file as MusicBrainz Picard would; nothing is touched where no tag is set."""
    texts = {name: str(value) for name, value in tags.as_dict().items()}
    if texts:
        {".mp3": _tag_id3, ".m4a": _tag_mp4}.get(path.suffix, _tag_vorbis)(path, texts)
    if path.suffix == ".ogg":
        _fix_serial(path)


def _tag_vorbis(path: Path, texts: dict[str, str]) -> None:
    names = {
        "track": "TRACKNUMBER",
        "n_tracks": "TRACKTOTAL",
        "year": "DATE",
        "recording_mbid": "MUSICBRAINZ_TRACKID",
        "release_mbid": "MUSICBRAINZ_ALBUMID",
        "artist_mbid": "MUSICBRAINZ_ARTISTID",
    }
    file = mutagen.File(path)
    for name, text in texts.items():
        file[names.get(name, name.upper())] = text
    file.save()


def _tag_id3(path: Path, texts: dict[str, str]) -> None:
    tags = ID3()
    frames = {"title": TIT2, "artist": TPE1, "album": TALB, "year": TDRC, "isrc": TSRC}
    for name in frames.keys() & texts.keys():
        tags.add(frames[name](encoding=3, text=texts[name]))
    if "track" in texts:
        tags.add(TRCK(encoding=3, text=f"{texts['track']}/{texts['n_tracks']}"))
    if "recording_mbid" in texts:
        owner, mbid = "http://musicbrainz.org", texts["recording_mbid"].encode()
        tags.add(UFID(owner=owner, data=mbid))
    for name, desc in (("release_mbid", "Album"), ("artist_mbid", "Artist")):
        if name in texts:
            tags.add(TXXX(encoding=3, desc=f"MusicBrainz {desc} Id", text=texts[name]))
    tags.save(path, padding=lambda _: 0)


def _tag_mp4(path: Path, texts: dict[str, str]) -> None:
    file = MP4(path)
    atoms = {"title": "\xa9nam", "artist": "\xa9ART", "album": "\xa9alb", "year": "\xa9day"}
    freeform = {
        "isrc": "ISRC",
        "recording_mbid": "MusicBrainz Track Id",
        "release_mbid": "MusicBrainz Album Id",
        "artist_mbid": "MusicBrainz Artist Id",
    }
    for name, text in texts.items():
        if name in atoms:
            file[atoms[name]] = text
        elif name in freeform:
            file[f"----:com.apple.iTunes:{freeform[name]}"] = MP4FreeForm(text.encode())
    if "track" in texts:
        file["trkn"] = [(int(texts["track"]), int(texts["n_tracks"]))]
    file.save()


def _fix_serial(path: Path) -> None:
    """One stream serial for ever: libsndfile draws it from the clock."""
    pages = []
    with path.open("rb") as file:
        while True:
            try:
                pages.append(OggPage(file))
            except EOFError:
                break
    for page in pages:
        page.serial = OGG_SERIAL
    path.write_bytes(b"".join(page.write() for page in pages))
