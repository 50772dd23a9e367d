"""Sets of genes: top of each tissue, published union rule, overlaps, agreement of runs, random sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import hypergeom, rankdata

from reread.core import validate
from reread.core.errors import DataError, ParameterError
from reread.core.stats import hypergeometric_p


def known_tissues(scores: np.ndarray) -> np.ndarray:
    """Tissues (known,) without NaN in scores (tissue, gene)."""
    validate.axes(scores, "scores", tissue=None, gene=None)
    known = np.flatnonzero(~np.isnan(scores).any(axis=1))
    if len(known) == 0:
        raise DataError("No tissue has a score for every gene. Explain at least one sample of a tissue.")
    return known


def rank_top(scores: np.ndarray, k: int) -> np.ndarray:
    """The ``k`` best genes (tissue, rank) of scores (tissue, gene), best first; -1 for a tissue of NaN."""
    validate.axes(scores, "scores", tissue=None, gene=None)
    if not 1 <= k <= scores.shape[1]:
        raise ParameterError(f"The top of {scores.shape[1]} genes can hold 1 to {scores.shape[1]}, not {k}.")
    top = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.where(np.isnan(scores).any(axis=1)[:, None], -1, top)


def top_union(scores: np.ndarray, k: int) -> np.ndarray:
    """Genes (member,) among the ``k`` best of any tissue with a score above 0, sorted."""
    known = scores[known_tissues(scores)]
    top = rank_top(known, k)
    chosen = np.unique(top[np.take_along_axis(known, top, axis=1) > 0])
    if len(chosen) == 0:
        raise DataError("No gene has a score above 0 in any tissue, so the set would be empty.")
    return chosen


def distinct_share(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct genes over listed genes after each row of the merged rankings, and first row of each gene."""
    known = scores[known_tissues(scores)]
    order = np.argsort(-known, axis=1, kind="stable")
    first = np.argsort(order, axis=1, kind="stable").min(axis=0)
    n_genes = known.shape[1]
    distinct = np.cumsum(np.bincount(first, minlength=n_genes))
    return distinct / (len(known) * np.arange(1, n_genes + 1)), first


def union_rule(scores: np.ndarray, share: float = 0.5) -> tuple[int, np.ndarray]:
    """Stopping row and genes (member,) of the published rule on scores (tissue, gene)."""
    _check_share(share, len(known_tissues(scores)))
    shares, first = distinct_share(scores)
    row = int(np.argmax(shares <= share))
    return row, np.flatnonzero(first < row)


def union_null(n_genes: int, n_tissues: int, share: float = 0.5) -> tuple[int, int]:
    """Expected stopping row and number of genes of the union rule for random rankings, in closed form."""
    _check_share(share, n_tissues)

    def excess(q: float) -> float:
        return (1 - (1 - q) ** n_tissues) / (n_tissues * q) - share

    q = brentq(excess, 1e-9, 1.0)
    return round(q * n_genes), round(share * n_tissues * q * n_genes)


def overlaps(sets: Mapping[str, np.ndarray], n_genes: int) -> pd.DataFrame:
    """Overlap of every two sets of genes among ``n_genes``.

    Columns: left, right, n_left, n_right, shared, expected (by chance), ratio, jaccard, p (hypergeometric,
    one-sided).
    """
    sets, rows = {name: np.unique(genes) for name, genes in sets.items()}, []
    for (left, a), (right, b) in combinations(sets.items(), 2):
        shared, expected = len(np.intersect1d(a, b)), len(a) * len(b) / n_genes
        index, p = shared / (len(a) + len(b) - shared), hypergeometric_p(shared, n_genes, len(a), len(b))
        rows.append((left, right, len(a), len(b), shared, expected, shared / expected, index, float(p)))
    columns = ["left", "right", "n_left", "n_right", "shared", "expected", "ratio", "jaccard", "p"]
    return pd.DataFrame(rows, columns=columns)


def core(sets: Sequence[np.ndarray], n_genes: int) -> dict[str, float]:
    """Genes common to all sets: ``n``, ``expected`` by chance, ``ratio`` and one-sided ``p``."""
    sets = [np.unique(genes) for genes in sets]
    shared = reduce(np.intersect1d, sets)
    expected = n_genes * float(np.prod([len(genes) / n_genes for genes in sets]))
    chance = _shared_by_chance([len(genes) for genes in sets], n_genes)
    p = float(np.clip(chance[len(shared) :].sum(), 0, 1))
    return {"n": len(shared), "expected": expected, "ratio": len(shared) / expected, "p": p}


def _shared_by_chance(sizes: Sequence[int], n_genes: int) -> np.ndarray:
    """Probability (count,) that random sets of these sizes share 0, 1, 2, ... genes; exact."""
    chance = np.zeros(min(sizes) + 1)
    support = np.arange(len(chance))
    first, *rest = sorted(sizes)
    chance[first] = 1.0
    for size in rest:
        from_n = np.flatnonzero(chance > 0)
        step = hypergeom.pmf(support[None, :], n_genes, from_n[:, None], size)
        chance = chance[from_n] @ step
    return chance


def _check_share(share: float, n_tissues: int) -> None:
    if not 1 / n_tissues < share < 1:
        few = "\nA tissue is scored if a sample of it is classified correctly: train longer, or more units."
        least = f"{1 / n_tissues:.3g} (one over {n_tissues} tissues with scores)"
        raise ParameterError(
            f"share must lie between {least} and 1, not {share}.{few if n_tissues < 3 else ''}"
        )


def jaccard(rankings: Sequence[np.ndarray], k: int) -> np.ndarray:
    """Jaccard overlap (run, run) of the top ``k`` genes above 0, mean over tissues scored in both; or NaN."""
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
        found = f"{len(gene_set)} genes, {len(np.unique(gene_set))} of them distinct"
        raise DataError(f"A set to match must hold genes below {len(mean)}, each once, but holds {found}.")
    rng = np.random.default_rng(seed)
    order = np.argsort(mean, kind="stable")
    bins = np.array_split(order, min(n_bins, len(mean)))
    parts = []
    for members in bins:
        n = int(np.isin(members, gene_set).sum())
        if n == len(members):
            parts.append(np.broadcast_to(members, (n_sets, n)))
        elif n:  # those with the smallest random keys
            keys = rng.random((n_sets, len(members)))
            parts.append(members[np.argpartition(keys, n - 1, axis=1)[:, :n]])
    return np.sort(np.concatenate(parts, axis=1), axis=1)
