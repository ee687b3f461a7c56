"""Other tags in a file, as people's tools write them, and what an import has decoded since."""

import os
from pathlib import Path

import av
import mutagen
from mutagen.id3 import APIC, ID3, TIT2, TXXX

PICTURE = bytes(range(256)) * 400


def retag(path, *, title):
    """Another title, and more than any padding has room for."""
    path = Path(path)
    if path.suffix == ".mka":
        remux(path, title=title)
        return
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    if isinstance(file.tags, ID3):
        file.tags.add(TIT2(encoding=3, text=title))
        file.tags.add(TXXX(encoding=3, desc="note", text="x" * 20_000))
        file.tags.add(APIC(encoding=3, mime="image/png", type=3, desc="front", data=PICTURE))
    else:
        kind = type(file).__name__
        title_key = {"MP4": "\xa9nam", "ASF": "Title", "WavPack": "Title"}.get(kind, "title")
        note_key = {"MP4": "\xa9cmt", "ASF": "Description", "WavPack": "Comment"}.get(
            kind, "comment"
        )
        for key in (title_key, title_key.lower()) if kind == "ASF" else (title_key,):
            file.tags[key] = [title]
        file.tags[note_key] = ["x" * 20_000]
    file.save()


def remux(path, *, title):
    """The packets of a file in a new container of its kind, under another title."""
    other = path.with_name("remuxed" + path.suffix)
    with av.open(str(path)) as old, av.open(str(other), "w") as new:
        new.metadata["title"] = title
        stream = new.add_stream_from_template(old.streams.audio[0])
        for packet in old.demux(old.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    other.replace(path)


def keep_times(path, change):
    """Change a file as tools do that set its modification time back."""
    before = Path(path).stat()
    change()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def list_decoded(session):
    """Names of the files that this very import has decoded."""
    since_s = session._run.started_s
    return sorted(
        Path(result.path).name
        for result in session.results
        for span in result.spans
        if span.phase == "DECODING" and span.start_s >= since_s
    )
