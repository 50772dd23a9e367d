"""The rule that turns rankings into one set of genes, and where it stops when the rankings are random."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from reread.core import validate as check
from reread.core.errors import DataError, ParameterError


def known_tissues(scores: np.ndarray) -> np.ndarray:
    """Tissues that a method could score, int (known,): those without NaN.

    Raises
    ------
    DataError
        If there is none.
    """
    check.axes(scores, "scores", tissue=None, gene=None)
    known = np.flatnonzero(~np.isnan(scores).any(axis=1))
    if len(known) == 0:
        raise DataError("No tissue has a score for every gene. Explain at least one sample of a tissue.")
    return known


def rank_top(scores: np.ndarray, k: int) -> np.ndarray:
    """The ``k`` best genes of each tissue, best first.

    Parameters
    ----------
    scores : float array, (tissue, gene)
        Higher is more specific. A tissue of NaN was not scored.
    k : int
        1 to the number of genes.

    Returns
    -------
    int array, (tissue, rank)
        Genes; ties go to the earlier gene. -1 all along a tissue that was not scored.

    Raises
    ------
    ParameterError
        If ``k`` is out of range.
    """
    check.axes(scores, "scores", tissue=None, gene=None)
    if not 1 <= k <= scores.shape[1]:
        raise ParameterError(f"The top of {scores.shape[1]} genes can hold 1 to {scores.shape[1]}, not {k}.")
    top = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.where(np.isnan(scores).any(axis=1)[:, None], -1, top)


def top_union(scores: np.ndarray, k: int) -> np.ndarray:
    """Genes that are among the ``k`` best of a tissue and speak for it, int (member,), sorted.

    A gene whose score is not above 0 is left out: trees give most genes exactly 0, and the order of ties
    would fill the set with whatever stands first in the table. Errors as :func:`rank_top`, and DataError if
    no gene speaks for any tissue.
    """
    known = scores[known_tissues(scores)]
    top = rank_top(known, k)
    chosen = np.unique(top[np.take_along_axis(known, top, axis=1) > 0])
    if len(chosen) == 0:
        raise DataError("No gene has a score above 0 in any tissue, so none can be chosen.")
    return chosen


def union_rule(scores: np.ndarray, share: float = 0.5) -> tuple[int, np.ndarray]:
    """Walk down all rankings together until too few of the genes named are new.

    Parameters
    ----------
    scores : float array, (tissue, gene)
        A tissue of NaN was not scored and is left out.
    share : float
        The walk ends before the row at which distinct genes over genes named fall to this.

    Returns
    -------
    depth : int
        Rows kept of each ranking.
    genes : int array, (member,)
        Distinct genes in those rows, sorted.

    Raises
    ------
    ParameterError
        If ``share`` is not between 1 / tissues and 1: the walk would never begin or never end.

    Notes
    -----
    Source: the authors' notebook 2, which stops at row 2,485 with 13,670 genes. The loop there counts the
    distinct genes anew at each row; here the row at which each gene first appears is counted once.
    """
    known = scores[known_tissues(scores)]
    n_tissues, n_genes = known.shape
    _check_share(share, n_tissues)
    order = np.argsort(-known, axis=1, kind="stable")
    first = np.full(n_genes, n_genes)
    for ranking in order:
        first[ranking] = np.minimum(first[ranking], np.arange(n_genes))
    distinct = np.cumsum(np.bincount(first, minlength=n_genes))
    named = n_tissues * np.arange(1, n_genes + 1)
    depth = int(np.argmax(distinct <= share * named))
    return depth, np.flatnonzero(first < depth)


def union_null(n_genes: int, n_tissues: int, share: float = 0.5) -> tuple[int, int]:
    """Where the union rule stops when every ranking is a random order.

    Parameters
    ----------
    n_genes, n_tissues : int
    share : float
        As in :func:`union_rule`.

    Returns
    -------
    depth, n : int
        Rows kept, and distinct genes in them, in expectation.

    Raises
    ------
    ParameterError
        As :func:`union_rule`.

    Notes
    -----
    A gene is missed by one random ranking cut at the share q of its rows with probability 1 - q, by K of them
    with (1 - q)^K. The rule stops where (1 - (1 - q)^K) / (K q) = share.
    """
    _check_share(share, n_tissues)

    def excess(q: float) -> float:
        return (1 - (1 - q) ** n_tissues) / (n_tissues * q) - share

    q = brentq(excess, 1e-9, 1.0)
    return round(q * n_genes), round(share * n_tissues * q * n_genes)


def _check_share(share: float, n_tissues: int) -> None:
    if not 1 / n_tissues < share < 1:
        raise ParameterError(
            f"share must lie between {1 / n_tissues:.3g} (one over {n_tissues} tissues) and 1, not {share}."
        )
