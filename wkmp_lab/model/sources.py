"""The file itself: how the scan saw it, and how its audio is stored."""

from dataclasses import dataclass

from wkmp_lab.errors import InvalidInputError

LOSSLESS_CODECS = (
    *("flac", "alac", "ape", "wavpack", "tta", "tak", "shorten", "mlp", "truehd", "als"),
    *("wmalossless", "dsd_", "pcm_s", "pcm_u", "pcm_f"),
)
"""How the names of codecs begin that give back what they were given."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as the scan saw it; ``path`` may hold surrogate escapes for undecodable bytes."""

    path: str
    size_bytes: int
    mtime_ns: int
    inode: tuple[int, int] | None = None
    ctime_ns: int | None = None
    """When bytes, name or rights last changed, which no tool sets back; None where the system has
    no such time."""


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How the audio is stored, and how well it could be decoded."""

    container: str
    codec: str
    sr: int
    n_channels: int
    n_samples: int
    """Samples per channel really decoded."""
    declared_duration_s: float | None
    """What the header says; kept apart from what was decoded."""
    n_decode_errors: int = 0
    n_nonfinite: int = 0
    bits_per_sample: int | None = None
    is_truncated: bool = False
    is_capped: bool = False
    """Decoding stopped at the configured longest length."""
    n_format_changes: int = 0
    """Times that rate, channels or sample format changed on the way, and were converted back."""
    channels: tuple[str, ...] | None = None
    """Names of the channels, as in FL, FR, LFE; None where the file names none."""
    missing_share: float = 0.0
    """Share of a truncated file's bytes that are not there, or are zeros."""
    is_zeroed: bool = False
    """True where the missing bytes are zeros."""

    def __post_init__(self) -> None:
        if self.sr <= 0 or self.n_channels <= 0 or self.n_samples < 0:
            raise InvalidInputError(
                "an audio format needs sr > 0, n_channels > 0 and n_samples >= 0, "
                f"got {self.sr}, {self.n_channels}, {self.n_samples}"
            )

    @property
    def duration_s(self) -> float:
        return self.n_samples / self.sr


def is_lossless(codec: str) -> bool:
    """True for a codec, by FFmpeg's name of it, that gives back what it was given.

    >>> is_lossless("pcm_s16le"), is_lossless("pcm_alaw"), is_lossless("mp3")
    (True, False, False)
    """
    return codec.startswith(LOSSLESS_CODECS)
