"""A small library whose store is damaged a bit at a time, and what must hold then."""

import random
import shutil
from pathlib import Path

from support.old_store import write_music
from wkmp_lab.errors import StoreError
from wkmp_lab.library.session import ImportSession, import_folder, open_session
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

SETTINGS = Settings(
    identifying=IdentifySettings(is_offline=True), running=RunSettings(backend="sequential")
)


def import_it(music: Path, store: Path) -> ImportSession:
    return import_folder(music, settings=SETTINGS, store=store)


def make_library(folder: Path) -> tuple[Path, Path]:
    """Two files with three decisions by hand, imported twice; the music and its store."""
    music, store = folder / "music", folder / "kept.wkmp.db"
    write_music(music)
    session = import_it(music, store)
    session.recut("side.wav", [21.0])
    session.decide("song.wav", 0, "accept")
    session.decide("side.wav", 0, "reject")
    import_it(music, store)
    return music, store


def read_figures(session: ImportSession) -> dict[str, object]:
    """All that is told of a file, but for when it was done."""
    return {
        result.path: (
            result.status,
            result.duration_s,
            result.sha256,
            result.tags,
            result.passages,
        )
        for result in session.results
    }


def flip_bit(store: Path, place: int) -> None:
    content = bytearray(store.read_bytes())
    content[place // 8] ^= 1 << place % 8
    store.write_bytes(content)


def choose_bits(store: Path, n: int, *, seed: int) -> list[int]:
    """Most of them anywhere, a quarter of them where header and tables stand."""
    rng, n_bytes = random.Random(seed), store.stat().st_size
    chosen = rng.sample(range(8 * n_bytes), n - n // 4)
    return [*chosen, *rng.sample(range(8 * min(n_bytes, 8192)), n // 4)]


def judge_flip(music: Path, store: Path, place: int, folder: Path) -> str:
    """Damage a copy of a store by one bit, and open and import with it.

    Returns
    -------
    str
        ``named``: an error that names the store; ``told``: something was left out, and remarked;
        ``mended``: the import alone found it; ``harmless``: all is as it was. Where other figures
        come without a word, an AssertionError.
    """
    damaged = folder / f"{place}.wkmp.db"
    shutil.copy(store, damaged)
    expected = open_session(music, store=store)
    flip_bit(damaged, place)
    told = ""
    try:
        opened = open_session(music, store=damaged)
        is_told = require_honest(opened, expected)
        again = import_it(music, damaged)
        is_mended = require_honest(again, expected)
        assert {r.path for r in again.results} == {r.path for r in expected.results}, place
        if is_mended:
            shown = import_it(music, damaged)
            assert not shown.snapshot().remarks, "it is told once, and mended"
    except StoreError as error:
        told = str(error)
    if told:
        assert damaged.name in told, place
        return "named"
    return "told" if is_told else "mended" if is_mended else "harmless"


def require_honest(session: ImportSession, expected: ImportSession) -> bool:
    """True where something is told; what is shown is as it was, and what is not shown is told."""
    remarks = [line for line in session.snapshot().remarks if "damaged in the store" in line]
    known, shown = dict(expected.read_decisions()), dict(session.read_decisions())
    if not remarks:
        assert read_figures(session) == read_figures(expected)
        assert shown == known
        assert session.state == expected.state
        assert session.settings == expected.settings
        return False
    assert shown.items() <= known.items(), "a decision is as it was, or is left out"
    if shown == known:
        told = read_figures(session)
        assert all(read_figures(expected)[path] == figures for path, figures in told.items())
    else:
        assert any("decision" in line for line in remarks)
    return True
