"""Tags of every kind of file come to one form, and no tag harms anybody."""

import base64

import mutagen
import pytest
from mutagen import apev2, asf, flac, id3, mp4
from support import audio_factory as factory

from wkmp_lab.io.files.audio import AudioReader
from wkmp_lab.io.tags.fields import MAX_TEXT, fill_tags
from wkmp_lab.io.tags.reading import read_length_s, read_tags
from wkmp_lab.model import Cover, Tags

RECORDING = "0383dadf-2a4e-4d10-a46a-e9e041da8eb3"
RELEASE = "1b022e01-4da6-387b-8658-8678046e4cef"
ARTIST = "b10bbbfc-cf9e-42e0-be17-e2c3e1d2600d"
FULL = Tags(
    title="Song",
    artist="Singer",
    album="Album",
    album_artist="Band",
    track=3,
    n_tracks=12,
    disc=2,
    n_discs=2,
    year=1999,
    original_year=1974,
    genre="Rock",
    composer="Writer",
    label="House",
    catalogue_number="HSE 001",
    is_compilation=True,
    bpm=128.0,
    key="F#m",
    replaygain_track_db=-7.35,
    isrc="USRC17607839",
    recording_mbid=RECORDING,
    release_mbid=RELEASE,
    artist_mbid=ARTIST,
    cue_sheet='FILE "a.wav" WAVE\n  TRACK 01 AUDIO',
)


def id3_frames():
    texts = {
        "TIT2": FULL.title, "TPE1": FULL.artist, "TALB": FULL.album, "TPE2": FULL.album_artist,
        "TRCK": "3/12", "TPOS": "2/2", "TDRC": "1999-05-01", "TCON": "(17)", "TSRC": FULL.isrc,
        "TDOR": "1974", "TCOM": FULL.composer, "TPUB": FULL.label, "TCMP": "1", "TBPM": "128",
        "TKEY": FULL.key,
    }  # fmt: skip
    yield from (getattr(id3, name)(encoding=3, text=[text]) for name, text in texts.items())
    yield id3.UFID(owner="http://musicbrainz.org", data=RECORDING.encode())
    yield id3.UFID(owner="http://elsewhere.example", data=b"other")
    for name, text in (
        ("MusicBrainz Album Id", RELEASE),
        ("MusicBrainz Artist Id", ARTIST),
        ("CUESHEET", FULL.cue_sheet),
        ("CATALOGNUMBER", FULL.catalogue_number),
        ("replaygain_track_gain", "-7.35 dB"),
    ):
        yield id3.TXXX(encoding=3, desc=name, text=[text])


def tag_with_id3(file):
    if file.tags is None:
        file.add_tags()
    for frame in id3_frames():
        file.tags.add(frame)


def tag_with_names(file):
    if file.tags is None:
        file.add_tags()
    file.tags.update(
        {
            "TITLE": FULL.title, "ARTIST": FULL.artist, "ALBUM": FULL.album,
            "ALBUMARTIST": FULL.album_artist, "TRACKNUMBER": "3", "TRACKTOTAL": "12",
            "DISCNUMBER": "2", "DISCTOTAL": "2", "DATE": "1999", "ORIGINALDATE": "1974-05-06",
            "COMPOSER": FULL.composer, "LABEL": FULL.label, "BPM": "128", "INITIALKEY": FULL.key,
            "CATALOGNUMBER": FULL.catalogue_number, "COMPILATION": "1",
            "REPLAYGAIN_TRACK_GAIN": "-7.35 dB", "GENRE": "Rock", "ISRC": FULL.isrc,
            "MUSICBRAINZ_TRACKID": RECORDING, "MUSICBRAINZ_ALBUMID": RELEASE,
            "MUSICBRAINZ_ARTISTID": ARTIST, "CUESHEET": FULL.cue_sheet,
        }
    )  # fmt: skip


def tag_with_ape(file):
    tag_with_names(file)
    del file.tags["TRACKNUMBER"], file.tags["TRACKTOTAL"]
    file.tags["Track"] = "3/12"


