import pytest

from wkmp_lab.io.files import duplicates
from wkmp_lab.io.files.duplicates import HEAD_BYTES, find_duplicates
from wkmp_lab.model import SourceFile


def files_of(folder, contents):
    found = []
    for name, content in contents.items():
        path = folder / name
        path.write_bytes(content)
        found.append(SourceFile(str(path), len(content), 1))
    return found


def names_of(twins):
    return {a.rsplit("/", 1)[-1]: b.rsplit("/", 1)[-1] for a, b in twins.items()}


def test_the_first_of_equal_files_is_the_original(tmp_path):
    files = files_of(tmp_path, {"a": b"xy", "b": b"xz", "c": b"xy", "d": b"xy", "e": b"longer"})
    assert names_of(find_duplicates(files).twin_of) == {"c": "a", "d": "a"}


def test_files_that_differ_behind_the_same_head_are_no_copies(tmp_path):
    head = bytes(HEAD_BYTES)
    files = files_of(tmp_path, {"a": head + b"1", "b": head + b"2", "c": head + b"1"})
    assert names_of(find_duplicates(files).twin_of) == {"c": "a"}


def test_empty_files_are_no_copies_of_each_other(tmp_path):
    assert not find_duplicates(files_of(tmp_path, {"a": b"", "b": b""})).twin_of


def test_a_file_that_vanished_is_left_alone(tmp_path):
    files = files_of(tmp_path, {"a": b"xy", "b": b"xy"})
    (tmp_path / "a").unlink()
    assert not find_duplicates(files).twin_of


def test_files_of_one_size_are_not_read_where_all_hashes_are_known(tmp_path, monkeypatch):
    files = files_of(tmp_path, {"a": b"xy", "b": b"xz", "c": b"xy"})
    known = {file.path: file.path[-1].replace("c", "a") for file in files}
    monkeypatch.setattr(duplicates, "compute_sha256", lambda path: pytest.fail(f"read {path}"))
    monkeypatch.setattr(duplicates, "_hash_head", lambda path: pytest.fail(f"read {path}"))
    assert names_of(find_duplicates(files, known_sha256=known).twin_of) == {"c": "a"}
