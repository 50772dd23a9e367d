"""Tests of whether a gene's shift means anything: the published one, one by refits, one by matched genes."""

from __future__ import annotations

import random

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import DataError
from reread.core.metrics import auroc
from reread.core.stats import benjamini_hochberg

POOL, POOL_SEED = 100_000, 42
LEVEL = 0.05
MIN_REFITS = 20
MIN_CELLS = 3  # a gene that fewer cells express is not tested
SAME_RANK = 1.3


def published(shifts: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """Test each gene as Geneformer does: rank-sum of its shifts against the pool of all, then BH.

    Parameters
    ----------
    shifts : DataFrame
        ``gene`` and ``shift``, one row for each perturbed gene of each cell.

    Returns
    -------
    DataFrame
        gene, shift (mean over cells), n_cells, p, fdr, is_called; called genes first, then by shift.

    Notes
    -----
    The pool holds the gene's own shifts too, a sample of 100,000 by ``random.seed(42)`` where it is larger, and
    counts every cell as independent. Source: ``isp_stats_to_goal_state``, in_silico_perturber_stats.py at 4bddd45.
    Here the pool is sorted once, not once for each gene.
    """
    ordered = shifts.sort_values("gene", kind="stable")
    pool = ordered["shift"].to_numpy(dtype=np.float64)
    if len(pool) > POOL:
        random.seed(POOL_SEED)
        pool = np.array(random.sample(pool.tolist(), k=POOL))
    pool = np.sort(pool)
    groups = ordered.groupby("gene", sort=True)["shift"]
    table = groups.agg(shift="mean", n_cells="size").reset_index()
    table["p"] = [rank_sum_p(pool, values.to_numpy(dtype=np.float64)) for _, values in groups]
    table["fdr"] = benjamini_hochberg(table["p"])
    table["is_called"] = table["fdr"] < level
    return table.sort_values(["is_called", "shift"], ascending=False, kind="stable", ignore_index=True)


def rank_sum_p(pool: npt.NDArray, values: npt.NDArray) -> float:
    """Two-sided p of ``scipy.stats.ranksums`` for a pool that is already sorted."""
    from scipy.stats import norm, rankdata

    n, m = len(pool), len(values)
    below = (np.searchsorted(pool, values, side="left") + np.searchsorted(pool, values, side="right")) / 2
    ranks = (below + rankdata(values)).sum()
    z = (ranks - m * (n + m + 1) / 2) / np.sqrt(n * m * (n + m + 1) / 12)
    return float(2 * norm.sf(abs(z)))
