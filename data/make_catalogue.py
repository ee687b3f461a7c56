"""Makes data/sample/wkmp_catalogue.jsonl: what the pieces of the sample are, as a local catalogue.

Every piece is rendered from its score anew, as the studio would have it: whole, without gaps,
noise or lossy coding; so no fingerprint comes from a file of the sample. Artists and ids are
invented; a piece whose file bears a MusicBrainz id has the same one here. Needs what
``make_sample.py`` needs, and Chromaprint.
"""

import argparse
import uuid
from collections.abc import Iterator
from pathlib import Path

from plans import ARTIST, PLANS, SR, Piece, Plan

from wkmp_lab.fingerprinting.fingerprint import (
    compute_fingerprint,
    decode_fingerprint,
)
from wkmp_lab.io.catalogue.catalogue import StoredFingerprint
from wkmp_lab.io.catalogue.jsonl import write_catalogue_file
from wkmp_lab.io.web.answers import Recording
from wkmp_lab.lookup.services import FOLDER_CATALOGUE

FOLDER = Path(__file__).parent / "sample"
ORIGIN = "rendered from its score"


def describe_piece(piece: Piece, plan: Plan) -> Recording:
    """Who plays a piece: its file's tags where they tell of it, else the house band."""
    is_whole = plan.kind in ("single", "damaged")
    mbid = plan.tags.recording_mbid if is_whole else None
    invented = str(uuid.uuid5(uuid.NAMESPACE_OID, f"wkmp_lab sample: {piece.title}"))
    artist = plan.tags.artist if is_whole else None
    return Recording(mbid or invented, piece.title, artist or ARTIST, round(piece.duration_s, 3))


def fingerprint_pieces() -> Iterator[StoredFingerprint]:
    """Each piece of the sample once."""
    seen: set[str] = set()
    for plan in PLANS:
        for piece in plan.pieces:
            if piece.title in seen:
                continue
            seen.add(piece.title)
            mono = piece.render(sr=SR).mean(axis=0)
            items = decode_fingerprint(compute_fingerprint(mono, sr=SR).text)
            yield StoredFingerprint(describe_piece(piece, plan), items, ORIGIN)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description="Make the catalogue of the sample music.")
    parser.add_argument("--out", type=Path, default=FOLDER / FOLDER_CATALOGUE)
    out = parser.parse_args().out
    n_written = write_catalogue_file(fingerprint_pieces(), out)
    print(f"{n_written} recordings, {out.stat().st_size:,} B  {out}")


if __name__ == "__main__":
    main()
