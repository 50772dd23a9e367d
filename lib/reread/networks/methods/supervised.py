"""Learn from expression which pairs are regulations, without a deep model: the peers a deep model must beat.

What is costly is computed once for each gene (``prepare``); a pair only indexes into it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from reread.core.errors import need
from reread.networks.data.features import gene_features, pair_features

if TYPE_CHECKING:
    from reread.networks.data.tables import Expression, Pairs

N_COMPONENTS = 32
N_ROUNDS = 100
_LIGHTGBM = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 20, "max_bin": 63,
    "feature_fraction": 0.3, "bagging_fraction": 0.8, "bagging_freq": 1,
    "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbosity": -1,
}  # fmt: skip


@dataclass(frozen=True)
class Prepared:
    """What each gene looks like, computed once.

    Attributes
    ----------
    correlation : float32 array, (gene, gene)
        Pearson correlation over cells.
    components : float32 array, (gene, component)
        The gene's place in the principal components of the cells.
    """

    correlation: np.ndarray
    components: np.ndarray


def prepare(expression: Expression) -> Prepared:
    """Compute correlation rows and principal components of all genes; see ``Prepared`` for the axes."""
    n_components = min(N_COMPONENTS, *expression.values.shape)
    components = gene_features(expression.values, kind="pca", n_components=n_components)
    return Prepared(gene_features(expression.values, kind="pearson"), components)


def correlation_rows(prepared: Prepared, tf: np.ndarray, gene: np.ndarray) -> np.ndarray:
    """The TF's correlation row beside the gene's, the published model's input: (pair, 2 x gene)."""
    return pair_features(prepared.correlation, tf, gene)


def components(prepared: Prepared, tf: np.ndarray, gene: np.ndarray) -> np.ndarray:
    """Principal components of TF and gene, their product, and the correlation: (pair, 3 x component + 1)."""
    beside, product = (pair_features(prepared.components, tf, gene, kind) for kind in ("concat", "product"))
    return np.hstack([beside, product, prepared.correlation[tf, gene][:, None]])


def lightgbm(x: np.ndarray, label: np.ndarray, x_test: np.ndarray, seed: int) -> np.ndarray:
    """Probability of a regulation by boosted trees.

    Parameters
    ----------
    x : float array, (pair, feature)
    label : int array, (pair,)
    x_test : float array, (test pair, feature)
    seed : int

    Returns
    -------
    float array, (test pair,)
    """
    lgb = need("lightgbm", "networks")
    settings = {**_LIGHTGBM, "seed": seed}
    data = lgb.Dataset(x, label, params=settings, free_raw_data=True)
    return lgb.train(settings, data, N_ROUNDS).predict(x_test, num_threads=1)


def logistic_regression(x: np.ndarray, label: np.ndarray, x_test: np.ndarray, seed: int) -> np.ndarray:
    """Log-odds of a regulation by ridge logistic regression on scaled features; axes as in ``lightgbm``."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    return model.fit(x, label).decision_function(x_test)


def score(
    prepared: Prepared, pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int, *, features, learn
) -> np.ndarray:
    """Learn on the training rows and score the test rows.

    Parameters
    ----------
    prepared : Prepared
    pairs : Pairs
    train, test : int array, (train pair,) and (test pair,)
        Rows of ``pairs``.
    seed : int
    features : function
        ``(prepared, tf, gene) -> (pair, feature)``.
    learn : function
        ``(x, label, x_test, seed) -> (test pair,)``.

    Returns
    -------
    float array, (test pair,)
        Higher means more likely a regulation.
    """
    x, x_test = (features(prepared, pairs.tf[rows], pairs.gene[rows]) for rows in (train, test))
    return learn(x, pairs.label[train], x_test, seed)


Score = Callable[["Prepared", "Pairs", np.ndarray, np.ndarray, int], np.ndarray]
METHODS: dict[str, Score] = {
    "correlation rows, logistic": partial(score, features=correlation_rows, learn=logistic_regression),
    "components, logistic": partial(score, features=components, learn=logistic_regression),
    "correlation rows, LightGBM": partial(score, features=correlation_rows, learn=lightgbm),
    "components, LightGBM": partial(score, features=components, learn=lightgbm),
}
