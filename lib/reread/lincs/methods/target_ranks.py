"""Find the target of a drug among knock-downs: ranks by counting, with what chance alone would give."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import gammaln

from reread.core import validate as check
from reread.core.errors import DataError

BLOCK = 8_000_000  # correlations held at once: 64 MB


def unit_rows(values: np.ndarray) -> np.ndarray:
    """Rows centred and scaled to length one, so that a product is a correlation; a flat row becomes 0."""
    check.axes(values, "values", signature=None, feature=None)
    centred = np.asarray(values, dtype=float)
    centred = centred - centred.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)


def first_target_rank(query: np.ndarray, reference: np.ndarray, is_target: np.ndarray) -> np.ndarray:
    """Rank of the most similar target, 0 for the nearest of all, by counting what is nearer.

    Parameters
    ----------
    query : float array, (signature, feature)
        Signatures of one drug.
    reference : float array, (knockdown, feature)
        Signatures of knock-downs, in the same representation.
    is_target : bool array, (knockdown,)
        Which of them knock a target of the drug down.

    Returns
    -------
    int array, (signature,)
        How many knock-downs are more correlated with the query than its best target is.

    Raises
    ------
    DataError
        If features differ in number or no knock-down is of a target.

    Notes
    -----
    Source: the authors' analysis notebook, in 92. They sort all 116,782 neighbours of each signature and look
    for the first target; counting needs no sort and gives the same rank.
    """
    check.axes(query, "query", signature=None, feature=None)
    check.axes(reference, "reference", knockdown=len(is_target), feature=query.shape[1])
    is_target = np.asarray(is_target, dtype=bool)
    if not is_target.any():
        raise DataError("None of the knock-downs is of a target. Name genes that were knocked down.")
    asked, known = unit_rows(query), unit_rows(reference).T
    rank = np.empty(len(asked), dtype=np.int64)
    step = max(1, BLOCK // known.shape[1])
    for start in range(0, len(asked), step):
        alike = asked[start : start + step] @ known
        best = alike[:, is_target].max(axis=1, keepdims=True)
        rank[start : start + step] = (alike > best).sum(axis=1)
    return rank


def mean_rank_by_chance(n: int, k: int) -> float:
    """Mean rank, counted from 0, of the first of k targets among n in random order: (n + 1) / (k + 1) - 1."""
    if not 1 <= k <= n:
        raise DataError(f"Between 1 and all of the {n} knock-downs can be of targets, but {k} are.")
    return (n + 1) / (k + 1) - 1


def p_of_rank(rank: np.ndarray, n: int, k: np.ndarray) -> np.ndarray:
    """Chance that the first of k targets among n in random order has this rank (from 0) or a better one."""
    rank, k = np.asarray(rank, dtype=float), np.asarray(k, dtype=float)
    behind = np.maximum(n - rank - 1, 0)  # places that are left when no target is at this rank or before
    is_possible = behind >= k
    behind = np.where(is_possible, behind, k)
    missed = gammaln(behind + 1) - gammaln(behind - k + 1) - gammaln(n + 1) + gammaln(n - k + 1)
    return np.where(is_possible, 1 - np.exp(missed), 1.0)


def score_genes(
    drugs: np.ndarray, names: np.ndarray, knockdowns: np.ndarray, genes: np.ndarray
) -> pd.DataFrame:
    """Correlation of the mean signature of each drug with that of each knocked-down gene.

    Parameters
    ----------
    drugs : float array, (signature, feature)
    names : array of str, (signature,)
        Drug of each row.
    knockdowns : float array, (knockdown, feature)
    genes : array of str, (knockdown,)
        Gene of each row.

    Returns
    -------
    DataFrame, (drug, gene)
        Both sorted by name. A mean over lines and hairpins is freer of their off-target effects than the
        best of many single signatures.

    Raises
    ------
    DataError
        If sizes do not fit.
    """
    check.axes(drugs, "drugs", signature=len(names), feature=None)
    check.axes(knockdowns, "knockdowns", knockdown=len(genes), feature=drugs.shape[1])
    (rows, row_names), (columns, column_names) = _means(drugs, names), _means(knockdowns, genes)
    return pd.DataFrame(unit_rows(rows) @ unit_rows(columns).T, index=row_names, columns=column_names)


def _means(values: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known, code = np.unique(np.asarray(names, dtype=str), return_inverse=True)
    total = np.zeros((len(known), values.shape[1]))
    np.add.at(total, code, values)
    return total / np.bincount(code)[:, None], known
