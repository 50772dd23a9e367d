"""Reference implementation of Geneformer's perturbation of all genes: lists, one gene a forward.

Source: ``delete_indices``, ``overexpress_indices`` and ``isp_perturb_all`` of Geneformer at 4bddd45,
reimplemented; and ``scipy.stats.ranksums`` once for each gene, as its statistics call it.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, ranksums


def perturb_all(
    embed: Callable, tokens: list[int], goal: np.ndarray, change: str
) -> list[tuple[int, int, float]]:
    """Place, gene and shift towards the goal of each perturbation of one cell."""
    before = _cosine(embed(np.array([tokens], dtype=np.int64))[0], goal)
    shifts = []
    for place in range(1 if change == "overexpress" else 0, len(tokens)):
        changed = list(tokens)
        gene = changed.pop(place)
        if change == "overexpress":
            changed.insert(0, gene)
        after = _cosine(embed(np.array([changed], dtype=np.int64))[0], goal)
        shifts.append((place, gene, after - before))
    return shifts


def perturb_pairs(
    embed: Callable, tokens: list[int], goal: np.ndarray, change: str
) -> list[tuple[int, int, float]]:
    """First gene, second gene and shift of each pair of one cell."""
    before = _cosine(embed(np.array([tokens], dtype=np.int64))[0], goal)
    shifts = []
    for i in range(len(tokens)):
        for j in range(i + 1, len(tokens)):
            pair = [tokens[i], tokens[j]]
            rest = [token for token in tokens if token not in pair]
            changed = rest if change == "delete" else pair + rest
            if changed != tokens:
                after = _cosine(embed(np.array([changed], dtype=np.int64))[0], goal)
                shifts.append((*pair, after - before))
    return shifts


def published_statistics(shifts: pd.DataFrame) -> pd.DataFrame:
    """Mean, p and FDR of each gene: the pool is sorted again for each gene."""
    by_gene = {gene: rows["shift"].tolist() for gene, rows in shifts.groupby("gene", sort=True)}
    pool = [value for values in by_gene.values() for value in values]
    if len(pool) > 100_000:
        random.seed(42)
        pool = random.sample(pool, k=100_000)
    p = [ranksums(pool, values).pvalue for values in by_gene.values()]
    means = [np.mean(values) for values in by_gene.values()]
    return pd.DataFrame({"gene": list(by_gene), "shift": means, "p": p, "fdr": false_discovery_control(p)})


def _cosine(left: np.ndarray, right: np.ndarray) -> float:
    return float(left @ right / (np.linalg.norm(left) * np.linalg.norm(right)))
