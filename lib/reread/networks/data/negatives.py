"""Sample negative pairs; the sampling decides how well gene names predict the labels."""

from __future__ import annotations

import numpy as np

from reread.core import validate
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.networks.data.tables import Pairs

NEGATIVES = ("grid", "matched", "pool")


def check_negatives(negatives: str, pool: int, n_genes: int) -> None:
    """Refuse an unknown sampling scheme, or a pool that the genes cannot fill."""
    if negatives not in NEGATIVES:
        raise ParameterError(
            f"There is no sampling of negatives {negatives!r}. {did_you_mean(negatives, NEGATIVES)}"
        )
    if negatives == "pool" and not 1 <= pool <= n_genes:
        raise ParameterError(
            f"The pool must hold 1 to {n_genes} genes (n_genes), but pool={pool}.\n"
            f"Choose a smaller pool, or more genes."
        )


def sample_pairs(
    truth: np.ndarray,
    tfs: np.ndarray,
    genes: tuple[str, ...],
    *,
    negatives: str = "matched",
    pool: int = 16,
    seed: int = 0,
) -> Pairs:
    """Make a labelled pair list from a network: every edge as a positive, and sampled negatives."""
    validate.axes(truth, "truth", tf=len(tfs), gene=len(genes))
    check_negatives(negatives, pool, len(genes))
    if not truth.any():
        raise DataError(
            "The network has no edge, so there is no positive pair. Read or simulate another one."
        )
    free = ~truth
    free[np.arange(len(tfs)), tfs] = False
    rng = np.random.default_rng(seed)
    if negatives == "grid":
        chosen = free
    elif negatives == "matched":
        chosen = _matched(truth, free, rng)
    else:
        chosen = _from_pool(truth, free, pool, rng)
    row, gene = np.nonzero(truth | chosen)
    return Pairs(np.asarray(tfs)[row], gene, truth[row, gene], tuple(genes))


def _from_pool(truth: np.ndarray, free: np.ndarray, pool: int, rng: np.random.Generator) -> np.ndarray:
    """For each TF as many free genes as it has targets, those of the pool first: bool (tf, gene)."""
    n_tfs, n_genes = truth.shape
    in_pool = np.zeros(n_genes, dtype=bool)
    in_pool[rng.choice(n_genes, pool, replace=False)] = True
    priority = np.where(free, rng.random((n_tfs, n_genes)) + in_pool, -1.0)
    rank = np.argsort(np.argsort(-priority, axis=1, kind="stable"), axis=1, kind="stable")
    return (rank < truth.sum(axis=1)[:, None]) & free


def _matched(truth: np.ndarray, free: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each TF and gene as many free pairs as negative-binomial counts ask for: bool (tf, gene)."""
    missing = _negative_counts(truth.sum(axis=0), rng).astype(float)
    wanted = np.minimum(_negative_counts(truth.sum(axis=1), rng), free.sum(axis=1))
    missing *= wanted.sum() / max(missing.sum(), 1.0)
    chosen = np.zeros_like(truth)
    slack = free.sum(axis=1) - wanted
    for tf in np.argsort(slack + rng.random(len(slack))):
        wish = np.where(free[tf], missing + rng.random(len(missing)), -np.inf)
        taken = np.argsort(-wish, kind="stable")[: wanted[tf]]
        chosen[tf, taken] = True
        missing[taken] -= 1
    return chosen


def _negative_counts(n_positive: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw from a negative binomial NB(r=n_positive, p=0.5); 0 where r is 0."""
    return np.where(n_positive > 0, rng.negative_binomial(np.maximum(n_positive, 1), 0.5), 0)
