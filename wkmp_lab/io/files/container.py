"""Opening a file with PyAV: this one regular file and nothing else, believing no header."""

import contextlib
import re
import stat
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import av

from wkmp_lab.errors import DecodeError
from wkmp_lab.io.formats import asf, mp4, ogg
from wkmp_lab.io.formats.audio_part import view_audio
from wkmp_lab.io.formats.part import FilePart
from wkmp_lab.io.formats.signatures import HEAD_BYTES, name_format, name_other
from wkmp_lab.io.tags.limits import skip_heavy_tags

MAX_CHANNELS = 64
SR_RANGE_HZ = (1_000, 1_536_000)
"""Rates outside are taken for damage: a 44-byte header can say 100 MHz."""

_CONTAINERS = {
    "mov,mp4,m4a,3gp,3g2,mj2": "m4a",
    "matroska,webm": "matroska",
    "wv": "wavpack",
    "w64": "wav",
    "mpegts": "mpeg-ts",
}
_CODECS = {"mp3float": "mp3", "mp2float": "mp2", "wmav2": "wma", "wmav1": "wma"}
_REFUSED = {"hls", "concat", "dash", "sdp", "rtsp", "tedcaptions", "image2", "lavfi", "tty"}
"""Formats that name other files, hosts or devices, and text that FFmpeg would draw."""

_WAVES = (b"RIFF", b"RF64", b"BW64")
_WAVE_PROBE = {"max_probe_packets": "8"}
"""FFmpeg looks for DTS that is disguised as PCM, which is there from the start: in 32 kB, not in
megabytes of every WAV file."""

_COPY_FRAMES = 1 << 16
_MAX_COPY_SAMPLES = 1 << 30
"""Of all channels together: three hours of stereo, 4 GB of temporary file."""

_UNNAMED = {"UNSD", "UNK", "NONE"}
_EINVAL = -22
_SAMPLE_SIZE_BYTE = {"flac": 13, "alac": 17}
"""Where the codec's own header has the sample size (RFC 9639, 8.2; ALAC's magic cookie)."""


DAMAGE = (av.error.FFmpegError, ValueError)
"""What PyAV raises of a file that is damaged."""


class _Source:
    """An open file that answers FFmpeg's impossible seeks instead of raising.

    Damaged sizes make demuxers seek before the start; PyAV would print the error of each.
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self.read = file.read
        self.tell = file.tell

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return int(self._file.seek(offset, whence))
        except (OSError, OverflowError, ValueError):
            return _EINVAL


class Opened(NamedTuple):
    """A container that FFmpeg reads.

    Attributes
    ----------
    copied
        The tidy names of what it is a copy of, if it is one.
    later_links
        The streams that follow it in a chained Ogg file, each as a file of its own.
    """

    container: Any
    copied: tuple[str, str] | None = None
    later_links: tuple[FilePart, ...] = ()


def open_container(path: str, closing: contextlib.ExitStack, *, may_copy: bool = True) -> Opened:
    """The container of a file; it and the file are closed with ``closing``.

    Without ``may_copy`` nothing is read but by FFmpeg.

    Raises
    ------
    DecodeError
        No regular file, or none of a known audio format.
    OSError
        The file cannot be opened or read.
    """
    _require_regular(path)
    # An open file instead of a name: FFmpeg then reads this file and nothing else.
    opened_file = closing.enter_context(Path(path).open("rb"))  # noqa: SIM115
    file = view_audio(skip_heavy_tags(opened_file))
    head = file.read(8)
    av.logging.set_level(None)
    if (owner := _find_protection(file, head)) is not None:
        raise DecodeError(f"protected: its sound is locked by {owner}", path)
    links = [FilePart(file, start=each.start, end=each.end) for each in _find_links(file, head)]
    file.seek(0)
    try:
        options = _WAVE_PROBE if head[:4] in _WAVES else {}
        opened = Opened(_open(links[0] if links else file, options), None, tuple(links[1:]))
    except (av.error.FFmpegError, ValueError) as error:
        found = _copy_ogg(file, closing) if may_copy and head[:4] == ogg.MAGIC else None
        if found is None:
            raise DecodeError(_explain(file, head), path) from error
        opened = found
    container = opened.container
    closing.callback(container.close)
    if container.format.name.split(",")[0] in _REFUSED:
        raise DecodeError(f"no audio, but text or a list ({container.format.name})", path)
    return opened


def open_link(link: FilePart) -> Any:
    """The container of a later link of a chained Ogg file.

    Raises
    ------
    av.error.FFmpegError, ValueError
        It cannot be read.
    """
    link.seek(0)
    return _open(link, {})


def read_channels(frame: Any) -> tuple[str, ...] | None:
    """Names of a frame's channels, as in FL, FR, LFE; None where the file names none."""
    names = tuple(channel.name for channel in frame.layout.channels)
    return names if names and _UNNAMED.isdisjoint(names) else None


def _find_protection(file: Any, head: bytes) -> str | None:
    """Whose lock is on the sound; None where there is none that we know."""
    if head[4:] == b"ftyp":
        return mp4.find_protection(file)
    return asf.find_protection(file) if asf.MAGIC.startswith(head) else None


def _find_links(file: Any, head: bytes) -> tuple[ogg.OggLink, ...]:
    """The links of a chained Ogg file; none where it is not chained."""
    links = ogg.find_links(file) if head[:4] == ogg.MAGIC else ()
    return links if len(links) > 1 else ()


