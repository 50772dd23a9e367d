"""What a deep model has to beat: nothing, a mean, the mean of a class, principal components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reread.core import validate as check
from reread.core.errors import DataError, ParameterError


@dataclass(frozen=True, eq=False)
class Components:
    """Principal components: ``centre`` (gene,) and orthonormal ``axes`` (component, gene), largest first."""

    centre: np.ndarray
    axes: np.ndarray

    def first(self, k: int) -> Components:
        """Return the same with the first ``k`` components alone."""
        return Components(self.centre, self.axes[:k])

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Scores (signature, component) of values (signature, gene)."""
        return (np.asarray(values, dtype=np.float64) - self.centre) @ self.axes.T

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Values (signature, gene) of scores (signature, component)."""
        return np.asarray(z, dtype=np.float64) @ self.axes + self.centre

    def rebuild(self, values: np.ndarray) -> np.ndarray:
        """Values (signature, gene) as seen through the components."""
        return self.decode(self.encode(values))


def pca_fit(train: np.ndarray, k: int) -> Components:
    """Find the ``k`` directions of greatest variance, exactly.

    Parameters
    ----------
    train : float array, (signature, gene)
        Signatures to learn from.
    k : int
        Components; at most signatures minus one, and genes.

    Raises
    ------
    ParameterError
        If there are not that many.

    Notes
    -----
    Eigenvectors of the smaller of the two Gram matrices. Signs are fixed: the largest weight of a component
    is positive.
    """
    check.axes(train, "train", signature=None, gene=None)
    most = min(len(train) - 1, train.shape[1])
    if not 1 <= k <= most:
        raise ParameterError(f"k must be 1 to {most} for {len(train)} signatures, but came as {k}.")
    centre = np.mean(train, axis=0, dtype=np.float64)
    x = np.asarray(train, dtype=np.float64) - centre
    if x.shape[0] >= x.shape[1]:
        axes = np.linalg.eigh(x.T @ x)[1][:, ::-1][:, :k].T
    else:
        axes = (x.T @ np.linalg.eigh(x @ x.T)[1][:, ::-1][:, :k]).T
        axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    largest = axes[np.arange(k), np.abs(axes).argmax(axis=1)]
    return Components(centre, axes * np.sign(largest)[:, None])


def class_means(values: np.ndarray, label: np.ndarray, n_classes: int) -> np.ndarray:
    """Mean profile of each class, (class, gene): nothing given a label alone has a smaller squared error.

    Raises
    ------
    DataError
        If a class has no signature.
    """
    check.axes(values, "values", signature=len(label), gene=None)
    count = np.bincount(label, minlength=n_classes)
    if (count == 0).any():
        raise DataError(f"Class {int(np.argmin(count))} of {n_classes} has no signature to average.")
    one_hot = np.arange(n_classes)[:, None] == np.asarray(label)
    return one_hot @ np.asarray(values, dtype=np.float64) / count[:, None]


def mse(values: np.ndarray, rebuilt: np.ndarray) -> float:
    """Mean squared error over signatures and genes, squared z-scores."""
    return float(np.square(np.asarray(values, dtype=np.float64) - rebuilt).mean())


def r2(values: np.ndarray, rebuilt: np.ndarray, centre: np.ndarray) -> float:
    """Share of the squared distance from ``centre`` (gene,), the *training* mean, that is explained.

    0 is what the training mean gets, so that a model below 0 is worse than no model.
    """
    return 1 - mse(values, rebuilt) / mse(values, np.broadcast_to(centre, np.shape(values)))


def r2_by_drug(
    values: np.ndarray, rebuilt: np.ndarray, names: Sequence[str], centre: np.ndarray
) -> pd.DataFrame:
    """R2 of each perturbation by itself: columns name, n (signatures) and r2, in the order of names."""
    names = np.asarray(names)
    check.axes(names, "names", signature=len(values))
    rows = []
    for name in pd.unique(names):
        own = names == name
        rows.append({"name": name, "n": int(own.sum()), "r2": r2(values[own], rebuilt[own], centre)})
    return pd.DataFrame(rows)
