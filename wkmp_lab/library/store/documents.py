"""What of a result no column holds, as bytes: MessagePack, squeezed by words known beforehand.

Fingerprints stand apart, as the bytes that their text spells.
"""

import base64
import binascii
import functools
import zlib
from dataclasses import replace
from importlib.resources import files

import msgspec

from wkmp_lab.model import FileResult, Fingerprint

LEVEL = 1
"""Of zlib: 6 takes a fifth more time, and a twelfth of the bytes away."""

WORDS = "words.bin"
"""Results that were made up, as most are: squeezed documents point into them. Stores are read by
these very bytes: other words take another schema."""


def pack_result(result: FileResult) -> tuple[bytes, bytes | None]:
    """A result without what columns hold of it, and its fingerprints; None where it has none."""
    document = replace(
        result,
        source=replace(result.source, path=""),
        sha256=None,
        audio_hash=None,
        duplicate_of=None,
    )
    prints = [result.file_fingerprint, *(each.fingerprint for each in result.passages)]
    if not any(prints):
        return squeeze(msgspec.msgpack.encode(document)), None
    texts = [_pack_text(each.text) if each else None for each in prints]
    bare = replace(
        document,
        file_fingerprint=_without_text(result.file_fingerprint),
        passages=tuple(
            replace(each, fingerprint=_without_text(each.fingerprint)) for each in result.passages
        ),
    )
    packed = msgspec.msgpack.encode(texts)
    # A checksum of their own: they are read without the rest of their row.
    sealed = msgspec.msgpack.encode((zlib.crc32(packed), packed))
    return squeeze(msgspec.msgpack.encode(bare)), sealed


def unpack_result(document: bytes | str, prints: bytes | None) -> FileResult:
    """A result as :func:`pack_result` took it apart, or as JSON of a schema before 5."""
    if isinstance(document, str):
        return msgspec.json.decode(document, type=FileResult)
    bare = msgspec.msgpack.decode(unsqueeze(document), type=FileResult)
    if prints is None:
        return bare
    of_file, *of_passages = unpack_texts(prints)
    return replace(
        bare,
        file_fingerprint=_with_text(bare.file_fingerprint, of_file),
        passages=tuple(
            replace(each, fingerprint=_with_text(each.fingerprint, text))
            for each, text in zip(bare.passages, of_passages, strict=True)
        ),
    )


def unpack_texts(prints: bytes, *, of_file: bool = True) -> list[str | None]:
    """The text of the whole file's fingerprint, if wanted, then those of its passages.

    Raises
    ------
    msgspec.DecodeError
        They are not as they were written.
    """
    texts = msgspec.msgpack.decode(prints)
    # Schema 5 kept them without a checksum.
    if isinstance(texts[0], int):
        checksum, packed = texts
        if zlib.crc32(packed) != checksum:
            raise msgspec.DecodeError("fingerprints are damaged")
        texts = msgspec.msgpack.decode(packed)
    wanted = texts if of_file else texts[1:]
    return [_spell(each) if isinstance(each, bytes) else each for each in wanted]


def squeeze(content: bytes) -> bytes:
    """Fewer bytes for the same content.

    >>> unsqueeze(squeeze(b"first_sound_ticks")) == b"first_sound_ticks"
    True
    """
    squeezer = zlib.compressobj(LEVEL, zdict=_read_words())
    return squeezer.compress(content) + squeezer.flush()


def unsqueeze(squeezed: bytes) -> bytes:
    """The content; zlib.error where it is damaged."""
    spreader = zlib.decompressobj(zdict=_read_words())
    return spreader.decompress(squeezed) + spreader.flush()


@functools.cache
def _read_words() -> bytes:
    return files(__package__).joinpath(WORDS).read_bytes()


def _pack_text(text: str) -> bytes | str:
    """The bytes that a fingerprint's text spells; the text itself where it is no such text."""
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return text
    return content if _spell(content) == text else text


def _spell(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _without_text(fingerprint: Fingerprint | None) -> Fingerprint | None:
    return None if fingerprint is None else replace(fingerprint, text="")


def _with_text(fingerprint: Fingerprint | None, text: str | None) -> Fingerprint | None:
    if fingerprint is None or text is None:
        return fingerprint
    return replace(fingerprint, text=text)
