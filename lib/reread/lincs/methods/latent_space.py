"""Read a latent space: signature nodes, a map, a tree of classes, samples of one class."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import average, fcluster, leaves_list, optimal_leaf_ordering
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import NearestNeighbors

from reread.core import validate as check
from reread.core.errors import DataError

THRESHOLD = 0.5  # of the published rule


def signature_nodes(mu: np.ndarray, threshold: float = THRESHOLD) -> np.ndarray:
    """Nodes whose mean absolute value over signatures exceeds a threshold.

    Parameters
    ----------
    mu : float array, (signature, node)
        Means of the latent distribution; a dead node stays near 0 for every signature.
    threshold : float
        In units of the prior's standard deviation.

    Returns
    -------
    int array, (signature node,)
        Indices, ascending.

    Raises
    ------
    DataError
        If no node is above: then nothing was encoded.

    Notes
    -----
    Source: the authors' analysis notebook, in 49 (threshold 0.5).
    """
    check.axes(mu, "mu", signature=None, node=None)
    size = np.abs(mu).mean(axis=0)
    if not (size > threshold).any():
        raise DataError(
            f"No latent node has a mean absolute value above {threshold:g}; the largest is {size.max():.3f}. "
            f"The encoder is dead: train longer, or with a smaller beta."
        )
    return np.flatnonzero(size > threshold)


def by_class(features: np.ndarray, pcl: np.ndarray, least: int = 2) -> pd.DataFrame:
    """Mean of each feature in each class that has enough signatures: a table (pcl, feature)."""
    check.axes(features, "features", signature=len(pcl), feature=None)
    counts = pd.Series(pcl)[lambda s: s != ""].value_counts()
    names = sorted(counts.index[counts >= least])
    return pd.DataFrame([features[np.asarray(pcl) == name].mean(axis=0) for name in names], index=names)


def class_tree(codes: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """Hierarchical clustering of class codes by correlation distance.

    Parameters
    ----------
    codes : DataFrame, (pcl, feature)
        A code or mean of each class; at least three classes.

    Returns
    -------
    linkage : float array, (merge, 4)
        As SciPy's, average linkage.
    order : list of str
        Classes from leaf to leaf; neighbours are as alike as the tree allows.
    """
    distance = pdist(codes.to_numpy(dtype=float), "correlation")
    linkage = optimal_leaf_ordering(average(distance), distance)
    return linkage, [str(codes.index[i]) for i in leaves_list(linkage)]


def family_agreement(
    codes: pd.DataFrame, families: Mapping[str, object], *, n_permutations: int = 999, seed: int = 0
) -> pd.Series:
    """Ask whether the tree of codes finds families of classes.

    Parameters
    ----------
    codes : DataFrame, (pcl, feature)
    families : mapping of str to anything
        Family of each class; classes without one are left out.
    n_permutations, seed : int
        Draws of the null, in which families change classes, and their random seed.

    Returns
    -------
    Series
        ``gap`` (mean correlation distance between families less that within), ``p`` of the gap by
        permutation, ``ari`` (adjusted Rand index of the tree, cut into as many clusters as there are
        families; 0 at chance).

    Raises
    ------
    DataError
        If there are fewer than two families, or none with two classes.
    """
    codes = codes.loc[[name for name in codes.index if name in families]]
    family = pd.factorize(np.array([str(families[name]) for name in codes.index]))[0]
    distance = squareform(pdist(codes.to_numpy(dtype=float), "correlation"))
    if len(set(family)) < 2 or len(set(family)) == len(family):
        raise DataError(f"Families need two classes each, but {len(family)} classes have {len(set(family))}.")
    rng = np.random.default_rng(seed)
    draws = np.stack([family, *(rng.permutation(family) for _ in range(n_permutations))])
    gaps = np.array([_gap(distance, one) for one in draws])
    cut = fcluster(average(squareform(distance, checks=False)), len(set(family)), "maxclust")
    return pd.Series(
        {"gap": gaps[0], "p": np.mean(gaps >= gaps[0] - 1e-12), "ari": adjusted_rand_score(family, cut)}
    )


def _gap(distance: np.ndarray, family: np.ndarray) -> float:
    same = family[:, None] == family
    return distance[~same].mean() - distance[same & ~np.eye(len(family), dtype=bool)].mean()


def trees(
    codes: Mapping[str, pd.DataFrame],
    means: pd.DataFrame,
    families: Mapping[str, object],
    *,
    n_permutations: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare the trees of several codes with the mean signatures of classes and with planted families.

    Parameters
    ----------
    codes : mapping of str to DataFrame, (pcl, feature)
    means : DataFrame, (pcl, gene)
        Mean signature of each class.
    families : mapping of str to anything
        As in :func:`family_agreement`; empty where nothing was planted.
    n_permutations, seed : int

    Returns
    -------
    DataFrame
        code, like_means (Spearman correlation of its class distances with those of mean signatures), and gap,
        families_p and ari of :func:`family_agreement`, NaN without families.
    """
    rows = []
    for name, table in codes.items():
        kept = [pcl for pcl in table.index if pcl in means.index]
        far, apart = (pdist(one.loc[kept].to_numpy(float), "correlation") for one in (table, means))
        found = {"gap": np.nan, "p": np.nan, "ari": np.nan}
        if families:
            found = family_agreement(table, families, n_permutations=n_permutations, seed=seed)
        like = spearmanr(far, apart).statistic
        rows.append((name, like, found["gap"], found["p"], found["ari"]))
    return pd.DataFrame(rows, columns=["code", "like_means", "gap", "families_p", "ari"])