def tag_with_mp4(file):
    own = "----:com.apple.iTunes:"
    file.update(
        {
            "\xa9nam": [FULL.title], "\xa9ART": [FULL.artist], "\xa9alb": [FULL.album],
            "aART": [FULL.album_artist], "trkn": [(3, 12)], "disk": [(2, 2)], "\xa9day": ["1999"],
            "\xa9gen": ["Rock"], "\xa9wrt": [FULL.composer], "cpil": True, "tmpo": [128],
        }
    )  # fmt: skip
    for name, text in (
        ("ISRC", FULL.isrc),
        ("MusicBrainz Track Id", RECORDING),
        ("MusicBrainz Album Id", RELEASE),
        ("MusicBrainz Artist Id", ARTIST),
        ("CUESHEET", FULL.cue_sheet),
        ("ORIGINALYEAR", "1974"),
        ("LABEL", FULL.label),
        ("CATALOGNUMBER", FULL.catalogue_number),
        ("initialkey", FULL.key),
        ("replaygain_track_gain", "-7.35 dB"),
    ):
        file[own + name] = [mp4.MP4FreeForm(text.encode())]


def tag_with_asf(file):
    file.update(
        {
            "Title": FULL.title, "Author": FULL.artist, "WM/AlbumTitle": FULL.album,
            "WM/AlbumArtist": FULL.album_artist, "WM/TrackNumber": asf.ASFDWordAttribute(3),
            "TotalTracks": "12", "WM/PartOfSet": "2/2", "WM/Year": "1999", "WM/Genre": "Rock",
            "WM/ISRC": FULL.isrc, "MusicBrainz/Track Id": RECORDING,
            "MusicBrainz/Album Id": RELEASE, "MusicBrainz/Artist Id": ARTIST,
            "CUESHEET": FULL.cue_sheet, "WM/OriginalReleaseYear": "1974",
            "WM/Composer": FULL.composer, "WM/Publisher": FULL.label, "WM/InitialKey": FULL.key,
            "WM/CatalogNo": FULL.catalogue_number, "WM/BeatsPerMinute": "128",
            "WM/IsCompilation": asf.ASFBoolAttribute(True),
            "REPLAYGAIN_TRACK_GAIN": "-7.35 dB",
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ending", "tag"),
    [
        (".mp3", tag_with_id3),
        (".wav", tag_with_id3),
        (".aiff", tag_with_id3),
        (".flac", tag_with_names),
        (".ogg", tag_with_names),
        (".opus", tag_with_names),
        (".wv", tag_with_ape),
        (".m4a", tag_with_mp4),
        (".wma", tag_with_asf),
    ],
)
def test_every_kind_of_tag_gives_the_same_fields(tmp_path, ending, tag):
    path = factory.write_audio(tmp_path / f"a{ending}", factory.tone(440, 0.5, 44_100), 44_100)
    file = mutagen.File(path)
    tag(file)
    file.save()
    assert read_tags(path) == FULL


def test_files_without_tags_or_without_audio_give_none(tmp_path):
    path = factory.write_audio(tmp_path / "a.wav", factory.tone(440, 0.1, 44_100), 44_100)
    assert read_tags(path) == Tags()
    for content in (b"", b"hello", bytes(5000), b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", b"OggS" * 99):
        path.write_bytes(content)
        assert read_tags(path) == Tags()


def test_a_damaged_opus_header_gives_no_tags(tmp_path):
    # mutagen lets a struct.error out for a header packet that ends early.
    path = factory.write_audio(tmp_path / "a.opus", factory.tone(440, 0.5, 48_000), 48_000)
    head = bytearray(path.read_bytes())
    head[head.index(b"OpusHead") - 1] = 12
    path.write_bytes(head)
    assert read_tags(path) == Tags()


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_tags(tmp_path / "none.mp3")


def test_huge_values_are_cut_and_pictures_left(tmp_path):
    path = factory.write_audio(tmp_path / "a.mp3", factory.tone(440, 0.5, 44_100), 44_100)
    file = mutagen.File(path)
    file.tags.add(id3.TIT2(encoding=3, text=["x" * 2_000_000]))
    file.tags.add(id3.COMM(encoding=3, lang="eng", desc="", text=["y" * 10_000_000]))
    file.tags.add(id3.APIC(encoding=3, mime="image/png", type=3, desc="", data=bytes(10_000_000)))
    file.save()
    cover = Cover("image/png", 10_000_000)
    assert read_tags(path) == Tags(title="x" * MAX_TEXT, cover=cover, is_cleaned=True)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg", "a.m4a", "a.aiff"])
def test_headers_tell_a_length_without_decoding(tmp_path, name):
    factory.write_audio(tmp_path / name, factory.tone(440, 3.0, 44_100), 44_100)
    assert read_length_s(tmp_path / name) == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("content", [b"", b"ID3" + b"\x00" * 2000, b"RIFF" * 50, b"fLaC" * 50])
def test_what_tells_no_length_has_none(tmp_path, content):
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    assert read_length_s(path) is None


JPEG = b"\xff\xd8\xff\xe0" + bytes(996)


def read_all_tags(path):
    """As an import reads them: the file's own, then what the decoder shows."""
    with AudioReader(path) as reader:
        return fill_tags(read_tags(path), reader.tags)


def write_tone(path, **options):
    return factory.write_audio(path, factory.tone(440, 0.5, 44_100), 44_100, **options)


SHOWN = {"title": "Song", "artist": "Singer", "album": "Album", "track": "3/9"}


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.wav", None),
        ("a.w64", "pcm_s16le"),
        ("a.mka", "flac"),
        ("a.webm", "libopus"),
        ("a.caf", "pcm_s16be"),
        ("a.tta", "tta"),
        ("a.m4a", "alac"),
        ("a.mp3", None),
        ("a.wma", None),
    ],
)
def test_what_the_decoder_shows_is_read(tmp_path, name, codec):
    path = write_tone(tmp_path / name, codec=codec, tags=SHOWN)
    tags = read_all_tags(path)
    has_tags = name != "a.w64"  # FFmpeg writes none there
    assert (tags.title, tags.artist, tags.album) == (
        ("Song", "Singer", "Album") if has_tags else (None, None, None)
    )
    assert (tags.track, tags.n_tracks) == ((3, 9) if has_tags else (None, None))