def _open(file: Any, options: dict[str, str]) -> Any:
    return av.open(
        _Source(file),
        mode="r",
        metadata_errors="replace",
        options={"protocol_whitelist": "none", **options},
    )


def _copy_ogg(file: Any, closing: contextlib.ExitStack) -> Opened | None:
    """What libsndfile reads of an Ogg file, as a temporary WAV file; None where it reads nothing.

    Some editors repeat Vorbis' headers ahead of the sound: FFmpeg takes that for damage, Xiph's
    own library plays it.
    """
    import soundfile  # 20 ms of every start, for files that hardly anybody has

    file.seek(0)
    copy = closing.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
    try:
        with soundfile.SoundFile(file) as ogg:
            names = ogg.format.lower(), ogg.subtype.lower()
            shape = {"samplerate": ogg.samplerate, "channels": ogg.channels}
            with soundfile.SoundFile(copy, "w", format="RF64", subtype="FLOAT", **shape) as wave:
                for block in ogg.blocks(_COPY_FRAMES, dtype="float32", always_2d=True):
                    wave.write(block)
                    if wave.tell() * ogg.channels > _MAX_COPY_SAMPLES:
                        return None
        copy.seek(0)
        return Opened(_open(copy, _WAVE_PROBE), names)
    except (soundfile.LibsndfileError, av.error.FFmpegError, ValueError):
        return None


def find_stream(container: Any, path: str) -> Any:
    """The first audio stream that there is a decoder for.

    Raises
    ------
    DecodeError
        There is none, or its header is not plausible.
    """
    streams = container.streams.audio
    if not streams:
        raise DecodeError("no sound in it: there are pictures or data only", path)
    known = [stream for stream in streams if stream.codec_context is not None]
    if not known:
        raise DecodeError("its sound is of a kind that there is no decoder for", path)
    context = known[0].codec_context
    n_channels = _settle_layout(context)
    if not context.sample_rate and not n_channels:
        raise DecodeError(
            "no audio that can be decoded: it tells neither a rate nor channels", path
        )
    require_plausible(context.sample_rate, n_channels, path)
    context.thread_count = 1
    return known[0]


def _settle_layout(context: Any) -> int:
    """Let the decoder lay its channels out in a plain way; their number is returned.

    A layout with a map of its own (as of AIFF and MOV files) is freed once by PyAV for each time
    it was looked at, and once more by FFmpeg: the same channels in the same order have none.
    """
    layout = context.layout
    if layout.nb_channels > 0:
        is_plain = "channels (" not in layout.name
        context.layout = layout.name if is_plain else f"{layout.nb_channels} channels"
    return int(layout.nb_channels)


def require_plausible(sr: int, n_channels: int, path: str) -> None:
    """Raise DecodeError where a rate or a channel count can only be damage."""
    if not is_plausible(sr, n_channels):
        low, high = SR_RANGE_HZ
        raise DecodeError(
            f"implausible header: {sr} Hz and {n_channels} channels; expected {low} to {high} Hz "
            f"and 1 to {MAX_CHANNELS} channels",
            path,
        )


def is_plausible(sr: int, n_channels: int) -> bool:
    """Whether audio can have this rate and so many channels."""
    low, high = SR_RANGE_HZ
    return low <= (sr or 0) <= high and 0 < n_channels <= MAX_CHANNELS


def read_names(container: Any, stream: Any) -> tuple[str, str]:
    """Tidy names of container and codec: ('ogg', 'vorbis')."""
    container_name = container.format.name
    codec = stream.codec_context.name
    return _CONTAINERS.get(container_name, container_name), _CODECS.get(codec, codec)


def read_declared_s(container: Any, stream: Any) -> float | None:
    """What the header says of the duration, None where it says nothing."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def read_bits(stream: Any) -> int | None:
    """Bits per sample of PCM, FLAC and ALAC; None where the codec has no such thing."""
    context = stream.codec_context
    if named := re.fullmatch(r"pcm_[a-z](\d+)(?:[bl]e)?(?:_planar)?", context.name):
        return int(named[1])
    place = _SAMPLE_SIZE_BYTE.get(context.name)
    header = context.extradata or b""
    if place is None or len(header) <= place:
        return None
    if context.name == "flac":
        # Five bits across two bytes, one less than the sample size.
        return ((header[place - 1] & 1) << 4 | header[place] >> 4) + 1
    return int(header[place]) or None


def _require_regular(path: str) -> None:
    status = Path(path).stat()
    if not stat.S_ISREG(status.st_mode):
        raise DecodeError("not a regular file", path)
    if status.st_size == 0:
        raise DecodeError("empty file", path)


def _explain(file: Any, head: bytes) -> str:
    """Why FFmpeg reads nothing in a file, in words for whoever owns it."""
    if head[4:] == b"ftyp" and not mp4.has_index(file):
        return "damaged: no index (moov), it was probably cut off"
    file.seek(0)
    start = file.read(HEAD_BYTES)
    if (kind := name_other(start)) is not None:
        return f"no audio, but {kind}"
    kind = name_format(start)
    if kind is None:
        return "no audio of any known kind"
    return f"no audio that can be decoded: it begins as {kind}, and no more of it can be read"
