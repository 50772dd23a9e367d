"""Describe a pair without naming its genes, so that what is learnt in one world can be used in another."""

from __future__ import annotations

import hashlib

import numpy as np
from scipy.stats import rankdata

from reread.networks.data.features import gene_features
from reread.networks.data.tables import Expression, World
from reread.networks.methods import infer

STATISTICS = (
    "r", "rho", "absolute r", "absolute rho", "mutual information",
    "r place in TF", "r place in gene", "rho place in TF", "rho place in gene",
    "information place in TF", "information place in gene", "r beyond both", "information beyond both",
    "tree weight", "tree place in TF", "tree place in gene",
    "TF mean", "TF sd", "TF zeros", "gene mean", "gene sd", "gene zeros",
)  # fmt: skip
# A world is described once however often something is learnt from it or transferred to it; the trees take
# minutes on a large one.
MEMORY = 8
_memory: dict[str, np.ndarray] = {}


def pair_statistics(world: World, *, seed: int = 0, n_jobs: int = 1) -> np.ndarray:
    """Describe every TF and gene by statistics of their expression alone.

    Parameters
    ----------
    world : World
        Labels are not looked at.
    seed, n_jobs : int
        Of the tree weights (GENIE3).

    Returns
    -------
    float32 array, (tf, gene, statistic)
        The last axis as ``STATISTICS``. Places are ranks from 0 to 1 among the genes of a TF or the TFs of a
        gene; "beyond both" is the context likelihood: how far a value stands out from those of its TF and
        gene; means and standard deviations are relative to those of all genes of the world.
    """
    key = _key(world, seed)
    if key not in _memory:
        while len(_memory) >= MEMORY:
            _memory.pop(next(iter(_memory)))
        _memory[key] = _described(world, seed, n_jobs)
    return _memory[key]


def _key(world: World, seed: int) -> str:
    """What the statistics depend on; labels are not part of it."""
    expression = world.expression
    parts = (expression.values.tobytes(), " ".join(expression.genes).encode(), world.tfs.tobytes())
    return hashlib.sha256(b"".join(parts) + str(seed).encode()).hexdigest()


def _described(world: World, seed: int, n_jobs: int) -> np.ndarray:
    expression, tfs = world.expression, world.tfs
    r, rho = (gene_features(expression.values, kind)[tfs] for kind in ("pearson", "spearman"))
    information = infer.mutual_information(expression, tfs)
    trees = infer.genie3(expression, tfs, seed=seed, n_jobs=n_jobs, engine="lightgbm")
    r, rho = (_without_self(matrix, tfs) for matrix in (r, rho))
    places = [_places(np.abs(matrix)) for matrix in (r, rho, information)]
    pairwise = [r, rho, np.abs(r), np.abs(rho), information]
    pairwise += [place for both in places for place in both]
    pairwise += [_beyond_both(np.abs(r)), _beyond_both(information)]
    pairwise += [trees / max(trees.std(), 1e-12), *_places(trees)]
    return np.stack([*pairwise, *_levels(expression, tfs)], axis=-1).astype(np.float32)


def _without_self(matrix: np.ndarray, tfs: np.ndarray) -> np.ndarray:
    matrix = matrix.copy()
    matrix[np.arange(len(tfs)), tfs] = 0.0
    return matrix


def _places(strength: np.ndarray) -> list[np.ndarray]:
    """Rank (tf, gene) from 0 to 1 among the genes of each TF, and among the TFs of each gene."""
    return [(rankdata(strength, axis=axis) - 1) / max(strength.shape[axis] - 1, 1) for axis in (1, 0)]


def _beyond_both(strength: np.ndarray) -> np.ndarray:
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
    return [np.broadcast_to(x[tfs][:, None], shape) for x in level] + [
        np.broadcast_to(x, shape) for x in level
    ]
