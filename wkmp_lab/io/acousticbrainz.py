"""AcousticBrainz documents: the service is gone, its dumps and saved files are not."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.flavors import BINARY_CATEGORIES, COMPLEX_CATEGORIES, Flavor

SOURCE = "acousticbrainz"
MAX_BYTES = 4 << 20


def read_flavor(path: str | Path, *, submission: int | None = None) -> Flavor:
    """The flavor in a high-level document (one JSON file of a dump, or a saved answer).

    Raises
    ------
    InvalidInputError
        The file is no such document, or larger than 4 MiB.
    OSError
        The file cannot be read.
    """
    file = Path(path)
    if file.stat().st_size > MAX_BYTES:
        raise InvalidInputError(f"a document has at most {MAX_BYTES} bytes: {str(path)!r}")
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InvalidInputError(f"no JSON document in {str(path)!r}: {error}") from error
    return flavor_from_document(document, submission=submission)


def flavor_from_document(document: Any, *, submission: int | None = None) -> Flavor:
    """The flavor of a parsed high-level document; categories that are damaged are left out.

    Raises
    ------
    InvalidInputError
        There is no usable category.
    """
    found = document.get("highlevel") if isinstance(document, dict) else None
    classifiers = found if isinstance(found, dict) else {}
    known = {**BINARY_CATEGORIES, **COMPLEX_CATEGORIES}
    categories = {}
    for name, elements in known.items():
        values = _read_category(classifiers.get(name), elements)
        if values is not None:
            categories[name] = values
    if not categories:
        raise InvalidInputError("the document holds no high-level category of AcousticBrainz")
    return Flavor(categories, SOURCE, submission)


def _read_category(classifier: Any, elements: tuple[str, ...]) -> Mapping[str, float] | None:
    """Probabilities of one classifier, made to sum to 1 exactly; None where they cannot be."""
    stated = classifier.get("all") if isinstance(classifier, dict) else None
    if not isinstance(stated, dict):
        return None
    values = {name: stated[name] for name in elements if _is_probability(stated.get(name))}
    total = sum(values.values())
    if len(values) != len(elements) or not 0.98 <= total <= 1.02:
        return None
    return {name: value / total for name, value in values.items()}


def _is_probability(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0.0 <= value <= 1.0
