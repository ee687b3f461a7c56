"""Flavors of one's own: label a few passages, and a small model gives every passage its share."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.flavors import USER_PREFIX, Flavor
from wkmp_lab.model import FileResult
from wkmp_lab.neighbours import PassageId, collect_vectors

MIN_EXAMPLES = 5
"""Least passages per label: one for each fold of the cross-validation."""
STRENGTH = 0.1
"""Inverse of the regularisation: few examples and many numbers call for a simple border."""
SOURCE = "wkmp_lab.labelling"


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
        Balanced accuracy on passages that the model was not shown (5 folds), 0 to 1.
    chance
        What guessing would reach: one over the number of labels.
    n_examples
        Passages it was trained on.
    estimator
        The scikit-learn pipeline.
    """

    category: str
    labels: tuple[str, ...]
    accuracy: float
    chance: float
    n_examples: int
    estimator: Any


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
        A wrong name, a labelled passage that is not described, fewer than two labels, or fewer
        than five passages with one of them.
    """
    if not category.startswith(USER_PREFIX):
        raise InvalidInputError(f"a category begins with {USER_PREFIX!r}, got {category!r}")
    ids, raw = collect_vectors(results)
    places = {name: k for k, name in enumerate(ids)}
    strange = sorted(labels.keys() - places.keys())
    if strange:
        raise InvalidInputError(
            f"labelled passages must be described in the results: {strange[:3]}"
        )
    counts = Counter(labels.values())
    if len(counts) < 2 or min(counts.values()) < MIN_EXAMPLES:
        raise InvalidInputError(
            f"two labels or more need {MIN_EXAMPLES} passages each, got {dict(counts)}"
        )
    shown = raw[[places[name] for name in labels]]
    answers = np.array(list(labels.values()))
    estimator = make_pipeline(
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=1000),
    )
    folds = StratifiedKFold(MIN_EXAMPLES, shuffle=True, random_state=0)
    scores = cross_val_score(estimator, shown, answers, cv=folds, scoring="balanced_accuracy")
    estimator.fit(shown, answers)
    return LabelModel(
        category=category,
        labels=tuple(str(label) for label in estimator.classes_),
        accuracy=float(scores.mean()),
        chance=1.0 / len(counts),
        n_examples=len(labels),
        estimator=estimator,
    )


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
