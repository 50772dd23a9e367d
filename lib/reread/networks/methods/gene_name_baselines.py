"""Predict labels from the names of the genes alone: what any model has to beat.

No function here sees expression. All are called alike: ``score(pairs, train, test, seed) -> (test,)``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import logit

from reread.core.errors import need
from reread.networks.data.tables import Pairs

N_CODES = 32
PRIOR_PAIRS = 1.0  # pairs of average prevalence added to each name, so that a lone pair is not certainty


def tf_rate(pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """Share of positives among the training pairs of the TF, drawn to that of all by one pair.

    Parameters
    ----------
    pairs : Pairs
        Labels of ``test`` are not looked at.
    train, test : int array, (pair,)
        Rows.
    seed : int
        Not used: nothing is drawn.

    Returns
    -------
    float array, (test,)
        Higher means more likely positive.
    """
    return _rate(pairs.tf, pairs, train)[pairs.tf[test]]


def gene_rate(pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """Share of positives among the training pairs of the target; otherwise as :func:`tf_rate`."""
    return _rate(pairs.gene, pairs, train)[pairs.gene[test]]


def both_rates(pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """Sum of the log odds of :func:`tf_rate` and :func:`gene_rate`: a null of two numbers."""
    return logit(tf_rate(pairs, train, test)) + logit(gene_rate(pairs, train, test))


def degree(pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """How many targets the TF and how many TFs the target have in training; otherwise as :func:`tf_rate`.

    Catches what the rates miss: lists whose training negatives are balanced for each TF, but not the test
    negatives.
    """
    known = train[pairs.label[train] == 1]
    n_genes = len(pairs.genes)
    targets, tfs = (np.bincount(side[known], minlength=n_genes) for side in (pairs.tf, pairs.gene))
    return np.log1p(targets[pairs.tf[test]]) + np.log1p(tfs[pairs.gene[test]])


def one_hot_names(pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """Logistic regression on one-hot TF beside one-hot target, C = 1.

    Parameters, return value as :func:`tf_rate`; a name that training has not seen adds nothing, so that pairs
    of two unseen names all get the same score.
    """
    from sklearn.linear_model import LogisticRegression

    names = _one_hot(pairs)
    model = LogisticRegression(C=1.0, max_iter=1000).fit(names[train], pairs.label[train])
    return model.decision_function(names[test])


def random_codes(pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """LightGBM on random numbers that stand for the genes: 32 for the TF beside 32 for the target.

    Parameters
    ----------
    pairs, train, test
        As in :func:`tf_rate`.
    seed : int
        Draws the codes; they carry nothing but the identity of a gene.

    Returns
    -------
    float array, (test,)
        Log odds.

    Raises
    ------
    MissingExtra
        If lightgbm is not installed.
    """
    lightgbm = need("lightgbm", "networks")
    codes = np.random.default_rng(seed).standard_normal((len(pairs.genes), N_CODES)).astype(np.float32)
    beside = np.hstack([codes[pairs.tf], codes[pairs.gene]])
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": seed, "deterministic": True}
    settings |= {"learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 20, "feature_fraction": 0.3}
    data = lightgbm.Dataset(beside[train], pairs.label[train])
    return lightgbm.train(settings, data, 200).predict(beside[test], raw_score=True)


Score = Callable[[Pairs, np.ndarray, np.ndarray, int], np.ndarray]
METHODS: dict[str, Score] = {
    "TF rate": tf_rate,
    "gene rate": gene_rate,
    "TF and gene rate": both_rates,
    "degree": degree,
    "names, logistic": one_hot_names,
    "random codes, LightGBM": random_codes,
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
