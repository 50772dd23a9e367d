"""Describe a pair without naming its genes, so that a model can be used on another data set."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.stats import rankdata

from reread.networks.data.features import gene_features
from reread.networks.data.tables import Expression, GRNDataset
from reread.networks.methods.infer import infer, lightgbm_gains, remembered

STATISTICS = (
    "r", "rho", "absolute r", "absolute rho", "mutual information",
    "rank of r in TF", "rank of r in gene", "rank of rho in TF", "rank of rho in gene",
    "rank of information in TF", "rank of information in gene", "context likelihood of r",
    "context likelihood of information", "tree gain", "rank of tree gain in TF", "rank of tree gain in gene",
    "TF mean", "TF sd", "TF zeros", "gene mean", "gene sd", "gene zeros",
)  # fmt: skip
DECIMALS = 6  # sums over genes differ between processors beyond them, and a tree would split there


def pair_statistics(dataset: GRNDataset, *, seed: int = 0) -> np.ndarray:
    """Statistics (tf, gene, statistic) of all pairs, float32, from expression alone; kept in memory."""
    return remembered(
        f"statistics {seed}", dataset.expression, dataset.tfs, partial(_computed, dataset, seed)
    )


def _computed(dataset: GRNDataset, seed: int) -> np.ndarray:
    expression, tfs = dataset.expression, dataset.tfs
    r, rho = (gene_features(expression.values, kind)[tfs] for kind in ("pearson", "spearman"))
    r, rho = (_without_self(matrix, tfs) for matrix in (r, rho))
    information = infer("mutual-information", expression, tfs)
    gain = lightgbm_gains(expression, tfs, seed=seed)
    ranks = [_ranks(np.abs(matrix)) for matrix in (r, rho, information)]
    statistics = [r, rho, np.abs(r), np.abs(rho), information]
    statistics += [rank for both in ranks for rank in both]
    statistics += [_context_likelihood(np.abs(r)), _context_likelihood(information)]
    statistics += [gain / max(gain.std(), 1e-12), *_ranks(gain), *_levels(expression, tfs)]
    return np.round(np.stack(statistics, axis=-1), DECIMALS).astype(np.float32)


def _without_self(matrix: np.ndarray, tfs: np.ndarray) -> np.ndarray:
    matrix = matrix.astype(np.float64)
    matrix[np.arange(len(tfs)), tfs] = 0.0
    return matrix


def _ranks(strength: np.ndarray) -> list[np.ndarray]:
    """Rank (tf, gene) from 0 to 1 among the genes of each TF, and among the TFs of each gene."""
    return [(rankdata(strength, axis=axis) - 1) / max(strength.shape[axis] - 1, 1) for axis in (1, 0)]


def _context_likelihood(strength: np.ndarray) -> np.ndarray:
    """Context likelihood of relatedness (Faith 2007): positive z-scores in row and column, joined."""
    scores = [
        np.maximum(strength - strength.mean(axis=axis, keepdims=True), 0)
        / np.maximum(strength.std(axis=axis, keepdims=True), 1e-12)
        for axis in (1, 0)
    ]
    return np.hypot(*scores)


def _levels(expression: Expression, tfs: np.ndarray) -> list[np.ndarray]:
    """Mean, standard deviation and share of zeros, of the TF and of the gene, each (tf, gene)."""
    values = expression.values
    mean, spread = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64)
    level = [mean / max(mean.mean(), 1e-12), spread / max(spread.mean(), 1e-12), (values == 0).mean(axis=0)]
    shape = (len(tfs), values.shape[1])
    of_tf = [np.broadcast_to(x[tfs][:, None], shape) for x in level]
    return of_tf + [np.broadcast_to(x, shape) for x in level]
