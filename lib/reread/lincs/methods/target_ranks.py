"""Rank of the first target of a drug among knock-downs, counted from 1, and what random order would give."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import hypergeom, nhypergeom

from reread.core import validate
from reread.core.errors import DataError
from reread.core.stats import unit_rows

BLOCK = 8_000_000  # correlations held at once: 64 MB


def first_target_rank(query: np.ndarray, reference: np.ndarray, is_target: np.ndarray) -> np.ndarray:
    """Rank (signature,) of the target most correlated with each row of ``query``; 1 is the nearest."""
    validate.axes(query, "query", signature=None, feature=None)
    validate.axes(reference, "reference", knockdown=len(is_target), feature=query.shape[1])
    is_target = np.asarray(is_target, dtype=bool)
    if not is_target.any():
        raise DataError("None of the knock-downs is of a target. Name genes that were knocked down.")
    queries, references = unit_rows(query), unit_rows(reference).T
    rank = np.empty(len(queries), dtype=np.int64)
    step = max(1, BLOCK // references.shape[1])
    for start in range(0, len(queries), step):
        alike = queries[start : start + step] @ references
        best = alike[:, is_target].max(axis=1, keepdims=True)
        rank[start : start + step] = 1 + (alike > best).sum(axis=1)
    return rank


def mean_rank_by_chance(n: int, k: int) -> float:
    """Mean rank of the first of k targets among n in random order: (n + 1) / (k + 1)."""
    if not 1 <= k <= n:
        raise DataError(f"Between 1 and all of the {n} knock-downs can be of targets, but {k} are.")
    return 1 + float(nhypergeom(n, n - k, 1).mean())


def p_of_rank(rank: np.ndarray, n: int, k: np.ndarray) -> np.ndarray:
    """Probability that the first of k targets among n in random order has this rank or a better one."""
    return 1 - hypergeom.pmf(0, n, k, np.asarray(rank, dtype=int))


def score_genes(
    drugs: np.ndarray, names: np.ndarray, knockdowns: np.ndarray, genes: np.ndarray
) -> pd.DataFrame:
    """Correlation (drug, gene) of the mean signature of each drug with that of each knocked-down gene."""
    validate.axes(drugs, "drugs", signature=len(names), feature=None)
    validate.axes(knockdowns, "knockdowns", knockdown=len(genes), feature=drugs.shape[1])
    (rows, row_names), (columns, column_names) = _means(drugs, names), _means(knockdowns, genes)
    return pd.DataFrame(unit_rows(rows) @ unit_rows(columns).T, index=row_names, columns=column_names)


def _means(values: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known, code = np.unique(np.asarray(names, dtype=str), return_inverse=True)
    total = np.zeros((len(known), values.shape[1]))
    np.add.at(total, code, values)
    return total / np.bincount(code)[:, None], known
