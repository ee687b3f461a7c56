"""Which of two copies of a recording sounds better, where what was measured tells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from wkmp_lab.analyzing.origin import FAMILY_NAMES, PROBABILITY, SURE_PROBABILITY, find_families
from wkmp_lab.model import FileResult, Passage
from wkmp_lab.model.sources import is_lossless

CODECS = {
    **FAMILY_NAMES,
    "flac": "FLAC",
    "alac": "ALAC",
    "wavpack": "WavPack",
    "ape": "Monkey's Audio",
}
LOOK_ALIKE = ("aac", "vorbis")
"""Frames of one length and almost one window: where one is seen, the other seems to be."""
MAX_LENGTH_DIFFERENCE_S = 7.0
"""Longer differences are other cuts: which of them is wanted is no question of sound."""
MIN_ODDS_GAP = 0.5
"""Between the probabilities of two lossless files of having been lossy."""
CLEAR_LOWPASS = 0.03
"""Share by which the ends of the treble must differ; encoders' own lie 0.05 and more apart."""
LOW_TREBLE_SHARE = 0.4
"""Of the rate: a cliff above is seen or not by chance, where little sounds there."""
MIN_CLIPPED_SHARE = 1e-5
"""Clipped samples of all; a master that is loud on purpose has as many in every copy."""
CLEAR_CLIPPING = 3.0
UPSAMPLED_SHARE = (0.9, 1.005)
"""Where the treble of an up-sampled copy ends, in half the rate that it had before."""
FULL_SR = 44_100
MIN_LIMITED_DB = 2.0
MIN_RATE_RATIO = 1.08
"""Of the bit rates of two files of one codec; the settings of variable rates lie so far apart."""
MIN_OTHER_RATE_RATIO = 2.0
"""Of two codecs: none is twice as good as another at the rates that music is sold at."""
MONO_SIDE_DB = -60.0


@dataclass(frozen=True, slots=True)
class SongCopy:
    """One of the files that hold the same piece, with what speaks of its quality."""

    path: str
    passage: int
    codec: str
    """FFmpeg's name of it; empty where nothing is known of the file."""
    sr: int
    n_channels: int
    duration_s: float
    bytes_per_s: float
    n_passages: int = 1
    """Of its file."""
    is_damaged: bool = False
    """Cut off, or with errors."""
    lossy_probability: float | None = None
    """That its samples went through a lossy encoder; None where it was not measured."""
    families: tuple[str, ...] = ()
    """Lossy encoders whose frames are seen in the samples, clearest first."""
    lowpass_hz: float | None = None
    n_clipped: float = 0.0
    crest_db: float | None = None
    side_db: float | None = None

    @property
    def is_lossless(self) -> bool:
        """True for a file that gives back what it was given, whatever that was."""
        return is_lossless(self.codec)

    @property
    def was_lossy(self) -> bool:
        """True for a lossless file whose content surely went through a lossy encoder."""
        return self.is_lossless and (self.lossy_probability or 0.0) >= SURE_PROBABILITY

    @property
    def earlier(self) -> tuple[str, ...]:
        """Lossy encoders that it went through, but for its own."""
        return tuple(each for each in self.families if self.codec and not self._is_own(each))

    @property
    def name(self) -> str:
        """What kind of file it is, as people say."""
        if self.codec.startswith("pcm_"):
            return "PCM"
        found = [name for start, name in CODECS.items() if self.codec.startswith(start)]
        return found[0] if found else self.codec.upper() or "unknown"

    def _is_own(self, family: str) -> bool:
        likes = LOOK_ALIKE if family in LOOK_ALIKE else (family,)
        return self.codec.startswith(likes)


class Choice(NamedTuple):
    """The better copy, None where the evidence decides nothing, and why."""

    better: SongCopy | None
    reason: str


def describe_copy(result: FileResult, passage: Passage) -> SongCopy:
    """What is known of one copy."""
    measures = dict(passage.amplitude.quality) if passage.amplitude else {}
    audio, cover = result.audio, result.tags.cover
    n_bytes = result.source.size_bytes - ((cover.n_bytes or 0) if cover else 0)
    return SongCopy(
        path=result.path,
        passage=passage.index,
        codec=audio.codec if audio else "",
        sr=audio.sr if audio else 0,
        n_channels=audio.n_channels if audio else 0,
        duration_s=passage.duration_s,
        bytes_per_s=n_bytes / max(result.duration_s or 0.0, 1.0),
        n_passages=len(result.passages),
        is_damaged=bool(audio and (audio.is_truncated or audio.n_decode_errors)),
        lossy_probability=measures.get(PROBABILITY),
        families=find_families(measures),
        lowpass_hz=measures.get("lowpass_hz"),
        n_clipped=measures.get("n_clipped", 0.0),
        crest_db=measures.get("crest_db"),
        side_db=measures.get("side_db"),
    )


