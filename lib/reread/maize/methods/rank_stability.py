"""How much of a ranking stays when only a seed or the order of the genes changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from reread.core.errors import DataError
from reread.maize.methods.gene_sets import rank_top


def jaccard(rankings: Sequence[np.ndarray], k: int) -> np.ndarray:
    """Overlap of the top ``k`` genes between runs, mean over the tissues that both runs scored.

    As in :func:`reread.maize.methods.gene_sets.top_union`, a gene whose score is not above 0 is in no top.

    Parameters
    ----------
    rankings : list of float array, (tissue, gene)
        Scores of one method from several runs.
    k : int

    Returns
    -------
    float array, (run, run)
        Genes in both tops over genes in either; NaN where no tissue that both scored has a top.

    Raises
    ------
    DataError
        If the runs differ in shape or there is none.
    """
    member = _members(rankings, k)
    shared, size = np.einsum("atg,btg->abt", member, member), member.sum(axis=2)
    union = size[:, None] + size[None, :] - shared
    scored = ~np.isnan(_stacked(rankings)).any(axis=2)
    is_asked = scored[:, None] & scored[None, :] & (union > 0)
    each = np.divide(shared, union, out=np.zeros(union.shape), where=is_asked)
    counts = is_asked.sum(axis=2)
    return np.divide(each.sum(axis=2), counts, out=np.full(counts.shape, np.nan), where=counts > 0)


def selection_frequency(rankings: Sequence[np.ndarray], k: int) -> np.ndarray:
    """Share of runs that put a gene among the top ``k`` of a tissue, float (tissue, gene).

    Runs that did not score the tissue count as not having chosen the gene. Errors as :func:`jaccard`.
    """
    return _members(rankings, k).mean(axis=0)


def ensemble(rankings: Sequence[np.ndarray]) -> np.ndarray:
    """Mean rank over runs as a score: 1 for a gene that every run puts first, 0 for one that is always last.

    Parameters
    ----------
    rankings : list of float array, (tissue, gene)
        A run that did not score a tissue (NaN) is left out for it.

    Returns
    -------
    float array, (tissue, gene)
        NaN for a tissue that no run scored.

    Raises
    ------
    DataError
        As :func:`jaccard`.
    """
    stacked = _stacked(rankings)
    ranks = (rankdata(stacked, axis=2, nan_policy="propagate") - 1) / (stacked.shape[2] - 1)
    known = ~np.isnan(ranks)
    counts = known.sum(axis=0)
    total = np.where(known, ranks, 0).sum(axis=0)
    return np.divide(total, counts, out=np.full(counts.shape, np.nan), where=counts > 0)


def _stacked(rankings: Sequence[np.ndarray]) -> np.ndarray:
    shapes = {np.shape(scores) for scores in rankings}
    if len(shapes) != 1:
        raise DataError(f"Runs to compare must have one shape (tissue, gene), but have {sorted(shapes)}.")
    return np.stack(rankings).astype(float)


def _members(rankings: Sequence[np.ndarray], k: int) -> np.ndarray:
    """Whether a gene is in the top of a tissue in a run and speaks for it, float (run, tissue, gene)."""
    stacked = _stacked(rankings)
    member = np.zeros(stacked.shape)
    for run, scores in enumerate(stacked):
        top = rank_top(scores, k)
        scored = np.flatnonzero(top[:, 0] >= 0)
        member[run, scored[:, None], top[scored]] = 1
    return member * (stacked > 0)
