"""Infer a network from expression alone: one weight for every TF and gene, without any label.

Genes are read in the order of their names and each target has a seed hashed from its name, so that the result
does not depend on the order of the genes in the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from reread.core.errors import ParameterError, did_you_mean, need
from reread.networks.data.features import gene_features, quantile_bins

if TYPE_CHECKING:
    from reread.networks.data.tables import Expression

N_TREES = 100
DECIMALS = 10  # weights that are equal in exact arithmetic must tie on every processor
_MEMORY = 16  # networks kept: one page asks for the same one several times
_memory: dict[str, np.ndarray] = {}
_LIGHTGBM_ROUNDS = 50
_LIGHTGBM = {
    "objective": "l2", "verbosity": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True,
    "max_bin": 63, "num_leaves": 31, "learning_rate": 0.05, "min_data_in_leaf": 5, "extra_trees": True,
    "feature_fraction_bynode": 0.15, "bagging_fraction": 0.7, "bagging_freq": 1,
}  # fmt: skip
# arboreto's SGBM_KWARGS and EARLY_STOP_WINDOW_LENGTH
_GRNBOOST2_SETTINGS = {"learning_rate": 0.01, "n_estimators": 5000, "max_features": 0.1, "subsample": 0.9}
_GRNBOOST2_WINDOW = 25

# (TF expression (cell, tf), standardised target (cell,), seed) -> importance (tf,); ``n_trees`` are of GENIE3
Engine = Callable[..., np.ndarray]
# (values (cell, gene), names (gene,), tfs (tf,), seed, n_trees) -> weights (tf, gene)
Method = Callable[[np.ndarray, np.ndarray, np.ndarray, int, int], np.ndarray]


def infer(
    method: str, expression: Expression, tfs: np.ndarray, *, seed: int = 0, n_trees: int = N_TREES
) -> np.ndarray:
    """Infer the weight (tf, gene) of every TF-gene pair; not negative, 0 for constant genes and self loops.

    ``tfs`` (tf,) are gene indices. Expression may have any unit, since tree methods standardise each target;
    ``seed`` is mixed with the name of each target, and ``n_trees`` are those of GENIE3 (published: 1,000). An
    unknown method raises ParameterError. Sources: GENIE3 (Huynh-Thu 2010), random forests with sqrt(TFs)
    candidates at each split; GRNBoost2 (Moerman 2019), with arboreto's settings.
    """
    if method not in METHODS:
        raise ParameterError(f"There is no inference method {method!r}. {did_you_mean(method, METHODS)}")
    run = partial(_in_name_order, METHODS[method], expression, np.asarray(tfs, dtype=int), seed, n_trees)
    return remembered(f"{method} {seed} {n_trees}", expression, tfs, run).copy()


def remembered(name: str, expression: Expression, tfs: np.ndarray, compute: Callable) -> np.ndarray:
    """Keep in memory what ``compute()`` gives for these cells and TFs under this name."""
    names = "\n".join((name, str(expression.values.shape), *expression.genes)).encode()
    key = hashlib.sha256(names + expression.values.tobytes() + np.asarray(tfs).tobytes()).hexdigest()
    if key not in _memory:
        while len(_memory) >= _MEMORY:
            _memory.pop(next(iter(_memory)))
        _memory[key] = compute()
    return _memory[key]


def infer_all(
    expression: Expression, tfs: np.ndarray, methods: Iterable[str], *, seed: int = 0, n_trees: int = N_TREES
) -> dict[str, np.ndarray]:
    """Weights (tf, gene) of each method, by its name; arguments as :func:`infer`."""
    return {name: infer(name, expression, tfs, seed=seed, n_trees=n_trees) for name in methods}


def weights_at(weights: np.ndarray, tfs: np.ndarray, tf: np.ndarray, gene: np.ndarray) -> np.ndarray:
    """Weight (pair,) of each pair of gene indices; ``tfs`` has the gene index of each row of ``weights``."""
    row_of = np.full(weights.shape[1], -1)
    row_of[tfs] = np.arange(len(tfs))
    return weights[row_of[tf], gene]


def lightgbm_gains(expression: Expression, tfs: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """LightGBM gain (tf, gene) of each TF on each gene: a feature of pairs, not a published method."""
    return _in_name_order(partial(_each_target, lightgbm), expression, tfs, seed, 0)


def seed_of(gene: str, seed: int) -> int:
    """Random seed of one target, hashed from its name."""
    digest = hashlib.blake2b(f"{seed}:{gene}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little") >> 1


def _in_name_order(
    method: Method, expression: Expression, tfs: np.ndarray, seed: int, n_trees: int
) -> np.ndarray:
    """Run ``method`` on genes sorted by name; return the weights in the caller's order."""
    names = np.asarray(expression.genes, dtype=str)
    order = np.argsort(names, kind="stable")
    position = np.argsort(order)
    sorted_tfs = np.unique(position[tfs])
    values = np.ascontiguousarray(expression.values[:, order], dtype=np.float32)
    weights = np.round(method(values, names[order], sorted_tfs, seed, n_trees).astype(np.float64), DECIMALS)
    weights[np.arange(len(sorted_tfs)), sorted_tfs] = 0.0
    return weights[np.searchsorted(sorted_tfs, position[tfs])][:, position]


