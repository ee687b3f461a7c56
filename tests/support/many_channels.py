"""AAC that claims any number of channels, made from a stereo file by another header."""

import av


def write_aac_that_claims(path, source, *, n_pairs):
    """Copy the packets of a stereo AAC file into one whose header names ``n_pairs`` pairs."""
    with av.open(str(source)) as read, av.open(str(path), "w") as written:
        stream = read.streams.audio[0]
        copy = written.add_stream_from_template(stream)
        copy.codec_context.extradata = _make_header(n_pairs)
        for packet in read.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                written.mux(packet)
    return path


def _make_header(n_pairs):
    """An AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) with a program config element.

    Low complexity at 48 kHz, channel configuration 0: the element tells the channels. Fifteen
    pairs stand in front at most, the others at the sides.
    """
    n_front, n_side = min(n_pairs, 15), max(n_pairs - 15, 0)
    fields = [(2, 5), (3, 4), (0, 4), (0, 3)]
    fields += [(0, 4), (1, 2), (3, 4), (n_front, 4), (n_side, 4), (0, 4), (0, 2), (0, 3), (0, 4)]
    fields += [(0, 3)]
    for tag in range(n_pairs):
        fields += [(1, 1), (tag % 16, 4)]
    text = "".join(format(value, f"0{n_bits}b") for value, n_bits in fields)
    text += "0" * (-len(text) % 8) + "0" * 8
    return int(text, 2).to_bytes(len(text) // 8, "big")
