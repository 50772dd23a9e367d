"""Explain one gene by the TFs with trees: the engines behind GENIE3 and GRNBoost2."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from joblib import Parallel, delayed
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from tqdm import tqdm

from reread.core.errors import need

# (TF expression (cell, tf), scaled target (cell,), seed) -> importance (tf,)
Engine = Callable[[np.ndarray, np.ndarray, int], np.ndarray]

N_TREES = 100
BOOSTING_ROUNDS = 50
_QUIET = {"objective": "l2", "verbosity": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True}
# Random thresholds, as in extra trees: measured better on both lineages than best thresholds, and faster.
_ON_63_BINS = {
    "max_bin": 63, "num_leaves": 31, "learning_rate": 0.05, "min_data_in_leaf": 5, "extra_trees": True,
    "feature_fraction_bynode": 0.15, "bagging_fraction": 0.7, "bagging_freq": 1,
}  # fmt: skip
_GRNBOOST2 = {
    "max_bin": 63, "num_leaves": 8, "max_depth": 3, "learning_rate": 0.01, "min_data_in_leaf": 5,
    "feature_fraction_bynode": 0.1, "bagging_fraction": 0.9, "bagging_freq": 1,
    "metric": "l2", "early_stopping_round": 25,
}  # fmt: skip


def forest(
    regulators: np.ndarray, target: np.ndarray, seed: int, *, kind=ExtraTreesRegressor, n_trees=N_TREES
):
    """Variance explained by each TF in a forest of fully grown trees, mean over trees."""
    trees = kind(n_trees, max_features="sqrt", random_state=seed, n_jobs=1).fit(regulators, target)
    return np.mean([t.tree_.compute_feature_importances(normalize=False) for t in trees.estimators_], axis=0)


def random_forest(regulators: np.ndarray, target: np.ndarray, seed: int, *, n_trees: int = N_TREES):
    """As ``forest``, with bootstrapped cells and best splits, as GENIE3 was published."""
    return forest(regulators, target, seed, kind=RandomForestRegressor, n_trees=n_trees)


def lightgbm(regulators: np.ndarray, target: np.ndarray, seed: int) -> np.ndarray:
    """Gain of each TF in a fixed number of boosting rounds on 63 bins, a share of the target's variance."""
    booster = _boost(regulators, target, {**_ON_63_BINS, "seed": seed}, BOOSTING_ROUNDS)
    return booster.feature_importance("gain") / len(target)


def boosting(regulators: np.ndarray, target: np.ndarray, seed: int) -> np.ndarray:
    """Gain of each TF in slow boosting, stopped 25 rounds after the last gain on held-out cells."""
    held_out = np.random.default_rng(seed).permutation(len(target)) < len(target) // 10
    booster = _boost(regulators, target, {**_GRNBOOST2, "seed": seed}, 5000, held_out=held_out)
    return booster.feature_importance("gain", iteration=booster.best_iteration) / len(target)


def _boost(regulators, target, settings, n_rounds, held_out=None):
    lgb = need("lightgbm", "networks")
    settings = {**_QUIET, **settings}
    if held_out is None:
        return lgb.train(settings, lgb.Dataset(regulators, target, params=settings), n_rounds)
    train = lgb.Dataset(regulators[~held_out], target[~held_out], params=settings)
    valid = lgb.Dataset(regulators[held_out], target[held_out], reference=train, params=settings)
    return lgb.train(settings, train, n_rounds, valid_sets=[valid])


ENGINES: dict[str, Engine] = {
    "extra trees": forest,
    "random forest": random_forest,
    "lightgbm": lightgbm,
    "boosting": boosting,
}


def explain_target(values: np.ndarray, tfs: np.ndarray, gene: int, seed: int, engine: str) -> np.ndarray:
    """Importance of each TF for one gene, 0 for the gene itself.

    Parameters
    ----------
    values : float32 array, (cell, gene)
    tfs : int array, (tf,)
        Gene indices of the regulators.
    gene : int
        The target. One that never varies gets weights of 0.
    seed : int
    engine : str
        A key of ``ENGINES``.

    Returns
    -------
    float array, (tf,)
    """
    weights = np.zeros(len(tfs))
    others = tfs != gene
    target = values[:, gene].astype(np.float64)
    spread = target.std()
    if spread > 1e-9 and others.any():
        weights[others] = ENGINES[engine](values[:, tfs[others]], (target - target.mean()) / spread, seed)
    return weights


def explain_targets(
    values: np.ndarray, tfs: np.ndarray, seeds: list[int], *, engine: str, n_jobs: int
) -> np.ndarray:
    """Importance of each TF for each gene, ``n_jobs`` targets at once, with a progress bar on a terminal.

    Parameters
    ----------
    values : float32 array, (cell, gene)
    tfs : int array, (tf,)
    seeds : list of int, (gene,)
    engine : str
    n_jobs : int

    Returns
    -------
    float array, (tf, gene)
    """
    jobs = (delayed(explain_target)(values, tfs, gene, seed, engine) for gene, seed in enumerate(seeds))
    columns = Parallel(n_jobs=n_jobs, return_as="generator")(jobs)
    return np.stack(list(tqdm(columns, total=len(seeds), desc=engine, unit="gene", disable=None)), axis=1)
