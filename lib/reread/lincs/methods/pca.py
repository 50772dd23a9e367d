"""Baselines of reconstruction: class means and principal components; and the errors that all methods get."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from reread.core import validate
from reread.core.errors import DataError, ParameterError


def pca_rebuild(train: np.ndarray, values: np.ndarray, ks: Sequence[int]) -> dict[int, np.ndarray]:
    """Reconstruct ``values`` (signature, gene) from the first k principal components of ``train``."""
    validate.axes(train, "train", signature=None, gene=None)
    most = min(len(train) - 1, train.shape[1])
    if not all(1 <= k <= most for k in ks):
        raise ParameterError(f"k must be 1 to {most} for {len(train)} signatures, but is {list(ks)}.")
    solver = "covariance_eigh" if len(train) >= train.shape[1] else "full"
    fitted = PCA(max(ks), svd_solver=solver).fit(np.asarray(train, dtype=np.float64))
    scores = fitted.transform(np.asarray(values, dtype=np.float64))
    return {k: scores[:, :k] @ fitted.components_[:k] + fitted.mean_ for k in ks}


def class_means(values: np.ndarray, label: np.ndarray, n_classes: int) -> np.ndarray:
    """Mean profile (class, gene) of each class."""
    validate.axes(values, "values", signature=len(label), gene=None)
    count = np.bincount(label, minlength=n_classes)
    if (count == 0).any():
        raise DataError(f"Class {int(np.argmin(count))} of {n_classes} has no signature to average.")
    one_hot = np.arange(n_classes)[:, None] == np.asarray(label)
    return one_hot @ np.asarray(values, dtype=np.float64) / count[:, None]


def mse(values: np.ndarray, rebuilt: np.ndarray) -> float:
    """Mean squared error over signatures and genes, squared z-scores."""
    return float(np.square(np.asarray(values, dtype=np.float64) - rebuilt).mean())


def r2(values: np.ndarray, rebuilt: np.ndarray, centre: np.ndarray) -> float:
    """Share of the squared distance from the training mean ``centre`` (gene,) that is explained."""
    return 1 - mse(values, rebuilt) / mse(values, np.broadcast_to(centre, np.shape(values)))


def r2_by_drug(
    values: np.ndarray, rebuilt: np.ndarray, names: Sequence[str], centre: np.ndarray
) -> pd.DataFrame:
    """R2 of each perturbation: name, n (signatures), r2, in order of appearance."""
    names = np.asarray(names)
    validate.axes(names, "names", signature=len(values))
    code, known = pd.factorize(names)
    values = np.asarray(values, dtype=np.float64)
    n, errors = np.bincount(code), [np.square(values - one).mean(axis=1) for one in (rebuilt, centre)]
    lost, spread = (np.bincount(code, error) / n for error in errors)
    return pd.DataFrame({"name": known, "n": n, "r2": 1 - lost / spread})
