"""Score a ranking against labels. Equal scores share one threshold, as in scikit-learn."""

from __future__ import annotations

import numpy as np

from reread.core.errors import DataError


def auroc(label: np.ndarray, score: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray | float:
    """Area under the ROC curve: how often a positive outranks a negative; a tie counts one half.

    Parameters
    ----------
    label : array, (pair,)
        0 or 1.
    score : float array, (pair,)
        Higher means more likely positive.
    weight : float array, (pair,) or (resample, pair), optional
        How often each row counts.

    Returns
    -------
    float, or float array (resample,)
        NaN for a resample with one class only.

    Raises
    ------
    DataError
        If a score is NaN, sizes differ, or there is one class only.

    Notes
    -----
    Source: scikit-learn ``roc_auc_score``; the weights of many resamples at once are ours.
    """
    positive, negative = _counts_by_threshold(label, score, weight)
    negative_below = negative[..., ::-1].cumsum(axis=-1)[..., ::-1] - negative
    wins = (positive * (negative_below + 0.5 * negative)).sum(axis=-1)
    return _ratio(wins, positive.sum(axis=-1) * negative.sum(axis=-1))


def average_precision(
    label: np.ndarray, score: np.ndarray, weight: np.ndarray | None = None
) -> np.ndarray | float:
    """Area under the precision-recall curve as a step function, one step for each distinct score.

    Parameters
    ----------
    label, score, weight
        As in :func:`auroc`.

    Returns
    -------
    float, or float array (resample,)
        Between the prevalence (in expectation at chance) and 1; NaN for a resample without positives.

    Raises
    ------
    DataError
        As :func:`auroc`.

    Notes
    -----
    Source: scikit-learn ``average_precision_score``.
    """
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

    Parameters
    ----------
    label, score : array, (pair,)
        As in :func:`auroc`.

    Returns
    -------
    float
        1 at chance, 1 / prevalence at best.

    Raises
    ------
    DataError
        As :func:`auroc`.

    Notes
    -----
    Source: BEELINE (Pratapa 2020), early precision ratio. There all edges tied with the k-th are kept; here
    the ties at the border count as if broken at random, so that a constant score gives exactly 1.
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


def _counts_by_threshold(
    label: np.ndarray, score: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Positives and negatives at each distinct score, highest first: two arrays (..., threshold).

    Neighbouring thresholds without positives are put together: no measure here tells them apart, and a full
    grid has far fewer steps to resample.
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
