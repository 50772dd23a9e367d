"""The simple models that a network has to beat: logistic regression, nearest centroid, and their list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from reread.core.errors import DataError
from reread.maize.data.transform import Scaler, log_plus_one
from reread.maize.models import trees

PENALTY = 1.0  # scikit-learn's own; nothing was tuned


@dataclass(frozen=True, eq=False)
class Linear:
    """A rule that adds up scaled genes and names the largest sum.

    Attributes
    ----------
    weight : float array, (tissue, gene)
        Of log2(x + 1), scaled as in training. NaN for a tissue that was not taught.
    intercept : float array, (tissue,)
        Minus infinity for a tissue that was not taught.
    scaler : Scaler
    """

    weight: np.ndarray
    intercept: np.ndarray
    scaler: Scaler

    def predict_proba(self, values: np.ndarray) -> np.ndarray:
        """Probability (sample, tissue) from FPKM (sample, gene)."""
        scaled = self.scaler.transform(log_plus_one(values))
        return softmax(scaled @ np.nan_to_num(self.weight).T + self.intercept, axis=1)


def logistic_regression(values: np.ndarray, tissue: np.ndarray, n_tissues: int, seed: int = 0) -> Linear:
    """Multinomial logistic regression with an L2 penalty, on scaled log2(x + 1).

    Parameters
    ----------
    values : float array, (sample, gene)
        FPKM or TPM.
    tissue : int array, (sample,)
    n_tissues : int
        Classes, also those without a sample here.
    seed : int
        Nothing is drawn; taken so that every model is called alike.

    Returns
    -------
    Linear

    Raises
    ------
    DataError
        If fewer than two tissues have samples.

    Notes
    -----
    Source: scikit-learn, ``C=1``. With fewer samples than genes the answer lies in the span of the samples.
    It is found in their coordinates (an SVD) and turned back: the same weights for a tenth of the time.
    """
    taught, label = _taught(tissue)
    scaler = Scaler.fit(log_plus_one(values))
    scaled = scaler.transform(log_plus_one(values)).astype(float)
    left, size, right = np.linalg.svd(scaled, full_matrices=False)
    model = LogisticRegression(C=PENALTY, max_iter=2000, tol=1e-6).fit(left * size, label)
    weight, intercept = model.coef_ @ right, model.intercept_
    if len(taught) == 2:  # scikit-learn gives one row for two classes
        weight, intercept = np.vstack([-weight, weight]) / 2, np.hstack([-intercept, intercept]) / 2
    return _spread(weight, intercept, taught, n_tissues, scaler)


def nearest_centroid(values: np.ndarray, tissue: np.ndarray, n_tissues: int, seed: int = 0) -> Linear:
    """Name the tissue whose mean training sample is nearest, on scaled log2(x + 1); as the other models.

    Squared distances over the number of genes stand for minus twice the log-odds: the same tissue is named.
    """
    taught, label = _taught(tissue)
    scaler = Scaler.fit(log_plus_one(values))
    scaled = scaler.transform(log_plus_one(values)).astype(float)
    centre = np.stack([scaled[label == k].mean(axis=0) for k in range(len(taught))])
    n_genes = values.shape[1]
    return _spread(centre / n_genes, -(centre**2).sum(axis=1) / (2 * n_genes), taught, n_tissues, scaler)


def _taught(tissue: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    taught, label = np.unique(tissue, return_inverse=True)
    if len(taught) < 2:
        raise DataError(f"A model tells tissues apart, but {len(taught)} has training samples. Split anew.")
    return taught, label


def _spread(weight, intercept, taught, n_tissues: int, scaler: Scaler) -> Linear:
    """Put the rows of the taught tissues at their places among all."""
    whole = np.full((n_tissues, weight.shape[1]), np.nan)
    offset = np.full(n_tissues, -np.inf)
    whole[taught], offset[taught] = weight, intercept
    return Linear(whole, offset, scaler)


# (values, tissue, n_tissues, seed) -> a fitted model with ``predict_proba(values)``
Fit = Callable[[np.ndarray, np.ndarray, int, int], object]
MODELS: dict[str, Fit] = {
    "logistic regression": logistic_regression,
    "LightGBM": trees.fit,
    "nearest centroid": nearest_centroid,
}
