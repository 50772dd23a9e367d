"""Turn scores into probabilities, and score probabilities against labels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reread.core.errors import DataError
from reread.core.metrics import checked


def calibrate(score: np.ndarray, label: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Fit a monotone map from score to probability.

    Parameters
    ----------
    score : float array, (pair,)
        Scores of rows that the model was *not* trained on: inner folds, never the test rows.
    label : array, (pair,)
        0 or 1.

    Returns
    -------
    function
        Maps scores (pair,) to probabilities (pair,) in 0 to 1; flat outside the range it was fitted on.

    Raises
    ------
    DataError
        As :func:`reread.core.metrics.auroc`.

    Notes
    -----
    Source: isotonic regression (pool adjacent violators), scikit-learn.
    """
    from sklearn.isotonic import IsotonicRegression

    label, score = checked(label, score)
    return IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(score, label).predict


def brier(label: np.ndarray, probability: np.ndarray) -> float:
    """Mean squared difference of probability and label: 0 at best. Errors as :func:`calibration_curve`."""
    label, probability = _checked_probability(label, probability)
    return float(np.mean((probability - label) ** 2))


def calibration_curve(label: np.ndarray, probability: np.ndarray, n_bins: int = 10) -> dict[str, np.ndarray]:
    """Compare what was predicted with what came, in bins of equal width.

    Parameters
    ----------
    label : array, (pair,)
        0 or 1.
    probability : float array, (pair,)
        In 0 to 1.
    n_bins : int
        Bins between 0 and 1; empty ones are left out.

    Returns
    -------
    dict of arrays (bin,)
        ``predicted`` (mean probability), ``observed`` (share of positives), ``n`` (rows).

    Raises
    ------
    DataError
        If a probability lies outside 0 to 1, or as :func:`auroc`.
    """
    label, probability = _checked_probability(label, probability)
    place = np.minimum((probability * n_bins).astype(int), n_bins - 1)
    n = np.bincount(place, minlength=n_bins)
    kept = n > 0
    mean = [np.bincount(place, values, n_bins)[kept] / n[kept] for values in (probability, label)]
    return {"predicted": mean[0], "observed": mean[1], "n": n[kept]}


def expected_calibration_error(label: np.ndarray, probability: np.ndarray, n_bins: int = 10) -> float:
    """Mean gap between the two sides of :func:`calibration_curve`, weighted by rows: 0 at best."""
    curve = calibration_curve(label, probability, n_bins)
    return float(np.average(np.abs(curve["predicted"] - curve["observed"]), weights=curve["n"]))


def _checked_probability(label: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    label, probability = checked(label, probability)
    if probability.min() < 0 or probability.max() > 1:
        raise DataError(
            f"Probabilities must lie in 0 to 1, but reach from {probability.min():.3g} to "
            f"{probability.max():.3g}.\nCalibrate the scores first."
        )
    return label, probability
