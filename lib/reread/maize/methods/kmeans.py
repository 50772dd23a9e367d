"""k-means and V-measure of many sets of points at once; faster than scikit-learn set by set."""

from __future__ import annotations

import numpy as np
from scipy.special import entr

from reread.core import validate
from reread.core.errors import DataError, ParameterError

MAX_STEPS = 300
# Distances (set x start, sample, cluster) held at once: more falls out of the processor's cache.
CHUNK = 200_000


def batched_kmeans(
    points: np.ndarray, k: int, *, n_init: int = 10, seed: int = 0, init: str = "kmeans-plus-plus"
) -> tuple[np.ndarray, np.ndarray]:
    """Cluster the samples of every set (set, sample, dim), keeping the best of ``n_init`` starts of each."""
    validate.axes(points, "points", set=None, sample=None, dim=None)
    n_sets, n_samples, _ = points.shape
    if not 1 <= k <= n_samples or n_init < 1 or init not in STARTS:
        raise ParameterError(
            f"k-means of {n_samples} samples takes 1 to {n_samples} clusters, at least 1 start and init of "
            f"{', '.join(STARTS)}; came {k}, {n_init}, {init!r}."
        )
    rng = np.random.default_rng(seed)
    step = max(1, CHUNK // (n_init * n_samples * k))
    labels, inertia = np.empty((n_sets, n_samples), dtype=int), np.empty(n_sets)
    for start in range(0, n_sets, step):
        some = points[start : start + step]
        some = some - some.mean(axis=1, keepdims=True)
        chosen = STARTS[init](some, k, n_init, rng)
        repeated = np.repeat(some, n_init, axis=0)
        found, cost = _lloyd(repeated, np.take_along_axis(repeated, chosen[:, :, None], axis=1))
        best = cost.reshape(len(some), n_init).argmin(axis=1) + n_init * np.arange(len(some))
        labels[start : start + step], inertia[start : start + step] = found[best], cost[best]
    return labels, inertia


def _lloyd(points: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels (problem, sample) and inertia (problem,) at convergence from centres (problem, cluster, dim)."""
    n_problems, n_samples, _ = points.shape
    labels = np.full((n_problems, n_samples), -1)
    # a last column of ones brings the length of a centre, and the size of a cluster, with one product
    moving, at = np.arange(n_problems), centres
    here = np.concatenate([points, np.ones((n_problems, n_samples, 1))], axis=2)
    for _ in range(MAX_STEPS):
        nearest = _nearest(here, at)
        moved = (nearest != labels[moving]).any(axis=1)
        labels[moving] = nearest
        if not moved.any():
            break
        if not moved.all():
            moving, here, nearest = moving[moved], here[moved], nearest[moved]
        at = _means(here, nearest, centres.shape[1])
    return labels, _inertia(points, labels, centres.shape[1])


def _nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Cluster of each sample, (problem, sample); its own squared length does not change which is nearest."""
    n_problems, k, n_dims = centres.shape
    weight = np.empty((n_problems, n_dims + 1, k))
    np.multiply(centres.transpose(0, 2, 1), -2, out=weight[:, :-1])
    weight[:, -1] = np.einsum("pcd,pcd->pc", centres, centres)
    return (points @ weight).argmin(axis=2)


def _means(points: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """Mean of each cluster, (problem, cluster, dim); an empty one becomes its problem's worst sample."""
    total = (labels[:, None, :] == np.arange(k)[:, None]).astype(points.dtype) @ points
    points, count = points[:, :, :-1], total[:, :, -1]
    centres = total[:, :, :-1] / np.maximum(count, 1)[:, :, None]
    for problem in np.flatnonzero((count == 0).any(axis=1)):
        empty = np.flatnonzero(count[problem] == 0)
        distance = ((points[problem] - centres[problem, labels[problem]]) ** 2).sum(axis=1)
        centres[problem, empty] = points[problem, np.argsort(-distance, kind="stable")[: len(empty)]]
    return centres


def _inertia(points: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """Within-cluster sum of squares: total less that of the means, (problem,)."""
    member = (labels[:, None, :] == np.arange(k)[:, None]).astype(points.dtype)
    count, total = member.sum(axis=2), member @ points
    square = np.einsum("pcd,pcd->pc", total, total) / np.maximum(count, 1)
    return np.einsum("psd,psd->p", points, points) - square.sum(axis=1)


def _random(points: np.ndarray, k: int, n_init: int, rng: np.random.Generator) -> np.ndarray:
    """Different samples as centres, (set x start, cluster)."""
    n_sets, n_samples, _ = points.shape
    return np.argsort(rng.random((n_sets * n_init, n_samples)), axis=1)[:, :k]


def _plus_plus(points: np.ndarray, k: int, n_init: int, rng: np.random.Generator) -> np.ndarray:
    """Greedy k-means++, (set x start, cluster): each centre is the best of some drawn by squared distance."""
    n_sets, n_samples, _ = points.shape
    n_problems, n_trials = n_sets * n_init, 2 + int(np.log(k))
    each, of_set = np.arange(n_problems), np.repeat(np.arange(n_sets), n_init)
    # squared distances (set, sample, sample) are shared by all starts of a set
    square = np.einsum("psd,psd->ps", points, points)
    apart = square[:, :, None] + square[:, None, :] - 2 * (points @ points.transpose(0, 2, 1))
    apart = np.maximum(apart, 0).astype(np.float32)
    chosen = np.empty((n_problems, k), dtype=int)
    chosen[:, 0] = rng.integers(n_samples, size=n_problems)
    nearest = apart[of_set, chosen[:, 0]]
    for c in range(1, k):
        total = nearest.cumsum(axis=1)
        drawn = rng.random((n_problems, n_trials)) * total[:, -1:]
        # the first sum that reaches a draw is the place it falls in
        tried = (total[:, None, :] >= drawn[:, :, None]).argmax(axis=2)
        shorter = np.minimum(nearest[:, None, :], apart[of_set[:, None], tried])
        best = shorter.sum(axis=2).argmin(axis=1)
        chosen[:, c], nearest = tried[each, best], shorter[each, best]
    return chosen


STARTS = {"kmeans-plus-plus": _plus_plus, "random": _random}


def v_measure(tissue: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """V-measure (set,) of clusterings (set, sample) against the tissues (sample,) of the same samples."""
    validate.axes(tissue, "tissue", sample=None)
    validate.axes(labels, "labels", set=None, sample=len(tissue))
    if labels.size == 0 or labels.min() < 0 or tissue.min() < 0:
        raise DataError("V-measure needs at least one sample, and tissues and clusters numbered from 0.")
    n_sets, (n_tissues, n_clusters) = len(labels), (int(tissue.max()) + 1, int(labels.max()) + 1)
    cell = (np.arange(n_sets)[:, None] * n_tissues + tissue) * n_clusters + labels
    counts = np.bincount(cell.ravel(), minlength=n_sets * n_tissues * n_clusters)
    # sums of counts are exact; sums of shares could give one tissue an entropy of a rounding error
    joint = counts.reshape(n_sets, n_tissues, n_clusters)
    sides = (joint.sum(axis=2), joint.sum(axis=1), joint.reshape(n_sets, -1))
    of_tissue, of_cluster, of_both = (entr(side / len(tissue)).sum(axis=-1) for side in sides)
    # mutual information a rounding error below zero would give a negative share
    shared = np.maximum(of_tissue + of_cluster - of_both, 0)
    homogeneity, completeness = _share(shared, of_tissue), _share(shared, of_cluster)
    total = homogeneity + completeness
    v = np.divide(2 * homogeneity * completeness, total, out=np.zeros(n_sets), where=total > 0)
    return v.round(12)


def _share(shared: np.ndarray, entropy: np.ndarray) -> np.ndarray:
    """Mutual information over entropy; 1 where there is nothing to know."""
    return np.divide(shared, entropy, out=np.ones_like(shared), where=entropy > 0)
