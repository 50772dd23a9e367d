"""Overlap of the top genes between runs, and the ensemble of their rankings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from reread.core.errors import DataError
from reread.maize.methods.gene_sets import rank_top


def jaccard(rankings: Sequence[np.ndarray], k: int) -> np.ndarray:
    """Jaccard overlap (run, run) of the top ``k`` genes of scores (tissue, gene), mean over tissues.

    Genes with a score of at most 0 are in no top. Tissues that one of both runs did not score are left out;
    NaN if none is left.
    """
    member = _members(rankings, k)
    shared, size = np.einsum("atg,btg->abt", member, member), member.sum(axis=2)
    union = size[:, None] + size[None, :] - shared
    scored = ~np.isnan(_stacked(rankings)).any(axis=2)
    is_used = scored[:, None] & scored[None, :] & (union > 0)
    each = np.divide(shared, union, out=np.zeros(union.shape), where=is_used)
    counts = is_used.sum(axis=2)
    return np.divide(each.sum(axis=2), counts, out=np.full(counts.shape, np.nan), where=counts > 0)


def selection_frequency(rankings: Sequence[np.ndarray], k: int) -> np.ndarray:
    """Share of runs (tissue, gene) with a gene among the top ``k``; a run without scores counts as no."""
    return _members(rankings, k).mean(axis=0)


def ensemble(rankings: Sequence[np.ndarray]) -> np.ndarray:
    """Mean relative rank (tissue, gene) over the runs that scored a tissue: 1 first, 0 last."""
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
    """Whether a gene is in the top of a tissue with a score above 0, float (run, tissue, gene)."""
    stacked = _stacked(rankings)
    member = np.zeros(stacked.shape)
    for run, scores in enumerate(stacked):
        top = rank_top(scores, k)
        scored = np.flatnonzero(top[:, 0] >= 0)
        member[run, scored[:, None], top[scored]] = 1
    return member * (stacked > 0)
