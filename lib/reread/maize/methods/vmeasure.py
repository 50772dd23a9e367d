"""How far clusters agree with tissues, for many clusterings at once."""

from __future__ import annotations

import numpy as np

from reread.core import validate as check
from reread.core.errors import DataError


def v_measure(tissue: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compare clusterings with the tissues of the same samples.

    Parameters
    ----------
    tissue : int array, (sample,)
        Not negative.
    labels : int array, (set, sample)
        Cluster of each sample in each clustering, not negative.

    Returns
    -------
    homogeneity : float array, (set,)
        1 when each cluster holds one tissue only.
    completeness : float array, (set,)
        1 when each tissue lies in one cluster only.
    v : float array, (set,)
        Harmonic mean of the two.

    Raises
    ------
    DataError
        If sizes differ, there is no sample, or a label is negative.

    Notes
    -----
    Source: Rosenberg 2007, as scikit-learn's ``homogeneity_completeness_v_measure``. V rises with the number
    of clusters even when they are random, so it is comparable only at one number of clusters.
    """
    check.axes(tissue, "tissue", sample=None)
    check.axes(labels, "labels", set=None, sample=len(tissue))
    if labels.size == 0 or labels.min() < 0 or tissue.min() < 0:
        raise DataError("Tissues and clusters are numbered from 0, and at least one sample is needed.")
    n_sets, (n_tissues, n_clusters) = len(labels), (int(tissue.max()) + 1, int(labels.max()) + 1)
    cell = (np.arange(n_sets)[:, None] * n_tissues + tissue) * n_clusters + labels
    counts = np.bincount(cell.ravel(), minlength=n_sets * n_tissues * n_clusters)
    # sums of counts are exact; sums of shares could give one tissue an entropy of a rounding error
    joint = counts.reshape(n_sets, n_tissues, n_clusters)
    sides = (joint.sum(axis=2), joint.sum(axis=1), joint.reshape(n_sets, -1))
    of_tissue, of_cluster, of_both = (_entropy(side / len(tissue)) for side in sides)
    # mutual information a rounding error below zero would give a negative share
    shared = np.maximum(of_tissue + of_cluster - of_both, 0)
    homogeneity, completeness = _share(shared, of_tissue), _share(shared, of_cluster)
    total = homogeneity + completeness
    v = np.divide(2 * homogeneity * completeness, total, out=np.zeros(n_sets), where=total > 0)
    return homogeneity, completeness, v


def _entropy(probability: np.ndarray) -> np.ndarray:
    """Entropy over the last axis, nats."""
    logs = np.log(probability, out=np.zeros_like(probability), where=probability > 0)
    return -(probability * logs).sum(axis=-1)


def _share(shared: np.ndarray, entropy: np.ndarray) -> np.ndarray:
    """Mutual information over entropy; 1 where there is nothing to know."""
    return np.divide(shared, entropy, out=np.ones_like(shared), where=entropy > 0)
