"""Regress one gene on all TFs with tree ensembles, and return the importance of each TF."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reread.core.errors import need

# (TF expression (cell, tf), standardised target (cell,), seed) -> importance (tf,)
Engine = Callable[[np.ndarray, np.ndarray, int], np.ndarray]

LIGHTGBM_ROUNDS = 50
_LIGHTGBM = {
    "objective": "l2", "verbosity": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True,
    "max_bin": 63, "num_leaves": 31, "learning_rate": 0.05, "min_data_in_leaf": 5, "extra_trees": True,
    "feature_fraction_bynode": 0.15, "bagging_fraction": 0.7, "bagging_freq": 1,
}  # fmt: skip
# arboreto's SGBM_KWARGS and EARLY_STOP_WINDOW_LENGTH
GRNBOOST2_SETTINGS = {"learning_rate": 0.01, "n_estimators": 5000, "max_features": 0.1, "subsample": 0.9}
GRNBOOST2_WINDOW = 25


def random_forest(regulators: np.ndarray, target: np.ndarray, seed: int, *, n_trees: int) -> np.ndarray:
    """GENIE3: variance explained by each TF in fully grown trees, sqrt(TFs) candidates at each split."""
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(n_trees, max_features="sqrt", random_state=seed, n_jobs=1)
    trees = forest.fit(regulators, target).estimators_
    return np.mean([t.tree_.compute_feature_importances(normalize=False) for t in trees], axis=0)


def stochastic_boosting(regulators: np.ndarray, target: np.ndarray, seed: int) -> np.ndarray:
    """GRNBoost2: gradient boosting until the out-of-bag gain of 25 rounds is negative on average."""
    from sklearn.ensemble import GradientBoostingRegressor

    model = GradientBoostingRegressor(**GRNBOOST2_SETTINGS, random_state=seed)
    model.fit(regulators, target, monitor=_no_gain_out_of_bag)
    return model.feature_importances_ * len(model.estimators_)


def _no_gain_out_of_bag(current_round: int, model, _) -> bool:
    if current_round < GRNBOOST2_WINDOW - 1:
        return False
    start = max(0, current_round - GRNBOOST2_WINDOW + 1)
    return bool(np.mean(model.oob_improvement_[start : current_round + 1]) < 0)


def lightgbm(regulators: np.ndarray, target: np.ndarray, seed: int) -> np.ndarray:
    """Gain of each TF in 50 boosting rounds with random thresholds, as a share of the target's variance."""
    lgb = need("lightgbm", "networks")
    settings = {**_LIGHTGBM, "seed": seed}
    booster = lgb.train(settings, lgb.Dataset(regulators, target, params=settings), LIGHTGBM_ROUNDS)
    return booster.feature_importance("gain") / len(target)


def explain_target(values: np.ndarray, tfs: np.ndarray, gene: int, seed: int, engine: Engine) -> np.ndarray:
    """Importance (tf,) of each TF for one gene; 0 for the gene itself, and for a gene that never varies."""
    weights = np.zeros(len(tfs))
    others = tfs != gene
    target = values[:, gene].astype(np.float64)
    spread = target.std()
    if spread > 1e-9 and others.any():
        weights[others] = engine(values[:, tfs[others]], (target - target.mean()) / spread, seed)
    return weights


def explain_targets(values: np.ndarray, tfs: np.ndarray, seeds: list[int], *, engine: Engine) -> np.ndarray:
    """Importance (tf, gene) of each TF for each gene, with a progress bar on a terminal."""
    from tqdm import tqdm

    genes = tqdm(range(len(seeds)), desc="targets", unit="gene", disable=None)
    return np.stack([explain_target(values, tfs, gene, seeds[gene], engine) for gene in genes], axis=1)
