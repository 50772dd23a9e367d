"""The negative control of the simulation: classes that share nothing, asked against each other."""

from __future__ import annotations

import numpy as np

from reread.core import validate as check
from reread.lincs.data.tables import Signatures
from reread.lincs.methods import classification as classify

INERT = "inert"


def names(signatures: Signatures) -> tuple[str, ...]:
    """Classes that were planted without any effect of their own; none where nothing was planted."""
    truth = signatures.truth
    if truth is None:
        return ()
    return tuple(pcl for pcl, kind in zip(truth.pcls, truth.strength, strict=True) if kind == INERT)


def against_each_other(
    features: np.ndarray,
    signatures: Signatures,
    *,
    n_folds: int = 5,
    n_permutations: int = 199,
    seed: int = 0,
) -> dict[str, float]:
    """Ask a classifier to tell inert classes apart in drugs it has not seen, and nothing else.

    Among classes that do something, a class that does nothing is known by just that, and its recall lies
    above one over the number of classes. Two of them differ in name only: their drugs can change places.

    Parameters
    ----------
    features : float array, (signature, feature)
    signatures : Signatures
        What the rows are of; each is of a drug that has a class.
    n_folds, n_permutations, seed : int
        As in :func:`reread.lincs.methods.classification.null_of_folds`.

    Returns
    -------
    dict of str to float
        ``accuracy``, ``null_mean`` and ``p``, which is uniform when nothing leaks; empty where fewer than two
        inert classes were planted.

    Raises
    ------
    DataError
        If sizes do not fit.
    """
    check.axes(features, "features", signature=len(signatures), feature=None)
    meta, planted = signatures.meta, names(signatures)
    if len(planted) < 2:
        return {}
    rows = meta["pcl"].isin(planted).to_numpy()
    pcl, drug = (meta.loc[rows, name].to_numpy(str) for name in ("pcl", "pert_name"))
    fold = classify.folds(pcl, drug, n_folds=n_folds, seed=seed)
    null = classify.null_of_folds(
        features[rows], pcl, drug, fold, n_permutations=n_permutations, seed=seed
    ).set_index("pcl")
    return {name: float(null.loc["all", name]) for name in ("accuracy", "null_mean", "p")}