def test_texts_of_aiff_are_read(tmp_path):
    path = write_tone(tmp_path / "a.aiff", tags={"title": "Song", "author": "Singer"})
    author = b"AUTH" + len(b"Singer").to_bytes(4, "big") + b"Singer"
    content = path.read_bytes()
    if b"AUTH" not in content:
        content = content[:12] + author + content[12:]
        path.write_bytes(content[:4] + (len(content) - 8).to_bytes(4, "big") + content[8:])
    tags = read_all_tags(path)
    assert (tags.title, tags.artist) == ("Song", "Singer")


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp3", None), ("a.tta", "tta"), ("a.aac", "aac"), ("a.flac", None)]
)
def test_an_apev2_tag_at_the_end_is_read_where_it_is_all_there_is(tmp_path, name, codec):
    path = write_tone(tmp_path / name, codec=codec)
    tag = apev2.APEv2()
    tag["Title"], tag["Artist"] = "Song", ["One", "Two"]
    tag["Track"] = "3/9"
    tag.save(path)
    tags = read_all_tags(path)
    assert (tags.title, tags.artist, tags.track) == ("Song", "One; Two", 3)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.flac", None), ("a.wv", None), ("a.aac", "aac"), ("a.tta", "tta"), ("a.m4a", None)],
)
def test_an_id3_tag_in_front_of_any_format_is_read_and_costs_no_sound(tmp_path, name, codec):
    path = write_tone(tmp_path / name, codec=codec)
    plain = path.read_bytes()
    with AudioReader(path) as reader:
        n_samples = sum(block.n_samples for block in reader.blocks())
    tag = id3.ID3()
    tag.add(id3.TIT2(encoding=3, text=["Song"]))
    tag.save(tmp_path / "tag")
    path.write_bytes((tmp_path / "tag").read_bytes() + plain)
    with AudioReader(path) as reader:
        assert sum(block.n_samples for block in reader.blocks()) == n_samples
        assert reader.describe().n_decode_errors == 0
    assert read_tags(path).title == "Song"


def test_a_tag_of_the_format_goes_before_those_around_it_and_cut_texts_come_last(tmp_path):
    path = write_tone(tmp_path / "a.mp3")
    cut = b"TAG" + b"Old".ljust(30, b"\0") + b"Cut".ljust(95, b"\0")
    path.write_bytes(path.read_bytes() + cut)
    assert (read_tags(path).title, read_tags(path).artist) == ("Old", "Cut")
    path = write_tone(tmp_path / "b.mp3")
    tag = apev2.APEv2()
    tag["Title"] = "Middle"
    tag.save(path)
    path.write_bytes(path.read_bytes() + cut)
    assert (read_tags(path).title, read_tags(path).artist) == ("Middle", "Cut")
    front = id3.ID3()
    front.add(id3.TIT2(encoding=3, text=["First"]))
    front.save(path, v1=1)
    tags = read_tags(path)
    assert tags.title == "First"