def flat_map(fitted_to: np.ndarray, *others: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Two principal components of the first array, and every array on them.

    Parameters
    ----------
    fitted_to, *others : float array, (signature, feature)

    Returns
    -------
    places : list of float array, (signature, 2)
        One for each array, in order.
    explained : float array, (2,)
        Share of variance of the first array.
    """
    components = PCA(2, svd_solver="full").fit(fitted_to)
    sign = np.sign(components.components_[np.arange(2), np.abs(components.components_).argmax(axis=1)])
    places = [components.transform(one) * sign for one in (fitted_to, *others)]
    return places, components.explained_variance_ratio_


def sample_class(
    mu: np.ndarray, pcl: np.ndarray, name: str, nodes: np.ndarray, *, n: int, seed: int = 0
) -> np.ndarray:
    """Latent samples of one class: its own mean and spread on the signature nodes, the prior elsewhere.

    Parameters
    ----------
    mu : float array, (signature, node)
        Of the signatures that taught the network.
    pcl : array of str, (signature,)
    name : str
        The class.
    nodes : int array, (signature node,)
    n : int
        Samples.
    seed : int
        Random seed.

    Returns
    -------
    float array, (sample, node)

    Raises
    ------
    DataError
        If the class has fewer than two signatures.

    Notes
    -----
    Source: the authors type patterns of high and low nodes by hand (analysis notebook, in 68); a mean and a
    spread from the training signatures need no hand.
    """
    rows = mu[np.asarray(pcl) == name][:, nodes]
    if len(rows) < 2:
        raise DataError(f"Class {name} has {len(rows)} signatures here; a mean and a spread need two.")
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal((n, mu.shape[1]))
    samples[:, nodes] = rows.mean(axis=0) + rows.std(axis=0) * rng.standard_normal((n, len(nodes)))
    return samples


def nearest_class(generated: np.ndarray, reference: np.ndarray, pcl: np.ndarray) -> np.ndarray:
    """Class of the real signature most correlated with each generated one, (sample,).

    Parameters
    ----------
    generated : float array, (sample, gene)
    reference : float array, (signature, gene)
    pcl : array of str, (signature,)

    Notes
    -----
    Source: the authors' analysis notebook, in 72 (one nearest neighbour, correlation distance).
    """
    check.axes(reference, "reference", signature=len(pcl), gene=generated.shape[1])
    near = NearestNeighbors(n_neighbors=1, metric="correlation", algorithm="brute").fit(reference)
    return np.asarray(pcl)[near.kneighbors(generated, return_distance=False)[:, 0]]
