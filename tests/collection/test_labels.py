"""Labels of one's own are learned from examples, and what was not learned is said so."""

from dataclasses import replace

import numpy as np
import pytest
from support.example_flavors import make_library

from wkmp_lab.collection.labels import predict_labels, train_labels
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.fingerprinting.fingerprint import encode_fingerprint
from wkmp_lab.model import Fingerprint


def label(library):
    return {(file.path, 0): ("bright" if k % 2 else "dark") for k, file in enumerate(library)}


def test_labels_are_learned_and_given_to_new_passages():
    library = make_library(40, shift=2.0)
    model = train_labels(library, label(library), category="user.light")
    assert model.labels == ("bright", "dark")
    assert (model.chance, model.n_examples) == (0.5, 40)
    assert model.accuracy >= 0.9
    assert model.accuracy > model.luck >= model.chance
    fresh = make_library(40, seed=1, shift=2.0)
    answers = label(fresh)
    found = predict_labels(model, fresh)
    right = [
        max(flavor.categories["user.light"], key=flavor.categories["user.light"].get)
        == answers[name]
        for name, flavor in found.items()
    ]
    assert np.mean(right) >= 0.9


def test_distributions_sum_to_one():
    library = make_library(15)
    labels = {(file.path, 0): "abc"[k % 3] for k, file in enumerate(library)}
    model = train_labels(library, labels, category="user.kind")
    for flavor in predict_labels(model, library).values():
        assert sum(flavor.categories["user.kind"].values()) == pytest.approx(1.0, abs=1e-9)


def test_meaningless_labels_are_no_better_than_luck():
    models = [
        train_labels(library, label(library), category="user.x")
        for library in (make_library(16, seed=seed) for seed in range(6))
    ]
    assert sum(model.accuracy > model.luck for model in models) <= 1
    # With few examples nothing looks as good as this: accuracy alone would mislead.
    assert max(model.accuracy for model in models) > 0.6
    assert sum(model.sentence.startswith("no better than luck") for model in models) >= 5


def with_fingerprints(library, *, seed):
    """The library with a fingerprint for each piece, the same ones for the same seed."""
    rng = np.random.default_rng(seed)
    files = []
    for file in library:
        text = encode_fingerprint(rng.integers(0, 2**32, 400, dtype=np.uint32))
        passage = replace(file.passages[0], fingerprint=Fingerprint(text, 50.0, "test"))
        files.append(replace(file, passages=(passage,)))
    return files


def test_copies_of_a_recording_teach_nothing_about_what_was_not_shown():
    originals = with_fingerprints(make_library(20), seed=5)
    copies = [
        replace(file, source=replace(file.source, path=f"copy of {file.path}"))
        for file in originals
    ]
    library = originals + copies
    labels = {(file.path, 0): "ab"[k % 20 // 10] for k, file in enumerate(library)}

    once = train_labels(originals, dict(list(labels.items())[:20]), category="user.x")
    twice = train_labels(library, labels, category="user.x")

    assert twice.n_examples == once.n_examples == 20
    assert twice.accuracy == once.accuracy


def test_five_copies_of_one_recording_are_one_example():
    (piece,) = with_fingerprints(make_library(1), seed=6)
    copies = [
        replace(piece, source=replace(piece.source, path=f"copy {k}.flac")) for k in range(5)
    ]
    library = copies + make_library(20)
    labels = {(file.path, 0): ("one" if file in copies else "two") for file in library}
    with pytest.raises(InvalidInputError, match=r"need 5 recordings each, got \{'one': 1"):
        train_labels(library, labels, category="user.x")


def test_copies_may_have_labels_of_their_own():
    tapes = with_fingerprints(make_library(10), seed=7)
    discs = [
        replace(file, source=replace(file.source, path=f"disc {file.path}")) for file in tapes
    ]
    labels = {(file.path, 0): ("tape" if file in tapes else "disc") for file in tapes + discs}
    assert train_labels(tapes + discs, labels, category="user.medium").n_examples == 20


def test_a_rare_label_weighs_as_much_as_a_common_one():
    library = make_library(60)
    labels = {(file.path, 0): ("rare" if k < 6 else "common") for k, file in enumerate(library)}
    # Always saying "common" would be right in 90 %, and is worth 50 % here.
    assert train_labels(library, labels, category="user.x").accuracy < 0.8


@pytest.mark.parametrize("strange", [None, "", True, 1])
def test_a_label_that_is_no_text_is_refused(strange):
    library = make_library(20)
    with pytest.raises(InvalidInputError, match="a label must be a text"):
        train_labels(library, {**label(library), ("00.flac", 0): strange}, category="user.x")


def test_too_little_to_learn_from_is_refused():
    library = make_library(20)
    labels = label(library)
    few = dict(list(labels.items())[:9])
    with pytest.raises(InvalidInputError, match="need 5 recordings each, got"):
        train_labels(library, few, category="user.light")
    with pytest.raises(InvalidInputError, match="two labels or more"):
        train_labels(library, dict.fromkeys(labels, "one"), category="user.light")


def test_wrong_names_and_strange_passages_are_refused():
    library = make_library(20)
    with pytest.raises(InvalidInputError, match="begins with"):
        train_labels(library, label(library), category="mood_sad")
    with pytest.raises(InvalidInputError, match="and goes on"):
        train_labels(library, label(library), category="user.")
    with pytest.raises(InvalidInputError, match="must be described"):
        train_labels(library, {("nowhere", 0): "x"}, category="user.x")


def test_nothing_described_gets_nothing():
    library = make_library(20, shift=2.0)
    model = train_labels(library, label(library), category="user.light")
    assert predict_labels(model, []) == {}