def describe_origin(copy: SongCopy) -> str:
    """Where a copy comes from and what was done to it, in words."""
    kind = copy.name
    if not copy.is_lossless:
        kind += f" at {copy.bytes_per_s * 8 / 1000:.0f} kbit/s" if copy.codec else ""
        words = [f"was {name_families(copy.earlier)} before"] if copy.earlier else []
    elif copy.was_lossy:
        words = [f"was lossy ({_tell_origin(copy)})"]
    elif (copy.lossy_probability or 0.0) > 1.0 - SURE_PROBABILITY:
        words = [f"may have been lossy (probability {copy.lossy_probability:.2f})"]
    else:
        words = ["lossless"]
    if copy.is_damaged:
        words.append("cut off or damaged")
    if is_clipped(copy):
        words.append(f"{copy.n_clipped:.0f} clipped samples")
    if copy.side_db is not None and copy.side_db < MONO_SIDE_DB:
        words.append("mono stored as stereo")
    return ", ".join([kind, *words])


def name_families(families: Sequence[str], between: str = " and ") -> str:
    """The encoders' names.

    >>> name_families(("mp3", "aac"))
    'MP3 and AAC'
    """
    return between.join(FAMILY_NAMES[each] for each in families)


def is_clipped(copy: SongCopy) -> bool:
    """True where more than a handful of samples stand at full scale."""
    n_samples = copy.duration_s * copy.sr * max(copy.n_channels, 1)
    return copy.n_clipped > MIN_CLIPPED_SHARE * n_samples


def choose_better(first: SongCopy, second: SongCopy) -> Choice:
    """The copy that sounds better, by the first rule that has something to say.

    A rule that finds evidence against both says so, and that is the end: better no answer than a
    wrong one, since people delete files by it.
    """
    for rule in _RULES:
        choice = rule(first, second)
        if choice is not None:
            return choice
    return Choice(None, "nothing measured tells them apart")


def _judge_wholeness(first: SongCopy, second: SongCopy) -> Choice | None:
    if first.is_damaged != second.is_damaged:
        better = second if first.is_damaged else first
        return Choice(better, "whole, where the other is cut off or damaged")
    difference_s = abs(first.duration_s - second.duration_s)
    if difference_s > MAX_LENGTH_DIFFERENCE_S:
        return Choice(None, f"other cuts: one is {difference_s:.0f} s longer")
    return None


def _judge_channels(first: SongCopy, second: SongCopy) -> Choice | None:
    if (first.n_channels == 1) == (second.n_channels == 1):
        return None
    wide = second if first.n_channels == 1 else first
    if wide.side_db is not None and wide.side_db < MONO_SIDE_DB:
        return None  # two equal channels, which are one
    return Choice(None, "one is mono: it was mixed down, or the other was made from it")


def _judge_lossless(first: SongCopy, second: SongCopy) -> Choice | None:
    """A lossless file against a lossy one."""
    if first.is_lossless == second.is_lossless or not (first.codec and second.codec):
        return None
    lossless, lossy = (first, second) if first.is_lossless else (second, first)
    if lossless.was_lossy:
        if set(lossy.earlier) & set(lossless.families):
            return Choice(lossless, f"{lossy.name} was made from what it holds")
        told = _tell_origin(lossless)
        return Choice(None, f"the {lossless.name} was lossy ({told}): no better than its source")
    against = _find_against(lossless, lossy)
    if against:
        return Choice(None, f"lossless, but {against}")
    probability = lossless.lossy_probability or 0.0
    if probability >= 1.0 - MIN_ODDS_GAP:
        return Choice(
            None, f"the {lossless.name} may have been lossy, probability {probability:.2f}"
        )
    return Choice(lossless, f"lossless, not {lossy.name}")


def _judge_origin(first: SongCopy, second: SongCopy) -> Choice | None:
    """Two lossless files, of which one was lossy."""
    ours, theirs = first.lossy_probability, second.lossy_probability
    if not (first.is_lossless and second.is_lossless) or ours is None or theirs is None:
        return None
    if abs(ours - theirs) < MIN_ODDS_GAP:
        is_both = min(ours, theirs) >= SURE_PROBABILITY
        return Choice(None, "both were lossy") if is_both else None
    better, worse = (first, second) if ours < theirs else (second, first)
    against = _find_against(better, worse)
    if against:
        return Choice(None, f"the other was lossy ({_tell_origin(worse)}), but {against}")
    return Choice(better, f"the other was lossy: {_tell_origin(worse)}")


def _judge_generations(first: SongCopy, second: SongCopy) -> Choice | None:
    """Two lossy files, of which one was made from such a file as the other is."""
    if first.is_lossless or second.is_lossless or bool(first.earlier) == bool(second.earlier):
        return None
    better, worse = (second, first) if first.earlier else (first, second)
    told = name_families(worse.earlier)
    if better.codec.startswith(worse.earlier):
        return Choice(better, f"the other was {told} before it became {worse.name}")
    return Choice(None, f"the {worse.name} was {told} before")


