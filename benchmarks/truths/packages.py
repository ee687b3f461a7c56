"""Debian packages with music by others, split before any result: side, and folder."""

MODULES = {
    "pingus-data": ("tuning", "usr/share/games/pingus/data/music"),
    "tecnoballz-data": ("tuning", "usr/share/games/tecnoballz/musics"),
    "circuslinux-data": ("tuning", "usr/share/games/circuslinux/data/music"),
    "rafkill-data": ("tuning", "usr/share/games/rafkill"),
    "madbomber-data": ("tuning", "usr/share/games/madbomber/music"),
    "bomberclone-data": ("tuning", "usr/share/games/bomberclone/music"),
    "tuxtype-data": ("tuning", "usr/share/tuxtype/sounds"),
    "criticalmass-data": ("tuning", "usr/share/games/criticalmass"),
    "heroes-sound-tracks": ("heldout", "usr/share/games/heroes/mod"),
    "open-invaders-data": ("heldout", "usr/share/open-invaders"),
    "njam-data": ("heldout", "usr/share/games/njam/data"),
    "vodovod": ("heldout", "usr/share/games/vodovod"),
    "ri-li-data": ("heldout", "usr/share/games/ri-li"),
    "kobodeluxe-data": ("heldout", "usr/share/kobo-deluxe/sfx"),
    "liquidwar-data": ("heldout", "usr/share/games/liquidwar/music"),
    "monsterz-data": ("heldout", "usr/share/games/monsterz/sound"),
    "ceferino-data": ("heldout", "usr/share/games/ceferino/music"),
}
MIDI_FILES = {
    "openttd-openmsx": ("tuning", "usr/share/games/openttd/baseset/openmsx"),
    "simutrans-data": ("tuning", "usr/share/games/simutrans/music"),
    "planetblupi-music-midi": ("heldout", "usr/share/planetblupi/music"),
    "mma": ("heldout", "usr/share/doc/mma/examples"),
    "pianobooster": ("heldout", "usr/share/doc/pianobooster/courses"),
}
