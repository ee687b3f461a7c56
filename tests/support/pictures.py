"""Pictures as files carry them."""

import av
import numpy as np


def make_picture(width=300, height=200):
    """A PNG that is red to the left and blue to the right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = pixels[:, width // 2 :, 2] = 250
    encoder = av.VideoCodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "rgb24"
    encoder.time_base = 1
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    return b"".join(bytes(p) for p in (*encoder.encode(frame), *encoder.encode(None)))
