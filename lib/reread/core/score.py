"""Every measure a chapter prints, and how sure the difference of two scores is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reread.core.calibration import brier, calibrate, calibration_curve, expected_calibration_error
from reread.core.errors import DataError
from reread.core.metrics import auroc, average_precision, average_precision_ratio, early_precision_ratio

__all__ = [
    "auroc",
    "average_precision",
    "average_precision_ratio",
    "brier",
    "calibrate",
    "calibration_curve",
    "clustered_bootstrap",
    "early_precision_ratio",
    "expected_calibration_error",
    "summary",
]

Statistic = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

# Rows times resamples held at once: keeps a bootstrap of a full grid near 100 MB.
CHUNK = 2_000_000


def summary(label: np.ndarray, score: np.ndarray, probability: np.ndarray | None = None) -> dict[str, float]:
    """All measures of a ranking, and those of calibrated probabilities where given, by name."""
    measured = {
        "auroc": auroc(label, score),
        "average_precision": average_precision(label, score),
        "average_precision_ratio": average_precision_ratio(label, score),
        "early_precision_ratio": early_precision_ratio(label, score),
        "prevalence": float(np.mean(label)),
    }
    if probability is not None:
        measured["brier"] = brier(label, probability)
        measured["expected_calibration_error"] = expected_calibration_error(label, probability)
    return measured


def clustered_bootstrap(
    statistic: Statistic,
    label: np.ndarray,
    score_a: np.ndarray,
    score_b: np.ndarray,
    groups: np.ndarray,
    *,
    folds: np.ndarray | None = None,
    n_boot: int = 1000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Interval of ``statistic(a) - statistic(b)`` when whole groups are drawn again with replacement.

    Parameters
    ----------
    statistic : function
        ``(label, score, weight (resample, pair)) -> (resample,)``: :func:`auroc` or
        :func:`average_precision`.
    label : array, (pair,)
        0 or 1.
    score_a, score_b : float array, (pair,)
        Two scores of the same rows; the difference is a minus b.
    groups : array, (pair,)
        What is drawn: the TF of each row. Rows of one TF are not independent.
    folds : array, (pair,), optional
        Fold of each row. The statistic is then taken inside each fold and averaged, since scores of
        different fits have no common scale.
    n_boot : int
        Resamples.
    seed : int
        Random seed.

    Returns
    -------
    low, high, mean : float
        2.5th and 97.5th percentile and mean of the difference over resamples. A resample with one class
        only in every fold is left out.

    Raises
    ------
    DataError
        If there are fewer than two groups, sizes differ, or as :func:`auroc` on the rows of one fold.

    Notes
    -----
    Source: the cluster bootstrap (Field and Welsh 2007). Whole resamples are scored at once by weights.
    """
    label, score_a, score_b = (np.asarray(values, dtype=float) for values in (label, score_a, score_b))
    names, group = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise DataError(f"A clustered bootstrap draws groups, but there is only {len(names)}. Use more TFs.")
    if not len(label) == len(score_a) == len(score_b) == len(group):
        raise DataError(
            f"Labels, scores and groups must name the same rows, but have {len(label)}, {len(score_a)}, "
            f"{len(score_b)} and {len(group)}."
        )
    fold = np.zeros(len(label)) if folds is None else np.asarray(folds)
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), n_boot)
    difference = _mean_over_folds(statistic, label, score_a, score_b, group, fold, drawn)
    low, high = np.nanpercentile(difference, (2.5, 97.5))
    return float(low), float(high), float(np.nanmean(difference))


def _mean_over_folds(
    statistic: Statistic,
    label: np.ndarray,
    score_a: np.ndarray,
    score_b: np.ndarray,
    group: np.ndarray,
    fold: np.ndarray,
    drawn: np.ndarray,
) -> np.ndarray:
    """Difference (resample,) from how often each group was drawn (resample, group)."""
    total, counted = np.zeros(len(drawn)), np.zeros(len(drawn))
    for rows in (np.flatnonzero(fold == one) for one in np.unique(fold)):
        step = max(1, CHUNK // len(rows))
        for start in range(0, len(drawn), step):
            weight = drawn[start : start + step, group[rows]].astype(float)
            one = statistic(label[rows], score_a[rows], weight) - statistic(
                label[rows], score_b[rows], weight
            )
            usable = ~np.isnan(one)
            total[start : start + step] += np.where(usable, one, 0.0)
            counted[start : start + step] += usable
    return np.divide(total, counted, out=np.full(len(drawn), np.nan), where=counted > 0)
