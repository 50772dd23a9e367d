"""Statistics that several studies use: permutation tests, overlaps, correlations of rows."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from reread.core.errors import DataError

TIE = 1e-9  # sums in another order differ in their last digits: a difference below this is a tie
ROWS = 512  # rows ranked at once by row_correlation


def permutation_p(
    observed: npt.ArrayLike, null: npt.ArrayLike, *, larger: bool = True, two_sided: bool = False
) -> npt.NDArray[np.float64] | float:
    """One-sided p value of an observed statistic among random ones: (1 + #{null >= observed}) / (1 + n).

    Axis 0 of ``null`` is the draw. A difference below 1e-9 of the largest size counts as a tie. Phipson and
    Smyth 2010: the observed arrangement is one of those that could have been drawn.
    """
    observed, null = np.asarray(observed, dtype=float), np.asarray(null, dtype=float)
    if null.size == 0 or np.isnan(null).any():
        raise DataError(
            f"A permutation test needs random draws with a value each, but {null.size} values hold "
            f"{int(np.isnan(null).sum())} NaN."
        )
    if null.ndim > 1 and null.shape[1:] != observed.shape:
        raise DataError(f"The null is of {null.shape[1:]} tests, but {observed.shape} were observed.")
    if two_sided:
        both = [permutation_p(observed, null, larger=side) for side in (True, False)]
        return np.minimum(1.0, 2 * np.minimum(*both))[()]
    sign = 1.0 if larger else -1.0
    near = TIE * max(np.abs(null).max(), np.nanmax(np.abs(observed), initial=0.0))
    if null.ndim > 1:
        reached = (sign * null >= sign * observed - near).sum(axis=0)
    else:
        below = np.searchsorted(np.sort(sign * null), sign * observed - near, side="left")
        reached = len(null) - below
    p = np.where(np.isnan(observed), np.nan, (1 + reached) / (1 + len(null)))
    return float(p) if p.ndim == 0 else p


def hypergeometric_p(
    shared: npt.ArrayLike, n_total: npt.ArrayLike, n_left: npt.ArrayLike, n_right: npt.ArrayLike
) -> npt.NDArray[np.float64] | float:
    """Probability that two random sets of ``n_left`` and ``n_right`` of ``n_total`` share as many or more."""
    from scipy.stats import hypergeom

    p = np.clip(hypergeom.sf(np.asarray(shared) - 1, n_total, n_left, n_right), 0.0, 1.0)
    return float(p) if p.ndim == 0 else p


def benjamini_hochberg(p: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """False discovery rates (test,) of p values; NaN where p is NaN, which counts as no test."""
    from scipy.stats import false_discovery_control

    p = np.asarray(p, dtype=float)
    q, known = np.full(p.shape, np.nan), ~np.isnan(p)
    if known.any():
        q[known] = false_discovery_control(p[known])
    return q


def jaccard(left: Iterable, right: Iterable) -> float:
    """Members of both sets over members of either, from 0 to 1.

    ``left`` and ``right`` are arrays or any iterables; repeated members count once. NaN for two empty sets.
    """
    left, right = (
        set(np.asarray(one).tolist() if isinstance(one, np.ndarray) else one) for one in (left, right)
    )
    either = len(left | right)
    return len(left & right) / either if either else float("nan")


def unit_rows(values: npt.ArrayLike, *, method: str = "pearson") -> npt.NDArray[np.float64]:
    """Rows centred and of length 1, so that their products are correlations; a constant row becomes 0."""
    values = np.asarray(values)
    if method == "spearman":
        values = ranked_rows(values)
    centred = values - values.mean(axis=1, keepdims=True, dtype=np.float64)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    # what is left of a constant row by rounding is no direction
    is_flat = length <= 1e-12 * np.sqrt(values.shape[1]) * np.maximum(
        1e-300, np.abs(values).max(axis=1, keepdims=True)
    )
    return np.where(is_flat, 0.0, centred / np.where(is_flat, 1.0, length))


def ranked_rows(values: npt.NDArray) -> npt.NDArray[np.float64]:
    """Ranks (row, item) within each row from 1, ties at their mean; in blocks, so that memory stays small."""
    from scipy.stats import rankdata

    blocks = [rankdata(values[i : i + ROWS], axis=1) for i in range(0, len(values), ROWS)]
    return np.concatenate(blocks) if blocks else np.empty(values.shape)


def row_correlation(
    left: npt.ArrayLike, right: npt.ArrayLike | None = None, *, method: str = "pearson"
) -> npt.NDArray[np.float64]:
    """Correlate every row of one matrix with every row of another; 0 for a row that is constant."""
    rows = [np.asarray(one) for one in (left, left if right is None else right)]
    if any(one.ndim != 2 for one in rows) or rows[0].shape[1] != rows[1].shape[1]:
        raise DataError(f"Rows of {rows[0].shape} and {rows[1].shape} cannot be correlated: items differ.")
    if any(np.isnan(one).any() for one in rows):
        raise DataError("Rows with NaN cannot be correlated. Leave out their items, or fill them in.")
    unit = unit_rows(rows[0], method=method)
    other = unit if right is None else unit_rows(rows[1], method=method)
    return np.clip(unit @ other.T, -1.0, 1.0)


def rank_descending(values: npt.ArrayLike, *, axis: int = -1) -> npt.NDArray[np.int64]:
    """Ranks from 1, the largest first; ties get the better rank."""
    from scipy.stats import rankdata

    return rankdata(-np.asarray(values), method="min", axis=axis).astype(np.int64)
