"""The part of WKMP's database that an import fills: one SQLite file, times in integer ticks.

Names, kinds and rules follow WKMP's data model; a tick is 1/28,224,000 s.
"""

WKMP_SCHEMA = """
CREATE TABLE files(
    guid TEXT PRIMARY KEY, path TEXT NOT NULL UNIQUE, hash TEXT,
    duration_ticks INTEGER CHECK (duration_ticks >= 0), modification_time TEXT NOT NULL,
    format TEXT, sample_rate INTEGER CHECK (sample_rate > 0),
    channels INTEGER CHECK (channels > 0), file_size_bytes INTEGER CHECK (file_size_bytes >= 0),
    status TEXT NOT NULL CHECK (status IN
        ('PENDING', 'PROCESSING', 'INGEST COMPLETE', 'DUPLICATE HASH', 'NO AUDIO')),
    matching_hashes TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(matching_hashes)),
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE INDEX idx_files_hash ON files(hash);
CREATE TABLE passages(
    guid TEXT PRIMARY KEY, file_id TEXT NOT NULL REFERENCES files(guid) ON DELETE CASCADE,
    start_time_ticks INTEGER NOT NULL CHECK (start_time_ticks >= 0),
    end_time_ticks INTEGER NOT NULL CHECK (end_time_ticks > start_time_ticks),
    fade_in_start_ticks INTEGER CHECK (
        fade_in_start_ticks BETWEEN start_time_ticks AND end_time_ticks),
    lead_in_start_ticks INTEGER CHECK (
        lead_in_start_ticks BETWEEN start_time_ticks AND end_time_ticks),
    lead_out_start_ticks INTEGER CHECK (
        lead_out_start_ticks BETWEEN start_time_ticks AND end_time_ticks),
    fade_out_start_ticks INTEGER CHECK (
        fade_out_start_ticks BETWEEN start_time_ticks AND end_time_ticks),
    fade_in_curve TEXT CHECK (fade_in_curve IN ('exponential', 'cosine', 'linear')),
    fade_out_curve TEXT CHECK (fade_out_curve IN ('logarithmic', 'cosine', 'linear')),
    title TEXT, user_title TEXT, artist TEXT, album TEXT,
    musical_flavor_vector TEXT
        CHECK (musical_flavor_vector IS NULL OR json_valid(musical_flavor_vector)),
    import_metadata TEXT
        CHECK (import_metadata IS NULL OR json_valid(import_metadata)),
    additional_metadata TEXT
        CHECK (additional_metadata IS NULL OR json_valid(additional_metadata)),
    status TEXT NOT NULL,
    title_source TEXT, title_confidence REAL CHECK (title_confidence BETWEEN 0 AND 1),
    artist_source TEXT, artist_confidence REAL CHECK (artist_confidence BETWEEN 0 AND 1),
    recording_mbid TEXT, identity_confidence REAL CHECK (identity_confidence BETWEEN 0 AND 1),
    flavor_source_blend TEXT
        CHECK (flavor_source_blend IS NULL OR json_valid(flavor_source_blend)),
    CHECK (lead_in_start_ticks <= lead_out_start_ticks),
    CHECK (fade_in_start_ticks <= fade_out_start_ticks)
);
CREATE INDEX idx_passages_file ON passages(file_id);
CREATE TABLE works(guid TEXT PRIMARY KEY, work_mbid TEXT NOT NULL UNIQUE, title TEXT);
CREATE TABLE songs(
    guid TEXT PRIMARY KEY, recording_mbid TEXT NOT NULL, title TEXT,
    work_id TEXT REFERENCES works(guid) ON DELETE SET NULL,
    base_probability REAL NOT NULL DEFAULT 1.0 CHECK (base_probability BETWEEN 0 AND 1000),
    min_cooldown INTEGER, ramping_cooldown INTEGER, last_played_at TEXT,
    flavor_vector TEXT
        CHECK (flavor_vector IS NULL OR json_valid(flavor_vector)),
    flavor_source_blend TEXT
        CHECK (flavor_source_blend IS NULL OR json_valid(flavor_source_blend)),
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'FLAVOR READY', 'FLAVORING FAILED'))
);
CREATE INDEX idx_songs_recording ON songs(recording_mbid);
CREATE TABLE artists(guid TEXT PRIMARY KEY, artist_mbid TEXT UNIQUE, name TEXT NOT NULL);
CREATE TABLE albums(
    guid TEXT PRIMARY KEY, album_mbid TEXT NOT NULL UNIQUE, title TEXT, release_date TEXT
);
CREATE TABLE passage_songs(
    passage_id TEXT NOT NULL REFERENCES passages(guid) ON DELETE CASCADE,
    song_id TEXT NOT NULL REFERENCES songs(guid) ON DELETE CASCADE,
    start_time_ticks INTEGER NOT NULL CHECK (start_time_ticks >= 0),
    end_time_ticks INTEGER NOT NULL CHECK (end_time_ticks > start_time_ticks),
    PRIMARY KEY (passage_id, song_id, start_time_ticks)
);
CREATE TABLE song_artists(
    song_id TEXT NOT NULL REFERENCES songs(guid) ON DELETE CASCADE,
    artist_id TEXT NOT NULL REFERENCES artists(guid) ON DELETE CASCADE,
    weight REAL NOT NULL CHECK (weight > 0 AND weight <= 1),
    PRIMARY KEY (song_id, artist_id)
);
CREATE TABLE passage_albums(
    passage_id TEXT NOT NULL REFERENCES passages(guid) ON DELETE CASCADE,
    album_id TEXT NOT NULL REFERENCES albums(guid) ON DELETE CASCADE,
    PRIMARY KEY (passage_id, album_id)
);
CREATE TABLE song_works(
    song_id TEXT NOT NULL REFERENCES songs(guid) ON DELETE CASCADE,
    work_id TEXT NOT NULL REFERENCES works(guid) ON DELETE CASCADE,
    PRIMARY KEY (song_id, work_id)
);
CREATE TABLE import_provenance(
    id INTEGER PRIMARY KEY, passage_id TEXT NOT NULL REFERENCES passages(guid) ON DELETE CASCADE,
    source_type TEXT NOT NULL, data_extracted TEXT NOT NULL CHECK (json_valid(data_extracted)),
    confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1), timestamp TEXT NOT NULL
);
CREATE TABLE settings(key TEXT PRIMARY KEY, value TEXT);
"""
