"""Supervised baselines: logistic regression and LightGBM on expression features of the two genes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from reread.core.errors import need
from reread.networks.data.features import gene_features, pair_features

if TYPE_CHECKING:
    from reread.networks.data.tables import Expression, Pairs

N_COMPONENTS = 32
N_ROUNDS = 100
DECIMALS = 8  # scores that are equal in exact arithmetic must tie on every processor
_LIGHTGBM = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 20, "max_bin": 63,
    "feature_fraction": 0.3, "bagging_fraction": 0.8, "bagging_freq": 1,
    "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbosity": -1,
}  # fmt: skip


@dataclass(frozen=True)
class GeneFeatures:
    """Pearson correlations (gene, gene) and principal components (gene, component) of all genes."""

    correlation: np.ndarray
    components: np.ndarray


def prepare(expression: Expression) -> GeneFeatures:
    """Compute the features of all genes, once for all folds."""
    n_components = min(N_COMPONENTS, *expression.values.shape)
    components = gene_features(expression.values, kind="pca", n_components=n_components)
    return GeneFeatures(gene_features(expression.values, kind="pearson"), components)


def correlation_rows(features: GeneFeatures, tf: np.ndarray, gene: np.ndarray) -> np.ndarray:
    """Correlation row of the TF beside that of the gene, DeepTGI's input: (pair, 2 x gene)."""
    return pair_features(features.correlation, tf, gene)


def components(features: GeneFeatures, tf: np.ndarray, gene: np.ndarray) -> np.ndarray:
    """Components of TF and gene, their product, and the correlation: (pair, 3 x component + 1)."""
    product = features.components[tf] * features.components[gene]
    beside = pair_features(features.components, tf, gene)
    return np.hstack([beside, product, features.correlation[tf, gene][:, None]])


def lightgbm(x: np.ndarray, label: np.ndarray, x_test: np.ndarray, seed: int) -> np.ndarray:
    """Probability (test pair,) by boosted trees trained on ``x`` (pair, feature) and ``label`` (pair,)."""
    lgb = need("lightgbm", "networks")
    settings = {**_LIGHTGBM, "seed": seed}
    data = lgb.Dataset(x, label, params=settings, free_raw_data=True)
    return np.round(lgb.train(settings, data, N_ROUNDS).predict(x_test, num_threads=1), DECIMALS)


def logistic_regression(x: np.ndarray, label: np.ndarray, x_test: np.ndarray, seed: int) -> np.ndarray:
    """Log odds by ridge logistic regression (C = 0.01) on standardised features; axes as in ``lightgbm``."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    logistic = LogisticRegression(C=0.01, max_iter=1000, solver="newton-cholesky", tol=1e-10)
    model = make_pipeline(StandardScaler(), logistic).fit(x.astype(np.float64), label)
    return np.round(model.decision_function(x_test.astype(np.float64)), DECIMALS)


def score_pairs(
    prepared: GeneFeatures, pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int, *, features, fit
) -> np.ndarray:
    """Fit on the training rows of ``pairs`` and score its test rows, (test pair,)."""
    x, x_test = (features(prepared, pairs.tf[rows], pairs.gene[rows]) for rows in (train, test))
    return fit(x, pairs.label[train], x_test, seed)


Score = Callable[[GeneFeatures, "Pairs", np.ndarray, np.ndarray, int], np.ndarray]
METHODS: dict[str, Score] = {
    "correlation-rows-logistic": partial(score_pairs, features=correlation_rows, fit=logistic_regression),
    "components-logistic": partial(score_pairs, features=components, fit=logistic_regression),
    "correlation-rows-lightgbm": partial(score_pairs, features=correlation_rows, fit=lightgbm),
    "components-lightgbm": partial(score_pairs, features=components, fit=lightgbm),
}