def _correlation(kind: str, values, names, tfs, seed, n_trees) -> np.ndarray:
    """Absolute correlation over cells; Spearman with ties at their mean rank."""
    return np.abs(gene_features(values, kind)[tfs])


def _mutual_information(values, names, tfs, seed, n_trees) -> np.ndarray:
    """Mutual information in nats of expression in eight quantile bins."""
    n_cells, n_genes = values.shape
    bins = quantile_bins(values)
    n_bins = int(bins.max()) + 1
    indicator = (bins[:, :, None] == np.arange(n_bins)).astype(np.float32).reshape(n_cells, -1)
    share = indicator.mean(axis=0, dtype=np.float64).reshape(n_genes, n_bins)
    rows = []
    for tf in tfs:
        own = indicator[:, tf * n_bins : (tf + 1) * n_bins]
        joint = (own.T @ indicator).reshape(n_bins, n_genes, n_bins).astype(np.float64) / n_cells
        expected = share[tf][:, None, None] * share[None]
        ratio = np.divide(joint, expected, out=np.ones_like(expected), where=joint > 0)
        rows.append((joint * np.log(ratio)).sum(axis=(0, 2)))
    return np.maximum(np.array(rows), 0.0)


def random_forest(regulators: np.ndarray, target: np.ndarray, seed: int, n_trees: int) -> np.ndarray:
    """GENIE3: variance explained by each TF in fully grown trees, sqrt(TFs) candidates at each split."""
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(n_trees, max_features="sqrt", random_state=seed, n_jobs=1)
    trees = forest.fit(regulators, target).estimators_
    return np.mean([t.tree_.compute_feature_importances(normalize=False) for t in trees], axis=0)


def stochastic_boosting(
    regulators: np.ndarray, target: np.ndarray, seed: int, n_trees: int = 0
) -> np.ndarray:
    """GRNBoost2: gradient boosting until the out-of-bag gain of 25 rounds is negative on average."""
    from sklearn.ensemble import GradientBoostingRegressor

    def has_no_gain(current_round: int, model, _) -> bool:
        start = current_round - _GRNBOOST2_WINDOW + 1
        return bool(start >= 0 and np.mean(model.oob_improvement_[start : current_round + 1]) < 0)

    model = GradientBoostingRegressor(**_GRNBOOST2_SETTINGS, random_state=seed)
    model.fit(regulators, target, monitor=has_no_gain)
    return model.feature_importances_ * len(model.estimators_)


def lightgbm(regulators: np.ndarray, target: np.ndarray, seed: int, n_trees: int = 0) -> np.ndarray:
    """Gain of each TF in 50 boosting rounds with random thresholds, as a share of the target's variance."""
    lgb = need("lightgbm", "networks")
    settings = {**_LIGHTGBM, "seed": seed}
    booster = lgb.train(settings, lgb.Dataset(regulators, target, params=settings), _LIGHTGBM_ROUNDS)
    return booster.feature_importance("gain") / len(target)


def explain_target(values: np.ndarray, tfs: np.ndarray, gene: int, seed: int, engine: Engine) -> np.ndarray:
    """Importance (tf,) of each TF for one gene; 0 for the gene itself, and for a gene that never varies."""
    weights, others = np.zeros(len(tfs)), tfs != gene
    target = values[:, gene].astype(np.float64)
    if target.std() > 1e-9 and others.any():
        weights[others] = engine(values[:, tfs[others]], (target - target.mean()) / target.std(), seed)
    return weights


def _each_target(engine: Engine, values, names, tfs, seed, n_trees) -> np.ndarray:
    """Importance (tf, gene) of each TF for each gene, with a progress bar on a terminal."""
    from tqdm import tqdm

    run = partial(engine, n_trees=n_trees)
    genes = enumerate(tqdm(names, desc="targets", unit="gene", disable=None))
    return np.stack([explain_target(values, tfs, i, seed_of(str(name), seed), run) for i, name in genes], 1)


METHODS: dict[str, Method] = {
    "pearson": partial(_correlation, "pearson"),
    "spearman": partial(_correlation, "spearman"),
    "mutual-information": _mutual_information,
    "genie3": partial(_each_target, random_forest),
    "grnboost2": partial(_each_target, stochastic_boosting),
}
