"""What an earlier version has kept is there in this one, with every decision."""

import hashlib

from support.old_store import FOLDER, unpack_store, write_music

from wkmp_lab.library.session import open_session


def test_a_store_of_version_0_1_0_opens_with_its_results_and_decisions(tmp_path):
    session = open_session(FOLDER, store=unpack_store("0.1.0", tmp_path))
    assert session.files["status"].tolist() == ["done", "done"]
    assert session.passages["start_s"].tolist() == [0.0, 21.0, 0.0]
    assert session.passages["end_s"].tolist() == [21.0, 68.0, 30.0]
    assert session.passages["fingerprint"].notna().all()
    assert session.decisions["verdict"].tolist() == ["cut", "accept", "reject"]
    assert session.state == "completed"


def test_the_music_of_the_old_stores_is_the_same_to_the_byte(tmp_path):
    write_music(tmp_path / "music")
    files = (tmp_path / "music").iterdir()
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in files}
    assert hashes == {"side.wav": "34c065bc935aa90a", "song.wav": "8fb9e3cb3641aa77"}
    known = open_session(FOLDER, store=unpack_store("0.1.0", tmp_path)).files
    assert known["sha256"].str[:16].tolist() == ["34c065bc935aa90a", "8fb9e3cb3641aa77"]
