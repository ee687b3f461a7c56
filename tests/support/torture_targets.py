"""Readers of what others wrote, each as a function of any bytes that reads or refuses them.

Each lets pass only the error that its reader documents; any other that it raises is a bug. With
``is_sound`` a refusal is one, too.
"""

import contextlib
import json
from collections.abc import Callable

import numpy as np

from wkmp_lab.errors import FingerprintError, InvalidInputError
from wkmp_lab.fingerprinting.fingerprint import (
    decode_fingerprint,
    encode_fingerprint,
)
from wkmp_lab.flavors import BINARY_CATEGORIES
from wkmp_lab.io.sheets.beside import decode_sheet
from wkmp_lab.io.sheets.cue import parse_cue
from wkmp_lab.io.tags.fields import tags_from_texts
from wkmp_lab.io.web import acoustid, musicbrainz
from wkmp_lab.io.web.acousticbrainz import flavor_from_document
from wkmp_lab.model.reasons import OutcomeKind

MBID = "9f2b4c6e-1d3a-4b5c-8d7e-0f1a2b3c4d5e"


def refusing(*errors: type[Exception], is_sound: bool) -> contextlib.AbstractContextManager[None]:
    """Let these errors pass, unless what is read is sound."""
    return contextlib.nullcontext() if is_sound else contextlib.suppress(*errors)


def read_fingerprint(raw: bytes, *, is_sound: bool = False) -> None:
    """The text of a fingerprint, from a tag, a catalogue or a service."""
    with refusing(FingerprintError, is_sound=is_sound):
        decode_fingerprint(raw.decode("latin-1"))


def read_cue(raw: bytes, *, is_sound: bool = False) -> None:
    """A CUE sheet, inside or beside a file."""
    with refusing(InvalidInputError, is_sound=is_sound):
        sheet = parse_cue(decode_sheet(raw))
        assert sheet.tracks


def read_tag_values(raw: bytes, *, is_sound: bool = False) -> None:
    """Tags by name."""
    names = ("track", "disc", "year", "isrc", "recording_mbid", "title")
    lines = raw.decode("latin-1").split("\n")
    tags = tags_from_texts({name: [line] for name, line in zip(names, lines, strict=False)})
    assert tags.title or not is_sound


def read_acoustid(raw: bytes, *, is_sound: bool = False) -> None:
    """An answer of AcoustID to a batch of two."""
    answer = acoustid.read_answer(raw, 200, n_asked=2)
    matches = [acoustid.read_matches(results) for results in (answer.found or {}).values()]
    assert all(matches) or not is_sound


def read_musicbrainz(raw: bytes, *, is_sound: bool = False) -> None:
    """An answer of MusicBrainz, whatever was asked."""
    outcomes = [
        musicbrainz.read_body(raw, musicbrainz.read_recording),
        musicbrainz.read_body(raw, musicbrainz.read_release),
        musicbrainz.read_body(raw, musicbrainz.read_isrc),
        musicbrainz.read_body(raw, musicbrainz.read_search),
    ]
    assert any(each.kind is OutcomeKind.MATCH for each in outcomes) or not is_sound


def read_acousticbrainz(raw: bytes, *, is_sound: bool = False) -> None:
    """A document of AcousticBrainz."""
    with refusing(InvalidInputError, ValueError, RecursionError, is_sound=is_sound):
        flavor_from_document(json.loads(raw))


def make_fingerprints() -> list[bytes]:
    """Texts of some lengths."""
    rng = np.random.default_rng(3)
    items = [rng.integers(0, 1 << 32, n, dtype=np.uint32) for n in (0, 1, 60)]
    return [encode_fingerprint(each).encode() for each in items]


SHEET = b"""PERFORMER "A"
TITLE "Side"
FILE "side.flac" WAVE
  TRACK 01 AUDIO
    TITLE "One"
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE "Two"
    FLAGS DCP
    INDEX 00 03:58:40
    INDEX 01 04:00:00
"""

ACOUSTID_ANSWER = {
    "status": "ok",
    "fingerprints": [
        {
            "index": index,
            "results": [
                {
                    "id": MBID,
                    "score": 0.97,
                    "recordings": [
                        {
                            "id": MBID,
                            "title": "Rain",
                            "duration": 201.5,
                            "sources": 12,
                            "artists": [{"name": "A", "joinphrase": " & "}, {"name": "B"}],
                            "releasegroups": [
                                {
                                    "type": "Album",
                                    "secondarytypes": ["Live"],
                                    "releases": [
                                        {"id": MBID, "track_count": 9, "date": {"year": 1999}}
                                    ],
                                }
                            ],
                        }
                    ],
                }
            ],
        }
        for index in range(2)
    ],
}

RECORDING = f"""<recording id="{MBID}"><title>Rain</title><length>201500</length>
<artist-credit><name-credit joinphrase=" &amp; "><artist id="{MBID}"><name>A</name></artist>
</name-credit></artist-credit><isrc-list count="1"><isrc id="USABC1234567"/></isrc-list>
<release-list count="1"><release id="{MBID}"><title>Side</title><date>1999-05</date>
<medium-list count="1"><track-count>9</track-count></medium-list></release></release-list>
<relation-list target-type="work"><relation type="performance"><target>{MBID}</target>
<work id="{MBID}"><title>Rain</title></work></relation></relation-list></recording>"""
RELEASE = f"""<release id="{MBID}"><title>Side</title><status>Official</status><date>1999</date>
<medium-list count="1"><medium><position>1</position><track-list count="1" offset="0">
<track id="{MBID}"><position>1</position><length>201500</length>{RECORDING}</track>
</track-list></medium></medium-list></release>"""
SEARCH = f'<recording-list count="1" offset="0">{RECORDING}</recording-list>'


def wrap(content: str) -> bytes:
    """An answer in MusicBrainz' name space."""
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    space = "http://musicbrainz.org/ns/mmd-2.0#"
    return f'{head}<metadata xmlns="{space}">{content}</metadata>'.encode()


DOCUMENT = {
    "highlevel": {
        name: {"all": {elements[0]: 0.75, elements[1]: 0.25}, "value": elements[0]}
        for name, elements in BINARY_CATEGORIES.items()
    }
}

Target = Callable[..., None]
TARGETS: dict[str, tuple[Target, list[bytes]]] = {
    "fingerprint": (read_fingerprint, make_fingerprints()),
    "cue": (read_cue, [SHEET]),
    "tags": (read_tag_values, [f"3/12\n1/2\n1999-05-01\nUSABC1234567\n{MBID}\nRain".encode()]),
    "acoustid": (read_acoustid, [json.dumps(ACOUSTID_ANSWER).encode()]),
    "musicbrainz": (read_musicbrainz, [wrap(RECORDING), wrap(RELEASE), wrap(SEARCH)]),
    "acousticbrainz": (read_acousticbrainz, [json.dumps(DOCUMENT).encode()]),
}
