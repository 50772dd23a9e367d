"""Stability of the top edges when the seed, the cells, or a single cell changes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from reread.core.errors import ParameterError
from reread.core.stats import jaccard
from reread.networks.data.tables import Expression
from reread.networks.methods.infer import N_TREES, infer_all

CHANGES = ("another-seed", "one-cell-fewer", "resampled-cells")


def top_edges(weights: np.ndarray, n: int) -> np.ndarray:
    """Flat indices of the ``n`` largest weights (tf, gene), largest first; ties go to the lower index."""
    if not 1 <= n <= weights.size:
        raise ParameterError(
            f"The top edges must number 1 to {weights.size} (all TF-gene pairs), but {n} were asked for."
        )
    return np.argsort(-weights, axis=None, kind="stable")[:n]


def stability(
    expression: Expression,
    tfs: np.ndarray,
    methods: Iterable[str],
    *,
    n_runs: int = 5,
    top: int = 500,
    n_trees: int = N_TREES,
    seed: int = 0,
) -> pd.DataFrame:
    """Infer again after each change, and compare the ``top`` edges with those of the first run.

    ``seed`` is that of the first run and of the choice of cells. Columns: method, change (of ``CHANGES``),
    run, jaccard (edges in both lists over edges in either). An unknown method raises ParameterError.
    """
    first = infer_all(expression, tfs, methods, seed=seed, n_trees=n_trees)
    rows = []
    for change in CHANGES:
        for run in range(n_runs):
            cells, run_seed = _changed(change, len(expression.values), seed, run)
            changed = Expression(expression.values[cells], expression.genes, expression.name)
            for method, weights in infer_all(changed, tfs, first, seed=run_seed, n_trees=n_trees).items():
                shared = jaccard(top_edges(first[method], top), top_edges(weights, top))
                rows.append({"method": method, "change": change, "run": run, "jaccard": shared})
    return pd.DataFrame(rows)


def _changed(change: str, n_cells: int, seed: int, run: int) -> tuple[np.ndarray, int]:
    """Cells to keep and the seed of a run; the seed stays unless it is what changes."""
    rng = np.random.default_rng([seed, CHANGES.index(change), run])
    if change == "another-seed":
        return np.arange(n_cells), seed + 1 + run
    if change == "one-cell-fewer":
        return np.delete(np.arange(n_cells), rng.integers(n_cells)), seed
    return rng.integers(n_cells, size=n_cells), seed
