"""The authors' way from a set of genes to a V-measure and a null, faults kept, and each fault by its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import norm

from reread.core import validate as check
from reread.core.errors import DataError, ParameterError
from reread.maize.methods.embedding import UMAP_SEED, place
from reread.maize.methods.kmeans import batched_kmeans
from reread.maize.methods.random_gene_sets import random_sets
from reread.maize.methods.vmeasure import v_measure

# What the notebooks hold, each a leftover of the human study that they were adapted from.
FAULTS = (
    ("one UMAP seed", "seed 42 for every set", "principal components, which have no seed"),
    ("number of clusters", "29, of the human study", "as many as there are tissues"),
    ("labels fed back", "the cluster of a run is a feature of the next", "every run sees the same points"),
    ("size of random sets", "2,423, of the human study; the set has 13,670", "as many genes as the set"),
    ("expression of random sets", "any gene", "as highly expressed as the set, in 20 bins"),
    ("one random set", "ten runs embed the same genes again", "every random set is drawn anew"),
    ("spread of the null", "variance between restarts of k-means", "spread between random sets"),
    ("shape of the null", "normal, no p-value computed", "none; counted among random sets"),
    ("p-value", "a function never called, which gives 1 - p", "share of random sets that do as well"),
    ("columns of random sets", "the label may be drawn as a gene", "genes only"),
    ("split", "drawn anew, unseeded, for SHAP and for the null", "one split for everything, with a seed"),
    ("samples", "genes chosen and clustered on the same ones", "genes chosen on training samples"),
)  # fmt: skip


@dataclass(frozen=True)
class Protocol:
    """How samples are placed and clustered.

    Attributes
    ----------
    embed : str
        As :func:`reread.maize.methods.embedding.place`, such as ``umap-2``.
    n_clusters : int
        0 for as many as there are tissues among the samples.
    n_init : int
        Starts of k-means in a run; the best is kept.
    n_runs : int
        Runs of k-means on each set.
    feed_back : bool
        Whether the cluster numbers of a run are a feature of the next, as in notebook 3.
    init : str
        ``random`` as published, or ``k-means++``.
    """

    embed: str = "pca-10"
    n_clusters: int = 0
    n_init: int = 10
    n_runs: int = 1
    feed_back: bool = False
    init: str = "k-means++"

    def k(self, tissue: np.ndarray) -> int:
        """Clusters for these samples.

        Raises
        ------
        ParameterError
            If there are more clusters than samples.
        """
        k = self.n_clusters or len(np.unique(tissue))
        if k > len(tissue):
            raise ParameterError(
                f"{len(tissue)} samples cannot form {k} clusters. Take more samples or fewer clusters."
            )
        return k


def faults() -> pd.DataFrame:
    """The faults as a table: fault, as published, corrected."""
    return pd.DataFrame(FAULTS, columns=["fault", "as published", "corrected"])


def cluster_runs(points: np.ndarray, k: int, protocol: Protocol, seed: int = 0) -> np.ndarray:
    """Cluster the samples of each set several times.

    Parameters
    ----------
    points : float array, (set, sample, dim)
    k : int
    protocol : Protocol
    seed : int
        Of the first run; each run has its own.

    Returns
    -------
    int array, (run, set, sample)

    Notes
    -----
    Source: notebook 3. There the column of cluster numbers is written into the table of points, and only the
    label column is dropped before the next run: from the second run on it is one more feature, with a range
    of 0 to k - 1 beside the dozen units that a UMAP spans.
    """
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
    """V-measure of each set of genes in each run of k-means.

    Parameters
    ----------
    log : float array, (sample, gene)
    tissue : int array, (sample,)
    sets : sequence of int array, (member,)
    protocol : Protocol
    seed : int
        Of k-means.
    umap_seed : int
        42 as published.

    Returns
    -------
    float array, (set, run)

    Raises
    ------
    ParameterError
        If there are fewer samples than clusters.
    DataError
        As :func:`reread.maize.methods.embedding.embed_sets`.
    """
    check.axes(tissue, "tissue", sample=len(log))
    k = protocol.k(tissue)
    points = place(log, sets, protocol.embed, umap_seed)
    runs = cluster_runs(points, k, protocol, seed)
    return np.stack([v_measure(tissue, labels)[2] for labels in runs], axis=1)


def gaussian_null(v: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of the authors' null.

    Parameters
    ----------
    v : float array, (set, run)
        V-measures of random sets.

    Returns
    -------
    mean, sd : float
        Mean of the sets' means; root of the mean variance *between runs on one set*.

    Raises
    ------
    DataError
        If there are fewer than two runs.

    Notes
    -----
    Source: notebook 4. What differs between random sets, and between seeds of UMAP, does not enter.
    """
    check.axes(v, "v", set=None, run=None)
    if v.shape[1] < 2:
        raise DataError(f"The published null needs two runs of k-means on each set, but has {v.shape[1]}.")
    return float(v.mean()), float(np.sqrt(v.var(axis=1).mean()))


def gaussian_test(observed: np.ndarray, mean: float, sd: float) -> tuple[np.ndarray, np.ndarray]:
    """Tell z and one-sided p of observed V-measures (test,) under a normal null.

    Notes
    -----
    The notebooks draw 10,000 normal numbers and look where the line falls; this is the same without drawing.
    A null without any spread gives an infinite z.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(observed == mean, 0.0, (np.asarray(observed) - mean) / sd)
    return z, norm.sf(z)


def sources_of_spread(
    log: np.ndarray, tissue: np.ndarray, protocol: Protocol, *, size: int, n_sets: int, n_seeds: int = 5,
    seed: int = 0,
) -> dict[str, float]:  # fmt: skip
    """Standard deviation of V from each thing that can differ: restarts, sets, seeds of the embedding.

    Parameters
    ----------
    log, tissue, protocol
        As :func:`v_of_sets`.
    size, n_sets : int
        Genes of a random set, and random sets.
    n_seeds : int
        Seeds of UMAP, tried on the first set.
    seed : int

    Returns
    -------
    dict
        ``runs`` (within a set, as published), ``sets`` (between the means of sets), and for UMAP ``seeds``:
        principal components have none.
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
    """V-measure of one set run by run, with the labels fed back and without.

    Returns
    -------
    DataFrame
        run (from 1), labels (``fed back`` or ``left out``), v. The first run is the same in both.
    """
    rows = []
    for said, is_fed in (("fed back", True), ("left out", False)):
        v = v_of_sets(log, tissue, [genes], replace(protocol, feed_back=is_fed, n_runs=n_runs), seed)[0]
        rows += [(run, said, value) for run, value in enumerate(v, 1)]
    return pd.DataFrame(rows, columns=["run", "labels", "v"])
