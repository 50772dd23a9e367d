"""Baselines beside the network: logistic regression, nearest centroid, LightGBM with TreeSHAP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax

from reread.core import validate
from reread.core.errors import DataError, need
from reread.maize.data.image import Scaler, log_plus_one

PENALTY = 1.0  # scikit-learn's default; nothing was tuned
N_ROUNDS = 60
# Small leaves and shallow trees, since a tissue may have two samples; a third of the genes a tree.
_TREES = {
    "objective": "multiclass", "learning_rate": 0.1, "num_leaves": 7, "max_depth": 3, "max_bin": 31,
    "min_data_in_leaf": 2, "min_data_in_bin": 1, "min_sum_hessian_in_leaf": 1e-3, "feature_fraction": 0.3,
    "num_threads": 1, "deterministic": True, "force_col_wise": True, "verbosity": -1,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Linear:
    """Linear classifier on scaled log2(x + 1): ``weight`` (tissue, gene) and ``intercept`` (tissue,).

    A tissue without training samples has weights of NaN and an intercept of minus infinity.
    """

    weight: np.ndarray
    intercept: np.ndarray
    scaler: Scaler

    def predict_proba(self, values: np.ndarray) -> np.ndarray:
        """Probability (sample, tissue) from FPKM (sample, gene)."""
        scaled = self.scaler.transform(log_plus_one(values))
        return softmax(scaled @ np.nan_to_num(self.weight).T + self.intercept, axis=1)


@dataclass(frozen=True, eq=False)
class Trees:
    """LightGBM booster, with the tissues (class,) that have training samples."""

    booster: Any
    trained: np.ndarray
    n_tissues: int

    def predict_proba(self, values: np.ndarray) -> np.ndarray:
        """Probability (sample, tissue) from FPKM (sample, gene); 0 for a tissue without training samples."""
        probability = np.zeros((len(values), self.n_tissues))
        probability[:, self.trained] = self.booster.predict(log_plus_one(values), num_threads=1)
        return probability


def logistic_regression(values: np.ndarray, tissue: np.ndarray, n_tissues: int, seed: int = 0) -> Linear:
    """Multinomial logistic regression with an L2 penalty (scikit-learn, ``C=1``), without random numbers."""
    from sklearn.linear_model import LogisticRegression

    trained, label = _trained(tissue)
    scaler = Scaler.fit(log_plus_one(values))
    scaled = scaler.transform(log_plus_one(values)).astype(float)
    left, size, right = np.linalg.svd(scaled, full_matrices=False)
    model = LogisticRegression(C=PENALTY, max_iter=2000, tol=1e-6).fit(left * size, label)
    weight, intercept = model.coef_ @ right, model.intercept_
    if len(trained) == 2:  # scikit-learn gives one row for two classes
        weight, intercept = np.vstack([-weight, weight]) / 2, np.hstack([-intercept, intercept]) / 2
    return _among_all(weight, intercept, trained, n_tissues, scaler)


def nearest_centroid(values: np.ndarray, tissue: np.ndarray, n_tissues: int, seed: int = 0) -> Linear:
    """Assign the tissue whose mean training sample is nearest, on scaled log2(x + 1)."""
    trained, label = _trained(tissue)
    scaler = Scaler.fit(log_plus_one(values))
    scaled = scaler.transform(log_plus_one(values)).astype(float)
    centre = np.stack([scaled[label == k].mean(axis=0) for k in range(len(trained))])
    n_genes = values.shape[1]
    intercept = -(centre**2).sum(axis=1) / (2 * n_genes)
    return _among_all(centre / n_genes, intercept, trained, n_tissues, scaler)


def boosted_trees(values: np.ndarray, tissue: np.ndarray, n_tissues: int, seed: int = 0) -> Trees:
    """LightGBM (Ke et al. 2017) on log2(x + 1); settings are fixed, not tuned."""
    lgb = need("lightgbm", "maize")
    trained, label = _trained(tissue)
    settings = {**_TREES, "num_class": len(trained), "seed": seed}
    booster = lgb.train(settings, lgb.Dataset(log_plus_one(values), label, params=settings), N_ROUNDS)
    return Trees(booster, trained, n_tissues)


def tree_shap(trees: Trees, values: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Attribution (sample, gene) of the log-odds of one class of each sample, and its residual (sample,)."""
    validate.axes(classes, "classes", sample=len(values))
    log = log_plus_one(values)
    whole = np.asarray(trees.booster.predict(log, pred_contrib=True, num_threads=1))
    whole = whole.reshape(len(values), len(trees.trained), -1)  # each class ends with its base value
    place, rows = np.searchsorted(trees.trained, classes), np.arange(len(values))
    raw = trees.booster.predict(log, raw_score=True, num_threads=1)
    of_class = whole[rows, place]
    return of_class[:, :-1], of_class.sum(axis=1) - raw[rows, place]


def _trained(tissue: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    trained, label = np.unique(tissue, return_inverse=True)
    if len(trained) < 2:
        found = f"At least two tissues need training samples, but only {len(trained)} has any"
        raise DataError(f"{found}.\nUse another seed or a larger training share.")
    return trained, label


def _among_all(weight, intercept, trained, n_tissues: int, scaler: Scaler) -> Linear:
    """Put the rows of the trained tissues at their places among all."""
    whole = np.full((n_tissues, weight.shape[1]), np.nan)
    offset = np.full(n_tissues, -np.inf)
    whole[trained], offset[trained] = weight, intercept
    return Linear(whole, offset, scaler)


# (values, tissue, n_tissues, seed) to a fitted model with ``predict_proba(values)``
Fit = Callable[[np.ndarray, np.ndarray, int, int], Any]
MODELS: dict[str, Fit] = {
    "logistic regression": logistic_regression,
    "LightGBM": boosted_trees,
    "nearest centroid": nearest_centroid,
}