def test_several_values_of_every_kind_of_tag_are_kept(tmp_path):
    names, wanted = ["One", "Two"], ("One", "Two")
    for name, key in (("a.flac", "artist"), ("a.ogg", "artist"), ("a.wv", "Artist")):
        path = write_tone(tmp_path / name)
        file = mutagen.File(path)
        if file.tags is None:
            file.add_tags()
        file[key] = names
        file.save()
        assert read_tags(path).all_of("artist") == wanted, name
    path = write_tone(tmp_path / "a.mp3")
    tag = id3.ID3()
    tag.add(id3.TPE1(encoding=3, text=names))
    tag.add(id3.TCON(encoding=3, text=["(17)", "Blue"]))
    tag.save(path)
    assert read_tags(path).all_of("artist") == wanted
    assert read_tags(path).genre == "Rock; Blue"
    path = write_tone(tmp_path / "a.m4a")
    file = mutagen.File(path)
    file["\xa9ART"] = names
    file.save()
    assert read_tags(path).all_of("artist") == wanted


def test_the_year_of_the_release_is_read_from_every_kind_of_tag(tmp_path):
    for name, texts in (
        ("a.flac", {"originaldate": "1974-05-06", "date": "2011-03-04"}),
        ("a.ogg", {"originaldate": "1974-05-06", "date": "2011-03-04"}),
        ("a.wma", {"WM/OriginalReleaseTime": "1974", "WM/Year": "2011"}),
        ("a.m4a", {"----:com.apple.iTunes:ORIGINALDATE": [b"1974"], "\xa9day": ["2011"]}),
    ):
        path = write_tone(tmp_path / name)
        file = mutagen.File(path)
        file.update(texts)
        file.save()
        tags = read_tags(path)
        assert (tags.year, tags.original_year) == (2011, 1974), name
    path = write_tone(tmp_path / "a.mp3")
    tag = id3.ID3()
    tag.add(id3.TDRC(encoding=3, text=["2011-03-04"]))
    tag.add(id3.TDOR(encoding=3, text=["1974"]))
    tag.save(path)
    assert (read_tags(path).year, read_tags(path).original_year) == (2011, 1974)


def test_a_cover_is_known_and_not_kept(tmp_path):
    path = write_tone(tmp_path / "a.mp3")
    tag = id3.ID3()
    tag.add(id3.APIC(encoding=3, mime="image/png", type=4, desc="back", data=bytes(10)))
    tag.add(id3.APIC(encoding=3, mime="image/jpeg", type=3, desc="front", data=JPEG))
    tag.save(path)
    assert read_tags(path).cover == Cover("image/jpeg", 1000)

    picture = flac.Picture()
    picture.type, picture.mime, picture.data = 3, "image/jpeg", JPEG
    path = write_tone(tmp_path / "a.flac")
    file = mutagen.File(path)
    file.add_picture(picture)
    file.save()
    assert read_tags(path).cover == Cover("image/jpeg", 1000)

    path = write_tone(tmp_path / "a.ogg")
    file = mutagen.File(path)
    file["metadata_block_picture"] = [base64.b64encode(picture.write()).decode(), "no base64!"]
    file.save()
    assert read_tags(path).cover == Cover("image/jpeg", 1000)

    path = write_tone(tmp_path / "a.m4a")
    file = mutagen.File(path)
    file["covr"] = [mp4.MP4Cover(JPEG, mp4.MP4Cover.FORMAT_JPEG)]
    file.save()
    assert read_tags(path).cover == Cover("image/jpeg", 1000)

    path = write_tone(tmp_path / "a.wv")
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    file["Cover Art (Front)"] = apev2.APEValue(b"front.jpg\0" + JPEG, apev2.BINARY)
    file.save()
    assert read_tags(path).cover == Cover("image/jpeg", 1000)

    path = write_tone(tmp_path / "a.wma")
    file = mutagen.File(path)
    head = bytes([3]) + len(JPEG).to_bytes(4, "little") + "image/jpeg\0\0".encode("utf-16-le")
    file["WM/Picture"] = asf.ASFByteArrayAttribute(head + JPEG)
    file.save()
    assert read_tags(path).cover == Cover("image/jpeg", 1000)
