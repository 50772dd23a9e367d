"""Does it matter which gene lies beside which? One network on images in other orders, with other seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reread.maize.methods.attribution import scores_of
from reread.maize.methods.rank_stability import jaccard

if TYPE_CHECKING:
    from reread.maize.data.splits import Split
    from reread.maize.data.tables import Expression

FILE = "file"  # the order of the columns
METHOD = "CNN, expected gradients"


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """What changed with the order of the genes and with the seed.

    Attributes
    ----------
    runs : DataFrame
        One row a trained network: order (``file``, ``shuffle 1``, ...), seed, accuracy on the test samples.
    scores : tuple of float array, (tissue, gene)
        Scores of each run, genes in the order of the columns.
    """

    runs: pd.DataFrame
    scores: tuple[np.ndarray, ...]


def orders(n_genes: int, n_shuffles: int, seed: int = 0) -> dict[str, np.ndarray | None]:
    """The order of the columns (``None``) and shuffles of it, int (gene,), by name."""
    rng = np.random.default_rng(seed)
    return {FILE: None} | {f"shuffle {i + 1}": rng.permutation(n_genes) for i in range(n_shuffles)}


def sensitivity(
    data: Expression,
    split: Split,
    *,
    n_shuffles: int,
    n_seeds: int,
    seed: int = 0,
    n_points: int = 64,
    **settings: Any,
) -> Sensitivity:
    """Train a network on every order of the genes with every seed, and score genes by expected gradients.

    Parameters
    ----------
    data : Expression
    split : Split
        Test samples are named and explained.
    n_shuffles : int
        Orders beside that of the columns.
    n_seeds : int
        Networks on each order.
    seed : int
        First of the seeds; also of the shuffles.
    n_points : int
        Points a sample, for the gradients.
    **settings
        Fields of ``network.Recipe``.

    Returns
    -------
    Sensitivity

    Notes
    -----
    Convolutions and pooling join what lies side by side, and in a csv that is the order of the gene names. If
    this order carried information, shuffles would cost accuracy.
    """
    rows, scores = [], []
    for name, order in orders(len(data.genes), n_shuffles, seed).items():
        for one in range(seed, seed + n_seeds):
            found = scores_of(METHOD, data, split, seed=one, order=order, n_points=n_points, **settings)
            rows.append((name, one, found.accuracy))
            scores.append(found.per_tissue)
    return Sensitivity(pd.DataFrame(rows, columns=["order", "seed", "accuracy"]), tuple(scores))


def overlaps(found: Sensitivity, k: int = 20) -> pd.DataFrame:
    """Compare the top genes of every two networks.

    Parameters
    ----------
    found : Sensitivity
    k : int
        Genes from the top of each tissue.

    Returns
    -------
    DataFrame
        One row a pair of runs: one, other (as ``file, seed 0``), differs (``seed``, ``order``, ``both``),
        jaccard (mean over tissues of genes in both tops over genes in either).
    """
    matrix, runs = jaccard(found.scores, k), found.runs
    names = [f"{row.order}, seed {row.seed}" for row in runs.itertuples()]
    rows = []
    for i, j in zip(*np.triu_indices(len(runs), 1), strict=True):
        same_order, same_seed = (runs[c].iloc[i] == runs[c].iloc[j] for c in ("order", "seed"))
        differs = "seed" if same_order else "order" if same_seed else "both"
        rows.append((names[i], names[j], differs, matrix[i, j]))
    return pd.DataFrame(rows, columns=["one", "other", "differs", "jaccard"])


def said(found: Sensitivity, pairs: pd.DataFrame) -> dict[str, float]:
    """What a page quotes: accuracy in the order of the file and shuffled, Jaccard by what differs.

    Keys: ``accuracy_file``, ``accuracy_shuffled``, ``jaccard_seed``, ``jaccard_order``, ``jaccard_both``; one
    that nothing was run for is left out.
    """
    is_file = found.runs["order"] == FILE
    accuracy = found.runs["accuracy"]
    values = {"accuracy_file": accuracy[is_file].mean(), "accuracy_shuffled": accuracy[~is_file].mean()}
    means = pairs.groupby("differs", sort=False)["jaccard"].mean()
    values |= {f"jaccard_{name}": value for name, value in means.items()}
    return {name: float(value) for name, value in values.items() if not np.isnan(value)}


def chance(n_genes: int, k: int = 20) -> float:
    """Jaccard of two random sets of ``k`` genes that share as many as expected, k² / genes."""
    shared = k * k / n_genes
    return shared / (2 * k - shared)
