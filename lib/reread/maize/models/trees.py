"""Boosted trees that name tissues, and what each gene adds to their answer (TreeSHAP)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reread.core import validate as check
from reread.core.errors import need
from reread.maize.data.transform import log_plus_one

N_ROUNDS = 60
# Small leaves and shallow trees, since a tissue may have two samples; a third of the genes a tree.
_SETTINGS = {
    "objective": "multiclass", "learning_rate": 0.1, "num_leaves": 7, "max_depth": 3, "max_bin": 31,
    "min_data_in_leaf": 2, "min_data_in_bin": 1, "min_sum_hessian_in_leaf": 1e-3, "feature_fraction": 0.3,
    "num_threads": 1, "deterministic": True, "force_col_wise": True, "verbosity": -1,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Trees:
    """Trained trees.

    Attributes
    ----------
    booster : lightgbm.Booster
        One tree a round for each tissue that was taught.
    taught : int array, (taught tissue,)
        The tissues that the classes of the booster are.
    n_tissues : int
    """

    booster: Any
    taught: np.ndarray
    n_tissues: int

    def predict_proba(self, values: np.ndarray) -> np.ndarray:
        """Probability (sample, tissue) from FPKM (sample, gene); 0 for a tissue that was not taught."""
        probability = np.zeros((len(values), self.n_tissues))
        probability[:, self.taught] = self.booster.predict(log_plus_one(values), num_threads=1)
        return probability


def fit(values: np.ndarray, tissue: np.ndarray, n_tissues: int, seed: int = 0) -> Trees:
    """Boost shallow trees on log2(x + 1).

    Parameters
    ----------
    values : float array, (sample, gene)
        FPKM or TPM.
    tissue : int array, (sample,)
    n_tissues : int
        Classes, also those without a sample here.
    seed : int
        Of the genes that each tree may look at.

    Returns
    -------
    Trees

    Notes
    -----
    Source: LightGBM (Ke et al. 2017). Settings are fixed, not tuned: LightGBM's own minimum of 20 samples a
    leaf would leave no tree at all on tissues of three samples.
    """
    lgb = need("lightgbm", "maize")
    taught, label = np.unique(tissue, return_inverse=True)
    settings = {**_SETTINGS, "num_class": len(taught), "seed": seed}
    booster = lgb.train(settings, lgb.Dataset(log_plus_one(values), label, params=settings), N_ROUNDS)
    return Trees(booster, taught, n_tissues)


def tree_shap(trees: Trees, values: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Attribute the log-odds of one class of each sample to genes.

    Parameters
    ----------
    trees : Trees
    values : float array, (sample, gene)
        FPKM or TPM.
    classes : int array, (sample,)
        A taught tissue of each sample; usually the predicted one.

    Returns
    -------
    attribution : float array, (sample, gene)
        In units of the raw score of the class.
    residual : float array, (sample,)
        Sum of the attribution and of its base value, less the raw score: zero but for rounding.

    Notes
    -----
    Source: TreeSHAP (Lundberg et al. 2020) as LightGBM computes it. ``shap.TreeExplainer`` parses all trees
    in Python first, which needs gigabytes for many classes and adds nothing.
    """
    check.axes(classes, "classes", sample=len(values))
    log, n_taught = log_plus_one(values), len(trees.taught)
    whole = trees.booster.predict(log, pred_contrib=True, num_threads=1)
    whole = np.asarray(whole).reshape(len(values), n_taught, -1)  # each class ends with its base value
    place, rows = np.searchsorted(trees.taught, classes), np.arange(len(values))
    raw = trees.booster.predict(log, raw_score=True, num_threads=1)
    of_class = whole[rows, place]
    return of_class[:, :-1], of_class.sum(axis=1) - raw[rows, place]
