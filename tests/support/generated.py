"""Libraries of any size without a second of music: results as an offline import leaves them.

Numbers and texts are as long as those of songs of four minutes; nothing in them is measured.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from wkmp_lab.flavoring import DESCRIPTORS
from wkmp_lab.lookup.freshness import compute_identify_key
from wkmp_lab.model import (
    LOOKUP_WORKER,
    Amplitude,
    AudioFormat,
    Candidate,
    Descriptors,
    Evidence,
    FileResult,
    Fingerprint,
    Gap,
    Identity,
    Key,
    Passage,
    Phase,
    Segmentation,
    SourceFile,
    Span,
    Tags,
    Tempo,
)
from wkmp_lab.model.reasons import WhyUnidentified
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.settings import IdentifySettings, SegmentHints, Settings
from wkmp_lab.tables import tables
from wkmp_lab.units import TICKS_PER_SECOND

N_SONGS = 997
"""Songs of their own; a larger library has each several times, under other names and hashes."""
OFFLINE = Settings(identifying=IdentifySettings(is_offline=True))
STARTED_S = 1_795_796_674.0
KEYS = ("C major", "A minor", "F# minor", "Bb major", "D major", "E minor", "G major", "B minor")
PARAMETERS = (
    *(("window_s", 0.1), ("threshold_db", -12.0), ("quick_db", -5.0), ("quick_within_s", 1.0)),
    *(("max_lead_s", 5.0), ("first_sound_dbfs", -44.0), ("last_sound_dbfs", -60.0)),
)
QUALITY = (
    *("n_clipped", "n_clipped_runs", "dc_offset", "n_dropouts", "clicks_per_min", "crest_db"),
    *("lowpass_hz", "lossy_probability", "channel_imbalance_db", "side_db", "correlation"),
)


def make_sources(n: int, *, folder: str = "/music") -> Iterator[SourceFile]:
    """Files of albums of ten, in the order of their paths."""
    for k in range(n):
        path = f"{folder}/artist {k // 100:06d}/album {k // 10:07d}/{k % 10:02d} song.flac"
        yield SourceFile(path, 20_000_000 + k, 10**18 + k, (1, k), 10**18 + k)


def generate_results(
    sources: Iterator[SourceFile] | Sequence[SourceFile],
    *,
    settings: Settings = OFFLINE,
    hints: SegmentHints = SegmentHints(n_siblings=9),  # noqa: B008 (frozen)
    seed: int = 0,
) -> Iterator[FileResult]:
    """A result for each file, as if these settings had just made it."""
    rng = np.random.default_rng(seed)
    keys = cache_keys.compute_keys(settings)
    keys = cache_keys.add_hints(keys, hints, path="/nowhere/song.flac")
    songs: list[FileResult] = []
    for k, source in enumerate(sources):
        if k < N_SONGS:
            songs.append(_make_song(k, rng, keys, compute_identify_key(settings)))
        song = songs[k % N_SONGS]
        spans = tuple(
            replace(span, start_s=span.start_s + 0.4 * k, end_s=span.end_s + 0.4 * k)
            for span in song.spans
        )
        yield replace(
            song,
            source=source,
            spans=spans,
            sha256=f"{k:064x}",
            audio_hash=f"a1{k:062x}",
        )


def make_tables(n_rows: int, *, seed: int = 0) -> dict[str, pd.DataFrame]:
    """The tables that pictures are made of, with so many rows each: those of a few results, their
    numbers moved at random.
    """
    rng = np.random.default_rng(seed)
    results = list(generate_results(make_sources(40), seed=seed))
    made = {}
    for name in ("passages", "flavors", "gaps", "timeline"):
        few = tables.TABLES[name](results)
        copy, rows = np.divmod(np.arange(n_rows), len(few))
        many = few.take(rows).reset_index(drop=True)
        many["path"] = [
            f"{path[:-5]} {k}.flac" for path, k in zip(many["path"], copy, strict=True)
        ]
        for column in many.columns[many.dtypes == "float64"]:
            many[column] *= rng.uniform(0.9, 1.1, len(many))
        if name == "timeline":
            for column in ("start_s", "end_s", "started_epoch_s"):
                many[column] = few[column].to_numpy()[rows] + 16.0 * copy
        made[name] = many
    return made


def _make_song(
    number: int, rng: np.random.Generator, keys: cache_keys.CacheKeys, identify_key: str
) -> FileResult:
    length_s = float(rng.uniform(180.0, 300.0))
    end_ticks = round(length_s * TICKS_PER_SECOND)
    passage = Passage(
        0,
        0,
        end_ticks,
        fingerprint=_make_fingerprint(rng, length_s),
        identity=_make_identity(number, rng, length_s),
        amplitude=_make_amplitude(rng, end_ticks),
        descriptors=_make_descriptors(rng),
    )
    gap = Gap(
        *sorted(int(at) for at in rng.integers(0, end_ticks, 2)),
        level_dbfs=float(rng.normal(-60, 5)),
        depth_db=float(rng.normal(30, 5)),
        score=float(rng.beta(0.5, 0.5)),
        is_boundary=False,
        cut_ticks=None,
        reason="the music goes on behind it as before: level, key and beat are the same",
    )
    sr = 44_100
    floor_dbfs = float(rng.normal(-70, 5))
    result = FileResult(
        SourceFile("", 0, 0),
        "done",
        sha256="0" * 64,
        tags=Tags(
            title=f"Song number {number}",
            artist=f"The Artists {number // 100}",
            album=f"Album {number // 10}",
            track=number % 10 + 1,
            n_tracks=10,
            year=1960 + number % 60,
            genre="Rock",
        ),
        audio=AudioFormat("flac", "flac", sr, 2, round(length_s * sr), length_s, 0, 0, 16),
        segmentation=Segmentation(
            ((0, end_ticks),), (gap,), "auto", floor_dbfs, floor_dbfs + 5.0, "single song"
        ),
        passages=(passage,),
        file_fingerprint=_make_fingerprint(rng, 120.0),
        spans=_make_spans(rng, worker=str(10_630 + number % 2)),
    )
    stamped = cache_keys.stamp(result, keys)
    by = (*stamped.provenance, (cache_keys.IDENTIFIED, identify_key), (cache_keys.ASKED, ""))
    return replace(stamped, provenance=tuple(sorted(by)))


def _make_fingerprint(rng: np.random.Generator, length_s: float) -> Fingerprint:
    content = b"\1\0" + rng.bytes(round(11.5 * length_s))
    text = base64.urlsafe_b64encode(content).decode().rstrip("=")
    return Fingerprint(text, length_s, "libchromaprint 1.5.1")


def _make_identity(number: int, rng: np.random.Generator, length_s: float) -> Identity:
    if number % 3 == 0:
        why_not = WhyUnidentified.OFFLINE
        return Identity(
            "unidentified", why_not.value, sentence="nobody was asked", why_not=why_not
        )
    fit = "matches over 118 s of 120 s, 1 % of bits differ; no other song is near"
    evidence = (
        Evidence("catalogue", float(rng.uniform(0, 0.1)), float(rng.uniform(0.8, 1)), fit),
        Evidence("tags", 1.0, 0.2, "by the title in the tags"),
        Evidence("duration", float(rng.uniform(0, 2)), 0.1, "as long as the recording"),
    )
    title, artist = f"Song number {number}", f"The Artists {number // 100}"
    mbid = f"e47d870c-0d8b-5eb0-8d33-{number:012x}"
    score = float(rng.uniform(0.8, 1.0))
    best = Candidate(mbid, title, artist, score, "high", evidence, duration_s=length_s)
    sentence = f"{title!r} by {artist}: {fit}; as long as the recording"
    return Identity("high", fit, best, (best,), sentence)


def _make_amplitude(rng: np.random.Generator, end_ticks: int) -> Amplitude:
    lead_in, lead_out = (round(value * TICKS_PER_SECOND) for value in rng.uniform(0.0, 5.0, 2))
    peak_dbfs, loudness_lufs = float(rng.uniform(-3, 0)), float(rng.normal(-14, 4))
    return Amplitude(
        first_sound_ticks=lead_in // 2,
        last_sound_ticks=end_ticks - lead_out // 2,
        lead_in_ticks=lead_in,
        lead_out_ticks=lead_out,
        end_type=("fade", "hard", "long_tail")[int(rng.integers(3))],
        peak_dbfs=peak_dbfs,
        true_peak_dbtp=peak_dbfs + float(rng.exponential(0.3)),
        loudness_lufs=loudness_lufs,
        loudness_range_lu=float(rng.gamma(4, 1.5)),
        momentary_max_lufs=loudness_lufs + 6.0,
        short_term_max_lufs=loudness_lufs + 3.5,
        first_music_ticks=lead_in // 2,
        loudness_lead_in_ticks=lead_in,
        loudness_lead_out_ticks=lead_out,
        parameters=PARAMETERS,
        quality=tuple((name, _make_quality(name, rng)) for name in QUALITY),
        speech=float(rng.beta(0.3, 3)),
    )


def _make_quality(name: str, rng: np.random.Generator) -> float:
    found = float(rng.exponential(0.5))
    return float(round(found)) if name.startswith("n_") else found


def _make_descriptors(rng: np.random.Generator) -> Descriptors:
    values = tuple((each.name, float(rng.gamma(3.0, 0.7))) for each in DESCRIPTORS)
    bpm, strength = float(rng.normal(120, 25)), float(rng.uniform(0.3, 1))
    half = ((bpm / 2.0, float(rng.uniform(0, 0.3))),)
    tempo = Tempo(max(bpm, 40.0), strength, strength < 0.6, half, float(rng.beta(5, 1)))
    key = str(rng.choice(KEYS))
    tonality = Key(key, float(rng.uniform(0.4, 1)), "C minor", 0.1, float(rng.normal(0, 5)))
    return Descriptors(4, values, tempo, tonality, "music")


def _make_spans(rng: np.random.Generator, *, worker: str) -> tuple[Span, ...]:
    at_s, spans = STARTED_S, []
    for phase in cache_keys.MEASURING:
        took_s = float(rng.exponential(0.12))
        spans.append(Span(phase, at_s, at_s + took_s, worker, 0.95 * took_s))
        at_s += took_s
    return (*spans, Span(Phase.IDENTIFYING, at_s, at_s + 0.0003, LOOKUP_WORKER))
