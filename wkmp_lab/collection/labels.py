"""Flavors of one's own: label a few passages, and a small model gives every passage its share."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from wkmp_lab.collection.neighbours import collect_vectors
from wkmp_lab.collection.same_songs import find_same_songs
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.flavors import USER_PREFIX, Flavor
from wkmp_lab.model import FileResult, PassageId

MIN_EXAMPLES = 5
"""Least recordings per label: one for each fold of the cross-validation."""
N_SHUFFLES = 19
"""The best of so many is reached by luck alone once in 20 times."""
STRENGTH = 0.1
"""Inverse of the regularisation: few examples and many numbers call for a simple border."""
SOURCE = "wkmp_lab.collection.labels"


@dataclass(frozen=True, slots=True)
class LabelModel:
    """A learned category and how far to trust it.

    Attributes
    ----------
    category
        Begins with ``user.``.
    labels
        The elements of the category, sorted.
    accuracy
        Balanced accuracy (mean over the labels of what is found of each) on recordings that the
        model was not shown (5 folds), 0 to 1.
    chance
        What guessing, or always the commonest label, would reach: one over the number of labels.
    luck
        What the same numbers reach with shuffled labels, the best of 19 shuffles. Where accuracy
        is not above it, nothing was learned: few examples often look good.
    n_examples
        Recordings it was trained on; copies of one count once.
    estimator
        The scikit-learn pipeline.
    """

    category: str
    labels: tuple[str, ...]
    accuracy: float
    chance: float
    luck: float
    n_examples: int
    estimator: Any

    @property
    def sentence(self) -> str:
        """How far to trust it, in words.

        >>> LabelModel("user.x", ("a", "b"), 0.9, 0.5, 0.75, 17, None).sentence
        'accuracy 90 %, guessing 50 %, shuffled labels up to 75 %; 17 examples'
        """
        warning = "" if self.accuracy > self.luck else "no better than luck: "
        return (
            f"{warning}accuracy {100 * self.accuracy:.0f} %, guessing {100 * self.chance:.0f} %, "
            f"shuffled labels up to {100 * self.luck:.0f} %; {self.n_examples} examples"
        )


def train_labels(
    results: Sequence[FileResult], labels: Mapping[PassageId, str], *, category: str
) -> LabelModel:
    """A model of a category of one's own, from labels of some passages.

    Parameters
    ----------
    results
        The library.
    labels
        (path, passage) to label, as ``{("/music/a.flac", 0): "yes"}``.
    category
        The name; begins with ``user.``.

    Raises
    ------
    InvalidInputError
        A wrong name, a label that is no text, a labelled passage that is not described, fewer than
        two labels, or fewer than five recordings with one of them.
    """
    if not category.startswith(USER_PREFIX) or category == USER_PREFIX:
        raise InvalidInputError(
            f"a category begins with {USER_PREFIX!r} and goes on, got {category!r}"
        )
    for name, label in labels.items():
        if not isinstance(label, str) or not label:
            raise InvalidInputError(f"a label must be a text, got {label!r} for {name}")
    ids, raw = collect_vectors(results)
    places = {name: k for k, name in enumerate(ids)}
    strange = sorted(labels.keys() - places.keys())
    if strange:
        raise InvalidInputError(
            f"labelled passages must be described in the results: {strange[:3]}"
        )
    examples = _choose_examples(results, labels)
    counts = Counter(examples.values())
    if len(counts) < 2 or min(counts.values()) < MIN_EXAMPLES:
        raise InvalidInputError(
            f"two labels or more need {MIN_EXAMPLES} recordings each, got {dict(counts)} "
            f"in {len(labels)} passages"
        )
    shown = raw[[places[name] for name in examples]]
    answers = np.array(list(examples.values()))
    estimator = make_pipeline(
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=STRENGTH, class_weight="balanced", solver="newton-cholesky"),
    )
    rng = np.random.default_rng(0)
    shuffled = [
        _measure_accuracy(estimator, shown, rng.permutation(answers)) for _ in range(N_SHUFFLES)
    ]
    accuracy = _measure_accuracy(estimator, shown, answers)
    estimator.fit(shown, answers)
    return LabelModel(
        category=category,
        labels=tuple(str(label) for label in estimator.classes_),
        accuracy=accuracy,
        chance=1.0 / len(counts),
        luck=max(shuffled),
        n_examples=len(examples),
        estimator=estimator,
    )


def _choose_examples(
    results: Sequence[FileResult], labels: Mapping[PassageId, str]
) -> Mapping[PassageId, str]:
    """The labels without those of further copies of a recording that have the same label.

    A model that was shown one copy knows the other one: random labels reached 87 % so.
    """
    labelled = {path for path, _ in labels}
    pairs = find_same_songs([result for result in results if result.path in labelled])
    copies: dict[PassageId, set[PassageId]] = {}
    for pair in pairs:
        one, other = ((copy.path, copy.passage) for copy in (pair.first, pair.second))
        copies.setdefault(one, set()).add(other)
        copies.setdefault(other, set()).add(one)
    chosen: dict[PassageId, str] = {}
    for name, label in labels.items():
        if not any(chosen.get(copy) == label for copy in copies.get(name, ())):
            chosen[name] = label
    return chosen


def _measure_accuracy(
    estimator: Any, shown: npt.NDArray[np.float64], answers: npt.NDArray[np.str_]
) -> float:
    """Mean over the labels of the share that is found, each answer given unseen."""
    folds = StratifiedKFold(MIN_EXAMPLES, shuffle=True, random_state=0)
    given = cross_val_predict(estimator, shown, answers, cv=folds)
    return float(recall_score(answers, given, average="macro"))


def predict_labels(model: LabelModel, results: Sequence[FileResult]) -> Mapping[PassageId, Flavor]:
    """The category's distribution for each described passage, as a flavor that sums to 1."""
    ids, raw = collect_vectors(results)
    if not ids:
        return {}
    shares = model.estimator.predict_proba(raw)
    shares = shares / shares.sum(axis=1, keepdims=True)
    return {
        name: Flavor({model.category: _name_shares(model.labels, row)}, SOURCE)
        for name, row in zip(ids, shares, strict=True)
    }


def _name_shares(labels: Sequence[str], row: Sequence[float]) -> Mapping[str, float]:
    return {label: float(share) for label, share in zip(labels, row, strict=True)}
