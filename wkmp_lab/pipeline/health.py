"""What a user should know of how a file fared: why it failed, what of it is missing or damaged."""

from wkmp_lab.errors import DecodeError, WkmpLabError
from wkmp_lab.model import AudioFormat


def describe_error(error: BaseException) -> str:
    """The reason for a table: short, and always with the kind of fault."""
    if isinstance(error, FileNotFoundError):
        return "vanished: the file is no longer there"
    if isinstance(error, PermissionError):
        return "permission denied"
    if isinstance(error, DecodeError):
        return error.reason  # the path has a column of its own
    text = " ".join(str(error).split()) or "no message"
    return text if isinstance(error, WkmpLabError) else f"{type(error).__name__}: {text}"


def describe_health(audio: AudioFormat) -> tuple[str, ...]:
    """What a user should know of how the file decoded."""
    declared_s = audio.declared_duration_s
    notes = []
    if audio.is_truncated and declared_s is not None and declared_s > audio.duration_s + 1.0:
        notes.append(f"truncated: {audio.duration_s:.1f} s decoded of {declared_s:.1f} s declared")
    elif audio.is_zeroed:
        share = f"{audio.missing_share:.0%}"
        notes.append(f"truncated: the last {share} of it are zeros, as in an unfinished download")
    elif audio.missing_share:
        notes.append(f"truncated: {audio.missing_share:.0%} of its bytes are missing at the end")
    elif audio.is_truncated:
        notes.append(
            f"truncated: cut off after {audio.duration_s:.1f} s, in the middle of a stream"
        )
    if audio.n_decode_errors:
        notes.append(f"damaged: {audio.n_decode_errors} packets could not be decoded")
    if audio.n_nonfinite:
        notes.append(f"damaged: {audio.n_nonfinite} samples were not finite and count as 0")
    if audio.n_format_changes:
        notes.append(
            f"odd: rate or channels change {audio.n_format_changes} times inside; all of it was "
            f"read as {audio.sr} Hz and {audio.n_channels} channels"
        )
    if audio.is_capped:
        notes.append(f"capped: only the first {audio.duration_s:.0f} s were read")
    return tuple(notes)
