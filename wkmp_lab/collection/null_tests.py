"""The proof that two files hold the same recording: what is left of one without the other."""

from functools import partial

from wkmp_lab.analyzing.null_test import NullTest
from wkmp_lab.collection.same_songs import find_same_songs
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.model import FileResult
from wkmp_lab.pipeline.compare import compare_passages
from wkmp_lab.runner.decoder_child import run_in_child


def compare_copies(first: FileResult, second: FileResult) -> NullTest:
    """Take one copy from the other, after alignment, over the first minute of what they share.

    Both files are decoded, in a child process.

    Parameters
    ----------
    first, second
        Files that hold the same recording; of several in common the surest pair is taken.

    Returns
    -------
    NullTest
        What is left, in dB and by frequency. A shift, another level and polarity leave nothing;
        a lossy encoding leaves its noise, a limiter the peaks, another speed nearly all.

    Raises
    ------
    InvalidInputError
        They have no recording in common.
    DecodeError
        One of them cannot be decoded.
    """
    paths = (first.path, second.path)
    pairs = [
        pair
        for pair in find_same_songs([first, second])
        if {pair.first.path, pair.second.path} == set(paths)
    ]
    if not pairs:
        raise InvalidInputError(
            f"two copies of a recording were expected, got {paths[0]!r} and {paths[1]!r}"
        )
    # Pairs are ordered as the results are given, so the first copy is in the first file.
    pair = pairs[0]
    work = partial(
        compare_passages,
        (paths[0], first.passages[pair.first.passage]),
        (paths[1], second.passages[pair.second.passage]),
        pair.offset_s,
    )
    return run_in_child(work, path=paths[0])
