"""Metrics of rankings and of probabilities, and intervals of the difference of two rankings.

Equal scores share one threshold, as in scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reread.core.errors import DataError

Statistic = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

# Rows times resamples held at once: keeps a bootstrap of a full grid near 100 MB.
CHUNK = 2_000_000


def auroc(label: np.ndarray, score: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray | float:
    """Area under the ROC curve: how often a positive outranks a negative; a tie counts one half.

    ``weight``, (pair,) or (resample, pair), counts rows; NaN for a resample with one class only.
    """
    positive, negative = _counts_by_threshold(label, score, weight)
    negative_below = negative[..., ::-1].cumsum(axis=-1)[..., ::-1] - negative
    wins = (positive * (negative_below + 0.5 * negative)).sum(axis=-1)
    return _ratio(wins, positive.sum(axis=-1) * negative.sum(axis=-1))


def average_precision(
    label: np.ndarray, score: np.ndarray, weight: np.ndarray | None = None
) -> np.ndarray | float:
    """Area under the precision-recall curve as a step function, one step for each distinct score."""
    positive, negative = _counts_by_threshold(label, score, weight)
    found = positive.cumsum(axis=-1)
    named = found + negative.cumsum(axis=-1)
    precision = np.divide(found, named, out=np.zeros_like(found), where=named > 0)
    return _ratio((positive * precision).sum(axis=-1), positive.sum(axis=-1))


def average_precision_ratio(label: np.ndarray, score: np.ndarray) -> float:
    """Average precision over the share of positives: 1 at chance. Errors as :func:`auroc`."""
    return average_precision(label, score) / float(np.mean(label))


def early_precision_ratio(label: np.ndarray, score: np.ndarray) -> float:
    """Precision among the top k rows, k the number of positives, over the share of positives.

    BEELINE (Pratapa 2020) keeps all edges tied with the k-th; here ties at the border count as if broken at
    random, so that a constant score gives exactly 1.
    """
    positive, negative = _counts_by_threshold(label, score, None)
    n_positive = positive.sum()
    named = (positive + negative).cumsum()
    border = int(np.searchsorted(named, n_positive))
    room = n_positive - (named[border - 1] if border else 0.0)
    tied = positive[border] / (positive[border] + negative[border])
    early = (positive[:border].sum() + room * tied) / n_positive
    return float(early / (n_positive / named[-1]))


def checked(label: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as float (pair,); DataError on other sizes, NaN, a label that is not 0 or 1, one class only."""
    label, score = np.asarray(label, dtype=float), np.asarray(score, dtype=float)
    if label.ndim != 1 or label.shape != score.shape:
        raise DataError(
            f"Labels and scores must have one axis (pair), but are {label.shape} and {score.shape}."
        )
    if np.isnan(score).any():
        raise DataError(
            f"Row {int(np.flatnonzero(np.isnan(score))[0])} has no score (NaN). Score every row first."
        )
    if not np.isin(label, (0, 1)).all():
        raise DataError(f"Labels must be 0 or 1, but one is {label[~np.isin(label, (0, 1))][0]:g}.")
    if label.size == 0 or label.min() == label.max():
        raise DataError(
            f"A ranking needs both labels, but {label.size} rows hold {int(label.sum())} positives.\n"
            f"Use a split that keeps both labels in each fold."
        )
    return label, score


def calibrate(score: np.ndarray, label: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Fit a monotone map from score to probability, on rows that the model was not trained on."""
    from sklearn.isotonic import IsotonicRegression

    label, score = checked(label, score)
    return IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(score, label).predict


def brier(label: np.ndarray, probability: np.ndarray) -> float:
    """Mean squared difference of probability and label: 0 at best. Errors as :func:`calibration_curve`."""
    label, probability = _checked_probability(label, probability)
    return float(np.mean((probability - label) ** 2))


def calibration_curve(label: np.ndarray, probability: np.ndarray, n_bins: int = 10) -> dict[str, np.ndarray]:
    """Compare what was predicted with what came, in bins of equal width; empty ones are left out."""
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
    """Interval of ``statistic(a) - statistic(b)`` when whole groups are drawn again: low, high, mean.

    With ``folds`` the statistic is taken inside each fold and averaged: scores of different fits have no
    common scale. Field and Welsh 2007; resamples are scored at once by their weights.
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


def _counts_by_threshold(
    label: np.ndarray, score: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Positives and negatives at each distinct score, highest first: two arrays (..., threshold).

    Neighbouring thresholds without positives are put together: no measure here tells them apart.
    """
    label, score = checked(label, score)
    order = np.argsort(-score, kind="stable")
    hit = np.flatnonzero(label[order])
    step = np.concatenate([[0], np.cumsum(np.diff(score[order]) != 0)])
    has_hit = np.bincount(step[hit], minlength=step[-1] + 1) > 0
    opens = np.concatenate([[True], has_hit[1:] | has_hit[:-1]])
    step = np.cumsum(opens)[step] - 1
    weight = np.ones(len(label)) if weight is None else np.asarray(weight, dtype=float)
    both = np.add.reduceat(weight[..., order], np.searchsorted(step, np.arange(opens.sum())), -1)
    steps_hit, first = np.unique(step[hit], return_index=True)
    positive = np.zeros_like(both)
    positive[..., steps_hit] = np.add.reduceat(weight[..., order[hit]], first, -1)
    return positive, both - positive


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray | float:
    """Divide, NaN where the denominator is 0; a plain float when there is one resample only."""
    out = np.full(np.shape(numerator), np.nan)
    out = np.divide(numerator, denominator, out=out, where=np.asarray(denominator) > 0)
    return float(out) if out.ndim == 0 else out


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


def _checked_probability(label: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    label, probability = checked(label, probability)
    if probability.min() < 0 or probability.max() > 1:
        raise DataError(
            f"Probabilities must lie in 0 to 1, but reach from {probability.min():.3g} to "
            f"{probability.max():.3g}.\nCalibrate the scores first."
        )
    return label, probability
