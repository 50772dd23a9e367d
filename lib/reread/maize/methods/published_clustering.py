"""Reimplementation of the published clustering analysis; each known error can be switched on by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from reread.core import validate
from reread.core.errors import DataError, ParameterError
from reread.maize.methods.embedding import UMAP_SEED, embed
from reread.maize.methods.gene_sets import random_sets
from reread.maize.methods.kmeans import batched_kmeans, v_measure

# Errors of the notebooks; 29 and 2,423 are values of the human study that the code was adapted from.
FAULTS = (
    ("one UMAP seed", "seed 42 for every set", "principal components, which need no seed"),
    ("number of clusters", "29, of the human study", "the number of tissues"),
    ("labels fed back", "clusters of a run are a feature of the next run", "every run has the same features"),
    ("size of random sets", "2,423, of the human study; the set has 13,670", "the size of the set"),
    ("expression of random sets", "any gene", "matched to the set in 20 bins of expression"),
    ("one random set", "ten runs embed the same genes", "every random set has its own genes"),
    ("spread of the null", "variance between restarts of k-means", "spread between random sets"),
    ("shape of the null", "normal; no p value is computed", "empirical distribution of random sets"),
    ("p value", "an unused function that returns 1 - p", "permutation p"),
    ("columns of random sets", "the label column may be drawn as a gene", "genes only"),
    ("split", "repeated without a seed for SHAP and for the null", "one split with a seed"),
    ("samples", "genes selected and clustered on the same samples", "genes selected on training samples"),
)


@dataclass(frozen=True)
class Protocol:
    """How samples are embedded and clustered.

    ``embed`` as ``embedding.embed``, such as ``umap-2``. ``n_clusters`` 0 is the number of tissues. Each set
    is clustered ``n_runs`` times, keeping the best of ``n_init`` starts; ``init`` is ``random`` (published)
    or ``kmeans-plus-plus``. With ``feed_back`` the clusters of a run are a feature of the next (notebook 3).
    """

    embed: str = "pca-10"
    n_clusters: int = 0
    n_init: int = 10
    n_runs: int = 1
    feed_back: bool = False
    init: str = "kmeans-plus-plus"

    def k(self, tissue: np.ndarray) -> int:
        """Number of clusters for these samples."""
        k = self.n_clusters or len(np.unique(tissue))
        if k > len(tissue):
            raise ParameterError(
                f"{len(tissue)} samples cannot form {k} clusters. Use more samples or fewer clusters."
            )
        return k


def faults() -> pd.DataFrame:
    """Errors of the published analysis: error, as published, corrected."""
    return pd.DataFrame(FAULTS, columns=["error", "as published", "corrected"])


def _cluster_runs(points: np.ndarray, k: int, protocol: Protocol, seed: int = 0) -> np.ndarray:
    """Clusters (run, set, sample) of points (set, sample, dim); each run has its own seed."""
    runs, features = [], points
    for run in range(protocol.n_runs):
        labels, _ = batched_kmeans(features, k, n_init=protocol.n_init, seed=seed + run, init=protocol.init)
        runs.append(labels)
        if protocol.feed_back:
            features = np.concatenate([points, labels[:, :, None].astype(float)], axis=2)
    return np.stack(runs)


def v_of_sets(
    log: np.ndarray,
    tissue: np.ndarray,
    sets: Sequence[np.ndarray],
    protocol: Protocol,
    seed: int = 0,
    umap_seed: int = UMAP_SEED,
) -> np.ndarray:
    """V-measure (set, run) of each set of genes in each run of k-means, on log (sample, gene)."""
    validate.axes(tissue, "tissue", sample=len(log))
    k = protocol.k(tissue)
    runs = _cluster_runs(embed(log, sets, protocol.embed, umap_seed), k, protocol, seed)
    return np.stack([v_measure(tissue, labels) for labels in runs], axis=1)


def gaussian_null(v: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of the published null, from V-measures (set, run) of random sets."""
    validate.axes(v, "v", set=None, run=None)
    if v.shape[1] < 2:
        raise DataError(f"The published null needs two runs of k-means on each set, but has {v.shape[1]}.")
    return float(v.mean()), float(np.sqrt(v.var(axis=1).mean()))


def gaussian_test(observed: np.ndarray, mean: float, sd: float) -> tuple[np.ndarray, np.ndarray]:
    """Z and one-sided p of V-measures (test,) under a normal null; z is infinite if sd is 0."""
    from scipy.stats import norm

    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(observed == mean, 0.0, (np.asarray(observed) - mean) / sd)
    return z, norm.sf(z)


def sources_of_variance(
    log: np.ndarray, tissue: np.ndarray, protocol: Protocol, *, size: int, n_sets: int, n_seeds: int = 5,
    seed: int = 0,
) -> dict[str, float]:  # fmt: skip
    """Standard deviation of V between runs, random sets and UMAP seeds.

    ``log`` is (sample, gene), ``tissue`` (sample,); ``n_sets`` random sets have ``size`` genes. Keys:
    ``runs`` (within a set, as published), ``sets`` (between the means of sets), and for UMAP ``seeds`` (on
    the first set).
    """
    sets = random_sets(log.shape[1], min(size, log.shape[1]), n_sets, seed)
    v = v_of_sets(log, tissue, sets, protocol, seed)
    spread = {"runs": gaussian_null(v)[1], "sets": float(v.mean(axis=1).std())}
    if not protocol.embed.startswith("umap"):
        return spread
    by_seed = [v_of_sets(log, tissue, sets[:1], protocol, seed, umap_seed=s).mean() for s in range(n_seeds)]
    return {**spread, "seeds": float(np.std(by_seed))}


def feedback_runs(
    log: np.ndarray, tissue: np.ndarray, genes: np.ndarray, protocol: Protocol, n_runs: int = 8, seed: int = 0
) -> pd.DataFrame:
    """V-measure of one set in each run, with the labels fed back and without: run (from 1), labels, v.

    The first run is the same in both.
    """
    rows = []
    for name, is_fed in (("fed back", True), ("not fed back", False)):
        v = v_of_sets(log, tissue, [genes], replace(protocol, feed_back=is_fed, n_runs=n_runs), seed)[0]
        rows += [(run, name, value) for run, value in enumerate(v, 1)]
    return pd.DataFrame(rows, columns=["run", "labels", "v"])
