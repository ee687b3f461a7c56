"""The files of the sample: which pieces they hold, how they are stored, what they are for."""

from dataclasses import dataclass, field
from typing import Literal

from compose import Ending, render_piece
from encode import SampleTags
from score import Signal
from sides import Interval

SR = 44_100
ARTIST = "The Tidewater Rooms"
ARTIST_MBID = "0b7a9d52-6f0e-4c1b-9a35-52d1e8f3a761"
RELEASE_MBID = "d4c1f6a8-2b93-4e57-8f10-9c6ab2e07d34"


@dataclass(frozen=True, slots=True)
class Piece:
    """What is played; the seed makes it."""

    title: str
    seed: int
    bpm: float
    key: str
    style: str
    duration_s: float
    ending: Ending = "ring"
    pause_bar: int | None = None

    def render(self, *, sr: int = SR) -> Signal:
        """The piece as float32 samples of shape ``(2, n)``."""
        return render_piece(
            seed=self.seed,
            bpm=self.bpm,
            key=self.key,
            style=self.style,
            duration_s=self.duration_s,
            ending=self.ending,
            pause_bar=self.pause_bar,
            sr=sr,
        )

    @property
    def end_type(self) -> str:
        """The name that an import gives to this ending."""
        return {"ring": "long_tail", "fade": "fade", "hard": "hard"}[self.ending]

    @property
    def other_bpm(self) -> list[float]:
        """Octaves that a listener may tap as well: the double of a slow beat, half a fast one."""
        return [2 * self.bpm] * (self.bpm < 85) + [self.bpm / 2] * (self.bpm > 130)


@dataclass(frozen=True, slots=True)
class Plan:
    """A file to be made."""

    path: str
    pieces: tuple[Piece, ...]
    purpose: str
    tags: SampleTags = field(default_factory=SampleTags)
    sr: int = SR
    n_channels: int = 2
    bit_rate: int | None = None
    kind: Literal["single", "side", "vinyl", "silent", "damaged"] = "single"
    gaps_s: tuple[float, ...] = ()
    lead_s: Interval = (0.0, 0.0)
    copy_of: str | None = None
    same_music_as: str | None = None


FERRY = Piece("Morning Ferry", 11, 112, "D major", "rock", 11 * 240 / 112, "hard")
WALTZ = Piece("Harbour Waltz", 12, 132, "A minor", "waltz", 36.0, "fade")
BUS = Piece("Night Bus", 13, 124, "F# minor", "electronic", 20 * 240 / 124, "hard")
SIDE = (
    Piece("Switchyard", 31, 126, "E minor", "rock", 30.0),
    Piece("The Long Breath", 32, 88, "C major", "ballad", 36.0, pause_bar=6),
    Piece("Relay", 33, 118, "B minor", "electronic", 28.0),
    Piece("Last Carousel", 34, 108, "Bb major", "waltz", 27.0),
)
VINYL = (
    Piece("Corner Table", 41, 120, "G major", "swing", 30.0),
    Piece("Gravel", 42, 104, "C# minor", "rock", 29.0),
    Piece("Lamp in the Window", 43, 92, "F minor", "ballad", 31.0, "fade"),
)


def _album_tags(title: str, track: int, recording_mbid: str, isrc: str | None) -> SampleTags:
    return SampleTags(
        title=title,
        artist=ARTIST,
        album="Low Water",
        track=track,
        n_tracks=3,
        year=2026,
        isrc=isrc,
        recording_mbid=recording_mbid,
        release_mbid=RELEASE_MBID,
        artist_mbid=ARTIST_MBID,
    )


PLANS = (
    Plan(
        "low-water/01 Morning Ferry.flac",
        (FERRY,),
        "lossless, all tags, MusicBrainz ids and ISRC; stops hard in full play",
        _album_tags(FERRY.title, 1, "5a0e3c77-91d4-4b2f-8e66-1f7c20b9d815", "QZWKM2600001"),
        sr=32_000,
    ),
    Plan(
        "low-water/02 Harbour Waltz.mp3",
        (WALTZ,),
        "ID3 with MusicBrainz ids (UFID); 3/4; a long fade",
        _album_tags(WALTZ.title, 2, "c86d2f10-3e5b-4a79-b0d2-7e94a15f6c23", "QZWKM2600002"),
        bit_rate=96_000,
    ),
    Plan(
        "low-water/03 Night Bus.m4a",
        (BUS,),
        "AAC in MP4 with MusicBrainz ids, no ISRC; four on the floor",
        _album_tags(BUS.title, 3, "e1f4b8a6-70c9-4d83-a52e-0b3d6c9f8e47", None),
        bit_rate=96_000,
    ),
    Plan(
        "low-water/old copies/Harbour Waltz (copy).mp3",
        (WALTZ,),
        "the same bytes as track 2 under another name",
        copy_of="low-water/02 Harbour Waltz.mp3",
    ),
    Plan(
        "pocket/Morning Ferry.opus",
        (FERRY,),
        "track 1 in another encoding and rate; title and artist alone",
        SampleTags(title=FERRY.title, artist=ARTIST),
        sr=48_000,
        bit_rate=64_000,
        same_music_as="low-water/01 Morning Ferry.flac",
    ),
    Plan(
        "pocket/Łódź – 夜のうた (Ночь).ogg",
        (Piece("夜のうた", 14, 72, "Eb major", "ballad", 36.0),),
        "a name and tags in four scripts; a long tail; a slow beat that may be tapped double",
        SampleTags(title="夜のうた", artist="Zażółć & Ночь", album="Łódź"),
    ),
    Plan(
        "pocket/Blue Lantern.mp3",
        (Piece("Blue Lantern", 15, 138, "F major", "swing", 32.0),),
        "tags with an ISRC but without MusicBrainz ids; swung eighths",
        SampleTags(title="Blue Lantern", artist="Pell & Wickham", isrc="QZWKM2600015"),
        bit_rate=96_000,
    ),
    Plan(
        "pocket/recital.wav",
        (Piece("Recital", 16, 96, "G minor", "classical", 20.0),),
        "no tags at all, mono, 22.05 kHz, no drums",
        sr=22_050,
        n_channels=1,
    ),
    Plan(
        "sides/Side A.ogg",
        SIDE,
        "an album side: 4 pieces, uneven gaps of a dithered master, and a general pause inside "
        "the second piece that is no boundary",
        SampleTags(title="Side A", artist=ARTIST, album="Low Water (the other side)"),
        kind="side",
        gaps_s=(1.4, 3.5, 2.1),
        lead_s=(0.3, 1.0),
    ),
    Plan(
        "sides/vinyl side B.opus",
        VINYL,
        "a record: 3 pieces under surface noise, rumble and clicks, with lead-in groove",
        sr=48_000,
        bit_rate=72_000,
        kind="vinyl",
        gaps_s=(2.4, 3.2),
        lead_s=(3.0, 4.0),
    ),
    Plan(
        "odd/nothing.flac",
        (),
        "12 s of digital silence",
        SampleTags(title="Nothing"),
        kind="silent",
    ),
    Plan(
        "odd/broken.mp3",
        (Piece("Half a Song", 17, 106, "A major", "rock", 30.0),),
        "broke off at 60 %, garbage inside; what can be decoded is music",
        SampleTags(title="Half a Song", artist="Pell & Wickham"),
        bit_rate=96_000,
        kind="damaged",
    ),
)
