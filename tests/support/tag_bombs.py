"""Tags that cost whoever believes them: small files that unpack to gigabytes or hold a million
entries, each around a second of real music."""

import struct
import zlib

MILLION = 1_000_000


def syncsafe(number):
    return bytes((number >> shift) & 0x7F for shift in (21, 14, 7, 0))


def make_id3(frames, *, version=4):
    return b"ID3" + bytes([version, 0, 0]) + syncsafe(len(frames)) + frames


def make_packed_frame(name, packed, n_unpacked, *, version=4):
    """A compressed frame, with the length that it claims."""
    if version == 3:
        body = struct.pack(">I", n_unpacked & 0xFFFFFFFF) + packed
        return name + struct.pack(">I", len(body)) + b"\x00\x80" + body
    body = syncsafe(n_unpacked & 0xFFFFFFF) + packed
    return name + syncsafe(len(body)) + b"\x00\x09" + body


def pack_zeros(n_bytes):
    """Zeros, packed a thousand times smaller."""
    packer = zlib.compressobj(9)
    block = bytes(1 << 24)
    parts = [
        packer.compress(block[: min(len(block), n_bytes - k)])
        for k in range(0, n_bytes, len(block))
    ]
    return b"".join(parts) + packer.flush()


def make_flac_block(kind, body, *, is_last=False):
    return bytes([kind | (0x80 if is_last else 0)]) + len(body).to_bytes(3, "big") + body


def make_comment(n_entries, *, claimed=None, entry=b"a=b"):
    head = struct.pack("<I", 0) + struct.pack("<I", n_entries if claimed is None else claimed)
    return head + n_entries * (struct.pack("<I", len(entry)) + entry)


def make_distinct_comment(n_entries):
    entries = [b"k%d=v" % k for k in range(n_entries)]
    body = b"".join(struct.pack("<I", len(entry)) + entry for entry in entries)
    return struct.pack("<II", 0, n_entries) + body


def make_ape(n_items):
    """An APEv2 tag without a header, of items of one byte."""
    items = b"".join(struct.pack("<II", 1, 0) + b"k%07d\0v" % k for k in range(n_items))
    footer = b"APETAGEX" + struct.pack("<IIII", 2000, len(items) + 32, n_items, 0) + bytes(8)
    return items + footer


def make_atom(name, body):
    return struct.pack(">I", len(body) + 8) + name + body


def nest_atoms(depth):
    """Atoms of a kind that parsers look into, each in the next."""
    return b"".join(struct.pack(">I", 8 * (depth - k)) + b"udta" for k in range(depth))


def make_bombs(songs):
    """(name, bytes) of every bomb; ``songs`` are bytes of real files by ending."""
    mp3, flac, m4a = songs[".mp3"], songs[".flac"], songs[".m4a"]
    large = pack_zeros(1_900_000_000)
    yield "text.mp3", make_id3(make_packed_frame(b"TIT2", large, 1_900_000_000)) + mp3
    frame = make_packed_frame(b"TXXX", large, 1_900_000_000, version=3)
    yield "text3.mp3", make_id3(frame, version=3) + mp3
    picture = make_packed_frame(b"APIC", pack_zeros(30_000_000), 30_000_000)
    yield "pictures.mp3", make_id3(100 * picture) + mp3
    yield "lying.mp3", make_id3(make_packed_frame(b"TALB", large, 10)) + mp3
    yield "million.mp3", make_id3(MILLION * (b"TIT2" + syncsafe(2) + b"\0\0" + b"\x03a")) + mp3
    tiny = MILLION * (b"TT2" + (2).to_bytes(3, "big") + b"\0a")
    yield "million2.mp3", make_id3(tiny, version=2) + mp3
    yield "ape.mp3", mp3 + make_ape(MILLION)
    info = flac[4:42]
    rest = flac[42:]
    yield "comments.flac", b"fLaC" + info + make_flac_block(4, make_comment(MILLION)) + rest
    yield (
        "distinct.flac",
        b"fLaC" + info + make_flac_block(4, make_distinct_comment(MILLION)) + rest,
    )
    lying = make_flac_block(4, make_comment(1, claimed=0xFFFFFFFF))
    yield "lying.flac", b"fLaC" + info + lying + rest
    yield "blocks.flac", b"fLaC" + info + MILLION * make_flac_block(2, b"") + rest
    tag = make_id3(make_packed_frame(b"TIT2", large, 1_900_000_000))
    tag += bytes(len(tag) % 2)
    yield "chunk.aiff", songs[".aiff"] + b"ID3 " + struct.pack(">I", len(tag)) + tag
    yield "deep.m4a", m4a + make_atom(b"moov", nest_atoms(100_000))
    yield "atoms.m4a", m4a + MILLION * make_atom(b"free", b"")
