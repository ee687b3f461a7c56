"""What mutagen has read of a file, as plain texts by key, and the cover that it has seen."""

import base64
import binascii
import struct
from collections.abc import Callable, Iterable
from typing import Any

from mutagen import MutagenError, apev2, flac, id3, mp4

from wkmp_lab.model import Cover

_PREFIXES = ("txxx:", "----:com.apple.itunes:")
_FRONT = 3
"""Picture type of a front cover, the same in ID3, FLAC and ASF."""
_MAGICS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"GIF8": "image/gif"}
_MP4_KINDS = {mp4.MP4Cover.FORMAT_JPEG: "image/jpeg", mp4.MP4Cover.FORMAT_PNG: "image/png"}

_PICTURE: Callable[[bytes], Any] = flac.Picture
_Picture = tuple[int, str | None, int]
"""Type, kind (MIME) and size in bytes."""


def texts_by_key(tags: Any) -> dict[str, list[str]]:
    """All texts of a tag of any kind by its keys in lower case; pictures and objects are left."""
    by_key: dict[str, list[str]] = {}
    for key, value in pairs_of(tags):
        name = key.lower()
        for prefix in _PREFIXES:
            name = name.removeprefix(prefix)
        if _is(value, id3.RVA2):
            name, value = f"replaygain_{value.desc.lower()}_gain", f"{value.gain:.4f}"
        texts = [text for text in _texts_of(value) if text]
        if texts:
            by_key.setdefault(name, texts)
    return by_key


def pairs_of(tags: Any) -> Iterable[tuple[str, Any]]:
    """(key, value) of a tag of any kind; none where it cannot tell them."""
    try:
        return [(str(key), value) for key, value in tags.items()]
    except (ValueError, TypeError, AttributeError):
        return []


def find_cover(file: Any) -> Cover | None:
    """The cover of a file as mutagen knows it, the front one before others; None without any.

    Parameters
    ----------
    file
        What ``mutagen.File`` has returned, or a tag alone.
    """
    tags = getattr(file, "tags", file)
    pictures = [(each.type, each.mime, len(each.data)) for each in getattr(file, "pictures", ())]
    for key, value in pairs_of(tags):
        pictures += _pictures_of(key.lower(), value)
    if not pictures:
        return None
    _, mime, n_bytes = min(pictures, key=lambda picture: picture[0] != _FRONT)
    return Cover(mime, n_bytes)


def _texts_of(value: Any) -> list[str]:
    """Every value of a tag as text; pictures and other objects give none."""
    if isinstance(value, id3.TCON):
        return [str(genre) for genre in value.genres]
    if isinstance(value, apev2.APETextValue):
        return list(value)
    if isinstance(value, apev2.APEBinaryValue | apev2.APEExtValue):
        return []
    if isinstance(value, list):
        return [_text_of(each) for each in value]
    if isinstance(getattr(value, "text", None), list):
        return [str(each) for each in value.text]
    return [_text_of(value)]


def _text_of(value: Any) -> str:
    if isinstance(value, tuple) and value and all(isinstance(part, int) for part in value):
        number, *total = value
        return f"{number}/{total[0]}" if total and total[0] else str(number)
    if isinstance(value, mp4.MP4Cover):
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if _is(value, id3.UFID):
        return str(value.data.decode("ascii", "replace"))
    plain = getattr(value, "value", value)
    if isinstance(plain, bool):
        return str(int(plain))
    return str(plain) if isinstance(plain, str | int) else ""


def _is(value: Any, kind: type) -> bool:
    """As isinstance, where mutagen's types do not tell of attributes that they have."""
    return isinstance(value, kind)


def _pictures_of(key: str, value: Any) -> list[_Picture]:
    """The pictures in one entry of a tag."""
    if _is(value, id3.APIC):
        return [(int(value.type), value.mime or _sniff(value.data), len(value.data))]
    if key.startswith("cover art") and _is(value, apev2.APEBinaryValue):
        content = value.value.partition(b"\x00")[2]
        return [(_FRONT if "front" in key else 0, _sniff(content), len(content))]
    read = _PICTURE_READERS.get(key)
    parts = value if isinstance(value, list) else []
    return [picture for part in parts for picture in read(part)] if read else []


def _mp4_picture(cover: Any) -> list[_Picture]:
    if not isinstance(cover, bytes):
        return []
    kind = _MP4_KINDS.get(getattr(cover, "imageformat", 0)) or _sniff(cover)
    return [(_FRONT, kind, len(cover))]


def _block_picture(text: Any) -> list[_Picture]:
    """A FLAC picture block in base64, as Vorbis comments carry it."""
    try:
        picture: Any = _PICTURE(_decode_base64(text))
    except (MutagenError, struct.error, ValueError, TypeError):
        return []
    return [(picture.type, picture.mime or _sniff(picture.data), len(picture.data))]


def _old_picture(text: Any) -> list[_Picture]:
    content = _decode_base64(text)
    return [(_FRONT, _sniff(content), len(content))] if content else []


def _asf_picture(attribute: Any) -> list[_Picture]:
    """WM_PICTURE: type, size, kind and name in UTF-16, and the picture."""
    raw = getattr(attribute, "value", None)
    if not isinstance(raw, bytes) or len(raw) < 5:
        return []
    size = int.from_bytes(raw[1:5], "little")
    kind = raw[5:205].decode("utf-16-le", "replace").partition("\x00")[0]
    return [(raw[0], kind or None, min(size, len(raw)))]


def _decode_base64(text: Any) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError, TypeError):
        return b""


def _sniff(content: bytes) -> str | None:
    return next((kind for magic, kind in _MAGICS.items() if content.startswith(magic)), None)


_PICTURE_READERS: dict[str, Callable[[Any], list[_Picture]]] = {
    "covr": _mp4_picture,
    "metadata_block_picture": _block_picture,
    "coverart": _old_picture,
    "wm/picture": _asf_picture,
}
