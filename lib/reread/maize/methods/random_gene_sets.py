"""Random sets of genes to compare with, and what a comparison with them is worth."""

from __future__ import annotations

import numpy as np

from reread.core import validate as check
from reread.core.errors import DataError, ParameterError


def random_sets(n_genes: int, size: int, n_sets: int, seed: int = 0) -> np.ndarray:
    """Draw sets of genes without replacement, every gene alike.

    Returns
    -------
    int array, (set, member)

    Raises
    ------
    ParameterError
        If ``size`` is not 1 to ``n_genes``.
    """
    if not 1 <= size <= n_genes:
        raise ParameterError(f"A set of {n_genes} genes can hold 1 to {n_genes}, not {size}.")
    rng = np.random.default_rng(seed)
    return np.stack([_drawn(rng, np.arange(n_genes), size) for _ in range(n_sets)])


def matched_sets(
    mean: np.ndarray, gene_set: np.ndarray, n_sets: int, n_bins: int = 20, seed: int = 0
) -> np.ndarray:
    """Draw sets as large as a given one and as highly expressed.

    Parameters
    ----------
    mean : float array, (gene,)
        Mean log expression of every gene.
    gene_set : int array, (member,)
        The set to match; each gene once.
    n_sets, n_bins : int
        Sets to draw; bins of equally many genes from lowest to highest mean.
    seed : int

    Returns
    -------
    int array, (set, member)
        Sorted. From each bin as many genes as ``gene_set`` has there; its own genes may be drawn as well.

    Raises
    ------
    DataError
        If the set is empty, repeats a gene, or holds one that does not exist.
    """
    check.axes(mean, "mean", gene=None)
    if len(gene_set) == 0 or len(np.unique(gene_set)) < len(gene_set) or not _exist(gene_set, len(mean)):
        raise DataError(
            f"A set to match holds existing genes (0 to {len(mean) - 1}), each once, and at least one."
        )
    rng = np.random.default_rng(seed)
    order = np.argsort(mean, kind="stable")
    bins = np.array_split(order, min(n_bins, len(mean)))
    wanted = [int(np.isin(members, gene_set).sum()) for members in bins]
    parts = [_many(rng, members, n, n_sets) for members, n in zip(bins, wanted, strict=True) if n]
    return np.sort(np.concatenate(parts, axis=1), axis=1)


def _exist(genes: np.ndarray, n_genes: int) -> bool:
    return genes.min() >= 0 and genes.max() < n_genes


def _drawn(rng: np.random.Generator, members: np.ndarray, n: int) -> np.ndarray:
    return np.sort(rng.choice(members, size=n, replace=False))


def _many(rng: np.random.Generator, members: np.ndarray, n: int, n_sets: int) -> np.ndarray:
    """Draw ``n`` of ``members`` for each set: those with the smallest random keys, (set, n)."""
    if n == len(members):
        return np.broadcast_to(members, (n_sets, n))
    keys = rng.random((n_sets, len(members)))
    return members[np.argpartition(keys, n - 1, axis=1)[:, :n]]


def permutation_p(observed: float | np.ndarray, null: np.ndarray) -> np.ndarray:
    """One-sided p value of an observed statistic among random ones, never 0.

    Parameters
    ----------
    observed : float, or float array (test,)
    null : float array, (set,)
        The same statistic of random sets, drawn in the way that the null hypothesis says.

    Returns
    -------
    float array, () or (test,)
        (1 + random ones at least as large) / (1 + random ones).

    Raises
    ------
    DataError
        If the null is empty or holds NaN.

    Notes
    -----
    Source: Phipson and Smyth 2010: the observed set is one of the sets that could have been drawn.
    """
    check.axes(null, "null", set=None)
    if len(null) == 0 or np.isnan(null).any():
        raise DataError("A permutation null needs at least one random set, and a value for each.")
    # Equal partitions can differ in the last bit; a tie is a tie.
    below = np.searchsorted(np.sort(null), np.asarray(observed) - 1e-9, side="left")
    return (1 + len(null) - below) / (1 + len(null))
