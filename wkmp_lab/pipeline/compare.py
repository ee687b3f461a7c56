"""Two files laid on each other: decoded, aligned, and one taken from the other."""

from wkmp_lab.analyzing.null_test import MAX_S, NullTest, compare_signals
from wkmp_lab.io.files.audio import read_signal
from wkmp_lab.model import Passage


def compare_passages(
    first: tuple[str, Passage], second: tuple[str, Passage], offset_s: float
) -> NullTest:
    """The null test of two passages, each with the path of its file; see :func:`compare_signals`.

    Both are decoded in this very process, as far as they are compared.

    Raises
    ------
    DecodeError
        One of the files holds no audio that can be decoded.
    InvalidInputError
        The passages share less than three seconds, or one is silent.
    """
    signals = [
        read_signal(
            path, start_s=passage.start_s, end_s=min(passage.end_s, passage.start_s + MAX_S)
        )
        for path, passage in (first, second)
    ]
    return compare_signals(*signals, offset_s=offset_s)
