"""The identity of a recording's bytes: a hash of the coded audio, which no tag can change.

What is hashed is the packets of the audio stream in the order of the file, with all that decides
how they sound: codec, rate, layout, the decoder's own headers, and the samples that are trimmed at
both ends. Comments, pictures and the container's padding are not part of it, so a file that was
tagged, renamed or moved keeps its hash. FFmpeg's ``-c copy -f streamhash`` shows the idea.

A hash is a text of 82 characters: which way of hashing it is, 16 of the head, 64 of the whole. The
head is the hash of the first packets alone, by which a file that is known can be sought before it
is read to its end.
"""

import contextlib
import hashlib
from typing import Any, NamedTuple, Protocol

from wkmp_lab.errors import DecodeError
from wkmp_lab.io.files import container as opening
from wkmp_lab.io.tags.container_tags import read_container_tags
from wkmp_lab.model import Tags

VERSION = "a1"
"""Begins every hash of audio; another way of hashing gets another."""
BYTES_VERSION = "b1"
"""Begins what stands for one where a file cannot be taken apart: the hash of all its bytes."""
HEAD_PACKETS = 16
HEAD_DIGITS = 16
HEAD_LENGTH = len(VERSION) + HEAD_DIGITS
_TRIMS = "skip_samples"


class Packet(Protocol):
    """What is needed of a demuxed packet: its bytes, and what stands beside them."""

    def __bytes__(self) -> bytes: ...

    def iter_sidedata(self) -> Any: ...


class AudioHasher:
    """The hash of a stream, built packet by packet while the file is read."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._n_packets = 0
        self._head: str | None = None

    def begin(self, stream: Any) -> None:
        """Take what a stream says of itself, before anything of it is decoded.

        In a chained Ogg file each link is a stream.
        """
        context = stream.codec_context
        facts = (context.codec.canonical_name, context.sample_rate, context.layout.name)
        self._hash.update(repr(facts).encode())
        self._hash.update(select_headers(context.codec.canonical_name, context.extradata or b""))

    def update(self, packet: Packet) -> None:
        """Take the next packet of the stream; the empty one at the end changes nothing."""
        self._hash.update(memoryview(packet))  # type: ignore[arg-type]
        for beside in packet.iter_sidedata():
            if str(beside.data_type) == _TRIMS:
                self._hash.update(b"trim" + bytes(beside))
        self._n_packets += 1
        if self._n_packets == HEAD_PACKETS:
            self._head = self._hash.hexdigest()[:HEAD_DIGITS]

    @property
    def has_head(self) -> bool:
        """True where enough packets were taken for the head."""
        return self._head is not None

    def finish(self) -> str:
        """The hash as text of 82 characters."""
        whole = self._hash.hexdigest()
        return VERSION + (self._head or whole[:HEAD_DIGITS]) + whole


class TakenApart(NamedTuple):
    """What taking a file apart tells of it."""

    audio_hash: str
    container: str
    """Tidy name, as in ``AudioFormat``: equal audio may lie in containers of two kinds."""
    tags: Tags
    """Those that the container shows."""


def select_headers(codec: str, extradata: bytes) -> bytes:
    """The part of a decoder's headers that decides how packets sound.

    Vorbis (and Theora) lace three headers together, and the second is the comments: it is left
    out. All others hold no comments.

    >>> select_headers("vorbis", bytes([2, 2, 3]) + b"IDcccSETUP")
    b'IDSETUP'
    >>> select_headers("opus", b"OpusHead...")
    b'OpusHead...'
    """
    if codec != "vorbis" or not extradata or extradata[0] != 2:
        return extradata
    sizes, place = [], 1
    for _ in range(2):
        size = 0
        while place < len(extradata) and extradata[place] == 255:
            size, place = size + 255, place + 1
        if place >= len(extradata):
            return extradata
        sizes.append(size + extradata[place])
        place += 1
    end_of_first = place + sizes[0]
    return extradata[place:end_of_first] + extradata[end_of_first + sizes[1] :]


def take_apart(path: str) -> TakenApart:
    """The hash of a file's audio, and its container; nothing is decoded.

    Where the file is damaged, the hash is of the packets before that, as in a decode.

    Raises
    ------
    DecodeError
        The file cannot be opened, or holds no audio stream.
    OSError
        It cannot be read.
    """
    return _take_apart(path, has_whole=True)


def compute_audio_hash(path: str) -> str:
    """The hash of a file's audio; errors as in :func:`take_apart`."""
    return take_apart(path).audio_hash


def compute_audio_head(path: str) -> str:
    """How the hash of a file's audio begins, from its first packets alone; errors as above."""
    return _take_apart(path, has_whole=False).audio_hash[:HEAD_LENGTH]


def hash_from_bytes(sha256: str) -> str:
    """What stands for the audio hash of a file that cannot be taken apart.

    >>> len(hash_from_bytes("ab" * 32))
    82
    """
    return BYTES_VERSION + sha256[:HEAD_DIGITS] + sha256


def _take_apart(path: str, *, has_whole: bool) -> TakenApart:
    with contextlib.ExitStack() as closing:
        opened = opening.open_container(path, closing, may_copy=False)
        stream = opening.find_stream(opened.container, path)
        hasher = AudioHasher()
        _feed(hasher, opened.container, stream, has_whole=has_whole)
        for link in opened.later_links if has_whole else ():
            with (
                contextlib.suppress(*opening.DAMAGE, DecodeError),
                opening.open_link(link) as container,
            ):
                _feed(hasher, container, opening.find_stream(container, path), has_whole=True)
        names = opening.read_names(opened.container, stream)
        return TakenApart(hasher.finish(), names[0], read_container_tags(opened.container, stream))


def _feed(hasher: AudioHasher, container: Any, stream: Any, *, has_whole: bool) -> None:
    hasher.begin(stream)
    with contextlib.suppress(*opening.DAMAGE):
        for packet in container.demux(stream):
            hasher.update(packet)
            if hasher.has_head and not has_whole:
                return