def _judge_upsampling(first: SongCopy, second: SongCopy) -> Choice | None:
    if not (first.is_lossless and second.is_lossless) or first.sr == second.sr:
        return None
    low, high = sorted((first, second), key=lambda copy: copy.sr)
    lowest, highest = (share * 0.5 * low.sr for share in UPSAMPLED_SHARE)
    if high.lowpass_hz is None:
        is_measured = high.lossy_probability is not None
        if low.sr >= FULL_SR or not is_measured:
            return None  # little sounds so high, and no cliff is seen where nothing falls
        return Choice(high, f"its treble goes on over {0.5 * low.sr:.0f} Hz")
    if lowest <= high.lowpass_hz <= highest:
        return Choice(low, f"the other was up-sampled: no sound over {high.lowpass_hz:.0f} Hz")
    if high.lowpass_hz > highest:
        return Choice(high, f"sound up to {high.lowpass_hz:.0f} Hz")
    return None


def _judge_clipping(first: SongCopy, second: SongCopy) -> Choice | None:
    clean, hot = sorted((first, second), key=lambda copy: copy.n_clipped)
    if not (first.is_lossless and second.is_lossless) or not is_clipped(hot):
        return None
    if hot.n_clipped < CLEAR_CLIPPING * clean.n_clipped:
        return None
    return Choice(clean, f"the other is clipped: {hot.n_clipped:.0f} samples")


def _judge_treble(first: SongCopy, second: SongCopy) -> Choice | None:
    """Of two lossless files, or of one codec, the one whose treble ends higher."""
    is_fair = first.name == second.name or (first.is_lossless and second.is_lossless)
    if not is_fair or not (_ends_lower(first, second) or _ends_lower(second, first)):
        return None
    ends = [copy.lowpass_hz or 0.5 * copy.sr for copy in (first, second)]
    better, worse = (first, second) if ends[0] > ends[1] else (second, first)
    if not better.is_lossless and better.bytes_per_s < worse.bytes_per_s:
        return None  # at a lower rate, an encoder that cuts less has more to be ashamed of
    return Choice(better, f"treble up to {max(ends):.0f} Hz, not {min(ends):.0f}")


def _judge_limiting(first: SongCopy, second: SongCopy) -> Choice | None:
    if not (first.is_lossless and second.is_lossless) or None in (first.crest_db, second.crest_db):
        return None
    flat, lively = sorted((first, second), key=lambda copy: copy.crest_db or 0.0)
    difference_db = (lively.crest_db or 0.0) - (flat.crest_db or 0.0)
    if difference_db < MIN_LIMITED_DB:
        return None
    return Choice(lively, f"the other was limited: its peaks stand {difference_db:.1f} dB lower")


def _judge_rates(first: SongCopy, second: SongCopy) -> Choice | None:
    """Two lossy files by their bit rates, where no older encoding speaks against that."""
    if first.is_lossless or second.is_lossless or not (first.codec and second.codec):
        return None
    small, large = sorted((first, second), key=lambda copy: copy.bytes_per_s)
    least = MIN_RATE_RATIO if small.name == large.name else MIN_OTHER_RATE_RATIO
    if large.bytes_per_s < least * small.bytes_per_s or large.earlier:
        return None
    rates = f"{large.bytes_per_s * 0.008:.0f} kbit/s, not {small.bytes_per_s * 0.008:.0f}"
    if _ends_lower(large, small):
        return Choice(None, f"{rates}, but its treble ends lower")
    return Choice(large, rates)


_RULES: Sequence[Callable[[SongCopy, SongCopy], Choice | None]] = (
    _judge_wholeness,
    _judge_channels,
    _judge_lossless,
    _judge_origin,
    _judge_generations,
    _judge_upsampling,
    _judge_clipping,
    _judge_treble,
    _judge_limiting,
    _judge_rates,
)


def _tell_origin(copy: SongCopy) -> str:
    likely = copy.families[:1]
    if likely and likely[0] in LOOK_ALIKE:
        likely = tuple(each for each in copy.families if each in LOOK_ALIKE)
    named = f"{name_families(likely, ' or ')}, " if likely else ""
    return f"{named}probability {min(copy.lossy_probability or 0.0, 0.99):.2f}"


def _find_against(better: SongCopy, worse: SongCopy) -> str:
    """What speaks for the copy that another rule holds for the worse one; empty without any."""
    if is_clipped(better) and better.n_clipped > CLEAR_CLIPPING * worse.n_clipped:
        return f"{better.n_clipped:.0f} samples are clipped"
    if _ends_lower(better, worse) and (better.lowpass_hz or 0.0) < LOW_TREBLE_SHARE * better.sr:
        return f"its treble ends at {better.lowpass_hz:.0f} Hz"
    return ""


def _ends_lower(one: SongCopy, other: SongCopy) -> bool:
    """True where the treble of one is cut off clearly below that of the other."""
    if one.lowpass_hz is None:
        return False
    end_hz = other.lowpass_hz or 0.5 * other.sr
    return one.lowpass_hz < (1.0 - CLEAR_LOWPASS) * end_hz
