"""Random sets of genes: of one size, or matched to a set in size and expression."""

from __future__ import annotations

import numpy as np

from reread.core import validate
from reread.core.errors import DataError, ParameterError


def random_sets(n_genes: int, size: int, n_sets: int, seed: int = 0) -> np.ndarray:
    """Sets (set, member) of ``size`` genes drawn uniformly without replacement, sorted."""
    if not 1 <= size <= n_genes:
        raise ParameterError(f"A set of {n_genes} genes can hold 1 to {n_genes}, not {size}.")
    rng = np.random.default_rng(seed)
    return np.stack([np.sort(rng.choice(n_genes, size=size, replace=False)) for _ in range(n_sets)])


def matched_sets(
    mean: np.ndarray, gene_set: np.ndarray, n_sets: int, n_bins: int = 20, seed: int = 0
) -> np.ndarray:
    """Sets (set, member) with as many genes of each expression bin as ``gene_set`` has there, sorted."""
    validate.axes(mean, "mean", gene=None)
    is_set = len(gene_set) > 0 and len(np.unique(gene_set)) == len(gene_set)
    if not is_set or gene_set.min() < 0 or gene_set.max() >= len(mean):
        raise DataError(
            f"A set to match must hold at least one gene of 0 to {len(mean) - 1}, each once, but holds "
            f"{len(gene_set)} genes, {len(np.unique(gene_set))} of them distinct."
        )
    rng = np.random.default_rng(seed)
    order = np.argsort(mean, kind="stable")
    bins = np.array_split(order, min(n_bins, len(mean)))
    wanted = [int(np.isin(members, gene_set).sum()) for members in bins]
    parts = [_many(rng, members, n, n_sets) for members, n in zip(bins, wanted, strict=True) if n]
    return np.sort(np.concatenate(parts, axis=1), axis=1)


def _many(rng: np.random.Generator, members: np.ndarray, n: int, n_sets: int) -> np.ndarray:
    """Draw ``n`` of ``members`` for each set: those with the smallest random keys, (set, n)."""
    if n == len(members):
        return np.broadcast_to(members, (n_sets, n))
    keys = rng.random((n_sets, len(members)))
    return members[np.argpartition(keys, n - 1, axis=1)[:, :n]]
