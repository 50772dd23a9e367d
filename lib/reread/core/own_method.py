"""A reader's own method on the splits of a study: two functions are called, and their answers are checked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from reread.core.errors import DataError, ParameterError
from reread.core.splits import Fold

OWN = "own method"


def held_out(
    fit: Callable[..., Any], predict: Callable[..., Any], train: Sequence[Any], test: Sequence[Any], n: int
) -> np.ndarray:
    """Call ``fit(*train)``, then ``predict(model, *test)``, and return its ``n`` finite scores as float."""
    found = predict(fit(*train), *test)
    try:
        score = np.asarray(found, dtype=float)
    except (TypeError, ValueError):
        raise DataError(f"predict must return numbers, but came with {type(found).__name__}.") from None
    if score.shape != (n,):
        raise DataError(
            f"predict must return one score for each of the {n} test rows, shape ({n},), but its shape is "
            f"{score.shape}.\nOf predict_proba take the column of the positive class: [:, 1]."
        )
    if not np.isfinite(score).all():
        row = int(np.flatnonzero(~np.isfinite(score))[0])
        raise DataError(f"predict returned {score[row]} for test row {row}. Score every row with a number.")
    return score


def check_new(name: str, known: Iterable[str]) -> str:
    """Refuse the name of a method that is compared anyway."""
    if not name or name in known:
        raise ParameterError(
            f"{name!r} cannot name a method of your own: it is empty or taken.\nUse another."
        )
    return name


def digest_of(folds: Iterable[Fold]) -> str:
    """SHA-256 (first 12 digits) of the row numbers of all folds: equal for equal splits, on any machine."""
    found = hashlib.sha256()
    for fold in folds:
        for rows in (fold.train, fold.test):
            found.update(f"{len(rows)}:".encode() + np.asarray(rows, dtype="<i8").tobytes())
    return found.hexdigest()[:12]
