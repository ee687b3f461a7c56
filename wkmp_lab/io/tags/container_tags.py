"""What the decoder shows of a file's tags: the second source, where mutagen reads none."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from av.stream import Disposition

from wkmp_lab.io.tags.chapters import read_chapters
from wkmp_lab.io.tags.fields import choose_texts, fill_tags, tags_from_texts
from wkmp_lab.model import Cover, Tags

_PREFIXES = ("com.apple.quicktime.", "com.apple.itunes.", "itunes:")
_LANGUAGE = re.compile(r"-[a-z]{3}$")
"""How FFmpeg tells the language of a Matroska tag, behind its name."""
_KINDS = {"mjpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "bmp": "image/bmp"}


def read_container_tags(container: Any, stream: Any) -> Tags:
    """Tags from the metadata of an open container and its stream, which stand behind it.

    The name of a Matroska stream ("Stereo") is no title where the container has one.
    """
    tags = tags_from_metadata(container.metadata)
    tags = fill_tags(tags, tags_from_metadata(stream.metadata))
    return replace(tags, cover=_find_cover(container), chapters=read_chapters(container))


def tags_from_metadata(metadata: Mapping[str, str]) -> Tags:
    """Tags from texts under FFmpeg's names.

    >>> tags_from_metadata({"ARTIST": "Singer", "track": "3/9", "TITLE-eng": "Song"}).title
    'Song'
    """
    by_key: dict[str, list[str]] = {}
    for key, text in metadata.items():
        name = key.lower()
        for prefix in _PREFIXES:
            name = name.removeprefix(prefix)
        by_key.setdefault(_LANGUAGE.sub("", name), [_readable(text)])
    return tags_from_texts(choose_texts(by_key))


def _readable(text: str) -> str:
    """Text whose bytes were no UTF-8 as Western European: RIFF names no encoding."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
    return text


def _find_cover(container: Any) -> Cover | None:
    """The first picture that stands beside the audio as a stream of one frame."""
    for stream in container.streams.video:
        if stream.disposition & Disposition.attached_pic:
            name = stream.codec_context.name if stream.codec_context else ""
            return Cover(_KINDS.get(name), None)
    return None
