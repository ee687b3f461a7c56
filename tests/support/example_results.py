"""Results made by hand for tests of tables, exports and displays."""

from dataclasses import replace

from wkmp_lab.flavors import Flavor
from wkmp_lab.model import (
    Amplitude,
    AudioFormat,
    Candidate,
    Descriptors,
    Evidence,
    Failure,
    FileResult,
    Fingerprint,
    Gap,
    Identity,
    Key,
    Measured,
    MeasureInfo,
    Passage,
    Phase,
    Segmentation,
    SourceFile,
    Span,
    Tags,
    Tempo,
)
from wkmp_lab.progress.snapshot import InFlight, Snapshot
from wkmp_lab.units import TICKS_PER_SECOND

MBID = "b1a9c0e9-d987-4042-ae91-78d6a3267d69"
RELEASE = "7e84f845-ac16-41fe-9ff8-df12eb32af55"
WORK = "1f9a1e33-21f5-4a3f-a7f0-0c1fd5d9d3a1"
HOSTILE = "=1+1<script>alert('x')</script>\x00\u202e\nEnd \udce9"


def make_passage(
    index=0, *, start_s=0.0, end_s=100.0, title="Rain", mbid=MBID, level="high", text="AQADtEmU"
):
    """A passage with everything; ``level`` unidentified leaves it without a choice."""
    flavor = Flavor({"timbre": {"bright": 0.75, "dark": 0.25}}, "acousticbrainz", 0)
    evidence = (
        Evidence("acoustid", 0.97, 0.9, "fingerprint"),
        Evidence("duration", 1.2, -0.05, "1.2 s longer"),
    )
    best = Candidate(
        mbid, title, "The Drops", 0.93, "high", evidence, RELEASE, "Weather", WORK, "a-1", 101.0
    )
    other = Candidate(None, "Rain (live)", "The Drops", 0.4, "low")
    chosen = None if level == "unidentified" else best
    return Passage(
        index,
        round(start_s * TICKS_PER_SECOND),
        round(end_s * TICKS_PER_SECOND),
        fingerprint=Fingerprint(text, end_s - start_s, "libchromaprint 1.5.1"),
        identity=Identity(level, "agree", chosen, (best, other), "Two sources agree."),
        amplitude=Amplitude(
            first_sound_ticks=round(start_s * TICKS_PER_SECOND) + 14_112_000,
            last_sound_ticks=round(end_s * TICKS_PER_SECOND) - 14_112_000,
            lead_in_ticks=28_224_000,
            lead_out_ticks=56_448_000,
            end_type="fade",
            peak_dbfs=-0.5,
            true_peak_dbtp=-0.2,
            loudness_lufs=-14.0,
            loudness_range_lu=None,
            parameters=(("window_s", 0.1),),
            quality=(("n_clipped", 3.0), ("dc_offset", 0.001)),
        ),
        descriptors=Descriptors(
            1,
            (("centroid_hz", 1500.0), ("onset_rate_hz", 2.5)),
            Tempo(120.0, 0.8, is_octave_uncertain=True),
            Key("F# minor", 0.7, "A major", 0.6, -3.0),
        ),
        musical_flavor=flavor,
    )


def make_result(path="/music/side a.flac", **changes):
    """A file with two passages."""
    passages = (
        make_passage(0, start_s=0.0, end_s=100.0),
        make_passage(1, start_s=100.0, end_s=180.5, level="unidentified"),
    )
    gap = Gap(2_794_176_000, 2_850_624_000, -70.0, 40.0, 0.9, True, 2_822_400_000, "deep and long")
    values = {
        "source": SourceFile(path, 1000, 1_700_000_000_123_456_789),
        "status": "done",
        "sha256": "ab" * 32,
        "tags": Tags(title="Rain", artist="The Drops", album="Weather", track=1),
        "audio": AudioFormat("flac", "flac", 44_100, 2, 44_100 * 180 + 22_050, 180.5),
        "segmentation": Segmentation(
            ((0, 1), (1, 2)), (gap,), "cd", -75.0, -65.0, "album side of 2 pieces"
        ),
        "passages": passages,
        "spans": (
            Span(Phase.EXTRACTING, 1000.0, 1000.5, "11", 0.1),
            Span(Phase.DECODING, 1000.5, 1002.0, "11", 1.4),
        ),
        "notes": ("truncated: a bit",),
        "provenance": (("measured", "1-abc"),),
    }
    return FileResult(**{**values, **changes})


def make_measured(path="/music/measured.flac", **changes):
    """A file that measures of one's own have measured: the second passage in part."""
    zcr = MeasureInfo("zcr", "1", "ab12", (("zcr_hz", "Hz"), ("mood", "")), sr=22_050)
    length = MeasureInfo("length", "2", "cd34", (("n_pieces", "1"),), on="file")
    first = Measured("zcr", (("zcr_hz", 1500.5), ("mood", "<b>calm")))
    second = Measured("zcr", (("zcr_hz", 900.0),), error="mood must be a text, got list []")
    whole = make_result(path)
    one, other = whole.passages
    return replace(
        whole,
        passages=(replace(one, measured=(first,)), replace(other, measured=(second,))),
        measured=(Measured("length", (("n_pieces", 2),)),),
        measures=(length, zcr),
        **changes,
    )


def make_failure(path="/music/broken.mp3", reason="no audio stream"):
    """A file that could not be decoded."""
    return FileResult(SourceFile(path, 10, 1), "failed", failure=Failure(Phase.DECODING, reason))


def make_hostile():
    """A file whose every text tries to be something else."""
    path = "/music/<img src=x onerror=y>\u202e\n\udce9.mp3"
    tags = Tags(title=HOSTILE, artist="@SUM(A1)", album="../../etc/passwd", is_cleaned=True)
    passage = make_passage(title=HOSTILE, mbid=None)
    return make_result(path, tags=tags, passages=(passage,), notes=(HOSTILE,))


def make_library():
    """Every status, hostile texts among them, not in the order of their paths."""
    copy = FileResult(
        SourceFile("/music/copy.flac", 1000, 2),
        "duplicate",
        sha256="ab" * 32,
        duplicate_of="/music/side a.flac",
    )
    silent = make_result("/music/silent.wav", status="no_audio", passages=(), sha256="cd" * 32)
    return [make_result(), make_failure(), make_hostile(), copy, silent]


NOW = Snapshot(
    session_id="abcd1234",
    state="running",
    folder="/music",
    n_files=10,
    n_finished=4,
    n_failed=1,
    n_passages=7,
    n_passages_by_level=(3, 1, 0, 3),
    n_files_by_phase=(10, 6, 5, 5, 5, 4, 4, 4, 0),
    n_passages_by_phase=(0, 0, 0, 9, 9, 7, 7, 7, 0),
    fraction=0.423,
    elapsed_s=60.0,
    remaining_s=None,
    remaining_reason="",
    in_flight=(InFlight("/music/\u202eb.mp3", Phase.DECODING, 0.5, 1.0, "11"),),
    failures=(("/music/bad\n.mp3", "DECODING: no audio\x00 stream"),),
    log=(),
    n_jobs=2,
)
