"""The nouns of tags: what a file says of itself."""

from dataclasses import dataclass

from wkmp_lab.model.declared import DeclaredPiece


@dataclass(frozen=True, slots=True)
class Cover:
    """The picture that a file carries; the picture itself is not kept."""

    mime: str | None
    """Its kind, as in image/jpeg; None where it does not tell."""
    n_bytes: int | None
    """Its size; None where only the decoder has seen it."""


@dataclass(frozen=True, slots=True)
class Tags:
    """What the file says of itself, cleaned of control characters; nothing here is trusted.

    A field with several values is shown as "A; B"; of ids the first one stands in the field.
    :meth:`all_of` gives them one by one.
    """

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    album_artist: str | None = None
    track: int | None = None
    n_tracks: int | None = None
    disc: int | None = None
    n_discs: int | None = None
    year: int | None = None
    """Year of the release."""
    original_year: int | None = None
    """Year of the first release."""
    genre: str | None = None
    composer: str | None = None
    label: str | None = None
    catalogue_number: str | None = None
    is_compilation: bool | None = None
    bpm: float | None = None
    key: str | None = None
    replaygain_track_db: float | None = None
    """What the file wants to be turned up by, for -18 LUFS; R128 tags are told for that too."""
    replaygain_album_db: float | None = None
    isrc: str | None = None
    recording_mbid: str | None = None
    release_mbid: str | None = None
    artist_mbid: str | None = None
    cue_sheet: str | None = None
    chapters: tuple[DeclaredPiece, ...] | None = None
    """The file's own chapters, or FLAC's table of tracks; None where it has none."""
    cover: Cover | None = None
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(field, all its values), of the fields with more than one."""
    is_cleaned: bool = False
    """True where characters had to be removed from a value."""

    def all_of(self, field: str) -> tuple[str, ...]:
        """Every value of a field of text or ids, in the file's order; empty where it has none.

        >>> Tags(artist="A; B", values=(("artist", ("A", "B")),)).all_of("artist")
        ('A', 'B')
        """
        shown = getattr(self, field)
        return dict(self.values).get(field, () if shown is None else (shown,))
