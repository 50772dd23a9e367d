"""Latent space of the VAE: signature nodes, class means, trees of classes, samples of one class."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import average, fcluster, leaves_list, optimal_leaf_ordering
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from reread.core import validate
from reread.core.errors import DataError
from reread.core.stats import permutation_p

THRESHOLD = 0.5  # of the published rule


def signature_nodes(mu: np.ndarray, threshold: float = THRESHOLD) -> np.ndarray:
    """Nodes whose mean absolute value over signatures exceeds ``threshold`` (analysis notebook, in 49).

    ``mu`` (signature, node) are posterior means. If no node is above, nothing was encoded: a DataError.
    """
    validate.axes(mu, "mu", signature=None, node=None)
    size = np.abs(mu).mean(axis=0)
    if not (size > threshold).any():
        found = (
            f"No latent node has a mean absolute value above {threshold:g}; the largest is {size.max():.3f}."
        )
        raise DataError(f"{found} The encoder has collapsed: train longer, or with a smaller beta.")
    return np.flatnonzero(size > threshold)


def by_class(features: np.ndarray, pcl: np.ndarray, least: int = 2) -> pd.DataFrame:
    """Mean of each feature in each class with at least ``least`` signatures.

    ``features``: float array, (signature, feature). ``pcl``: str array, (signature,); empty where there is no
    class. Returns DataFrame, (pcl, feature), classes by name, in the unit of the features. DataError if axes
    differ.
    """
    validate.axes(features, "features", signature=len(pcl), feature=None)
    counts = pd.Series(pcl)[lambda s: s != ""].value_counts()
    names = sorted(counts.index[counts >= least])
    return pd.DataFrame([features[np.asarray(pcl) == name].mean(axis=0) for name in names], index=names)


def class_order(codes: pd.DataFrame) -> list[str]:
    """Order of classes (pcl, feature) in their tree by correlation distance, average linkage."""
    distance = pdist(codes.to_numpy(dtype=float), "correlation")
    return codes.index[leaves_list(optimal_leaf_ordering(average(distance), distance))].tolist()


def family_agreement(
    codes: pd.DataFrame, families: Mapping[str, object], *, n_permutations: int = 999, seed: int = 0
) -> dict[str, float]:
    """Compare distances between class codes with known families of classes."""
    codes = codes.loc[[name for name in codes.index if name in families]]
    family = pd.factorize(np.array([str(families[name]) for name in codes.index]))[0]
    distance = squareform(pdist(codes.to_numpy(dtype=float), "correlation"))
    if len(set(family)) < 2 or len(set(family)) == len(family):
        raise DataError(f"Families need two classes each, but {len(family)} classes have {len(set(family))}.")
    rng = np.random.default_rng(seed)
    null = np.array([_gap(distance, rng.permutation(family)) for _ in range(n_permutations)])
    gap = _gap(distance, family)
    cut = fcluster(average(squareform(distance, checks=False)), len(set(family)), "maxclust")
    return {"gap": gap, "families_p": permutation_p(gap, null), "ari": adjusted_rand_score(family, cut)}


def _gap(distance: np.ndarray, family: np.ndarray) -> float:
    same = family[:, None] == family
    return distance[~same].mean() - distance[same & ~np.eye(len(family), dtype=bool)].mean()


def trees(
    codes: Mapping[str, pd.DataFrame], means: pd.DataFrame, families: Mapping[str, object], *,
    n_permutations: int = 999, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Compare class distances of several codes with those of mean signatures and with known families.

    ``codes``: mapping of str to DataFrame, (pcl, feature). ``means``: DataFrame, (pcl, gene); mean signature
    of each class. ``families``: class to family; empty for real data. Returns DataFrame: code, like_means
    (Spearman correlation with the class distances of mean signatures), gap, families_p and ari of
    :func:`family_agreement` (NaN without families). DataError if families have fewer than two classes each.
    """
    rows = []
    for name, table in codes.items():
        kept = [pcl for pcl in table.index if pcl in means.index]
        far, other = (pdist(one.loc[kept].to_numpy(float), "correlation") for one in (table, means))
        found = {"code": name, "like_means": spearmanr(far, other).statistic}
        if families:
            found |= family_agreement(table, families, n_permutations=n_permutations, seed=seed)
        rows.append(found)
    return pd.DataFrame(rows, columns=["code", "like_means", "gap", "families_p", "ari"])


def two_components(fitted_to: np.ndarray, *others: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Coordinates of every array (signature, 2) on two principal components of the first."""
    components = PCA(2, svd_solver="full").fit(fitted_to)
    sign = np.sign(components.components_[np.arange(2), np.abs(components.components_).argmax(axis=1)])
    places = [components.transform(one) * sign for one in (fitted_to, *others)]
    return places, components.explained_variance_ratio_


def sample_class(
    mu: np.ndarray, pcl: np.ndarray, name: str, nodes: np.ndarray, *, n: int, seed: int = 0
) -> np.ndarray:
    """Latent samples (sample, node) of one class."""
    rows = mu[np.asarray(pcl) == name][:, nodes]
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal((n, mu.shape[1]))
    samples[:, nodes] = rows.mean(axis=0) + rows.std(axis=0) * rng.standard_normal((n, len(nodes)))
    return samples
