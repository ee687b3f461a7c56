"""Ogg files as pages (RFC 3533): the links of a chain, and how long each means to be."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, NamedTuple

MAGIC = b"OggS"
_PAGE_HEAD_BYTES = 27
_RESYNC_BYTES = 1 << 20
_FIRST = 2
_NO_GRANULE = 0xFFFF_FFFF_FFFF_FFFF
_CODECS = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"Speex   ", b"\x80theora", b"fishead\x00")
"""How the first packet of a stream begins, by its codec."""
_OPUS_SR = 48_000
_MAX_START_S = 5.0
"""A stream whose first page of sound lies later was cut out of a longer one, as of a radio."""


class OggLink(NamedTuple):
    """One of the streams that follow one another in a chained file.

    Attributes
    ----------
    start, end
        Its bytes in the file.
    length_s
        What its last page tells; None where it does not tell.
    """

    start: int
    end: int
    length_s: float | None


class _Page(NamedTuple):
    start: int
    end: int
    kind: int
    granule: int
    serial: bytes
    body: bytes
    """Of a stream's first page the content, of others nothing."""


@dataclass(slots=True)
class _Sound:
    """A stream of sound, as far as its pages have told."""

    sr: int
    skipped: int
    first: int | None = None
    last: int = 0

    def measure_length_s(self) -> float | None:
        if self.first is None or self.first > _MAX_START_S * self.sr:
            return None
        return max(self.last - self.skipped, 0) / self.sr


@dataclass(slots=True)
class _Walk:
    """What a walk over the pages has met in the link at hand."""

    start: int
    has_content: bool = False
    sounds: dict[bytes, _Sound] = field(default_factory=dict)

    def take(self, page: _Page) -> None:
        if page.body:
            sound = _read_head(page.body)
            self.sounds.update({page.serial: sound} if sound else {})
            return
        self.has_content = True
        known = self.sounds.get(page.serial)
        if known is not None and 0 < page.granule < _NO_GRANULE:
            known.first = page.granule if known.first is None else known.first
            known.last = max(known.last, page.granule)

    def finish(self, end: int) -> OggLink:
        sound = next(iter(self.sounds.values()), None)
        return OggLink(self.start, end, sound.measure_length_s() if sound else None)


def find_links(file: IO[bytes]) -> tuple[OggLink, ...]:
    """The links of an Ogg file, one in most; none where it does not begin with a page.

    A link begins with the first page of a stream behind pages of content. What lies behind the
    last page, a tag of another format, belongs to the last link.
    """
    size = file.seek(0, 2)
    links: list[OggLink] = []
    walk: _Walk | None = None
    for page in _read_pages(file):
        if walk is not None and page.body and walk.has_content:
            links.append(walk.finish(page.start))
            walk = None
        walk = walk or _Walk(page.start)
        walk.take(page)
    return (*links, walk.finish(size)) if walk else ()


def _read_pages(file: IO[bytes]) -> Iterator[_Page]:
    place = 0
    while True:
        file.seek(place)
        head = file.read(_PAGE_HEAD_BYTES)
        if head[:4] != MAGIC:
            file.seek(place)
            skipped = file.read(_RESYNC_BYTES).find(MAGIC, 1) if place else -1
            if skipped < 0:
                return
            place += skipped
            continue
        if len(head) < _PAGE_HEAD_BYTES:
            return
        lengths = file.read(head[26])
        end = place + _PAGE_HEAD_BYTES + len(lengths) + sum(lengths)
        body = file.read(sum(lengths)) if head[5] & _FIRST else b""
        granule = int.from_bytes(head[6:14], "little")
        # The mark of a first page counts only where a codec's head stands: damage sets it, too.
        known = body if body.startswith(_CODECS) else b""
        yield _Page(place, end, head[5], granule, head[14:18], known)
        place = end


def _read_head(packet: bytes) -> _Sound | None:
    """Rate and samples to drop at the start, from the first packet of a stream of sound.

    Vorbis I, 4.2.2; RFC 7845, 5.1; FLAC's mapping to Ogg, 3, and RFC 9639, 8.2; Speex' header.
    """
    sr = skipped = 0
    if packet.startswith(b"\x01vorbis"):
        sr = int.from_bytes(packet[12:16], "little")
    elif packet.startswith(b"OpusHead"):
        sr, skipped = _OPUS_SR, int.from_bytes(packet[10:12], "little")
    elif packet.startswith(b"\x7fFLAC"):
        sr = int.from_bytes(packet[27:30], "big") >> 4
    elif packet.startswith(b"Speex   "):
        sr = int.from_bytes(packet[36:40], "little")
    return _Sound(sr, skipped) if sr > 0 else None
