"""What a file is by its first bytes, whatever its name says."""

HEAD_BYTES = 4096
"""How much of a file is looked at; two frames of MPEG audio lie in it."""

_STARTS = {
    b"fLaC": "FLAC",
    b"OggS": "Ogg",
    b"ID3": "MP3",
    b"MAC ": "Monkey's Audio",
    b"wvpk": "WavPack",
    b"TTA1": "TTA",
    b"MPCK": "Musepack",
    b"MP+": "Musepack",
    b"caff": "CAF",
    b"#!AMR": "AMR",
}
_MIXED = {
    b"0&\xb2u\x8ef\xcf\x11": "ASF (WMA)",
    b"\x1aE\xdf\xa3": "Matroska",
    b"DSD ": "DSF",
    b"FRM8": "DFF",
    b".snd": "AU",
    b"riff": "Wave64",
    b"Creative Voice File": "VOC",
    b"tBaK": "TAK",
    b"OFR ": "OptimFROG",
    b"ajkg": "Shorten",
}
"""Formats that hold sound or pictures, or that only a name makes likely."""
_OTHERS = {
    b"MThd": "a MIDI file, which holds notes and no sound",
    b"IMPM": "a tracker module, which holds notes and samples",
    b"Extended Module: ": "a tracker module, which holds notes and samples",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\xff\xd8\xff": "a JPEG picture",
    b"\x89PNG": "a PNG picture",
    b"GIF8": "a GIF picture",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
    b"SQLite format 3": "an SQLite database",
}
_MARKS = {
    (44, b"SCRM"): "a tracker module, which holds notes and samples",
    (1080, b"M.K."): "a tracker module, which holds notes and samples",
    (8, b"AVI "): "a video in AVI",
    (8, b"RMID"): "a MIDI file, which holds notes and no sound",
}
_BIT_RATES_KBPS = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
"""Layer III of MPEG 1 (ISO/IEC 11172-3, 2.4.2.3) and of MPEG 2 (ISO/IEC 13818-3)."""
_RATES_HZ = (44_100, 48_000, 32_000)


def has_audio_signature(head: bytes) -> bool:
    """True where the first bytes of a file are those of an audio format.

    >>> has_audio_signature(b"fLaC" + bytes(32))
    True
    >>> has_audio_signature(b"%PDF-1.7 and so on")
    False
    """
    if name_audio(head) is not None:
        return True
    # An MPEG audio frame: sync, a layer, a bit rate and a sample rate that exist.
    return (
        len(head) > 3
        and head[0] == 0xFF
        and head[1] & 0xE0 == 0xE0
        and head[1] & 0x18 != 0x08
        and head[1] & 0x06 != 0
        and head[2] & 0xF0 not in (0x00, 0xF0)
        and head[2] & 0x0C != 0x0C
    )


def name_audio(head: bytes) -> str | None:
    """The audio format whose first bytes these are, beyond doubt; None where there is doubt.

    A lone frame of MPEG audio does not do: UTF-16 text can begin like one.

    >>> name_audio(b"OggS" + bytes(32))
    'Ogg'
    """
    for magic, name in _STARTS.items():
        if head.startswith(magic):
            return name
    if head[:4] in (b"RIFF", b"RF64", b"FORM") and head[8:12] in (b"WAVE", b"AIFF", b"AIFC"):
        return "WAV" if head[8:12] == b"WAVE" else "AIFF"
    if head[4:8] == b"ftyp" and head[8:11] in (b"M4A", b"M4B"):
        return "M4A"
    n_bytes = _measure_frame_bytes(head)
    is_followed = n_bytes is not None and _measure_frame_bytes(head[n_bytes:]) is not None
    return "MP3" if is_followed else None


def name_format(head: bytes) -> str | None:
    """The format that a file begins as, whether sound is in it or not; None where none is known.

    >>> name_format(b"DSD " + bytes(24)), name_format(b"just words")
    ('DSF', None)
    """
    named = (name for magic, name in _MIXED.items() if head.startswith(magic))
    return name_audio(head) or ("MP4" if head[4:8] == b"ftyp" else next(named, None))


def name_other(head: bytes) -> str | None:
    """What a file is that holds no sound to decode; None where its first bytes do not tell.

    >>> name_other(b"MThd" + bytes(20))
    'a MIDI file, which holds notes and no sound'
    """
    for magic, name in _OTHERS.items():
        if head.startswith(magic):
            return name
    for (place, mark), name in _MARKS.items():
        if head[place : place + len(mark)] == mark:
            return name
    return "zeros" if head and not any(head) else None


def _measure_frame_bytes(head: bytes) -> int | None:
    """Length of the frame of MPEG layer III that begins here; None where none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2 or head[1] & 0x18 == 0x08:
        return None
    is_first = head[1] & 0x18 == 0x18
    rate_index, bit_index = head[2] >> 2 & 3, head[2] >> 4
    if rate_index == 3 or not 0 < bit_index < 15:
        return None
    divisor = {0x18: 1, 0x10: 2, 0x00: 4}[head[1] & 0x18]
    kbps = _BIT_RATES_KBPS[not is_first][bit_index]
    bytes_per_frame = (144 if is_first else 72) * 1000 * kbps * divisor // _RATES_HZ[rate_index]
    return bytes_per_frame + (head[2] >> 1 & 1)
