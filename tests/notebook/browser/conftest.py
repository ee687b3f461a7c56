"""A small library that was really imported, for whoever plays or selects from it."""

import pytest
from mutagen.flac import FLAC, Picture
from support.audio_factory import music_like, write_audio
from support.pictures import make_picture

from wkmp_lab.notebook.session import NotebookSession
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

SR = 22_050
TITLES = ("<img src=x onerror=window.__xss=1>\u202e $x$", "Night Bus", "Rain")


@pytest.fixture(scope="session")
def session(tmp_path_factory):
    """Three songs that only their tags tell of, the first of them hostile, and with a cover."""
    folder = tmp_path_factory.mktemp("browsed")
    music = folder / "music"
    music.mkdir()
    for number, title in enumerate(TITLES):
        path = music / f"{number}.flac"
        write_audio(path, music_like(seed=number, seconds=8, sr=SR), SR)
        tags = FLAC(path)
        tags["title"] = title
        if number == 0:
            cover = Picture()
            cover.type, cover.mime, cover.data = 3, "image/png", make_picture()
            tags.add_picture(cover)
        tags.save()
    identifying = IdentifySettings(is_offline=True, catalogue=str(folder / "none.sqlite"))
    settings = Settings(identifying=identifying, running=RunSettings(backend="sequential"))
    started = NotebookSession.start(music, settings=settings, store=folder / "kept.wkmp.db")
    return started.wait()
