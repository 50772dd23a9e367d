"""Predict labels from gene names, without expression: the baselines that every model has to exceed.

All functions are called alike: ``method(pairs, train, test, seed) -> score (test,)``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.special import logit

from reread.core.errors import need
from reread.core.metrics import auroc, average_precision
from reread.networks.data.tables import LabelSplit, Pairs

PUBLISHED = "published-predictions"
N_CODES = 32
PRIOR_PAIRS = 1.0  # pairs of average prevalence added to each gene, so that one pair gives no rate of 0 or 1
# Scores that are equal in exact arithmetic must tie on every processor.
DECIMALS = 8


def tf_rate(pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """Share of positives among the training pairs of the TF, shrunk to the overall share."""
    return _rate(pairs.tf, pairs, train)[pairs.tf[test]]


def gene_rate(pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """Share of positives among the training pairs of the target, shrunk to the overall share."""
    return _rate(pairs.gene, pairs, train)[pairs.gene[test]]


def tf_and_gene_rate(pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """Sum of the log odds of both rates."""
    return np.round(logit(tf_rate(pairs, train, test)) + logit(gene_rate(pairs, train, test)), DECIMALS)


def degree(pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """(1 + training targets of the TF) x (1 + training TFs of the target), an exact integer."""
    known = train[pairs.label[train] == 1]
    n_genes = len(pairs.genes)
    targets, tfs = (np.bincount(side[known], minlength=n_genes) for side in (pairs.tf, pairs.gene))
    return ((1 + targets[pairs.tf[test]]) * (1 + tfs[pairs.gene[test]])).astype(float)


def one_hot_logistic(pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """Logistic regression (C = 1) on one-hot TF and one-hot target; pairs of two unseen names score alike."""
    from sklearn.linear_model import LogisticRegression

    names = _one_hot(pairs)
    # Newton steps to full convergence: early stopping leaves digits that differ between processors
    model = LogisticRegression(C=1.0, max_iter=1000, solver="newton-cholesky", tol=1e-10)
    model.fit(names[train], pairs.label[train])
    return np.round(model.decision_function(names[test]), DECIMALS)


def random_codes_lightgbm(pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """LightGBM on 32 random numbers for each gene; ``seed`` samples them."""
    lightgbm = need("lightgbm", "networks")
    codes = np.random.default_rng(seed).standard_normal((len(pairs.genes), N_CODES)).astype(np.float32)
    beside = np.hstack([codes[pairs.tf], codes[pairs.gene]])
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": seed, "deterministic": True}
    settings |= {"learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 20, "feature_fraction": 0.3}
    data = lightgbm.Dataset(beside[train], pairs.label[train])
    booster = lightgbm.train(settings, data, 200)
    return np.round(booster.predict(beside[test], raw_score=True), DECIMALS)


Score = Callable[[Pairs, np.ndarray, np.ndarray, int], np.ndarray]
METHODS: dict[str, Score] = {
    "tf-rate": tf_rate,
    "gene-rate": gene_rate,
    "tf-and-gene-rate": tf_and_gene_rate,
    "degree": degree,
    "one-hot-logistic": one_hot_logistic,
    "random-codes-lightgbm": random_codes_lightgbm,
}


def _rate(side: np.ndarray, pairs: Pairs, train: np.ndarray) -> np.ndarray:
    """Share of positives for each gene (gene,) as TF or as target."""
    n_genes = len(pairs.genes)
    seen = np.bincount(side[train], minlength=n_genes)
    positive = np.bincount(side[train], pairs.label[train], n_genes)
    return (positive + PRIOR_PAIRS * pairs.label[train].mean()) / (seen + PRIOR_PAIRS)


def _one_hot(pairs: Pairs):
    """Sparse matrix (pair, 2 x gene)."""
    from scipy.sparse import csr_matrix

    n_pairs, n_genes = len(pairs), len(pairs.genes)
    columns = np.stack([pairs.tf, pairs.gene + n_genes], axis=1).ravel()
    return csr_matrix(
        (np.ones(2 * n_pairs), columns, np.arange(0, 2 * n_pairs + 1, 2)), (n_pairs, 2 * n_genes)
    )


def label_split_table(split: LabelSplit) -> pd.DataFrame:
    """Score the test labels of a published split by gene names, beside the published predictions.

    Columns: method, auroc, auprc, auprc_ratio.
    """
    pairs, train, test = split.joined()
    scores = {name: score(pairs, train, test, 0) for name, score in METHODS.items()}
    if split.published_scores is not None:
        scores[PUBLISHED] = split.published_scores
    label = pairs.label[test]
    rows = [(name, auroc(label, score), average_precision(label, score)) for name, score in scores.items()]
    table = pd.DataFrame(rows, columns=["method", "auroc", "auprc"])
    return table.assign(auprc_ratio=table["auprc"] / label.mean())


def published_over_baseline(by_names: pd.DataFrame) -> dict[str, float]:
    """AUROC of the published predictions minus that of the best gene-name baseline; empty without them."""
    by_method = by_names.set_index("method")["auroc"]
    if PUBLISHED not in by_method:
        return {}
    return {"published_over_baseline": float(by_method[PUBLISHED] - by_method.drop(PUBLISHED).max())}
