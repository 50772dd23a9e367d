"""Measure how much of an inferred network stays when the seed, the cells, or a single cell changes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from reread.core.errors import ParameterError
from reread.networks.data.tables import Expression
from reread.networks.methods import infer

CHANGES = ("another seed", "one cell fewer", "cells drawn again")


def top_edges(weights: np.ndarray, n: int) -> np.ndarray:
    """Flat places of the ``n`` largest weights (tf, gene), largest first; ties go to the earlier place.

    Raises
    ------
    ParameterError
        If fewer than 1 or more edges are asked for than there are weights.
    """
    if not 1 <= n <= weights.size:
        raise ParameterError(
            f"The top of {weights.size} possible edges can hold 1 to {weights.size}, not {n}."
        )
    return np.argsort(-weights, axis=None, kind="stable")[:n]


def jaccard(left: np.ndarray, right: np.ndarray) -> float:
    """Edges in both lists over edges in either: 1 for equal lists."""
    shared = len(np.intersect1d(left, right))
    return shared / (len(left) + len(right) - shared)


def stability(
    expression: Expression,
    tfs: np.ndarray,
    methods: Iterable[str],
    *,
    n_runs: int = 5,
    top: int = 500,
    seed: int = 0,
    n_jobs: int = 1,
) -> pd.DataFrame:
    """Infer again after each change, and compare the top edges with those of the first run.

    Parameters
    ----------
    expression : Expression
        Values (cell, gene).
    tfs : int array, (tf,)
    methods : iterable of str
        Of ``infer.METHODS``.
    n_runs : int
        Runs of each change.
    top : int
        Edges kept of each network.
    seed : int
        Of the first run; also draws the cells.
    n_jobs : int

    Returns
    -------
    DataFrame
        Columns method, change (of ``CHANGES``), run, jaccard.

    Raises
    ------
    ParameterError
        If a method is unknown or ``top`` is impossible.
    """
    first = infer.infer_all(expression, tfs, methods, seed=seed, n_jobs=n_jobs)
    rows = []
    for change in CHANGES:
        for run in range(n_runs):
            cells, run_seed = _changed(change, len(expression.values), seed, run)
            changed = Expression(expression.values[cells], expression.genes, expression.name)
            for method, weights in infer.infer_all(changed, tfs, first, seed=run_seed, n_jobs=n_jobs).items():
                shared = jaccard(top_edges(first[method], top), top_edges(weights, top))
                rows.append({"method": method, "change": change, "run": run, "jaccard": shared})
    return pd.DataFrame(rows)


def _changed(change: str, n_cells: int, seed: int, run: int) -> tuple[np.ndarray, int]:
    """Cells to keep and the seed of a run; the seed stays unless it is what changes."""
    rng = np.random.default_rng([seed, CHANGES.index(change), run])
    if change == "another seed":
        return np.arange(n_cells), seed + 1 + run
    if change == "one cell fewer":
        return np.delete(np.arange(n_cells), rng.integers(n_cells)), seed
    return rng.integers(n_cells, size=n_cells), seed
